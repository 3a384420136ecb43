package filter

import (
	"errors"
	"iter"
	"math/bits"

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
	MaxValues   = 3 << 30
)

// ErrTooLarge is the error of a document that is larger.
var ErrTooLarge = errors.New("the JSON document is too large for --jq")

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
		record := empty
		if only == nil || len(only) > 0 {
			values += costOf(count) + uint64(len(line))
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
	}
	object["records"] = records
	return object, nil
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
