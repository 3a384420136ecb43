package server

import (
	"bytes"
	"sync"
	"time"

	"github.com/klauspost/compress/gzip"

	"shmtool/cmd/shmtool/internal/metrics"
)

// sighting is what a look has found, for all who asked for it.
type sighting struct {
	at  time.Time
	set *metrics.Set

	mu    sync.Mutex // guards texts, which are made when they are first asked for
	texts map[metrics.Format]*text
}

// text is metrics in a format, as they are and packed.
type text struct{ plain, packed []byte }

// text returns the metrics in a format.
func (s *sighting) text(format metrics.Format, packed bool) ([]byte, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	t := s.texts[format]
	if t == nil {
		var b bytes.Buffer
		if err := s.set.Write(&b, format); err != nil {
			return nil, err
		}
		t = &text{plain: b.Bytes()}
		s.texts[format] = t
	}
	if !packed {
		return t.plain, nil
	}
	if t.packed == nil {
		var b bytes.Buffer
		z, err := gzip.NewWriterLevel(&b, gzip.BestSpeed)
		if err != nil {
			return nil, err
		}
		_, _ = z.Write(t.plain) // memory takes everything
		if err := z.Close(); err != nil {
			return nil, err
		}
		t.packed = b.Bytes()
	}
	return t.packed, nil
}
