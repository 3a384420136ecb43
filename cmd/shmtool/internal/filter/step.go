package filter

import (
	"regexp"
	"slices"
	"sync"

	"github.com/itchyny/gojq"
)

// stepper evaluates in a goroutine of its own, because a builtin of jq does not
// look at the context: a run that hangs in one is given up.
type stepper struct {
	ask    chan gojq.Iter
	answer chan result // holds one, so a run that was given up can end
}

type result struct {
	v  any
	ok bool
}

// next returns the next result of a run, and the error of the context once it has
// ended, even while a builtin still works. No run follows one that was given up.
func (f *Filter) next(results gojq.Iter) (v any, ok bool, err error) {
	if err := f.ctx.Err(); err != nil {
		return nil, false, err
	}
	done := f.ctx.Done()
	if done == nil || f.short { // nothing ends it, or it ends itself
		v, ok = results.Next()
		return v, ok, f.ctx.Err()
	}
	if f.steps == nil {
		f.steps = &stepper{make(chan gojq.Iter), make(chan result, 1)}
		go f.steps.work(done)
	}
	select {
	case f.steps.ask <- results:
	case <-done:
		return nil, false, f.ctx.Err()
	}
	select {
	case r := <-f.steps.answer:
		return r.v, r.ok, f.ctx.Err()
	case <-done:
		return nil, false, f.ctx.Err()
	}
}

// work answers until the context has ended.
func (s *stepper) work(done <-chan struct{}) {
	for {
		select {
		case results := <-s.ask:
			v, ok := results.Next()
			s.answer <- result{v, ok}
		case <-done:
			return
		}
	}
}

// isShort reports whether an expression only picks fields and compares them, so
// the context is looked at often enough without a goroutine. A doubt says no.
func isShort(expr string) bool {
	if growing().MatchString(expr) {
		return false
	}
	for _, word := range words().FindAllString(expr, -1) {
		if word[0] != '.' && !slices.Contains([]string{"and", "or", "not", "true", "false", "null", "select"}, word) {
			return false
		}
	}
	return true
}

var (
	words   = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(`[.$@]*[A-Za-z_][A-Za-z0-9_]*`) })
	growing = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(`\*|\.\.|(^|[^=!<>])=($|[^=])`) }) // a product of a string, a walk, an assignment
)
