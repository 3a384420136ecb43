package unread

import (
	"os"
	"testing"
)

func TestAwait(t *testing.T) {
	r, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	defer w.Close()
	gone := make(chan bool, 1)
	go func() { gone <- Await(w) }()
	if _, err := w.WriteString("somebody reads"); err != nil {
		t.Fatal(err)
	}
	select {
	case <-gone:
		t.Error("somebody reads still")
	default:
	}
	r.Close()
	if !<-gone {
		t.Error("nobody reads, and that is not said")
	}
}

func TestAwaitFile(t *testing.T) {
	f, err := os.CreateTemp(t.TempDir(), "")
	if err != nil {
		t.Fatal(err)
	}
	if Await(f) {
		t.Error("a file has no readers")
	}
	f.Close()
	if Await(f) {
		t.Error("a closed file")
	}
}
