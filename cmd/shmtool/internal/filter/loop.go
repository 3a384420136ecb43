package filter

import (
	"errors"

	"github.com/itchyny/gojq"
)

// loop is one run of gojq over many inputs: beginning a run for each of them costs more
// than most expressions do. It is for expressions that are quick.
type loop struct {
	f    *Filter
	code *gojq.Code
	feed *feed
	run  gojq.Iter // nil before the first input, and once an error has ended it
}

// feed gives an input to the run, and then null, which marks the end of its results.
type feed struct {
	input any
	given bool // the input has been given
	ended bool // so has the mark
}

// Next returns the next input: gojq asks for it.
func (s *feed) Next() (any, bool) {
	if s.given {
		s.ended = true
		return nil, true
	}
	s.given = true
	return s.input, true
}

const feedFunction = "_shmtool_input"

// newLoop compiles the expression for all inputs that the feed gives. The inputs are
// objects, which are true.
func newLoop(f *Filter) (*loop, error) {
	l := &loop{f: f, feed: &feed{}}
	own := &gojq.Query{Term: &gojq.Term{Type: gojq.TermTypeQuery, Query: f.query}}
	input := &gojq.Query{Term: &gojq.Term{Type: gojq.TermTypeIdentity}}
	all := &gojq.Query{
		Left: &gojq.Query{Term: &gojq.Term{Type: gojq.TermTypeFunc, Func: &gojq.Func{Name: feedFunction}}},
		Op:   gojq.OpPipe,
		Right: &gojq.Query{Term: &gojq.Term{Type: gojq.TermTypeIf, If: &gojq.If{
			Cond: input, Then: own, Else: input,
		}}},
	}
	var err error
	l.code, err = gojq.Compile(all, environment, gojq.WithIterFunction(feedFunction, 0, 0, func(any, []any) gojq.Iter { return l.feed }))
	return l, err
}

// evaluate gives every result of the expression on an object to each, until each returns an
// error.
func (l *loop) evaluate(object any, each func(v any) error) error {
	if l.run == nil {
		l.run = l.code.Run(nil)
	}
	*l.feed = feed{input: object}
	var enough error
	for {
		v, ok := l.run.Next()
		if l.feed.ended {
			return enough
		}
		err, failed := v.(error)
		if !ok || failed {
			l.run = nil
		}
		switch {
		case !ok || enough != nil && failed:
			return enough
		case enough != nil: // the rest of an input comes before the next input
		case failed:
			return l.f.failure(err)
		default:
			enough = each(v)
		}
	}
}

// Error is the error of an expression on a value that does not suit it.
type Error struct {
	Flag string // the flag that the expression was given to
	Err  error
}

// Error returns what gojq says, with the flag.
func (e *Error) Error() string { return e.Flag + ": " + e.Err.Error() }

// Unwrap returns the error of gojq.
func (e *Error) Unwrap() error { return e.Err }

// failure returns the error for one that gojq gives as a result: none for halt.
func (f *Filter) failure(err error) error {
	var halt *gojq.HaltError
	if errors.As(err, &halt) && halt.Value() == nil {
		return nil
	}
	return &Error{f.flag, err}
}
