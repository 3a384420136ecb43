package mist

import (
	"bytes"
	"errors"
	"testing"

	"github.com/google/go-cmp/cmp"

	"shmtool/layout"
)

// The sizes of other versions are known, and are no fault.
func TestStateMaker(t *testing.T) {
	for size, want := range map[int]bool{1: true, 2: false, 16: true, 112: true, 3: false} {
		if s := (State{Size: size}); (s.Maker() != "") != want {
			t.Errorf("%d bytes: %q", size, s.Maker())
		}
	}
	if found := CheckState(append([]byte{4, 255}, make([]byte, 110)...)); len(found) > 0 {
		t.Errorf("%+v", found)
	}
	if found := CheckState([]byte{4, 255, 0}); len(found) != 1 || found[0].Code != CodeObjectSize {
		t.Errorf("%+v", found)
	}
}

func TestDecodeState(t *testing.T) {
	tests := []struct {
		bytes   string
		state   string
		percent int
		usual   bool
	}{
		{"\x00\x00", "off", 0, true},
		{"\x01\x80", "init", 50, true},
		{"\x02\x00", "boot", 0, true},
		{"\x03\xff", "wait", 100, true},
		{"\x04\xf6", "ready", 96, true},
		{"\x05\x01", "shutdown", 0, true},
		{"\xff\x00", "invalid", 0, true},
		{"\x07\x00", "state 7", 0, true},
		{"\x04", "ready", 0, false},
		{"\x06\xff" + string(make([]byte, 110)), "offline", 100, false},
	}
	for _, tt := range tests {
		s, err := DecodeState([]byte(tt.bytes))
		if err != nil || s.State.String() != tt.state || s.Percent() != tt.percent || s.Usual() != tt.usual || s.Size != len(tt.bytes) {
			t.Errorf("%.4q: %+v %q %d%% %v, want %+v", tt.bytes, s, s.State, s.Percent(), err, tt)
		}
		if s.Usual() && string(s.Encode()) != tt.bytes {
			t.Errorf("%q is written as %q", tt.bytes, s.Encode())
		}
	}
	wantFormatError(t, "no state", func() error { _, err := DecodeState(nil); return err }())
}

func wantFormatError(t *testing.T, name string, err error) {
	t.Helper()
	var format *layout.FormatError
	if !errors.As(err, &format) {
		t.Errorf("%s: %v", name, err)
	}
}

func TestDecodePID(t *testing.T) {
	pid, err := DecodePID([]byte("\xdc\x55\x00\x00\x00\x00\x00\x00"))
	if pid != 21980 || err != nil {
		t.Errorf("%d %v", pid, err)
	}
	if b := EncodePID(21980); string(b) != "\xdc\x55\x00\x00\x00\x00\x00\x00" {
		t.Errorf("written as %q", b)
	}
	_, err = DecodePID(make([]byte, 7))
	wantFormatError(t, "7 bytes", err)
}

func TestDecodeSemaphore(t *testing.T) {
	words := func(size int, words ...byte) []byte {
		b := make([]byte, size)
		for i, w := range words {
			b[4*i] = w
		}
		return b
	}
	tests := []struct {
		name  string
		bytes []byte
		form  Form
		want  Semaphore
	}{
		{"free", words(32, 1, 0, 0x80), FormGlibc, Semaphore{Value: 1, Size: 32}},
		{"held", words(32, 0, 0, 0x80), FormGlibc, Semaphore{Size: 32}},
		{"waited for", words(32, 0, 3, 0x80), FormGlibc, Semaphore{Waiters: 3, Waiting: true, Size: 32}},
		{"given back twice", words(32, 2, 0, 0x80), FormGlibc, Semaphore{Value: 2, Size: 32}},
		{"free, 32 bits", words(16, 2, 0x80), FormGlibc, Semaphore{Layout: Glibc32, Value: 1, Size: 16}},
		{"waited for, 32 bits", words(16, 1, 0x80, 0, 2), FormGlibc, Semaphore{Layout: Glibc32, Waiters: 2, Waiting: true, Marked: true, Size: 16}},
		{"free, musl", words(32, 1), FormMusl, Semaphore{Layout: Musl, Value: 1, Size: 32}},
		{"free, musl, 32 bits", words(16, 1), FormMusl, Semaphore{Layout: Musl, Value: 1, Size: 16}},
		{"held, musl", words(32, 0), FormMusl, Semaphore{Layout: Musl, Size: 32}},
		{"waited for, musl", append([]byte{0, 0, 0, 0x80, 1}, make([]byte, 27)...), FormMusl, Semaphore{Layout: Musl, Waiters: 1, Waiting: true, Marked: true, Size: 32}},
		{"a mark alone, musl", append([]byte{1, 0, 0, 0x80}, make([]byte, 28)...), FormMusl, Semaphore{Layout: Musl, Value: 1, Marked: true, Size: 32}},
	}
	for _, tt := range tests {
		got, err := DecodeSemaphore(tt.bytes, tt.form)
		if diff := cmp.Diff(tt.want, got); diff != "" || err != nil {
			t.Errorf("%s: %v (-want +got):\n%s", tt.name, err, diff)
		}
		if got.Held() != (got.Value == 0) || got.Layout.String() == "" {
			t.Errorf("%s: %+v", tt.name, got)
		}
		if b := got.Encode(); !bytes.Equal(b, tt.bytes) {
			t.Errorf("%s: written as %x, want %x", tt.name, b, tt.bytes)
		}
	}
	old, err := DecodeSemaphore(append([]byte{0xff, 0xff, 0xff, 0xff, 1}, make([]byte, 27)...), FormMusl)
	if err != nil || !old.Held() || !old.Waiting {
		t.Errorf("an old musl's -1: %+v %v", old, err)
	}
	old, err = DecodeSemaphore(append([]byte{0xff, 0xff, 0xff, 0xff}, make([]byte, 28)...), FormMusl)
	if err != nil || !old.Held() || old.Waiting {
		t.Errorf("an old musl's -1, whose waiter has given up: %+v %v", old, err)
	}
	_, err = DecodeSemaphore(make([]byte, 31), FormGlibc)
	wantFormatError(t, "31 bytes", err)
}
