package difference

import (
	"bytes"
	"encoding/json"
	"slices"
)

// Change is what became of a thing.
type Change string

// The changes.
const (
	Added   Change = "added"
	Removed Change = "removed"
	Changed Change = "changed"
)

// The parts of what is compared.
const (
	PartHeader  = "header"
	PartField   = "field"
	PartRecord  = "record"
	PartValue   = "value" // of an object that is no page
	PartFinding = "finding"
	PartStream  = "stream"
	PartTrack   = "track"
	PartObject  = "object"
	PartProcess = "process"
)

// Difference is one thing that differs. Its JSON keys are a contract.
type Difference struct {
	Part   string
	Change Change
	Where  string          // the nested page, as an address has it behind the page; or the stream
	Number *uint64         // of the record or the track; the PID of a process
	Name   string          // of the object or the process, or the code of the finding
	Field  string          // the member that differs; "" is the whole
	Old    json.RawMessage // nil: it was not there
	New    json.RawMessage // nil: it is no longer there
	Hidden bool            // the values differ and are secret
}

// changed returns a difference of a member, and whether there is one.
func changed(part, where, field string, before, now any) (Difference, bool) {
	d := Difference{Part: part, Change: Changed, Where: where, Field: field, Old: packed(before), New: packed(now)}
	return d, !bytes.Equal(d.Old, d.New)
}

// packed returns a value as JSON.
func packed(v any) json.RawMessage {
	if raw, is := v.(json.RawMessage); is {
		return raw
	}
	b, err := json.Marshal(v)
	if err != nil { // none of them holds what JSON has not
		return nil
	}
	return b
}

// Member is a member of a JSON object.
type Member struct {
	Name  string
	Value json.RawMessage
}

// MembersOf returns the members of a JSON object in their order; none of another value.
func MembersOf(object []byte) (members []Member) {
	d := json.NewDecoder(bytes.NewReader(object))
	if first, err := d.Token(); err != nil || first != json.Delim('{') {
		return nil
	}
	for d.More() {
		name, err := d.Token()
		if err != nil {
			return members
		}
		var m Member
		m.Name, _ = name.(string)
		if err := d.Decode(&m.Value); err != nil {
			return members
		}
		members = append(members, m)
	}
	return members
}

func valueOf(members []Member, name string) json.RawMessage {
	if i := slices.IndexFunc(members, func(m Member) bool { return m.Name == name }); i >= 0 {
		return members[i].Value
	}
	return nil
}

// between returns the differences of the members of two JSON objects, except those that
// are to be left out.
func between(part, where string, before, now []Member, leftOut ...string) (all []Difference) {
	for _, m := range now {
		if slices.Contains(leftOut, m.Name) {
			continue
		}
		was := valueOf(before, m.Name)
		if was == nil {
			all = append(all, Difference{Part: part, Change: Added, Where: where, Field: m.Name, New: m.Value})
		} else if d, differs := changed(part, where, m.Name, was, m.Value); differs {
			all = append(all, d)
		}
	}
	for _, m := range before {
		if valueOf(now, m.Name) == nil && !slices.Contains(leftOut, m.Name) {
			all = append(all, Difference{Part: part, Change: Removed, Where: where, Field: m.Name, Old: m.Value})
		}
	}
	return all
}
