package object

import (
	"fmt"
	"io"

	"shmtool/cmd/shmtool/internal/objectfile"
	"shmtool/cmd/shmtool/internal/procs"
	"shmtool/dump"
	"shmtool/layout"
	"shmtool/layout/mist"
)

// stateKind is MstSTATE…: how far a stream is, in two bytes.
var stateKind = &Kind{
	Noun:   "a stream's state",
	names:  []mist.Kind{mist.KindState},
	status: stateStatus,
	view:   few(small, stateFacts),
	check:  judged(checkState),
}

func stateStatus(b []byte, _ mist.Object, _ *procs.Table) dump.Cell {
	s, err := mist.DecodeState(b)
	if err != nil {
		return broken
	}
	text := s.State.String()
	coming := s.State == mist.StateInit || s.State == mist.StateBoot || s.State == mist.StateWait
	if coming && s.Size > 1 { // MistServer before 3.2 does not tell the progress
		text += fmt.Sprintf(" %d%%", s.Percent())
	}
	return toned(s.State.String(), text, s.State == mist.StateReady)
}

func stateFacts(o *Object, b []byte) (*dump.Facts, []dump.HexPart, error) {
	s, err := mist.DecodeState(b)
	if err != nil {
		return nil, nil, err
	}
	tone := dump.Attention
	if s.State == mist.StateReady {
		tone = dump.Good
	}
	progress := dump.Fact{Name: "progress", Value: s.Progress, Text: fmt.Sprintf("%d (%d%%)", s.Progress, s.Percent())}
	parts := []dump.HexPart{{Offset: 0, Bytes: b[:1], Name: "state", Value: s.State.String()}}
	if len(b) > 1 {
		parts = append(parts, dump.HexPart{Offset: 1, Bytes: b[1:2], Name: "progress", Value: progress.Text})
	} else { // MistServer before 3.2 does not tell it
		progress.Value, progress.Text = nil, "-"
	}
	size := o.sizeFact(mist.StateSize)
	if maker := (mist.State{Size: int(o.info.Size())}).Maker(); maker != "" {
		size = dump.Fact{Name: size.Name, Value: size.Value, Text: fmt.Sprintf("%d, %s", o.info.Size(), maker)}
	}
	state := dump.Fact{Name: "state", Value: s.State.String(), Tone: tone}
	if s.State == mist.StateOffline {
		state.Text = s.State.String() + ": " + mist.OfflineMeans
	}
	facts := append(o.head(),
		state,
		dump.Fact{Name: "state_code", Value: uint8(s.State)},
		progress,
		size)
	facts = append(facts, diagnosticFacts(b)...)
	parts = append(parts, o.rest(b, mist.StateSize)...)
	return &dump.Facts{Schema: "shmtool.state/1", Facts: facts}, parts, nil
}

// StateOf reads the state of a stream that an address leads to.
func StateOf(t Target) (mist.State, error) {
	f, err := objectfile.OpenNamed(t.Path)
	if err != nil {
		return mist.State{}, err
	}
	defer f.Close()
	b := make([]byte, mist.StateSize)
	n, err := f.ReadAt(b, 0)
	if n == 0 && err != nil && err != io.EOF {
		return mist.State{}, err
	}
	return mist.DecodeState(b[:n])
}

// diagnosticFacts returns the numbers that the fork keeps behind a stream's state.
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

func checkState(_ mist.Object, b []byte) (found []layout.Finding, says string) {
	if s, err := mist.DecodeState(b); err == nil {
		says = ": " + s.State.String()
	}
	return mist.CheckState(b), says
}
