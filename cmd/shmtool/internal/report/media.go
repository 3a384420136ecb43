package report

import (
	"fmt"
	"path/filepath"
	"strings"

	"shmtool/cmd/shmtool/internal/streams"
	"shmtool/layout"
	"shmtool/layout/mist"
	"shmtool/relaccx"
)

// ReadMedia reads what the track pages of a stream tell of its media. It marks a track
// of which not all can be read.
func ReadMedia(shmDir string, s *streams.Stream) []Track {
	var tracks []Track
	for _, t := range s.Tracks {
		if t.Valid == 0 || t.Object == nil || t.Page == nil {
			continue
		}
		track := Track{
			Index: t.Index, Name: trackName(t), Meta: t.TypeName() == "meta", FirstMS: t.Page.FirstMS, LastMS: t.Page.LastMS, Pages: t.Page.DataPages,
		}
		tracks = append(tracks, track.filled(filepath.Join(shmDir, t.Object.Name)))
	}
	return tracks
}

func trackName(t *streams.Track) string {
	words := []string{fmt.Sprint(t.Index), t.TypeName(), t.CodecName()}
	return mist.EscapeName(strings.Join(strings.Fields(strings.Join(words, " ")), " "))
}

// attempts is how often a page is read whose oldest records are withdrawn meanwhile.
const attempts = 3

// filled returns the track with what its page tells.
func (t Track) filled(path string) Track {
	for range attempts {
		whole := t
		if whole.read(path) == nil {
			return whole
		}
	}
	t.Missed = true
	return t
}

// read reads the rings of a track's page.
func (t *Track) read(path string) error {
	p, err := relaccx.Open(path)
	if err != nil {
		return err
	}
	defer p.Close()
	return p.Exclusively(func() error {
		r, err := p.Reader()
		if err != nil {
			return err
		}
		keys, err := columns(r, "keys", "time", "duration", "size", "parts", "firstpart")
		if err != nil {
			return err
		}
		t.takeKeys(keys)
		parts, err := columns(r, "parts", "duration")
		if err != nil {
			return err
		}
		t.takeParts(keys, parts)
		fragments, err := columns(r, "fragments", "firstkey", "keys", "duration")
		if err == nil {
			t.takeFragments(fragments)
		}
		return err
	})
}

// table is some columns of a ring: the numbers of its records, and their values.
type table struct {
	first  uint64
	values [][]uint64
}

// rows returns how many records all columns have.
func (t table) rows() int {
	if len(t.values) == 0 {
		return 0
	}
	rows := len(t.values[0])
	for _, column := range t.values {
		rows = min(rows, len(column))
	}
	return rows
}

// columns reads columns of a ring that is nested in a track's page, of its newest records.
// A track without that ring has none.
func columns(r *relaccx.Reader, ring string, names ...string) (table, error) {
	var t table
	f := r.Schema().Lookup(ring)
	if f == nil || f.Kind() != layout.Nested {
		return t, nil
	}
	n, err := r.Newest()
	if err != nil {
		return t, err
	}
	inner, err := r.Nested(relaccx.Step{Field: ring, Record: n, Exact: true})
	if err != nil {
		return t, err
	}
	w, err := inner.Window()
	if err != nil {
		return t, err
	}
	w = w.Last(mostRecords)
	for _, name := range names {
		field := inner.Schema().Lookup(name)
		if field == nil {
			return table{}, nil
		}
		values, next, err := inner.Column(field, w, nil)
		if err != nil {
			return table{}, err
		}
		w.End = min(w.End, next) // a later column has more, of records that come meanwhile
		t.values = append(t.values, values)
	}
	t.first = w.First
	return t, nil
}

func (t *Track) takeKeys(keys table) {
	for i := range keys.rows() {
		t.Keys = append(t.Keys, Key{
			Number: keys.first + uint64(i), TimeMS: keys.values[0][i], DurationMS: keys.values[1][i],
			Bytes: keys.values[2][i], Parts: keys.values[3][i],
		})
	}
}

// takeParts works out when each part is played: a key says when its first part is, and each
// part how long it takes.
func (t *Track) takeParts(keys, parts table) {
	rows := uint64(parts.rows())
	for i := range keys.rows() {
		from, count, at := keys.values[4][i], keys.values[3][i], keys.values[0][i]
		if from < parts.first || from-parts.first >= rows {
			continue
		}
		from -= parts.first
		for _, ms := range parts.values[0][from:min(from+min(count, rows), rows)] {
			if uint64(len(t.Parts)) >= rows { // keys that lie about their parts
				return
			}
			t.Parts = append(t.Parts, Part{at, ms})
			at += ms
		}
	}
}

func (t *Track) takeFragments(fragments table) {
	if len(t.Keys) == 0 {
		return
	}
	first := t.Keys[0].Number
	for i := range fragments.rows() {
		key, keys := fragments.values[0][i], fragments.values[1][i]
		if key < first || key-first >= uint64(len(t.Keys)) {
			continue
		}
		f := Fragment{FromMS: t.Keys[key-first].TimeMS, Keys: keys}
		if f.ToMS = f.FromMS + fragments.values[2][i]; f.ToMS == f.FromMS {
			f.ToMS = max(t.LastMS, f.FromMS) // it is open
		}
		t.Fragments = append(t.Fragments, f)
	}
}
