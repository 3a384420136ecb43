package dump

import (
	"io"

	"shmtool/relaccx"
)

// flushSize is how many bytes are collected before they are written.
const flushSize = 64 << 10

func (v *View) writeJSON(w io.Writer, o Options) error {
	b := appendPageHead(nil, v)
	if !v.ShowRecords {
		_, err := w.Write(append(b, "}\n"...))
		return err
	}
	b = append(b, `,"records":[`...)
	j := NewRecordJSON(v.Schema, o)
	separate := false
	for rec, err := range v.Records {
		if err != nil {
			return err
		}
		if separate {
			b = append(b, ',')
		}
		separate = true
		b = j.Append(b, rec)
		if len(b) >= flushSize {
			if _, err := w.Write(b); err != nil {
				return err
			}
			b = b[:0]
		}
	}
	_, err := w.Write(append(b, "]}\n"...))
	return err
}

// writeNDJSON writes what JSON writes when no records are to be shown.
func (v *View) writeNDJSON(w io.Writer, o Options) error {
	if !v.ShowRecords {
		return v.writeJSON(w, o)
	}
	j := NewRecordJSON(v.Schema, o)
	return lines(w, v, func(b []byte, rec *relaccx.Record) []byte { return append(j.Append(b, rec), '\n') })
}

// lines writes what each gives for every record, a chunk at a time.
func lines(w io.Writer, v *View, each func(b []byte, rec *relaccx.Record) []byte) error {
	var b []byte
	for rec, err := range v.Records {
		if err != nil {
			_, _ = w.Write(b)
			return err
		}
		b = each(b, rec)
		if len(b) >= flushSize {
			if _, err := w.Write(b); err != nil {
				return err
			}
			b = b[:0]
		}
	}
	_, err := w.Write(b)
	return err
}
