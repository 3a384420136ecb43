package objectfile

import (
	"bytes"
	"io"
	"testing"
)

// changing is an object that is read in the middle of changes: every ReadAt sees the
// next of its states.
type changing struct {
	states [][]byte
	reads  int
}

func (c *changing) ReadAt(b []byte, at int64) (int, error) {
	state := c.states[min(c.reads, len(c.states)-1)]
	c.reads++
	n := copy(b, state[min(int(at), len(state)):])
	if n < len(b) {
		return n, io.EOF
	}
	return n, nil
}

func TestReadSequenced(t *testing.T) {
	state := func(sequence byte, text string) []byte { return append([]byte{sequence, 0, 0, 0}, text...) }
	for _, tt := range []struct {
		name   string
		states [][]byte
		want   []byte
		reads  int
	}{
		{"stands still", [][]byte{state(2, "abcd")}, state(2, "abcd"), 2},
		{"changes between", [][]byte{state(2, "abcd"), state(4, "efgh")}, state(4, "efgh"), 4},
		{"under way", [][]byte{state(3, "abgh"), state(3, "abgh"), state(4, "efgh")}, state(4, "efgh"), 4},
		{"died in the middle", [][]byte{state(3, "abgh")}, state(3, "abgh"), 2 * sequenceTries},
		{"too short", [][]byte{{3, 0}}, []byte{3, 0}, 1},
		{"empty", [][]byte{nil}, nil, 1},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			c, b := &changing{states: tt.states}, make([]byte, 8)
			n, _ := ReadSequenced(c, b, 0)
			if !bytes.Equal(b[:n], tt.want) || c.reads != tt.reads {
				t.Errorf("%q after %d reads, want %q after %d", b[:n], c.reads, tt.want, tt.reads)
			}
		})
	}
}
