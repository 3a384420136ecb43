package filter

import (
	"errors"
	"iter"
	"math/bits"

	"github.com/itchyny/gojq"

	"shmtool/dump"
	"shmtool/relaccx"
)

// Page is a page's JSON document, as an expression sees it.
type Page struct {
	Head    []byte           // the document without its records
	Text    *dump.RecordJSON // of a record, as the document has it
	Values  *dump.RecordValues
	Records iter.Seq2[*relaccx.Record, error]
}

// MaxDocument is how many bytes a document of JSON has at most on which an expression is
// evaluated; MaxValues is how many its values take in memory.
const (
	MaxDocument = 1 << 30
	MaxValues   = 5 << 29
)

// ErrTooLarge is the error of a document that is larger.
var ErrTooLarge = errors.New("the JSON document is too large for --jq: over 1 GiB of text, or 2.5 GiB in memory")

// Limit is how large a document may be.
type Limit struct{ Text, Values uint64 }

// UsualLimit is the limit of documents outside of tests.
var UsualLimit = Limit{MaxDocument, MaxValues}

// Document returns a page's document for LinesOf. It makes no text of the records, and no
// members of them that the expression cannot ask for. ErrTooLarge is the error of a
// document over the limit; others are those of the records.
func (f *Filter) Document(p Page, limit Limit) (any, error) {
	head, err := decode(p.Head)
	if err != nil {
		return nil, err
	}
	object, ok := head.(map[string]any)
	if !ok {
		return nil, errors.New("the document is no object")
	}
	only := columnsOf(p.Values)(neededOfPage(f.query))
	count := len(only)
	if only == nil {
		count = len(p.Values.Keys())
	}
	text, values := uint64(len(p.Head)+len(`,"records":[]`)), uint64(0)
	records, empty := []any{}, any(map[string]any{})
	pick, picks := f.pick()
	var line []byte
	for rec, err := range p.Records {
		if err == nil {
			err = f.ctx.Err()
		}
		if err != nil {
			return nil, err
		}
		line = p.Text.Append(line[:0], rec)
		text += uint64(len(line)) + 1
		record, at := empty, len(records)
		if (only == nil || len(only) > 0) && (!picks || pick < 0 || pick == at) {
			if !picks {
				values += costOf(count) + uint64(len(line))
			}
			members := make(map[string]any, count)
			if err := p.Values.Put(members, rec, only); err != nil {
				return nil, err
			}
			record = members
		}
		if text > limit.Text || values > limit.Values {
			return nil, ErrTooLarge
		}
		records = append(records, record)
		if picks && pick < 0 && at+pick >= 0 {
			records[at+pick] = empty
		}
	}
	object["records"] = records
	return object, nil
}

// pick returns the number of the only record that the expression looks at, as .records[-1]
// does; a negative one counts from the end.
func (f *Filter) pick() (number int, ok bool) {
	steps := stepsOf(f.query)
	if steps == nil || steps[0].Term == nil || len(steps[0].Term.SuffixList) == 0 {
		return 0, false
	}
	t := *steps[0].Term
	t.SuffixList = t.SuffixList[:1]
	index := t.SuffixList[0].Index
	if !isRecords(&gojq.Query{Term: &t}, 1) || index == nil || index.IsSlice || !isNumber(index.Start) {
		return 0, false
	}
	for _, s := range steps[0].Term.SuffixList[1:] { // whose brackets may look at others
		if !s.Iter && !s.Optional && nameIn(s.Index) == nil {
			return 0, false
		}
	}
	v := evaluated(index.Start.Term)
	return int(v.n), v.kind == integer
}

// costOf returns about how many bytes the map of n members takes, beside the text of its
// values: Go has groups of 8 members, and doubles them.
func costOf(n int) uint64 {
	slots := 8
	if n > 8 {
		slots = 1 << bits.Len(uint(n*8/7))
	}
	return uint64(48 + slots*33)
}
