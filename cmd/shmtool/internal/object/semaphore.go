package object

import (
	"encoding/binary"
	"fmt"
	"strings"

	"shmtool/cmd/shmtool/internal/procs"
	"shmtool/dump"
	"shmtool/layout"
	"shmtool/layout/mist"
)

// semaphoreKind is MstSem…: a lock, and who holds it.
var semaphoreKind = &Kind{
	Noun:   "a semaphore",
	names:  []mist.Kind{mist.KindSemaphore},
	status: semaphoreStatus,
	view:   few(small, semaphoreFacts),
	check:  judged(checkSemaphore),
}

// temporaryKind is a semaphore's file before it gets its name.
var temporaryKind = &Kind{
	Noun:  "a semaphore in the making",
	names: []mist.Kind{mist.KindTemporary},
	view:  few(small, temporaryFacts),
	check: func(*Object) (found []layout.Finding, says string, err error) { return nil, "", nil },
}

// heldText returns what a semaphore's value comes to: held, free, or a value that no lock
// should have.
func heldText(s mist.Semaphore) string {
	switch s.Value {
	case 0:
		return "held"
	case 1:
		return "free"
	}
	return fmt.Sprintf("value %d", s.Value)
}

// asUsual reports whether a lock is what it mostly is: a lock for life is held all the
// time, any other hardly ever.
func asUsual(s mist.Semaphore, lock mist.Lock) bool {
	return s.Held() == lock.ForLife() && s.Value <= 1
}

func semaphoreStatus(b []byte, of mist.Object, _ *procs.Table) dump.Cell {
	s, err := mist.DecodeSemaphore(b, of.Form)
	if err != nil {
		return broken
	}
	text := heldText(s)
	if s.Waiters > 0 {
		text += fmt.Sprintf(", %d waiting", s.Waiters)
	}
	return toned(heldText(s), text, asUsual(s, of.Lock))
}

func checkSemaphore(of mist.Object, b []byte) (found []layout.Finding, says string) {
	if s, err := mist.DecodeSemaphore(b, of.Form); err == nil {
		says = ": " + heldText(s)
	}
	return mist.CheckSemaphore(b, of.Form), says
}

func semaphoreFacts(o *Object, b []byte) (*dump.Facts, []dump.HexPart, error) {
	if int64(len(b)) != o.info.Size() {
		b = nil // longer than any semaphore
	}
	s, err := mist.DecodeSemaphore(b, o.Of.Form)
	if err != nil {
		return nil, nil, err
	}
	held, about := s.Held(), o.Of.Lock.About()
	tone := dump.Attention
	if asUsual(s, o.Of.Lock) {
		tone = dump.Good
	}
	facts := append(o.head(),
		dump.Fact{Name: "lock", Value: OrNull(string(o.Of.Lock))},
		dump.Fact{Name: "id", Value: TextOrNull(o.Of.ID), Text: mist.EscapeName(o.Of.ID)},
		dump.Fact{Name: "about", Value: OrNull(about)},
		dump.Fact{Name: "held", Value: held, Text: heldText(s), Tone: tone},
		dump.Fact{Name: "value", Value: s.Value},
		dump.Fact{Name: "waiters", Value: s.Waiters, Text: waitersText(s)},
		dump.Fact{Name: "waiting", Value: s.Waiting})
	facts = append(facts, o.holderFacts(held)...)
	facts = append(facts, o.mapperFact(held),
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

// holderFacts returns who holds a lock for life, as far as the PID tells that was left
// beside it. They are null for a lock that is free.
func (o *Object) holderFacts(held bool) []dump.Fact {
	v, left := o.table().Holder(o.Of)
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

// mapperFact returns which processes have the semaphore open, its holder among them. It is
// null in snapshots that do not tell, and may lack processes of other users.
func (o *Object) mapperFact(held bool) dump.Fact {
	f, table := dump.Fact{Name: "mapped_by"}, o.table()
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
	value, waiters := fmt.Sprintf("%d %s", s.Value, heldText(s)), fmt.Sprint(s.Waiters)
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

func temporaryFacts(o *Object, b []byte) (*dump.Facts, []dump.HexPart, error) {
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
