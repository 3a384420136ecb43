package dump

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
)

// readSize is how many bytes are asked of the input at a time. A read gives
// what is there, so a slow pipe is not waited for.
const readSize = 64 << 10

// lineReader cuts the input into lines. A line lies in the reader's own memory
// until the next one: it may be written to.
type lineReader struct {
	input  *bufio.Reader
	long   []byte // a line that is longer than the input's buffer
	limit  int    // bytes of the longest line
	number int    // of the line that was read last, from 1
}

// next returns the next line with its newline, which the last one may lack.
func (l *lineReader) next() ([]byte, error) {
	l.number++
	line, err := l.input.ReadSlice('\n')
	if errors.Is(err, bufio.ErrBufferFull) {
		line, err = l.nextLong(line)
	}
	switch {
	case err != nil && (err != io.EOF || len(line) == 0):
		return nil, err
	case len(line) > l.limit:
		return nil, &LineError{l.number, fmt.Errorf("has more than %d bytes", l.limit)}
	}
	return line, nil
}

// nextLong puts a long line together. Bytes over the limit are read, but not kept: the
// line behind it is good again.
func (l *lineReader) nextLong(part []byte) ([]byte, error) {
	l.long = append(l.long[:0], part...)
	for {
		part, err := l.input.ReadSlice('\n')
		if len(l.long) <= l.limit {
			l.long = append(l.long, part...)
		}
		if !errors.Is(err, bufio.ErrBufferFull) {
			return l.long, err
		}
	}
}

// byteOrderMark is U+FEFF in UTF-8, which Windows puts before a text.
var byteOrderMark = []byte("\xEF\xBB\xBF")

// skipMark ignores a byte order mark. It never asks for more bytes than one until it has
// seen the first of a mark: there may be no more for a while.
func (l *lineReader) skipMark() error {
	first, err := l.input.Peek(1)
	if err != nil {
		return err
	}
	if first[0] != byteOrderMark[0] {
		return nil
	}
	if b, _ := l.input.Peek(len(byteOrderMark)); bytes.Equal(b, byteOrderMark) {
		_, err = l.input.Discard(len(byteOrderMark))
	}
	return err
}

// beginsJSON reports whether the first byte that is not blank opens an object,
// or an array, which is no record, but is told so best as JSON. Nothing is
// consumed.
func (l *lineReader) beginsJSON() bool {
	for n := 1; ; n++ {
		b, err := l.input.Peek(n)
		if err != nil {
			return false
		}
		switch b[n-1] {
		case ' ', '\t', '\r', '\n':
		default:
			return b[n-1] == '{' || b[n-1] == '['
		}
	}
}
