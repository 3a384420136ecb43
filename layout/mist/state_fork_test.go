package mist

import (
	"encoding/binary"
	"testing"
)

func TestDiagnostics(t *testing.T) {
	b := make([]byte, 112)
	for i := range b {
		b[i] = byte(i)
	}
	all := Diagnostics(b)
	if len(all) != 20 {
		t.Fatalf("%d diagnostics", len(all))
	}
	for _, d := range all {
		var want uint64
		for n := range d.Bytes {
			want |= uint64(d.Offset+n) << (8 * n)
		}
		if d.Value != want {
			t.Errorf("%s is %#x, want %#x", d.Name, d.Value, want)
		}
	}
	if few := Diagnostics(b[:16]); len(few) != 3 || few[2].Name != "effective_speed" {
		t.Errorf("of 16 bytes: %v", few)
	}
	for _, n := range []int{0, 1, 2, 15, 17, 111} {
		if got := Diagnostics(b[:n]); got != nil {
			t.Errorf("of %d bytes: %v", n, got)
		}
	}
}

func TestDecodePace(t *testing.T) {
	b := make([]byte, 112)
	if p, ok := DecodePace(b); ok {
		t.Errorf("a state without measures has %+v", p)
	}
	b[2] = 1
	binary.LittleEndian.PutUint16(b[4:], 3)
	b[8] = 2
	for at, v := range map[int]uint32{16: 10, 20: 1, 24: 4, 28: 5, 32: 6, 36: 7, 40: 8, 44: 9, 56: 11, 60: 12, 64: 13, 68: 14, 72: 4} {
		binary.LittleEndian.PutUint32(b[at:], v)
	}
	for at, v := range map[int]uint64{48: 25, 80: 15 << 16, 88: 5 << 16, 96: 6 << 16} {
		binary.LittleEndian.PutUint64(b[at:], v)
	}
	want := Pace{
		Speed: 2, Min: 1, Max: 4, Average: 2.5, Input: 1.5, Output: 0.5, Capacity: 1.5, OutputsExpected: 3, OutputsResolved: true,
		Ticks: 10, HardSlow: 5, Slow: 6, RampUps: 7, Lockout: 8, StaleHold: 9, Warmup: 11,
		SourceLimited: 12, ProcessorLimited: 13, NodeLimited: 14, CapacitySamples: 4,
	}
	if p, ok := DecodePace(b); !ok || p != want {
		t.Errorf("%+v, %v, want %+v", p, ok, want)
	}
	if p, ok := DecodePace(b[:16]); !ok || p != (Pace{Speed: 2, OutputsExpected: 3, OutputsResolved: true}) {
		t.Errorf("of 16 bytes: %+v, %v", p, ok)
	}
	for _, n := range []int{0, 1, 2, 15, 17, 111} {
		if p, ok := DecodePace(b[:n]); ok {
			t.Errorf("of %d bytes: %+v", n, p)
		}
	}
}
