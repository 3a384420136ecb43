package cleaning

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"time"
)

// Two cleans at the same time remove everything, and neither reports what the other one has
// removed, or is about to, as an object that stays.
func TestTwoCleans(t *testing.T) {
	for range 3 {
		p := newPlace(t)
		p.remains("trash")
		o := p.options()
		plans := []*Plan{p.scan(o), p.scan(o)}
		removed := make([]int, len(plans))
		var all sync.WaitGroup
		for i, plan := range plans {
			all.Go(func() {
				err := plan.Remove(context.Background(), func(found *Object, err error) {
					var kept *KeptError
					switch {
					case err == nil:
						removed[i]++
					case !errors.As(err, &kept) || !kept.Gone():
						t.Errorf("%s: %v", found.Name, err)
					}
				})
				if err != nil {
					t.Error(err)
				}
			})
		}
		all.Wait()
		if n := len(plans[0].Objects); removed[0]+removed[1] != n {
			t.Errorf("%d objects, removed %v", n, removed)
		}
	}
}

// Objects from the future go at once where nothing has to be old.
func TestCleanOfTheFuture(t *testing.T) {
	p := newPlace(t)
	p.remains("trash")
	p.future("MstSTATEtrash", time.Hour)
	p.future("MstDatatrash@0_0", 365*24*time.Hour)
	plan := p.scan(p.options()) // without --min-age
	for _, found := range plan.Objects {
		if found.Age < 0 {
			t.Errorf("%s: age %v", found.Name, found.Age)
		}
	}
	if removed, kept := p.remove(plan); len(removed) != 4 || len(kept) > 0 {
		t.Errorf("removed %q, kept %v", removed, kept)
	}
}

// future dates an object to a time to come, as before a clock was set back.
func (p *place) future(name string, after time.Duration) {
	at := time.Now().Add(after)
	p.ok(os.Chtimes(filepath.Join(p.dir, name), at, at))
}
