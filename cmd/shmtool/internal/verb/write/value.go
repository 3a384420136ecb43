package write

import (
	"fmt"
	"io"
	"os"
	"strings"

	"shmtool/cmd/shmtool/internal/fail"
	"shmtool/dump"
	"shmtool/layout"
	"shmtool/relaccx"
)

// assign stores NAME=VALUE words in a record.
func assign(rec *relaccx.Record, words []string, o dump.DecodeOptions) error {
	given := map[string]bool{}
	for _, word := range words {
		name, value, found := strings.Cut(word, "=")
		switch {
		case !found:
			return fail.Unexpected(word, "NAME=VALUE")
		case given[name]:
			return fail.Usagef("field %q is given twice", name)
		}
		given[name] = true
		f := rec.Schema().Lookup(name)
		if f == nil {
			return &relaccx.FieldError{Field: name, Have: rec.Schema()}
		}
		if err := assignValue(f, rec, value, o); err != nil {
			return err
		}
	}
	return nil
}

// assignValue stores one value, or the bytes of the file that @FILE names.
func assignValue(f *layout.Field, rec *relaccx.Record, value string, o dump.DecodeOptions) error {
	file, fromFile := strings.CutPrefix(value, "@")
	if k := f.Kind(); !fromFile || k == layout.String || k == layout.Uint || k == layout.Int {
		return dump.Parse(f, rec.Bytes(), value, o)
	}
	b, err := readStart(file, int64(f.Size)+1)
	if err != nil {
		return fail.As(fail.BadInput, fmt.Errorf("field %q: file %q: %w", f.Name, file, fail.Bare(err)))
	}
	if len(b) > int(f.Size) {
		return fail.As(fail.BadInput, fmt.Errorf("field %q: file %q has more than the field's %d bytes", f.Name, file, f.Size))
	}
	return f.PutBytes(rec.Bytes(), b)
}

// readStart reads up to most bytes of a file.
func readStart(path string, most int64) ([]byte, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	return io.ReadAll(io.LimitReader(f, most))
}
