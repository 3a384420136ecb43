package object

import (
	"encoding/binary"
	"fmt"
	"slices"
	"strings"
	"time"

	"shmtool/cmd/shmtool/internal/procs"
	"shmtool/dump"
	"shmtool/layout/mist"
)

// consistent is all of an object that has few bytes. One that its writer changes under
// a sequence number is read until the number stands still; a writer that died in the
// middle leaves it odd, and the bytes are shown as they are.
func (o *Object) consistent() ([]byte, error) {
	if o.Of.Kind != mist.KindProcess && o.Of.Kind != mist.KindPressure {
		return o.small()
	}
	const tries = 20
	for n := 0; ; n++ {
		b, err := o.small()
		if err != nil {
			return nil, err
		}
		again := make([]byte, 4)
		_, err = o.File.ReadAt(again, mist.SequenceOffset)
		if n == tries || err != nil || len(b) < mist.SequenceOffset+4 {
			return b, nil // the decoder says that it is too short
		}
		if before := b[mist.SequenceOffset : mist.SequenceOffset+4]; before[0]&1 == 0 && slices.Equal(before, again) {
			return b, nil
		}
		time.Sleep(time.Millisecond)
	}
}

func processCell(b []byte, of mist.Object, table *procs.Table) dump.Cell {
	s, err := mist.DecodeProcessState(b)
	if err != nil {
		return broken
	}
	phase := named(mist.ProcessPhaseNames, uint64(s.Phase))
	v := table.Judge(procs.Named{PID: uint64(of.PID)})
	if lives, known := v.Known(); known && !lives {
		return dump.Cell{Value: "dead", Text: fmt.Sprintf("dead %d", of.PID), Tone: dump.Bad}
	}
	return toned(phase, "", phase == "ready" || phase == "measuring")
}

func attemptCell(b []byte) dump.Cell {
	offline, err := mist.DecodeAttempt(b)
	switch {
	case err != nil:
		return broken
	case offline:
		return toned("offline", "", false)
	}
	return toned("pending", "", false)
}

// named is a number's name, or the number.
func named(names []mist.Name, value uint64) string {
	for _, n := range names {
		if n.Value == value {
			return n.Text
		}
	}
	return fmt.Sprint(value)
}

// bitNames are the names of the bits that are set; nil is never returned.
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

func (o *Object) processStateFacts(b []byte, table *procs.Table) (*dump.Facts, []dump.HexPart, error) {
	s, err := mist.DecodeProcessState(b)
	if err != nil {
		return nil, nil, err
	}
	v, _ := table.Keeper(o.Path)
	process, _ := processFacts(v)
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
	facts := append(o.head()[:1], process...)
	facts = append(facts,
		dump.Fact{Name: "version", Value: s.Version},
		dump.Fact{Name: "whole", Value: s.Sequence%2 == 0, Text: wholeText(s.Sequence)},
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
	parts := append(versionParts(b), dump.HexPart{Offset: 12, Bytes: b[12:108], Name: "measures"},
		o.reasonPart("exit_reason", s.ShortReason, 108, b[108:140]), o.reasonPart("exit_message", s.LongReason, 140, b[140:396]),
		dump.HexPart{Offset: 396, Bytes: b[396:400], Name: "padding"})
	return &dump.Facts{Schema: "shmtool.process-state/1", Facts: facts}, append(parts, o.rest(b, mist.ProcessStateSize)...), nil
}

// reasonText is why a process ended, which may quote a target with its password.
var reasonText = mist.Meaning{Secret: mist.SecretTargets}

func (o *Object) reasonFact(name, text string) dump.Fact {
	if !o.secrets {
		text = reasonText.Redact(text)
	}
	return dump.Fact{Name: name, Value: TextOrNull(text), Text: mist.EscapeName(text)}
}

func (o *Object) reasonPart(name, text string, at int, b []byte) dump.HexPart {
	part := dump.HexPart{Offset: at, Bytes: b, Name: name}
	if !o.secrets {
		part.Secrets = reasonText.Secrets(b)
		text = reasonText.Redact(text)
	}
	if text != "" {
		part.Value = fmt.Sprintf("%q", text)
	}
	return part
}

func wholeText(sequence uint32) string {
	if sequence%2 != 0 {
		return "false: its writer changes it, or died while it did"
	}
	return ""
}

func updateFact(ms uint64) dump.Fact {
	f := dump.Fact{Name: "last_update_ms", Value: ms, Text: fmt.Sprintf("%d ms after the machine started", ms)}
	if ms == 0 {
		f.Text = "never"
	}
	return f
}

// versionParts are the first 12 bytes of an object that has a sequence number.
func versionParts(b []byte) []dump.HexPart {
	word := func(at int, name string) dump.HexPart {
		return dump.HexPart{Offset: at, Bytes: b[at : at+4], Name: name, Value: fmt.Sprint(binary.LittleEndian.Uint32(b[at:]))}
	}
	return []dump.HexPart{word(0, "version"), word(4, "size"), word(8, "sequence")}
}

func (o *Object) pressureFacts(b []byte) (*dump.Facts, []dump.HexPart, error) {
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
		dump.Fact{Name: "whole", Value: p.Sequence%2 == 0, Text: wholeText(p.Sequence)},
		updateFact(p.LastUpdate),
		dump.Fact{Name: "has_psi", Value: p.HasPSI},
		part("cpu_use", p.CPUUse, true), part("cpu_some", p.CPUSome, p.HasPSI),
		part("memory_some", p.MemorySome, p.HasPSI), part("memory_full", p.MemoryFull, p.HasPSI),
		part("io_some", p.IOSome, p.HasPSI), part("io_full", p.IOFull, p.HasPSI),
		o.sizeFact(mist.PressureSize))
	parts := append(versionParts(b), dump.HexPart{Offset: 12, Bytes: b[12:mist.PressureSize], Name: "pressure"})
	return &dump.Facts{Schema: "shmtool.node-pressure/1", Facts: facts}, append(parts, o.rest(b, mist.PressureSize)...), nil
}

func (o *Object) attemptFacts(b []byte, table *procs.Table) (*dump.Facts, []dump.HexPart, error) {
	offline, err := mist.DecodeAttempt(b)
	if err != nil {
		return nil, nil, err
	}
	v, _ := table.Keeper(o.Path)
	process, _ := processFacts(v)
	facts := append(o.head(), process...)
	facts = append(facts,
		dump.Fact{Name: "offline", Value: offline},
		dump.Fact{Name: "about", Value: "the process waits here for the start of the stream's input"},
		o.sizeFact(mist.AttemptSize))
	parts := append([]dump.HexPart{{Offset: 0, Bytes: b[:1], Name: "offline", Value: fmt.Sprint(offline)}}, o.rest(b, mist.AttemptSize)...)
	return &dump.Facts{Schema: "shmtool.start-attempt/1", Facts: facts}, parts, nil
}

// diagnosticFacts are the numbers that the fork keeps behind a stream's state.
func diagnosticFacts(b []byte) []dump.Fact {
	var facts []dump.Fact
	for _, d := range mist.Diagnostics(b) {
		f := dump.Fact{Name: d.Name, Value: d.Value}
		if d.Speed {
			f.Value = float64(d.Value) / (1 << 16)
		}
		facts = append(facts, f)
	}
	return facts
}
