package object

import (
	"fmt"

	"shmtool/cmd/shmtool/internal/procs"
	"shmtool/dump"
	"shmtool/layout/mist"
)

// pressureKind is MstNodePressure, which a fork of MistServer makes: how busy the machine
// is.
var pressureKind = &Kind{
	Noun:   "the machine's pressure",
	names:  []mist.Kind{mist.KindPressure},
	status: pressureStatus,
	view:   few(consistent, pressureFacts),
	check:  decodes(mist.DecodePressure),
}

func pressureStatus(b []byte, _ mist.Object, _ *procs.Table) dump.Cell {
	if mist.UnknownBytes(mist.KindPressure, b, 0) {
		return strange
	}
	if _, err := mist.DecodePressure(b); err != nil {
		return broken
	}
	return dump.Cell{}
}

func pressureFacts(o *Object, b []byte) (*dump.Facts, []dump.HexPart, error) {
	p, err := mist.DecodePressure(b)
	if err != nil {
		return nil, nil, err
	}
	part := func(name string, value float64, known bool) dump.Fact {
		f := dump.Fact{Name: name, Text: fmt.Sprintf("%.1f %%", value*100)}
		if known {
			f.Value = value
		}
		return f
	}
	facts := append(o.head()[:1],
		dump.Fact{Name: "version", Value: p.Version},
		wholeFact(p.Sequence, procs.Verdict{Life: procs.Unknown}),
		updateFact(p.LastUpdate),
		dump.Fact{Name: "has_psi", Value: p.HasPSI},
		part("cpu_use", p.CPUUse, true), part("cpu_some", p.CPUSome, p.HasPSI),
		part("memory_some", p.MemorySome, p.HasPSI), part("memory_full", p.MemoryFull, p.HasPSI),
		part("io_some", p.IOSome, p.HasPSI), part("io_full", p.IOFull, p.HasPSI),
		o.sizeFact(mist.PressureSize))
	parts := append(versionParts(b), dump.HexPart{Offset: 12, Bytes: b[12:mist.PressureSize], Name: "pressure"})
	return &dump.Facts{Schema: "shmtool.node-pressure/1", Facts: facts}, append(parts, o.rest(b, mist.PressureSize)...), nil
}
