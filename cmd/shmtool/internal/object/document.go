package object

import (
	"io"
	"math"

	"shmtool/cmd/shmtool/internal/out"
	"shmtool/dump"
)

// WriteJSON writes the object as one JSON document, whatever the format and the filters
// of the printer.
func (o *Object) WriteJSON(w io.Writer, p *out.Printer) error {
	plain := *p
	plain.Format, plain.Fields, plain.Predicate = out.JSON, nil, nil
	c, err := o.Kind.view(o, &plain, Selection{End: math.MaxUint64, Last: math.MaxUint64})
	if err == nil {
		err = dump.JSON(w, c.document, p.Rendering())
	}
	if err == nil {
		err = c.broken
	}
	return o.OnPage(err)
}
