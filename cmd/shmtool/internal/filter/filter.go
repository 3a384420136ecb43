// Package filter runs jq expressions inside the process, exact on integers of
// any size.
package filter

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"os"
	"strings"

	"github.com/itchyny/gojq"
	"github.com/mattn/go-runewidth"
)

// Filter is one compiled expression. It is used by one goroutine at a time.
type Filter struct {
	flag  string
	code  *gojq.Code
	query *gojq.Query
	ctx   context.Context // its end ends every run
	short bool            // no step of it takes long
	quick bool            // it ends soon on a small input
	steps *stepper        // nil until a run needs it
}

// SyntaxError is an expression that does not parse or compile.
type SyntaxError struct {
	Flag   string // the flag it was given to: "--jq"
	Expr   string
	Offset int // byte of Expr at which the wrong token begins
	Reason string
}

// Error returns the reason, the expression, and a mark under the wrong token.
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

// Compile parses the expression given to a flag. Its errors are *SyntaxError. The
// end of ctx ends every run of the expression, which may have no end of its own.
// $ENV and env are the environment of the process.
func Compile(ctx context.Context, flag, expr string) (*Filter, error) {
	query, err := gojq.Parse(expr)
	if err != nil {
		e := &SyntaxError{Flag: flag, Expr: expr, Offset: len(expr), Reason: err.Error()}
		var parse *gojq.ParseError
		if errors.As(err, &parse) {
			e.Offset = max(0, min(parse.Offset, len(expr))-len(parse.Token))
		}
		return nil, e
	}
	code, err := gojq.Compile(query, environment)
	if err != nil {
		return nil, notDefined(flag, expr, err.Error())
	}
	return &Filter{flag: flag, code: code, query: query, ctx: ctx, short: isShort(expr), quick: isQuick(query)}, nil
}

// environment makes $ENV and env the environment of the process.
var environment = gojq.WithEnvironLoader(os.Environ)

// notDefined marks the name that a compiler's error is about. A name that is no
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

// Run gives every result of the expression on one JSON text to each, as it comes.
func (f *Filter) Run(doc []byte, each func(v any) error) error {
	v, err := decode(doc)
	if err != nil {
		return err
	}
	return f.evaluate(v, each)
}

// evaluate gives every result of the expression on a value to each, as it comes.
func (f *Filter) evaluate(v any, each func(v any) error) error {
	results := f.code.RunWithContext(f.ctx, v)
	for {
		v, ok, err := f.next(results)
		if err != nil {
			return err
		}
		if !ok {
			return nil
		}
		if err, failed := v.(error); failed {
			return f.failure(err)
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

// Lines gives each result to write as a line, as it comes: a string bare, all else
// as JSON. The line is valid until write returns.
func (f *Filter) Lines(doc []byte, write func(line []byte) error) error {
	return f.Run(doc, asLine(write))
}

// LinesOf gives each result on a Document to write, as Lines does.
func (f *Filter) LinesOf(document any, write func(line []byte) error) error {
	return f.evaluate(document, asLine(write))
}

// asLine returns a function that makes a line of a result.
func asLine(write func(line []byte) error) func(v any) error {
	var b []byte
	return func(v any) error {
		b = b[:0]
		if s, ok := v.(string); ok {
			b = append(b, s...)
		} else {
			text, err := gojq.Marshal(v)
			if err != nil {
				return err
			}
			b = append(b, text...)
		}
		b = append(b, '\n')
		return write(b)
	}
}

// True reports whether any result is neither false nor null, as jq's select has
// it.
func (f *Filter) True(doc []byte) (bool, error) {
	v, err := decode(doc)
	if err != nil {
		return false, err
	}
	return anyTrue(v, f.evaluate)
}

// anyTrue evaluates until a result is neither false nor null.
func anyTrue(v any, evaluate func(v any, each func(v any) error) error) (bool, error) {
	truth := false
	err := evaluate(v, func(v any) error {
		if truth = v != nil && v != false; truth {
			return errTrue
		}
		return nil
	})
	if errors.Is(err, errTrue) {
		err = nil
	}
	return truth, err
}

// errTrue ends a run whose answer is known: there may be no end of results.
var errTrue = errors.New("true")
