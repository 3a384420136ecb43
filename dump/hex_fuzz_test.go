package dump

import (
	"bytes"
	"errors"
	"strings"
	"testing"

	"shmtool/layout"
	"shmtool/layout/layouttest"
	"shmtool/layout/mist"
)

// No page has more text than so many bytes for each of its own: a field of one
// byte with a name of 31 that all want escapes, eight levels deep.
const (
	hexTextRatio = 400
	hexTextBase  = 8 << 10
)

func FuzzHex(f *testing.F) {
	for _, name := range layouttest.Names(f) {
		if page := layouttest.Load(f, name); len(page) < 4096 {
			for _, choice := range []uint8{8, 8 + 16, 8 + 32 + 64, 8 + 128} {
				f.Add(page, choice)
			}
		}
	}
	f.Fuzz(func(t *testing.T, page []byte, choice uint8) {
		if len(page) > 1<<16 {
			return
		}
		h, _ := layout.DecodeHeader(page)
		o := HexOptions{Depth: int(choice & 15), Slots: choice&16 != 0, Width: int(choice & 32)}
		if choice&64 != 0 {
			o.Selected = &layout.Window{First: h.Deleted + 1, End: h.EndPos + 1}
		}
		if choice&128 != 0 && len(page) < 1<<12 {
			fuzzLiveHex(t, page, h, o)
			return
		}
		var text bytes.Buffer
		err := Hex(&text, page, h, o)
		var format *layout.FormatError
		if err != nil && !errors.As(err, &format) {
			t.Fatalf("error %v", err)
		}
		if invalid := layout.Validate(page, h) != nil; invalid && err == nil && len(page) > 0 {
			t.Error("an invalid page gives no error")
		}
		if text.Len() > hexTextRatio*len(page)+hexTextBase {
			t.Errorf("%d bytes of text for %d bytes", text.Len(), len(page))
		}
		if strings.Contains(text.String(), "  inside the header  !") {
			return // no byte of such descriptors can be told just once
		}
		if _, err := hexCovered(text.String(), page, 0); err != nil {
			t.Errorf("%v\n%s", err, text.String())
		}
	})
}

// fuzzLiveHex dumps a page that its owner changes at every look.
func fuzzLiveHex(t *testing.T, page []byte, h layout.Header, o HexOptions) {
	looks := 0
	change := func() {
		looks++
		for i := looks % 7; i < len(page); i += 7 {
			page[i] += byte(i ^ looks)
		}
	}
	o.Memory = func(from int) (start, end int) {
		change()
		return from + looks%3*8, from + 64
	}
	o.Secrets = func(_ *mist.PageInfo, f *layout.Field, value []byte) []HexSpan {
		change()
		return []HexSpan{{From: -1, To: 2}, {From: len(value) / 2, To: len(value) + 1}}
	}
	var text bytes.Buffer
	if err := Hex(&text, page, h, o); err != nil && !errors.As(err, new(*layout.FormatError)) {
		t.Fatalf("error %v", err)
	}
	if text.Len() > hexTextRatio*len(page)+hexTextBase {
		t.Errorf("%d bytes of text for %d bytes", text.Len(), len(page))
	}
}
