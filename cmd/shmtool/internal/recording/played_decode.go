package recording

import (
	"bytes"
	"encoding/json"
	"errors"

	"shmtool/dump"
)

// decode reads a record's message into p.bytes.
func (p *played) decode(text []byte) (uint64, error) {
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
	if cap(p.bytes) < size {
		p.bytes = make([]byte, size)
	}
	p.bytes = p.bytes[:size]
	clear(p.bytes)
	if err := p.decodeJSON(text); err != nil {
		return 0, bad("record %d: %w", *head.Number, err)
	}
	return *head.Number, nil
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
