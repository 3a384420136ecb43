package dump

import (
	"errors"
	"testing"

	"shmtool/layout"
)

// raxScrambler is a writer that takes a MiB, and the process that owns the page
// meanwhile: it changes the page under the reader at every write.
type raxScrambler struct {
	raxBudget
	page []byte
}

func (s *raxScrambler) Write(p []byte) (int, error) {
	for i := range s.page {
		s.page[i] += byte(i + len(p))
	}
	return s.raxBudget.Write(p)
}

func FuzzRax(f *testing.F) {
	seven, record := raxLetters(7)
	pretty := handRax(oneRax, record, seven...)
	compact := handRax(layout.Header{RecordCount: 2, EndPos: 9}, "\x07\x08", raxSpec{"v", 0x10, 1})
	f.Add(make([]byte, 40))
	f.Add(pretty)
	f.Add(outerRax(outerRax(compact)))
	f.Add(handRax(oneRax, string(pretty)+string(compact)+"A\x00B\xe0\x00\x01a\x0a\x03\x04\x00\x00\xee\x00\x00\xee",
		raxSpec{"p", 0x01, uint32(len(pretty))}, raxSpec{"c", 0x01, uint32(len(compact))},
		raxSpec{"s", 0x30, 1}, raxSpec{"r", 0x40, 2}, raxSpec{"d", 0x50, 13}))
	f.Fuzz(func(t *testing.T, page []byte) {
		h, err := layout.DecodeHeader(page)
		if err != nil {
			return
		}
		w := &raxScrambler{raxBudget{left: 1 << 20}, page}
		var format *layout.FormatError
		switch err := Rax(w, "/p", page, h, func(string) {}); {
		case errors.As(err, &format):
			if w.writes > 0 {
				t.Errorf("printed something before %v", err)
			}
		case err == nil && w.writes == 0:
			t.Error("printed nothing")
		case err != nil && !errors.Is(err, errRaxBudget):
			t.Errorf("a new kind of error: %v", err)
		}
	})
}
