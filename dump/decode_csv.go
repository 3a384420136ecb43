package dump

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"strings"

	"shmtool/layout"
)

// rowReader is CSV and TSV: rows of cells below a heading.
type rowReader struct {
	cells   cellReader
	heading []string        // nil until the first row has been read
	columns []*layout.Field // nil for one that is passed over
	object  *objectReader   // of the pages that cells hold as JSON
}

func newRowReader(lines *lineReader, format InputFormat, s *layout.Schema, known objectOptions) *rowReader {
	return &rowReader{cells: cellReader{lines: lines, format: format}, object: newObjectReader(s, 0, known)}
}

func (r *rowReader) fetch() error {
	err := r.cells.next()
	if r.heading == nil {
		return headingError(err)
	}
	return err
}

// readHeading takes the row that was fetched as the heading. An error of it ends
// the input: nothing is known of what comes below.
func (r *rowReader) readHeading() error {
	if r.cells.count > mostCells {
		return fmt.Errorf("line %d: names %d columns, a page has no more than %d", r.cells.line, r.cells.count, mostCells)
	}
	for i := range r.cells.count {
		r.heading = append(r.heading, string(r.cells.cell(i)))
	}
	if err := r.resolve(); err != nil {
		return fmt.Errorf("line %d: %w", r.cells.line, err)
	}
	return nil
}

// resolve finds the field of each column.
func (r *rowReader) resolve() error {
	r.columns = r.columns[:0]
	for _, name := range r.heading {
		f, err := r.column(name)
		if err != nil {
			return err
		}
		r.columns = append(r.columns, f)
	}
	return nil
}

func (r *rowReader) reshape(s *layout.Schema) error {
	r.object = newObjectReader(s, 0, r.object.objectOptions)
	if err := r.resolve(); err != nil {
		return fmt.Errorf("heading: %w", err)
	}
	return nil
}

// headingError returns an error that no call can go on behind.
func headingError(err error) error {
	var line *LineError
	if errors.As(err, &line) {
		return fmt.Errorf("line %d: %w", line.Line, line.Err)
	}
	return err
}

// column returns the field that a column's heading names.
func (r *rowReader) column(name string) (*layout.Field, error) {
	if strings.HasPrefix(name, string(passedOver)) {
		return nil, nil
	}
	f := r.object.fields[name].Field
	if f == nil {
		return nil, unknownField(name, r.object.schema)
	}
	for _, other := range r.columns {
		if other == f {
			return nil, fmt.Errorf("field %q is there twice", name)
		}
	}
	return f, nil
}

func (r *rowReader) decode(record []byte) (is bool, err error) {
	if r.heading == nil {
		return false, r.readHeading()
	}
	if r.cells.count != len(r.columns) {
		return false, &LineError{r.cells.line, fmt.Errorf("cell count is %d, the heading's is %d", r.cells.count, len(r.columns))}
	}
	for i, f := range r.columns {
		if f == nil {
			continue
		}
		if err := r.put(f, r.cells.cell(i), record); err != nil {
			return false, &LineError{r.cells.line, r.object.conceal(f, err)}
		}
	}
	return true, nil
}

func (r *rowReader) put(f *layout.Field, cell, record []byte) error {
	switch {
	case len(cell) == 0:
		return nil
	case f.Kind() == layout.Nested && (cell[0] == '{' || cell[0] == '['):
		return r.object.putComposite(f, cell, record)
	}
	return r.object.putPlain(f, record, cell)
}

// cellReader cuts the input into rows, and rows into cells. encoding/csv would do so with
// an allocation a row, without a bound on a quote that is never closed, and with the CR
// taken out of a CR LF inside a cell: what dump printed would not come back. Its rules
// are kept else, and a test holds them together.
type cellReader struct {
	lines  *lineReader
	format InputFormat // "" until the heading has told

	line  int // where the row begins
	count int // cells of the row
	spans []span
	row   []byte // without the end of the line
	end   []byte // of the line: LF, CR LF, or nothing at the end of the input
	own   []byte // a row that goes on behind its first line
	moved bool   // row is in own
}

// span is where a cell lies in its row.
type span struct{ start, end int }

// mostCells bounds what a row of nothing but commas takes: a page has fewer
// fields.
const mostCells = 1 << 16

func (c *cellReader) cell(i int) []byte { return c.row[c.spans[i].start:c.spans[i].end] }

func (c *cellReader) add(start, end int) {
	if c.count++; c.count <= mostCells {
		c.spans = append(c.spans, span{start, end})
	}
}

// next reads the next row that is not blank. Its cells are valid until the one after it.
func (c *cellReader) next() error {
	c.count, c.spans, c.row, c.moved = 0, c.spans[:0], nil, false
	for len(c.row) == 0 {
		line, err := c.lines.next()
		if err != nil {
			return err
		}
		c.row, c.end = cutLineEnd(line)
	}
	c.line = c.lines.number
	if c.format == "" {
		c.format = InputCSV
		if bytes.IndexByte(c.row, '\t') >= 0 && bytes.IndexByte(c.row, ',') < 0 {
			c.format = InputTSV
		}
	}
	switch {
	case c.format == InputTSV:
		return c.splitTabs()
	case bytes.IndexByte(c.row, '"') < 0:
		c.split(',')
		return nil
	}
	return c.splitQuoted()
}

// cutLineEnd takes LF or CR LF off a line; a CR at the very end of the input as well.
func cutLineEnd(line []byte) (row, end []byte) {
	n := len(line)
	if n > 0 && line[n-1] == '\n' {
		n--
	}
	if n > 0 && line[n-1] == '\r' {
		n--
	}
	return line[:n], line[n:]
}

func (c *cellReader) split(separator byte) {
	for at := 0; ; {
		i := bytes.IndexByte(c.row[at:], separator)
		if i < 0 {
			c.add(at, len(c.row))
			return
		}
		c.add(at, at+i)
		at += i + 1
	}
}

// splitQuoted splits a row that has quotes. Cells are unquoted in place.
func (c *cellReader) splitQuoted() error {
	for at := 0; ; at++ {
		var err error
		if at < len(c.row) && c.row[at] == '"' {
			at, err = c.quoted(at + 1)
		} else {
			at, err = c.bare(at)
		}
		if err != nil {
			return err
		}
		if at == len(c.row) {
			return nil
		}
	}
}

// bare reads a cell that does not begin with a quote, and returns the position
// of the comma behind it.
func (c *cellReader) bare(at int) (int, error) {
	end := len(c.row)
	if i := bytes.IndexByte(c.row[at:], ','); i >= 0 {
		end = at + i
	}
	if bytes.IndexByte(c.row[at:end], '"') >= 0 {
		return 0, c.refuse(`has a " inside a cell that does not begin with one`)
	}
	c.add(at, end)
	return end, nil
}

// quoted reads a cell from behind its opening quote, over the ends of lines.
func (c *cellReader) quoted(at int) (int, error) {
	start, end := at, at // the cell as far as it is unquoted
	for {
		i := bytes.IndexByte(c.row[at:], '"')
		if i < 0 {
			end += copy(c.row[end:], c.row[at:])
			if err := c.extend(end); err != nil {
				return 0, err
			}
			at = end
			continue
		}
		end += copy(c.row[end:], c.row[at:at+i])
		at += i + 1
		switch {
		case at == len(c.row) || c.row[at] == ',':
			c.add(start, end)
			return at, nil
		case c.row[at] != '"':
			return 0, c.refuse(`has a " inside a cell that is not doubled`)
		}
		c.row[end] = '"'
		end++
		at++
	}
}

// extend puts the next line behind the first end bytes of the row, with the
// line end that was between them.
func (c *cellReader) extend(end int) error {
	if !c.moved {
		c.own, c.moved = append(c.own[:0], c.row[:end]...), true
	}
	c.own = append(c.own[:end], c.end...)
	line, err := c.lines.next()
	switch {
	case err == io.EOF:
		return c.refuse("has a cell that no quote closes")
	case isLineError(err) || len(c.own)+len(line) > c.lines.limit:
		return c.refuse(fmt.Sprintf("has more than %d bytes, in a cell that no quote closes", c.lines.limit))
	case err != nil:
		return err
	}
	line, c.end = cutLineEnd(line)
	c.own = append(c.own, line...)
	c.row = c.own
	return nil
}

func (c *cellReader) refuse(reason string) error {
	return &LineError{c.line, errors.New(reason)}
}

// splitTabs splits a row of TSV, in which nothing is quoted.
func (c *cellReader) splitTabs() error {
	c.split('\t')
	if bytes.IndexByte(c.row, '\\') < 0 {
		return nil
	}
	for i := range c.spans {
		end, err := c.unescape(c.spans[i])
		if err != nil {
			return err
		}
		c.spans[i].end = end
	}
	return nil
}

// unescape puts what escapes stand for in their place, and returns where the
// cell ends then.
func (c *cellReader) unescape(s span) (int, error) {
	end := s.start
	for at := s.start; at < s.end; at++ {
		b := c.row[at]
		if b == '\\' {
			at++
			if b = 0; at < s.end {
				b = unescaped[c.row[at]]
			}
			if b == 0 {
				return 0, c.refuse(`has a \ that is none of \t \n \r \\`)
			}
		}
		c.row[end] = b
		end++
	}
	return end, nil
}

var unescaped = [256]byte{'t': '\t', 'n': '\n', 'r': '\r', '\\': '\\'}
