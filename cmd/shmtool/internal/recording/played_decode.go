package recording

import (
	"bytes"
	"encoding/json"
	"errors"
	"strconv"

	"shmtool/dump"
)

// decode reads a record's message into p.bytes.
func (p *played) decode(text []byte) (uint64, error) {
	if n, ok := p.decodePlain(text); ok {
		return n, nil
	}
	if n, ok := plainNumber(text); ok {
		return n, p.decodeFields(n, text)
	}
	var head struct {
		Number *uint64 `json:"#"`
		Raw    []byte  `json:"#raw"`
	}
	if err := json.Unmarshal(text, &head); err != nil {
		return 0, bad("record: %w", err)
	}
	if head.Number == nil {
		return 0, bad("a record has no number")
	}
	size := int(p.of.header.RecordSize)
	if head.Raw != nil {
		if len(head.Raw) != size {
			return 0, bad("record %d has %d bytes, the page's have %d", *head.Number, len(head.Raw), size)
		}
		p.bytes = append(p.bytes[:0], head.Raw...)
		return *head.Number, nil
	}
	return *head.Number, p.decodeFields(*head.Number, text)
}

var (
	numberKey = []byte(`{"#":`)
	numberTag = []byte(`"#":`)
	rawTag    = []byte(`"#raw"`)
)

// plainNumber returns the number of a record as record writes it: it comes first, and the
// other members give all of the record's bytes. It reports false for any other text.
func plainNumber(text []byte) (uint64, bool) {
	rest, first := bytes.CutPrefix(text, numberKey)
	end := bytes.IndexByte(rest, ',')
	if !first || end < 1 || bytes.Contains(rest, numberTag) || bytes.Contains(rest, rawTag) {
		return 0, false
	}
	n, err := strconv.ParseUint(string(rest[:end]), 10, 64)
	return n, err == nil
}

// decodePlain reads a message of the form that record writes into p.bytes. It reports
// false for any other.
func (p *played) decodePlain(text []byte) (uint64, bool) {
	if !p.formKnown {
		p.form, p.formKnown = newPlainForm(p.of.schema), true
	}
	if p.form == nil {
		return 0, false
	}
	p.blank()
	return p.form.read(text, p.bytes)
}

// blank makes p.bytes a record of zeros.
func (p *played) blank() {
	size := int(p.of.header.RecordSize)
	if cap(p.bytes) < size {
		p.bytes = make([]byte, size)
	}
	p.bytes = p.bytes[:size]
	clear(p.bytes)
}

// decodeFields reads the fields of record n into p.bytes.
func (p *played) decodeFields(n uint64, text []byte) error {
	p.blank()
	if err := p.decodeJSON(text); err != nil {
		return bad("record %d: %w", n, err)
	}
	return nil
}

// line is one line of input for a decoder.
type line struct{ rest []byte }

func (l *line) Read(b []byte) (int, error) {
	n := copy(b, l.rest)
	l.rest = l.rest[n:]
	if n == 0 {
		return 0, errNoLine
	}
	return n, nil
}

var errNoLine = errors.New("no line")

func (p *played) decodeJSON(text []byte) error {
	if bytes.ContainsAny(text, "\n\r") {
		return errors.New("it has more than one line")
	}
	if p.decoder == nil {
		d, err := dump.NewDecoder(&p.line, dump.InputNDJSON, p.of.schema, dump.DecodeOptions{MaxLineSize: maxChunkSize, ShowSecrets: true})
		if err != nil {
			return err
		}
		p.decoder = d
	}
	p.line.rest = append(append(p.line.rest[:0], text...), '\n')
	err := p.decoder.Next(p.bytes)
	var wrong *dump.LineError
	switch {
	case errors.As(err, &wrong):
		return wrong.Err
	case err != nil:
		p.decoder = nil // it reads no more
	}
	return err
}
