package dump

import (
	"io"

	"shmtool/relaccx"
)

// flushSize is how many bytes are collected before they are written.
const flushSize = 64 << 10

// JSON writes the view as one JSON object and a newline.
func JSON(w io.Writer, v *View, o Options) error {
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

// NDJSON writes the view's records, each as an object on its own line. Without records,
// it writes what JSON writes.
func NDJSON(w io.Writer, v *View, o Options) error {
	if !v.ShowRecords {
		return JSON(w, v, o)
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
