package layouttest

import (
	"bytes"
	"encoding/hex"
	"fmt"
	"regexp"
	"strconv"
	"strings"
)

// Page is one golden page.
type Page struct {
	Bytes  []byte
	Expect []Expectation // in the order of the file
}

// Expectation is one finding that a check of the page must give.
type Expectation struct {
	Severity string // "note", "warning", "error"
	Offset   int64  // byte of the page
	Path     string // "" or that of a nested page, ":keys@0"
	Code     string // "invalid_page"
	Message  string // the whole message
}

var (
	positionPattern = regexp.MustCompile(`^[0-9a-f]{4,}$`)
	itemPattern     = regexp.MustCompile(`^(?:([0-9a-f]{2})|"([ !#-~]+)"|\*([1-9][0-9]{0,6}) +([0-9a-f]{2}))(?: +|$)`)
	expectPattern   = regexp.MustCompile(`^(note|warning|error) @([0-9]+)(:\S+)? ([a-z_]+): (.+)$`)
)

// Parse reads a golden page's text. It is strict: whatever the syntax does not
// name is an error with its line.
func Parse(text string) (*Page, error) {
	p := &parser{}
	for i, line := range strings.Split(text, "\n") {
		if err := p.line(line); err != nil {
			return nil, fmt.Errorf("line %d: %w", i+1, err)
		}
	}
	switch {
	case len(p.page.Bytes) == 0:
		return nil, fmt.Errorf("page has no bytes")
	case !p.expects:
		return nil, fmt.Errorf(`page says nothing about what to expect; write "# expect: none"`)
	case p.none && len(p.page.Expect) > 0:
		return nil, fmt.Errorf("page expects none, and something")
	}
	return &p.page, nil
}

type parser struct {
	page    Page
	expects bool // an expect line was there
	none    bool // it was "none"
}

func (p *parser) line(line string) error {
	body, comment := cutComment(line)
	if expect, ok := strings.CutPrefix(comment, "# expect:"); ok {
		if body != "" {
			return fmt.Errorf("an expectation stands on a line of its own")
		}
		return p.expect(strings.TrimSpace(expect))
	}
	if body == "" {
		return nil
	}
	return p.row(body)
}

func (p *parser) expect(text string) error {
	p.expects = true
	if text == "none" {
		p.none = true
		return nil
	}
	m := expectPattern.FindStringSubmatch(text)
	if m == nil {
		return fmt.Errorf("expectation %q is not SEVERITY @BYTE[PATH] CODE: MESSAGE", text)
	}
	offset, err := strconv.ParseInt(m[2], 10, 64)
	if err != nil {
		return err
	}
	p.page.Expect = append(p.page.Expect, Expectation{m[1], offset, m[3], m[4], m[5]})
	return nil
}

// row takes one line of bytes: its position, then its items.
func (p *parser) row(body string) error {
	digits, items, _ := strings.Cut(body, " ")
	if !positionPattern.MatchString(digits) {
		return fmt.Errorf("position %q is not four or more lower-case hexadecimal digits", digits)
	}
	position, err := strconv.ParseInt(digits, 16, 64)
	if err != nil {
		return err
	}
	if have := len(p.page.Bytes); position != int64(have) {
		return fmt.Errorf("position is %04x, %04x bytes stand above", position, have)
	}
	if items = strings.TrimLeft(items, " "); items == "" {
		return fmt.Errorf("no bytes")
	}
	for items != "" {
		m := itemPattern.FindStringSubmatch(items)
		if m == nil {
			return fmt.Errorf("item at %q is not XX, \"text\" or *N XX", items)
		}
		p.page.Bytes = append(p.page.Bytes, itemBytes(m)...)
		items = items[len(m[0]):]
	}
	return nil
}

// itemBytes returns what a match of itemPattern stands for; the pattern has left no
// way to fail.
func itemBytes(m []string) []byte {
	if m[2] != "" {
		return []byte(m[2])
	}
	digits, count := m[1], 1
	if m[3] != "" {
		digits = m[4]
		count, _ = strconv.Atoi(m[3])
	}
	b, _ := hex.DecodeString(digits)
	return bytes.Repeat(b, count)
}

// cutComment splits a line at its first # outside quotes.
func cutComment(line string) (body, comment string) {
	quoted := false
	for i, c := range line {
		switch {
		case c == '"':
			quoted = !quoted
		case c == '#' && !quoted:
			return strings.TrimRight(line[:i], " "), line[i:]
		}
	}
	return strings.TrimRight(line, " "), ""
}
