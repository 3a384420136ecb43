package object

import (
	"fmt"
	"strings"

	"shmtool/cmd/shmtool/internal/procs"
	"shmtool/dump"
	"shmtool/layout/mist"
)

// processKind is MstProcState_…, which a fork of MistServer makes: what one of its
// processes says of its own work.
var processKind = &Kind{
	Noun:   "a process's state",
	names:  []mist.Kind{mist.KindProcess},
	status: processStatus,
	view:   few(consistent, processStateFacts),
	check:  decodes(mist.DecodeProcessState),
}

func processStatus(b []byte, of mist.Object, table *procs.Table) dump.Cell {
	s, err := mist.DecodeProcessState(b)
	switch {
	case mist.UnknownBytes(mist.KindProcess, b, 0):
		return strange
	case err != nil:
		return broken
	}
	phase := named(mist.ProcessPhaseNames, uint64(s.Phase))
	v := table.Judge(procs.Named{PID: uint64(of.PID)})
	if lives, known := v.Known(); known && !lives {
		return dump.Cell{Value: "dead", Text: fmt.Sprintf("dead %d", of.PID), Tone: dump.Bad}
	}
	return toned(phase, "", phase == "ready" || phase == "measuring")
}

// named returns a number's name, or the number when it has none.
func named(names []mist.Name, value uint64) string {
	for _, n := range names {
		if n.Value == value {
			return n.Text
		}
	}
	return fmt.Sprint(value)
}

// bitNames returns the names of the bits that are set, and the rest as a number. It is
// never nil.
func bitNames(names []mist.Name, value uint64) []string {
	set := []string{}
	for _, n := range names {
		if value&n.Value != 0 {
			set = append(set, n.Text)
			value &^= n.Value
		}
	}
	if value != 0 {
		set = append(set, fmt.Sprintf("0x%x", value))
	}
	return set
}

func processStateFacts(o *Object, b []byte) (*dump.Facts, []dump.HexPart, error) {
	s, err := mist.DecodeProcessState(b)
	if err != nil {
		return nil, nil, err
	}
	flags := bitNames(mist.ProcessFlagNames, uint64(s.Flags))
	speed := func(name string, value float64) dump.Fact {
		return dump.Fact{Name: name, Value: value, Text: fmt.Sprintf("%.3g times as fast as the media plays", value)}
	}
	part := func(name string, value float64) dump.Fact {
		return dump.Fact{Name: name, Value: value, Text: fmt.Sprintf("%.1f %%", value*100)}
	}
	micro := func(name string, value uint64) dump.Fact {
		return dump.Fact{Name: name, Value: value, Text: fmt.Sprintf("%d µs", value)}
	}
	flagsText := strings.Join(flags, ", ")
	if flagsText == "" {
		flagsText = "none"
	}
	facts := append(o.head()[:1], o.keeperFacts()...)
	facts = append(facts,
		dump.Fact{Name: "version", Value: s.Version},
		wholeFact(s.Sequence, o.keeper()),
		dump.Fact{Name: "phase", Value: named(mist.ProcessPhaseNames, uint64(s.Phase))},
		dump.Fact{Name: "resource", Value: named(mist.ProcessResourceNames, uint64(s.Resource))},
		dump.Fact{Name: "flags", Value: flags, Text: flagsText},
		speed("recommended_feed", s.RecommendedFeed), speed("capacity", s.Capacity), speed("input_speed", s.Input),
		speed("output_speed", s.Output), speed("observed_speed", s.Observed),
		part("confidence", s.Confidence), part("pressure", s.Pressure),
		dump.Fact{Name: "pressure_reason", Value: named(mist.PressureReasonNames, uint64(s.Reason))},
		dump.Fact{Name: "can_accept_more", Value: s.CanAcceptMore},
		updateFact(s.LastUpdate),
		dump.Fact{Name: "frames", Value: s.Frames},
		micro("work_us", s.Work), micro("source_wait_us", s.SourceWait), micro("sink_wait_us", s.SinkWait), micro("external_wait_us", s.ExternalWait),
		dump.Fact{Name: "queue", Value: s.Queue}, dump.Fact{Name: "in_flight", Value: s.InFlight}, dump.Fact{Name: "retries", Value: s.Retries},
		o.reasonFact("exit_reason", s.ShortReason), o.reasonFact("exit_message", s.LongReason),
		o.sizeFact(mist.ProcessStateSize))
	return &dump.Facts{Schema: "shmtool.process-state/1", Facts: facts}, processStateParts(o, b, s), nil
}

func processStateParts(o *Object, b []byte, s mist.ProcessState) []dump.HexPart {
	parts := append(versionParts(b), dump.HexPart{Offset: 12, Bytes: b[12:108], Name: "measures"},
		o.reasonPart("exit_reason", s.ShortReason, 108, b[108:140]), o.reasonPart("exit_message", s.LongReason, 140, b[140:396]),
		dump.HexPart{Offset: 396, Bytes: b[396:400], Name: "padding"})
	return append(parts, o.rest(b, mist.ProcessStateSize)...)
}

// reasonText tells what is secret in the reason for which a process ended: it may quote a
// target with its password.
var reasonText = mist.Meaning{Secret: mist.SecretTargets}

func (o *Object) reasonFact(name, text string) dump.Fact {
	if !o.world.Secrets {
		text = reasonText.Redact(text)
	}
	return dump.Fact{Name: name, Value: TextOrNull(text), Text: mist.EscapeName(text)}
}

func (o *Object) reasonPart(name, text string, at int, b []byte) dump.HexPart {
	part := dump.HexPart{Offset: at, Bytes: b, Name: name}
	if !o.world.Secrets {
		part.Secrets = reasonText.Secrets(b)
		text = reasonText.Redact(text)
	}
	if text != "" {
		part.Value = fmt.Sprintf("%q", text)
	}
	return part
}
