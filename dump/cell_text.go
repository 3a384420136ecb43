package dump

import (
	"encoding/hex"
	"errors"
	"fmt"

	"shmtool/layout"
	"shmtool/relaccx"
)

// cellText returns a field's value as a table shows it.
func (o *Options) cellText(c *column, rec recordView) string {
	f, record := c.field, rec.Bytes()
	switch f.Kind() {
	case layout.Uint, layout.Int:
		if f.Readable() {
			return string(c.appendInteger(nil, record))
		}
	case layout.String:
		return printable(string(c.hide(f.Text(record))))
	case layout.Nested:
		return o.nestedText(f, rec.Record)
	case layout.DTSC:
		return packedText(c, f.In(record))
	}
	return rawText(c.hide(f.In(record)))
}

// packedText returns a packed value as JSON, or as the bytes that it is instead.
func packedText(c *column, packed []byte) string {
	text := c.appendPacked(nil, packed)
	if len(text) > len(hexHead) && string(text[:len(hexHead)]) == string(hexHead) {
		return rawText(c.hide(packed))
	}
	return printable(string(text))
}

// rawText returns bytes in hexadecimal, the zeros at their end counted.
func rawText(raw []byte) string {
	end := len(raw)
	for end > 0 && raw[end-1] == 0 {
		end--
	}
	zeros := len(raw) - end
	if zeros < 4 {
		return "hex:" + hex.EncodeToString(raw)
	}
	if end == 0 {
		return fmt.Sprintf("%d zeros", zeros)
	}
	return fmt.Sprintf("hex:%x +%d zeros", raw[:end], zeros)
}

// nestedText returns what a cell says of a nested page: how many records it has.
func (o *Options) nestedText(f *layout.Field, rec *relaccx.Record) string {
	r, h, err := o.nested(f, rec)
	if err != nil {
		var page *relaccx.PageError
		if errors.As(err, &page) {
			err = page.Err // the field is named already
		}
		return "invalid: " + err.Error()
	}
	if over := f.Overrun(h); over > 0 {
		return fmt.Sprintf("%s, %d bytes past the field", nestedSummary(r, h), over)
	}
	return nestedSummary(r, h)
}

// nested returns the page in a field of a record, with what is known of it.
func (o *Options) nested(f *layout.Field, rec *relaccx.Record) (*relaccx.Reader, layout.Header, error) {
	r, err := rec.Nested(f)
	if err != nil {
		return nil, layout.Header{}, err
	}
	h, err := r.Header()
	return r.WithRules(o.Page.Nested(f.Name)), h, err
}

func nestedSummary(r *relaccx.Reader, h layout.Header) string {
	if !h.Status.Ready() {
		return h.Status.String()
	}
	return fmt.Sprintf("%d of %d records", liveCount(r), h.RecordCount)
}

// liveCount returns how many records of a nested page are in use.
func liveCount(r *relaccx.Reader) (count uint64) {
	w, err := r.Window()
	if err != nil {
		return 0
	}
	if info := r.Rules(); info == nil || info.Marker == "" {
		return w.Count()
	}
	for _, err := range r.RecordsInUse(w) {
		if err == nil {
			count++
		}
	}
	return count
}
