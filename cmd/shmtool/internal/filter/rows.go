package filter

import (
	"slices"

	"shmtool/dump"
	"shmtool/relaccx"
)

// Rows evaluates an expression on the records of one schema: on their bytes where it can,
// and with gojq where it cannot. The results are those of the expression on the JSON of
// the records.
type Rows struct {
	f      *Filter
	extra  []Extra
	record record
	truth  eval // nil is left to gojq
	emit   emit // nil is left to gojq
	only   []int
	object map[string]any
	lines  []byte
	names  []string // of the members, as expressions have numbered them
	loop   *loop    // nil before it is needed
}

// Extra is a member that stands beside those of the record.
type Extra struct {
	Name  string
	Value func() any // nil, a string or a json.Number
}

// record is one record, and how the members are read that an expression asks for.
type record struct {
	*relaccx.Record
	values  *dump.RecordValues
	members []member
	all     []whole // members in order; made when they are asked for
	names   []string
	find    func(name string) member
}

type member struct {
	column int // -1 is none of the record's
	extra  func() any
}

// Rows prepares an expression for records of one schema.
func (f *Filter) Rows(values *dump.RecordValues, extra ...Extra) *Rows {
	r := &Rows{f: f, extra: extra, object: map[string]any{}}
	r.record = record{values: values, names: values.Keys()}
	for _, e := range extra {
		r.record.names = append(r.record.names, e.Name)
	}
	r.record.find = func(name string) member {
		m := member{column: values.Find(name)}
		for _, e := range extra {
			if m.column < 0 && e.Name == name {
				m.extra = e.Value
			}
		}
		return m
	}
	n := &native{}
	r.truth, r.emit = n.truth(f.query), n.results(f.query, onRecord)
	r.know(n.names)
	r.only = columnsOf(values)(needed(f.query))
	return r
}

// know finds the members that expressions have numbered, those that are not known yet.
func (r *Rows) know(names []string) {
	for _, name := range names[len(r.names):] {
		r.record.members = append(r.record.members, r.record.find(name))
	}
	r.names = names
}

// columnsOf returns a function that finds the members with some names, for Put; nil is all.
func columnsOf(values *dump.RecordValues) func(names []string, all bool) []int {
	return func(names []string, all bool) []int {
		if all {
			return nil
		}
		only := []int{}
		for _, name := range names {
			if i := values.Find(name); i >= 0 {
				only = append(only, i)
			}
		}
		return only
	}
}

// member returns a member by the number that the expression has given it.
func (r *record) member(i int) value { return r.value(r.members[i]) }

func (r *record) value(m member) value {
	switch {
	case m.column >= 0:
		return scalarOf(r.values.Scalar(m.column, r.Record))
	case m.extra != nil:
		return valueOf(m.extra())
	}
	return nullValue
}

// appendAll appends the record as an object with its members in jq's order, without some of
// them, and a newline.
func (r *record) appendAll(b []byte, without []string) ([]byte, bool) {
	if r.all == nil {
		r.all = wholeOf(r.names, r.find)
	}
	start := len(b)
	for i := range r.all {
		if slices.Contains(without, r.all[i].name) {
			continue
		}
		b = append(b, r.all[i].key...)
		v := r.value(r.all[i].member)
		if !v.known() {
			return b, false
		}
		b = v.appendJSON(b)
	}
	if len(b) == start {
		return append(b, "{}\n"...), true
	}
	b[start] = '{' // the first key's comma
	return append(b, "}\n"...), true
}

// True reports whether any result of the expression on a record is neither false nor null.
func (r *Rows) True(rec *relaccx.Record) (bool, error) {
	if err := r.f.ctx.Err(); err != nil {
		return false, err
	}
	if r.truth != nil {
		r.record.Record = rec
		if v := r.truth(&r.record, value{}); v.kind != unknown {
			return v.truth(), nil
		}
	}
	if err := r.fill(rec); err != nil {
		return false, err
	}
	return anyTrue(r.object, r.evaluator(rec))
}

// Lines gives the results on a record to write: each is a line, as Filter.Lines has them,
// and there may be several at once. They are valid until write returns.
func (r *Rows) Lines(rec *relaccx.Record, write func(lines []byte) error) error {
	if err := r.f.ctx.Err(); err != nil {
		return err
	}
	if r.emit != nil {
		r.record.Record = rec
		lines, ok := r.emit(&r.record, value{}, r.lines[:0])
		r.lines = lines
		if ok {
			if len(lines) == 0 {
				return nil
			}
			return write(lines)
		}
	}
	if err := r.fill(rec); err != nil {
		return err
	}
	return r.evaluator(rec)(r.object, func(v any) error {
		r.lines = r.lines[:0]
		if s, ok := v.(string); ok {
			r.lines = append(r.lines, s...)
		} else {
			r.lines = appendAny(r.lines, v)
		}
		r.lines = append(r.lines, '\n')
		return write(r.lines)
	})
}

// fill makes the object of a record's members that the expression may ask for.
func (r *Rows) fill(rec *relaccx.Record) error {
	if err := r.record.values.Put(r.object, rec, r.only); err != nil {
		return err
	}
	for _, e := range r.extra {
		if r.record.values.Find(e.Name) < 0 {
			r.object[e.Name] = e.Value()
		}
	}
	return nil
}

// smallRecord is how many bytes a record has at most on which an expression that is quick
// runs without looking at its context.
const smallRecord = 16 << 10

func (r *Rows) evaluator(rec *relaccx.Record) func(v any, each func(v any) error) error {
	if r.f.quick && len(rec.Bytes()) <= smallRecord {
		if r.loop == nil {
			r.loop, _ = newLoop(r.f)
		}
		if r.loop != nil {
			return r.loop.evaluate
		}
	}
	return r.f.evaluate
}
