package filter

import (
	"slices"

	"github.com/itchyny/gojq"

	"shmtool/relaccx"
)

// Many expressions on a page's document take its records one by one: .records[] | f, or
// they collect what f gives: .records | map(f) | g. They are evaluated so, without the
// document.

// Streamed takes an expression on a page's document apart: each is for each record, rest
// for the array of what each gives, nil when its results are those of the whole. It is
// false when the expression needs the Document.
func (f *Filter) Streamed() (each, rest *Filter, ok bool) {
	steps := stepsOf(f.query)
	if steps == nil || f.Mentions("halt") { // which ends all of it
		return nil, nil, false
	}
	if own := afterRecords(steps); own != nil {
		each = f.part(own)
		return each, nil, each != nil
	}
	own := collected(steps)
	if own == nil {
		return nil, nil, false
	}
	behind := steps[1:]
	if isRecords(steps[0], 0) {
		behind = steps[2:]
	}
	each, rest = f.part(own), f.part(orIdentity(behind))
	return each, rest, each != nil && rest != nil
}

// collected returns f of the steps [.records[] | f] and .records | map(f), or nil when the
// steps begin with something else.
func collected(steps []*gojq.Query) []*gojq.Query {
	if t := steps[0].Term; t != nil && t.Type == gojq.TermTypeArray && t.SuffixList == nil && t.Array.Query != nil {
		if inner := stepsOf(t.Array.Query); inner != nil {
			return afterRecords(inner)
		}
		return nil
	}
	if !isRecords(steps[0], 0) || len(steps) < 2 {
		return nil
	}
	if t := steps[1].Term; t != nil && t.Type == gojq.TermTypeFunc && t.SuffixList == nil && t.Func.Name == "map" && len(t.Func.Args) == 1 {
		return t.Func.Args
	}
	return nil
}

// stepsOf returns what pipes separate, or nil when the query defines or binds anything.
func stepsOf(q *gojq.Query) []*gojq.Query {
	switch {
	case !isPlain(q):
		return nil
	case q.Op != gojq.OpPipe:
		return []*gojq.Query{q}
	}
	left, right := stepsOf(q.Left), stepsOf(q.Right)
	if left == nil {
		return nil
	}
	if right == nil { // it binds what comes after all steps before it
		right = []*gojq.Query{q.Right}
	}
	return slices.Concat(left, right)
}

// isRecords reports whether a step is .records with a number of suffixes.
func isRecords(q *gojq.Query, suffixes int) bool {
	if q.Term == nil || q.Term.Type != gojq.TermTypeIndex || len(q.Term.SuffixList) != suffixes {
		return false
	}
	name := nameIn(q.Term.Index)
	return name != nil && *name == "records"
}

// afterRecords returns the steps behind .records[] or .records | .[], or nil when the steps
// do not begin so. The members behind the brackets are a step.
func afterRecords(steps []*gojq.Query) []*gojq.Query {
	first := steps[0]
	switch {
	case len(steps) > 1 && isRecords(first, 0):
		t := steps[1].Term
		if t != nil && t.Type == gojq.TermTypeIdentity && len(t.SuffixList) == 1 && t.SuffixList[0].Iter {
			return orIdentity(steps[2:])
		}
	case first.Term != nil && len(first.Term.SuffixList) > 0 && first.Term.SuffixList[0].Iter:
		t := *first.Term
		behind := t.SuffixList[1:]
		t.SuffixList = t.SuffixList[:1]
		if !isRecords(&gojq.Query{Term: &t}, 1) || slices.ContainsFunc(behind, func(s *gojq.Suffix) bool { return nameIn(s.Index) == nil }) {
			return nil
		}
		if len(behind) == 0 {
			return orIdentity(steps[1:])
		}
		own := &gojq.Query{Term: &gojq.Term{Type: gojq.TermTypeIndex, Index: behind[0].Index, SuffixList: behind[1:]}}
		return slices.Concat([]*gojq.Query{own}, steps[1:])
	}
	return nil
}

func orIdentity(steps []*gojq.Query) []*gojq.Query {
	if len(steps) == 0 {
		return []*gojq.Query{{Term: &gojq.Term{Type: gojq.TermTypeIdentity}}}
	}
	return steps
}

// part compiles steps for themselves.
func (f *Filter) part(steps []*gojq.Query) *Filter {
	q := steps[len(steps)-1]
	for _, step := range slices.Backward(steps[:len(steps)-1]) {
		q = &gojq.Query{Left: step, Op: gojq.OpPipe, Right: q}
	}
	code, err := gojq.Compile(q, environment)
	if err != nil {
		return nil
	}
	return &Filter{flag: f.flag, code: code, query: q, ctx: f.ctx, short: f.short, quick: isQuick(q)}
}

// Collect evaluates the expression on each record, and returns an array of the results.
// ErrTooLarge is the error when they take more than the limit.
func (f *Filter) Collect(p Page, limit Limit) (any, error) {
	rows := f.Rows(p.Values)
	var guard eval
	n := native{names: rows.names}
	if steps := stepsOf(f.query); steps != nil {
		guard = n.guard(steps[0], onRecord)
	}
	rows.know(n.names)
	size, array := uint64(0), []any{}
	add := func(v any) error {
		if size += sizeOf(v); size > limit.Values {
			return ErrTooLarge
		}
		array = append(array, v)
		return nil
	}
	for rec, err := range p.Records {
		if err == nil {
			err = f.ctx.Err()
		}
		if err == nil && !rows.stops(guard, rec) {
			err = rows.values(rec, add)
		}
		if err != nil {
			return nil, err
		}
	}
	return array, nil
}

// stops reports whether a guard, which may be nil, lets no result of a record pass.
func (r *Rows) stops(guard eval, rec *relaccx.Record) bool {
	if guard == nil {
		return false
	}
	r.record.Record = rec
	return guard(&r.record, value{}).kind == none
}

// values gives each result on a record to each, for good.
func (r *Rows) values(rec *relaccx.Record, each func(v any) error) error {
	if r.only == nil { // the object may be in the results
		r.object = make(map[string]any, len(r.record.names))
	}
	if err := r.fill(rec); err != nil {
		return err
	}
	return r.evaluator(rec)(r.object, each)
}

// sizeOf returns about how many bytes a value takes in an array.
func sizeOf(v any) uint64 {
	const word = 8
	switch v := v.(type) {
	case nil, bool:
		return 2 * word
	case string:
		return 4*word + uint64(len(v))
	case []any:
		size := uint64(5 * word)
		for _, element := range v {
			size += sizeOf(element)
		}
		return size
	case map[string]any:
		size := 2*word + costOf(len(v))
		for _, member := range v {
			size += sizeOf(member) - 2*word
		}
		return size
	}
	return 3 * word
}
