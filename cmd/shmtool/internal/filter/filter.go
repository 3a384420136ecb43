// Package filter runs jq expressions inside the process, exact on integers of
// any size.
package filter

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"strings"

	"github.com/itchyny/gojq"
	"github.com/mattn/go-runewidth"
)

// Filter is one compiled expression. It is used by one goroutine at a time.
type Filter struct {
	flag string
	code *gojq.Code
}

// SyntaxError is an expression that does not parse or compile.
type SyntaxError struct {
	Flag   string // the flag it was given to: "--jq"
	Expr   string
	Offset int // byte of Expr at which the wrong token begins
	Reason string
}

// Error gives the reason, the expression, and a mark under the wrong token.
func (e *SyntaxError) Error() string {
	line := strings.LastIndexByte(e.Expr[:e.Offset], '\n') + 1
	end := len(e.Expr)
	if i := strings.IndexByte(e.Expr[e.Offset:], '\n'); i >= 0 {
		end = e.Offset + i
	}
	mark := strings.Repeat(" ", runewidth.StringWidth(e.Expr[line:e.Offset])) + "^"
	text := e.Reason + "\n" + e.Expr[:end] + "\n" + mark + e.Expr[end:]
	return e.Flag + ": " + strings.ReplaceAll(text, "\n", "\n    ")
}

// Compile parses the expression given to a flag. Its errors are *SyntaxError.
func Compile(flag, expr string) (*Filter, error) {
	query, err := gojq.Parse(expr)
	if err != nil {
		e := &SyntaxError{Flag: flag, Expr: expr, Offset: len(expr), Reason: err.Error()}
		var parse *gojq.ParseError
		if errors.As(err, &parse) {
			e.Offset = max(0, min(parse.Offset, len(expr))-len(parse.Token))
		}
		return nil, e
	}
	code, err := gojq.Compile(query)
	if err != nil {
		return nil, notDefined(flag, expr, err.Error())
	}
	return &Filter{flag, code}, nil
}

// notDefined marks the name that a compiler's error is about. What is no
// function is mostly a field whose dot was forgotten.
func notDefined(flag, expr, reason string) *SyntaxError {
	e := &SyntaxError{Flag: flag, Expr: expr, Reason: reason}
	kind, name, _ := strings.Cut(reason, " not defined: ")
	name, arity, _ := strings.Cut(name, "/")
	for at := 0; name != ""; at += len(name) {
		i := strings.Index(expr[at:], name)
		if i < 0 {
			break
		}
		at += i
		if !endsWord(expr[:at]) && !beginsWord(expr[at+len(name):]) {
			e.Offset = at
			break
		}
	}
	if kind == "function" && arity == "0" {
		e.Reason += "; a field is ." + name
	}
	return e
}

// endsWord reports whether a name that begins behind text would belong to it.
func endsWord(text string) bool {
	return text != "" && strings.ContainsRune(wordBytes+".$@", rune(text[len(text)-1]))
}

func beginsWord(text string) bool {
	return text != "" && strings.ContainsRune(wordBytes, rune(text[0]))
}

const wordBytes = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_"

// Run gives every result of the expression on one JSON text to each.
func (f *Filter) Run(doc []byte, each func(v any) error) error {
	v, err := decode(doc)
	if err != nil {
		return err
	}
	results := f.code.Run(v)
	for {
		v, ok := results.Next()
		if !ok {
			return nil
		}
		if err, failed := v.(error); failed {
			var halt *gojq.HaltError
			if errors.As(err, &halt) && halt.Value() == nil {
				return nil
			}
			return fmt.Errorf("%s: %w", f.flag, err)
		}
		if err := each(v); err != nil {
			return err
		}
	}
}

// decode keeps the digits of numbers.
func decode(doc []byte) (v any, err error) {
	d := json.NewDecoder(bytes.NewReader(doc))
	d.UseNumber()
	err = d.Decode(&v)
	return v, err
}

// Append adds each result to b as a line: a string bare, all else as JSON.
func (f *Filter) Append(b, doc []byte) ([]byte, error) {
	err := f.Run(doc, func(v any) error {
		if s, ok := v.(string); ok {
			b = append(append(b, s...), '\n')
			return nil
		}
		text, err := gojq.Marshal(v)
		b = append(append(b, text...), '\n')
		return err
	})
	return b, err
}

// True reports whether any result is neither false nor null, as jq's select has
// it.
func (f *Filter) True(doc []byte) (bool, error) {
	truth := false
	err := f.Run(doc, func(v any) error {
		truth = truth || v != nil && v != false
		return nil
	})
	return truth, err
}
