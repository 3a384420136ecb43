package mist

import (
	"bytes"
	"errors"
	"math"
	"testing"

	"shmtool/layout"
)

// The small objects of any bytes are decoded, or refused by a *layout.FormatError; what is
// decoded encodes to the bytes that it was made of.
func FuzzSmallObjects(f *testing.F) {
	f.Add([]byte{4, 255}, uint8(FormNone))
	f.Add(EncodePID(math.MaxUint32), uint8(FormNone))
	for _, s := range []Semaphore{{Value: 1}, {Value: 1, Waiters: 2, Layout: Musl, Size: 32}, {Layout: Glibc32}} {
		f.Add(s.Encode(), uint8(FormMusl))
		f.Add(s.Encode(), uint8(FormNone))
	}
	f.Add(append([]byte{1, 0, 0, 0, 0x8c, 1}, make([]byte, ProcessStateSize)...), uint8(0))
	f.Fuzz(func(t *testing.T, b []byte, form uint8) {
		was := bytes.Clone(b)
		var errs []error
		if state, err := DecodeState(b); err != nil {
			errs = append(errs, err)
		} else if n := min(len(b), 2); !bytes.Equal(state.Encode()[:n], b[:n]) || state.Size != len(b) {
			t.Errorf("%+v of %x", state, b)
		}
		if pid, err := DecodePID(b); err != nil {
			errs = append(errs, err)
		} else if encoded := EncodePID(pid); !bytes.HasPrefix(b, encoded) {
			t.Errorf("PID %d of %x", pid, b)
		}
		if s, err := DecodeSemaphore(b, Form(form)); err != nil {
			errs = append(errs, err)
		} else {
			checkSemaphore(t, s, Form(form))
		}
		if s, err := DecodeProcessState(b); err != nil {
			errs = append(errs, err)
		} else if len(s.Ended()) > len(b) || s.Confidence > 1 || s.Pressure > 1 {
			t.Errorf("%+v of %x", s, b)
		}
		if p, err := DecodePressure(b); err != nil {
			errs = append(errs, err)
		} else if max(p.CPUUse, p.CPUSome, p.MemorySome, p.MemoryFull, p.IOSome, p.IOFull) > 1 {
			t.Errorf("%+v of %x", p, b)
		}
		if _, err := DecodeAttempt(b); err != nil {
			errs = append(errs, err)
		}
		DecodePace(b)
		for _, err := range errs {
			if format := (*layout.FormatError)(nil); !errors.As(err, &format) {
				t.Errorf("%v (%T)", err, err)
			}
		}
		if !bytes.Equal(was, b) {
			t.Error("decoding changed the bytes")
		}
	})
}

// checkSemaphore encodes a semaphore and decodes that again. The mark of musl and the count
// of its waiters are set by waiting alone, so Encode leaves them out.
func checkSemaphore(t *testing.T, s Semaphore, form Form) {
	t.Helper()
	again, err := DecodeSemaphore(s.Encode(), form)
	if err != nil || again.Value != s.Value || again.Layout != s.Layout || again.Size != s.Size {
		t.Errorf("%+v is encoded as %x, which reads as %+v, %v", s, s.Encode(), again, err)
	}
}
