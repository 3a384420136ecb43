package server

import (
	"bytes"
	"errors"
	"io"
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
	texts map[textForm][]byte
}

// textForm is how a client wants the metrics.
type textForm struct {
	format metrics.Format
	packed bool
}

// text returns the metrics in a format.
func (s *sighting) text(format metrics.Format, packed bool) ([]byte, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	form := textForm{format, packed}
	if text, made := s.texts[form]; made {
		return text, nil
	}
	var b bytes.Buffer
	if err := s.write(&b, form); err != nil {
		return nil, err
	}
	s.texts[form] = b.Bytes()
	return b.Bytes(), nil
}

func (s *sighting) write(w io.Writer, form textForm) error {
	if !form.packed {
		return s.set.Write(w, form.format)
	}
	z, err := gzip.NewWriterLevel(w, gzip.BestSpeed)
	if err != nil {
		return err
	}
	return errors.Join(s.set.Write(z, form.format), z.Close())
}
