package object

import (
	"fmt"

	"shmtool/cmd/shmtool/internal/procs"
	"shmtool/dump"
	"shmtool/layout"
	"shmtool/layout/mist"
)

// pidKind is MstIPID… and MstPPID…: the PID of an input's parent process.
var pidKind = &Kind{
	Noun:   "a PID",
	names:  []mist.Kind{mist.KindInputPID, mist.KindPullPID},
	status: pidStatus,
	view:   few(small, pidFacts),
	check:  judged(checkPID),
}

// pidStatus tells whether the process lives whose PID an object holds: "alive 13",
// "stopped 13", "dead 13", and "pid 13" when that cannot be known.
func pidStatus(b []byte, of mist.Object, table *procs.Table) dump.Cell {
	pid, err := mist.DecodePID(b)
	if err != nil {
		return broken
	}
	v := verdictOn(pid, of, table)
	switch {
	case v.Life == procs.Unknown:
		return dump.Cell{Value: fmt.Sprintf("pid %d", pid), Text: mist.EscapeName(v.Text()), Tone: dump.Attention}
	case v.Life == procs.Dead:
		return dump.Cell{Value: fmt.Sprintf("dead %d", pid), Tone: dump.Bad}
	case v.Stopped():
		return toned(fmt.Sprintf("stopped %d", pid), "", false)
	}
	return toned(fmt.Sprintf("alive %d", pid), "", true)
}

// verdictOn returns what became of the process whose PID an object holds.
func verdictOn(pid uint64, of mist.Object, table *procs.Table) procs.Verdict {
	if v, left := table.Left(of); left && v.PID == pid {
		return v
	}
	return table.Judge(procs.Named{PID: pid, Stream: of.Stream})
}

func pidFacts(o *Object, b []byte) (*dump.Facts, []dump.HexPart, error) {
	pid, err := mist.DecodePID(b)
	if err != nil {
		return nil, nil, err
	}
	about := "the parent of the stream's input, which starts it again"
	if o.Of.Kind == mist.KindPullPID {
		about = "the parent of the input that pulls the stream"
	}
	process, text := processFacts(verdictOn(pid, o.Of, o.table()))
	facts := append(o.head(), process...)
	facts = append(facts, dump.Fact{Name: "about", Value: about}, o.sizeFact(mist.PIDSize))
	parts := append([]dump.HexPart{{Offset: 0, Bytes: b[:mist.PIDSize], Name: "pid", Value: text}}, o.rest(b, mist.PIDSize)...)
	return &dump.Facts{Schema: "shmtool.pid/1", Facts: facts}, parts, nil
}

func checkPID(_ mist.Object, b []byte) (found []layout.Finding, says string) {
	if pid, err := mist.DecodePID(b); err == nil {
		says = fmt.Sprintf(": %d", pid)
	}
	return mist.CheckPID(b), says
}
