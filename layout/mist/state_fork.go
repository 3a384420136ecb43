package mist

import "encoding/binary"

// Diagnostic is a number that the fork FrameWorks keeps behind the two bytes of a
// stream's state.
type Diagnostic struct {
	Name          string
	Offset, Bytes int
	Value         uint64
	Speed         bool // a fixed-point number with 16 bits behind the point; 1 is as fast as the media plays
}

// diagnostics are the fork's, in the order of the object.
var diagnostics = [...]Diagnostic{
	{Name: "outputs_resolved", Offset: 2, Bytes: 1},
	{Name: "outputs_expected", Offset: 4, Bytes: 2},
	{Name: "effective_speed", Offset: 8, Bytes: 8},
	{Name: "speed_ticks", Offset: 16, Bytes: 4},
	{Name: "speed_min", Offset: 20, Bytes: 4},
	{Name: "speed_max", Offset: 24, Bytes: 4},
	{Name: "hard_slow_ticks", Offset: 28, Bytes: 4},
	{Name: "slow_ticks", Offset: 32, Bytes: 4},
	{Name: "ramp_ups", Offset: 36, Bytes: 4},
	{Name: "lockout_ticks", Offset: 40, Bytes: 4},
	{Name: "stale_hold_ticks", Offset: 44, Bytes: 4},
	{Name: "speed_sum", Offset: 48, Bytes: 8},
	{Name: "warmup_ticks", Offset: 56, Bytes: 4},
	{Name: "source_limited_ticks", Offset: 60, Bytes: 4},
	{Name: "processor_limited_ticks", Offset: 64, Bytes: 4},
	{Name: "node_limited_ticks", Offset: 68, Bytes: 4},
	{Name: "capacity_samples", Offset: 72, Bytes: 4},
	{Name: "input_speed_sum", Offset: 80, Bytes: 8, Speed: true},
	{Name: "output_speed_sum", Offset: 88, Bytes: 8, Speed: true},
	{Name: "capacity_speed_sum", Offset: 96, Bytes: 8, Speed: true},
}

// Diagnostics returns the numbers that the fork keeps in a stream's state of 16 or of
// 112 bytes, as far as they are in it. A state of any other size has none.
func Diagnostics(b []byte) []Diagnostic {
	if len(b) != 16 && len(b) != 112 {
		return nil
	}
	var all []Diagnostic
	for _, d := range diagnostics {
		if d.Offset+d.Bytes > len(b) {
			break
		}
		var word [8]byte
		copy(word[:], b[d.Offset:d.Offset+d.Bytes])
		d.Value = binary.LittleEndian.Uint64(word[:])
		all = append(all, d)
	}
	return all
}
