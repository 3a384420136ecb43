package mist

// Pace is how fast the fork FrameWorks works on a stream whose processes set the speed
// of their source, and what has limited it. Speeds are multiples of the speed at which the
// media plays. A tick is a round of the stream's buffer.
type Pace struct {
	Speed              uint64 // of the source, as it is asked for now
	Min, Max           uint64 // of Speed, over all ticks
	Average            float64
	Input, Output      float64 // reached on average
	Capacity           float64 // of the processes on average; only with CapacitySamples
	OutputsExpected    uint64  // tracks that the processes make; only with OutputsResolved
	OutputsResolved    bool
	Ticks              uint64 // since the buffer began
	Warmup             uint64 // of them, those before all processes had measured
	SourceLimited      uint64 // and those in which the source was too slow
	ProcessorLimited   uint64 // a process was
	NodeLimited        uint64 // the machine was too busy
	HardSlow, Slow     uint64 // the speed was cut, or lowered
	Lockout, StaleHold uint64 // it could not rise: after a cut, or since a process could not be observed
	RampUps            uint64 // how often it rose
	CapacitySamples    uint64 // ticks in which the capacity was measured
}

// DecodePace reads the measures that the fork keeps in a MstSTATE of 112 bytes, or the
// speed alone in one of 16. It is false where the state has none: every other
// MistServer's, and a stream whose source sets the speed.
func DecodePace(b []byte) (Pace, bool) {
	v := map[string]uint64{}
	for _, d := range Diagnostics(b) {
		v[d.Name] = d.Value
	}
	p := Pace{
		Speed: v["effective_speed"], Min: v["speed_min"], Max: v["speed_max"],
		OutputsExpected: v["outputs_expected"], OutputsResolved: v["outputs_resolved"] != 0,
		Ticks: v["speed_ticks"], Warmup: v["warmup_ticks"],
		SourceLimited: v["source_limited_ticks"], ProcessorLimited: v["processor_limited_ticks"], NodeLimited: v["node_limited_ticks"],
		HardSlow: v["hard_slow_ticks"], Slow: v["slow_ticks"],
		Lockout: v["lockout_ticks"], StaleHold: v["stale_hold_ticks"],
		RampUps: v["ramp_ups"], CapacitySamples: v["capacity_samples"],
	}
	if p.Ticks == 0 && p.Speed == 0 {
		return Pace{}, false
	}
	if p.Ticks > 0 {
		ticks := float64(p.Ticks)
		p.Average = float64(v["speed_sum"]) / ticks
		p.Input, p.Output = fixed(v["input_speed_sum"])/ticks, fixed(v["output_speed_sum"])/ticks
	}
	if p.CapacitySamples > 0 {
		p.Capacity = fixed(v["capacity_speed_sum"]) / float64(p.CapacitySamples)
	}
	return p, true
}

// fixed returns a fixed-point number with 16 bits behind the point.
func fixed(q uint64) float64 { return float64(q) / (1 << 16) }
