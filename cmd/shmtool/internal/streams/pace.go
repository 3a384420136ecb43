package streams

import "shmtool/layout/mist"

// PaceRow is how fast a stream is worked on, as scripts see it. Speeds are multiples of
// the speed at which the media plays.
type PaceRow struct {
	Speed           uint64   `json:"speed"`
	Min             uint64   `json:"min"`
	Max             uint64   `json:"max"`
	Average         float64  `json:"average"`
	Input           float64  `json:"input"`
	Output          float64  `json:"output"`
	Capacity        *float64 `json:"capacity"`         // null: not measured
	OutputsExpected *uint64  `json:"outputs_expected"` // null: not known
	Ticks           uint64   `json:"ticks"`
	Warmup          uint64   `json:"warmup_ticks"`
	SourceLimited   uint64   `json:"source_limited_ticks"`
	ProcessLimited  uint64   `json:"processor_limited_ticks"`
	NodeLimited     uint64   `json:"node_limited_ticks"`
	HardSlow        uint64   `json:"hard_slow_ticks"`
	Slow            uint64   `json:"slow_ticks"`
	Lockout         uint64   `json:"lockout_ticks"`
	StaleHold       uint64   `json:"stale_hold_ticks"`
	RampUps         uint64   `json:"ramp_ups"`
}

func paceRow(p *mist.Pace) *PaceRow {
	if p == nil {
		return nil
	}
	r := &PaceRow{
		Speed: p.Speed, Min: p.Min, Max: p.Max, Average: p.Average, Input: p.Input, Output: p.Output,
		Ticks: p.Ticks, Warmup: p.Warmup, SourceLimited: p.SourceLimited, ProcessLimited: p.ProcessorLimited, NodeLimited: p.NodeLimited,
		HardSlow: p.HardSlow, Slow: p.Slow, Lockout: p.Lockout, StaleHold: p.StaleHold, RampUps: p.RampUps,
	}
	if p.CapacitySamples > 0 {
		r.Capacity = &p.Capacity
	}
	if p.OutputsResolved {
		r.OutputsExpected = &p.OutputsExpected
	}
	return r
}
