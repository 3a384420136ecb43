package dump

import (
	"bytes"
	"encoding/json"
	"errors"
	"testing"

	"shmtool/layout"
	"shmtool/layout/layouttest"
	"shmtool/layout/mist"
	"shmtool/relaccx"
)

// FuzzKnown takes any bytes for any page of MistServer's, and shows them in every
// format: nothing fails, and what is said to be JSON is.
func FuzzKnown(f *testing.F) {
	kinds := mist.Kinds()
	for _, name := range layouttest.Names(f) {
		if page := layouttest.Load(f, name); len(page) < 4096 {
			f.Add(page, uint8(0), uint8(80))
		}
	}
	f.Add(statistics(f), uint8(9), uint8(40))
	f.Add(trackList(f), uint8(0), uint8(0))
	for i, k := range kinds {
		if template, ok := k.Template(); ok && template.Size < 1<<14 {
			page := make([]byte, template.Size)
			if err := template.Build(page, layout.StatusReady); err != nil {
				f.Fatal(err)
			}
			f.Add(page, uint8(i), uint8(100))
		}
	}
	f.Fuzz(func(t *testing.T, page []byte, kind, width uint8) {
		if len(page) > 1<<16 {
			return
		}
		info := kinds[int(kind)%len(kinds)].Page()
		p, err := relaccx.FromBytes("page", page)
		if err != nil {
			return
		}
		showKnownHex(t, p, info, int(width))
		r, err := p.Peek()
		if err != nil {
			return
		}
		r = r.WithRules(info)
		w, err := r.Window()
		if err != nil {
			t.Fatal(err)
		}
		showKnown(t, r, w.Last(50), Options{Depth: 8, Width: int(width), Page: r.Rules(), Clock: noon, ShowSecrets: width%2 == 0})
	})
}

func showKnown(t *testing.T, r *relaccx.Reader, w layout.Window, o Options) {
	v := &View{Schema: r.Schema(), Records: r.RecordsInUse(w), ShowRecords: true}
	var b bytes.Buffer
	if err := JSON(&b, v, o); err != nil {
		t.Fatal(err)
	}
	if !json.Valid(b.Bytes()) {
		t.Errorf("no JSON: %.300s", b.Bytes())
	}
	for _, err := range []error{Table(&b, v, o), CSV(&b, v, o)} {
		if err != nil {
			t.Fatal(err)
		}
	}
}

func showKnownHex(t *testing.T, p *relaccx.Page, info *mist.PageInfo, width int) {
	err := p.Inspect(func(page []byte, h layout.Header) error {
		var b bytes.Buffer
		return Hex(&b, page, h, HexOptions{Page: info, Clock: noon, Secrets: HexSecrets, Depth: 8, Width: width})
	})
	var format *layout.FormatError
	if err != nil && !errors.As(err, &format) {
		t.Fatal(err)
	}
}
