package server

import (
	"errors"
	"testing"

	"shmtool/cmd/shmtool/internal/cleaning"
)

// An object that another process has removed between the looks of clean is what was wanted:
// clean --yes beside a buffer that withdraws its pages ended with exit code 5.
func TestRemovedByAnother(t *testing.T) {
	object := &cleaning.Object{Name: "MstDatalive@0_62", Allocated: 4096}
	for reason, gone := range map[string]bool{"it is gone already": true, "it is another one now": false} {
		kept := &cleaning.KeptError{Object: object.Name, Reason: reason}
		line := cleanLine{object: object, verdict: "free"}
		err := line.become(object, kept)
		if kept.Gone() != gone || errors.Is(err, kept) == gone || (line.verdict == "removed") != gone || line.freed != 0 {
			t.Errorf("%s: %v, %+v", reason, err, line)
		}
	}
}
