package recording

import (
	"errors"
	"math/rand/v2"
	"os"
	"path/filepath"
	"testing"
	"time"

	"shmtool/layout"
	"shmtool/relaccx"
)

// A header that no page can have, or that is no longer the Reader's, is an error
// and not a fault of the recorder.
func TestHeadOf(t *testing.T) {
	w := create(t, filepath.Join(t.TempDir(), "page"), "v:uint64", 4)
	good, err := w.Header()
	must(t, err)
	page := make([]byte, w.Page().Size())
	_, err = w.Page().ReadAt(page, 0)
	must(t, err)
	head, err := headOf(page, good, w.Schema())
	must(t, err)
	if len(head) != int(good.Offset) {
		t.Errorf("%d bytes", len(head))
	}
	for name, change := range map[string]func(h *layout.Header){
		"offset inside the header":  func(h *layout.Header) { h.Offset, h.FieldOffset = 12, 11 },
		"offset behind the page":    func(h *layout.Header) { h.Offset = 60000 },
		"not ready":                 func(h *layout.Header) { h.Status = 0 },
		"fields that do not parse":  func(h *layout.Header) { h.FieldOffset++ },
		"fewer fields than it had":  func(h *layout.Header) { h.FieldOffset = uint8(h.Offset) - 1 },
		"records that do not fit":   func(h *layout.Header) { h.RecordCount = 1 << 31 },
		"no offset and no fields":   func(h *layout.Header) { h.Offset, h.FieldOffset = 0, 0 },
		"an offset below the field": func(h *layout.Header) { h.Offset = uint16(h.FieldOffset) },
	} {
		h := good
		change(&h)
		if head, err := headOf(page, h, w.Schema()); err == nil {
			t.Errorf("%s: %x", name, head)
		}
	}
}

// A page whose header is overwritten all the time costs its own recording at most:
// the recorder does not panic, and the other page is recorded whole.
func TestRecordBesideADamagedPage(t *testing.T) {
	dir, again := t.TempDir(), t.TempDir()
	good, bad, file := filepath.Join(dir, "good"), filepath.Join(dir, "bad"), filepath.Join(dir, "x.mcap")
	w, hurt := create(t, good, "v:uint64", 1000), create(t, bad, "v:uint64", 4)
	appendValues(t, hurt, 1)
	before, err := os.ReadFile(bad)
	must(t, err)
	raw, err := os.OpenFile(bad, os.O_RDWR, 0)
	must(t, err)
	defer raw.Close()
	done := make(chan error, 1)
	go func() {
		_, err := Record(t.Context(), Options{File: file, Said: func(string, relaccx.Event, error) {}, Targets: []Target{{Name: "bad", Path: bad}, {Name: "good", Path: good}}})
		done <- err
	}()
	random := rand.New(rand.NewPCG(1, 2))
	for v := range uint64(900) {
		appendValues(t, w, v)
		head := append([]byte(nil), before[:layout.HeaderSize+20]...)
		for range random.IntN(4) { // offset and field_offset more often than the rest
			head[[]int{0, 1, 26, 27, random.IntN(len(head))}[random.IntN(5)]] = byte(random.IntN(256))
		}
		_, err := raw.WriteAt(head, 0)
		must(t, err)
		time.Sleep(time.Millisecond / 4)
	}
	must(t, w.SetExit())
	before[0] |= byte(layout.StatusReady | layout.StatusExit)
	_, err = raw.WriteAt(before, 0)
	must(t, err)
	select {
	case err = <-done:
	case <-time.After(watchdog):
		t.Fatal("the recorder does not end")
	}
	var page *PageError
	if err != nil && (!errors.As(err, &page) || page.Page != "bad") {
		t.Fatal(err)
	}
	must(t, play(t, again, file, PlayOptions{}))
	sameFile(t, filepath.Join(again, "good"), good)
}

// A recording that is cut at any length, or in which bytes are wrong, is played to
// an end or refused: nothing panics, and nothing hangs.
func TestMutatedRecordings(t *testing.T) {
	_, file := made(t, 3, Options{})
	dir := t.TempDir()
	for length := range len(file) {
		_ = playBytes(t, dir, file[:length], PlayOptions{Force: true})
	}
	random := rand.New(rand.NewPCG(3, 4))
	for range 2000 {
		b := append([]byte(nil), file...)
		for range 1 + random.IntN(4) {
			b[random.IntN(len(b))] = byte(random.IntN(256))
		}
		_ = playBytes(t, dir, b, PlayOptions{Force: true})
	}
}
