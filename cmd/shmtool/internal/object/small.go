package object

import (
	"encoding/binary"
	"fmt"
	"strings"

	"shmtool/cmd/shmtool/internal/procs"
	"shmtool/dump"
	"shmtool/layout/mist"
)

// facts are what the few bytes of a state, a PID or a semaphore say, for all
// formats, and the parts for a hex dump.
func (o *Object) facts(b []byte, table *procs.Table) (*dump.Facts, []dump.HexPart, error) {
	switch o.Of.Kind {
	case mist.KindState:
		return o.stateFacts(b)
	case mist.KindInputPID, mist.KindPullPID:
		return o.pidFacts(b, table)
	case mist.KindSemaphore:
		return o.semaphoreFacts(b, table)
	case mist.KindProcess:
		return o.processStateFacts(b, table)
	case mist.KindPressure:
		return o.pressureFacts(b)
	case mist.KindAttempt:
		return o.attemptFacts(b, table)
	}
	return o.temporaryFacts(b)
}

// head are the facts that every object begins with.
func (o *Object) head() []dump.Fact {
	return []dump.Fact{
		{Name: "page", Value: dump.Text(o.Arg), Text: mist.EscapeName(o.Arg)},
		{Name: "stream", Value: TextOrNull(o.Of.Stream), Text: mist.EscapeName(o.Of.Stream)},
	}
}

// sizeFact is the object's size, with a remark where MistServer's own is
// another.
func (o *Object) sizeFact(usual int64) dump.Fact {
	f := dump.Fact{Name: "bytes", Value: o.info.Size()}
	maker := ""
	if o.Of.Kind == mist.KindState {
		maker = mist.State{Size: int(o.info.Size())}.Maker()
	}
	switch {
	case maker != "":
		f.Text = fmt.Sprintf("%d, %s", o.info.Size(), maker)
	case o.info.Size() != usual:
		f.Text, f.Tone = fmt.Sprintf("%d, where MistServer writes %d", o.info.Size(), usual), dump.Attention
	}
	return f
}

// rest is what lies behind the bytes that are known.
func (o *Object) rest(b []byte, known int) []dump.HexPart {
	if len(b) <= known {
		return nil
	}
	return []dump.HexPart{{Offset: known, Bytes: b[known:], Size: int(o.info.Size()) - len(b), Name: "unknown"}}
}

func (o *Object) stateFacts(b []byte) (*dump.Facts, []dump.HexPart, error) {
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
	facts := append(o.head(),
		dump.Fact{Name: "state", Value: s.State.String(), Tone: tone},
		dump.Fact{Name: "state_code", Value: uint8(s.State)},
		progress,
		o.sizeFact(mist.StateSize))
	facts = append(facts, diagnosticFacts(b)...)
	parts = append(parts, o.rest(b, mist.StateSize)...)
	return &dump.Facts{Schema: "shmtool.state/1", Facts: facts}, parts, nil
}

// verdictOn is what became of the process whose PID an object holds.
func verdictOn(pid uint64, of mist.Object, table *procs.Table) procs.Verdict {
	if v, left := table.Left(of); left && v.PID == pid {
		return v
	}
	return table.Judge(procs.Named{PID: pid, Stream: of.Stream})
}

// processFacts are a PID, whether its process lives, and what it is called. Where that
// cannot be known, "alive" is null.
func processFacts(v procs.Verdict) (facts []dump.Fact, text string) {
	alive, name, tone := any(nil), "", dump.Attention
	text = mist.EscapeName(v.Text())
	if lives, known := v.Known(); known {
		alive, tone = lives, dump.Bad
		if lives {
			name, tone = v.Process.Name, dump.Good
		}
	}
	if v.Stopped() {
		tone = dump.Attention
	}
	return []dump.Fact{
		{Name: "pid", Value: v.PID, Text: text, Tone: tone},
		{Name: "alive", Value: alive},
		{Name: "process", Value: TextOrNull(name), Text: mist.EscapeName(name)},
	}, text
}

func (o *Object) pidFacts(b []byte, table *procs.Table) (*dump.Facts, []dump.HexPart, error) {
	pid, err := mist.DecodePID(b)
	if err != nil {
		return nil, nil, err
	}
	about := "the parent of the stream's input, which starts it again"
	if o.Of.Kind == mist.KindPullPID {
		about = "the parent of the input that pulls the stream"
	}
	process, text := processFacts(verdictOn(pid, o.Of, table))
	facts := append(o.head(), process...)
	facts = append(facts, dump.Fact{Name: "about", Value: about}, o.sizeFact(mist.PIDSize))
	parts := append([]dump.HexPart{{Offset: 0, Bytes: b[:mist.PIDSize], Name: "pid", Value: text}}, o.rest(b, mist.PIDSize)...)
	return &dump.Facts{Schema: "shmtool.pid/1", Facts: facts}, parts, nil
}

func (o *Object) semaphoreFacts(b []byte, table *procs.Table) (*dump.Facts, []dump.HexPart, error) {
	if int64(len(b)) != o.info.Size() {
		b = nil // longer than any semaphore
	}
	s, err := mist.DecodeSemaphore(b, o.Of.Form)
	if err != nil {
		return nil, nil, err
	}
	held, about := s.Held(), o.Of.Lock.About()
	tone := dump.Attention
	if held == o.Of.Lock.ForLife() && s.Value <= 1 {
		tone = dump.Good
	}
	facts := append(o.head(),
		dump.Fact{Name: "lock", Value: OrNull(string(o.Of.Lock))},
		dump.Fact{Name: "id", Value: TextOrNull(o.Of.ID), Text: mist.EscapeName(o.Of.ID)},
		dump.Fact{Name: "about", Value: OrNull(about)},
		dump.Fact{Name: "held", Value: held, Text: semaphoreText(s), Tone: tone},
		dump.Fact{Name: "value", Value: s.Value},
		dump.Fact{Name: "waiters", Value: s.Waiters, Text: waitersText(s)},
		dump.Fact{Name: "waiting", Value: s.Waiting})
	facts = append(facts, o.holderFacts(held, table)...)
	facts = append(facts, o.mapperFact(held, table),
		dump.Fact{Name: "form", Value: s.Layout.String()},
		dump.Fact{Name: "old_name", Value: o.Of.Old, Text: oldNameText(o.Of.Old)},
		dump.Fact{Name: "bytes", Value: s.Size})
	return &dump.Facts{Schema: "shmtool.semaphore/1", Facts: facts}, semaphoreParts(b, s), nil
}

func waitersText(s mist.Semaphore) string {
	if s.Waiters == 0 {
		return ""
	}
	return fmt.Sprintf("%d (one that was killed while it waited still counts)", s.Waiters)
}

func oldNameText(old bool) string {
	if old {
		return "true (as before MistServer 3.8)"
	}
	return ""
}

// holderFacts are who holds a lock for life, as far as the PID that was left
// beside it tells. Nobody holds a lock that is free.
func (o *Object) holderFacts(held bool, table *procs.Table) []dump.Fact {
	v, left := table.Holder(o.Of)
	if !held || !left {
		return []dump.Fact{{Name: "holder"}, {Name: "holder_alive"}}
	}
	process, text := processFacts(v)
	if process[1].Value == false {
		text += ": the lock stays held"
	}
	return []dump.Fact{
		{Name: "holder", Value: v.PID, Text: text, Tone: process[0].Tone},
		{Name: "holder_alive", Value: process[1].Value},
	}
}

// mapperFact is who has the semaphore open, its holder among them. It is not
// known of every saved moment, nor surely where processes of others cannot be seen.
func (o *Object) mapperFact(held bool, table *procs.Table) dump.Fact {
	f := dump.Fact{Name: "mapped_by"}
	if !table.MapsKnown() {
		return f
	}
	all, partial := table.Mappers()
	pids, texts := all[table.File(o.info).Identity], []string(nil)
	for _, pid := range pids {
		p, lives := table.Alive(pid)
		if !lives {
			p.PID = pid
		}
		texts = append(texts, ProcessText(p))
	}
	f.Value, f.Text = append([]int{}, pids...), strings.Join(texts, ", ")
	switch {
	case len(pids) == 0 && partial:
		f.Text = "no process that you may see"
	case len(pids) == 0 && table.Foreign(o.Of.Stream):
		f.Text = "no process of this PID namespace"
	case len(pids) == 0 && held:
		f.Text, f.Tone = "no process: the one that held it is dead", dump.Bad
	case len(pids) == 0:
		f.Text = "no process"
	}
	return f
}

func semaphoreParts(b []byte, s mist.Semaphore) []dump.HexPart {
	word := func(at int, name, value string) dump.HexPart {
		return dump.HexPart{Offset: at, Bytes: b[at : at+4], Name: name, Value: value}
	}
	value, waiters := fmt.Sprintf("%d %s", s.Value, semaphoreText(s)), fmt.Sprint(s.Waiters)
	private := fmt.Sprintf("0x%x", binary.LittleEndian.Uint32(b[8:]))
	switch {
	case s.Layout == mist.Glibc32:
		return []dump.HexPart{
			word(0, "value", value), word(4, "shared", fmt.Sprintf("0x%x", binary.LittleEndian.Uint32(b[4:]))),
			word(8, "padding", ""), word(12, "waiters", waiters),
		}
	case len(b) == 16:
		return []dump.HexPart{word(0, "value", value), word(4, "waiters", waiters), word(8, "shared", private), word(12, "padding", "")}
	}
	return []dump.HexPart{
		word(0, "value", value), word(4, "waiters", waiters), word(8, "shared", private),
		{Offset: 12, Bytes: b[12:], Name: "padding"},
	}
}

func (o *Object) temporaryFacts(b []byte) (*dump.Facts, []dump.HexPart, error) {
	about := "a semaphore in the making, which is linked to its name when it is whole; one that stays was left by a process that died"
	maker := "glibc"
	if o.Of.Form == mist.FormMusl {
		maker = "musl"
	}
	facts := append(o.head()[:1],
		dump.Fact{Name: "about", Value: about},
		dump.Fact{Name: "form", Value: maker})
	var parts []dump.HexPart
	if s, err := mist.DecodeSemaphore(b, o.Of.Form); err == nil {
		facts = append(facts, dump.Fact{Name: "value", Value: s.Value})
		parts = semaphoreParts(b, s)
	} else {
		facts = append(facts, dump.Fact{Name: "value"})
		parts = o.rest(b, 0)
	}
	facts = append(facts, dump.Fact{Name: "bytes", Value: o.info.Size()})
	return &dump.Facts{Schema: "shmtool.temporary/1", Facts: facts}, parts, nil
}
