package dump

import (
	"bytes"
	"fmt"
	"strconv"
	"strings"
)

// hexCovered reads the lines of a hex dump back: every byte of the page must be
// in exactly one of them, in order, and be there as the page has it. It returns
// how many bytes were not told apart.
func hexCovered(text string, page []byte, base int) (untold int, err error) {
	at := 0
	for i, line := range strings.Split(strings.TrimSuffix(text, "\n"), "\n") {
		if err := hexSafe(line); err != nil {
			return 0, fmt.Errorf("line %d: %w", i+1, err)
		}
		address, rest, _ := strings.Cut(line, " ")
		got, err := strconv.ParseUint(address, 16, 64)
		if err != nil {
			return 0, fmt.Errorf("line %d: %w", i+1, err)
		}
		rest = strings.TrimPrefix(rest, " ")
		if strings.HasPrefix(strings.TrimLeft(rest, " "), "^^") {
			continue
		}
		if int(got) != base+at {
			return 0, fmt.Errorf("line %d begins at %#x, %#x bytes are told before it: %s", i+1, got, base+at, line)
		}
		shown, n, err := hexColumn(rest)
		if err != nil {
			return 0, fmt.Errorf("line %d: %w", i+1, err)
		}
		if at+n > len(page) {
			return 0, fmt.Errorf("line %d ends behind the page: %s", i+1, line)
		}
		if shown == nil {
			untold += n
		} else if !bytes.Equal(shown, page[at:at+n]) {
			return 0, fmt.Errorf("line %d shows %x, the page has %x", i+1, shown, page[at:at+n])
		}
		at += n
	}
	if at != len(page) {
		return 0, fmt.Errorf("%d of %d bytes are told", at, len(page))
	}
	return untold, nil
}

// hexColumn reads the bytes of a line; none are given where they are not told.
func hexColumn(text string) (shown []byte, n int, err error) {
	column, _, _ := strings.Cut(text, "  ")
	if column == "" {
		return []byte{}, 0, nil
	}
	if what, count, repeats := strings.Cut(column, " × "); repeats {
		if n, err = strconv.Atoi(count); err != nil || n < 1 {
			return nil, 0, fmt.Errorf("count %q", count)
		}
		if what == ".." || what == "**" {
			return nil, n, nil
		}
		c, err := strconv.ParseUint(what, 16, 8)
		return bytes.Repeat([]byte{byte(c)}, n), n, err
	}
	for _, digits := range strings.Split(column, " ") {
		c, err := strconv.ParseUint(digits, 16, 8)
		if err != nil || len(digits) != 2 {
			return nil, 0, fmt.Errorf("byte %q", digits)
		}
		shown = append(shown, byte(c))
	}
	return shown, len(shown), nil
}

// hexSafe reports what of a line would do something to a terminal or to a
// column, or is of no use.
func hexSafe(line string) error {
	for _, c := range line {
		if !strconv.IsPrint(c) || c == '\uFFFD' {
			return fmt.Errorf("holds %q: %q", c, line)
		}
	}
	if strings.HasSuffix(line, " ") {
		return fmt.Errorf("ends in a blank: %q", line)
	}
	return nil
}
