package cleaning

import (
	"os"
	"path/filepath"
	"testing"
	"time"
)

// A clock that was set back makes objects that seem to come from the future. They are not
// old, and no age is negative.
func TestClockSetBack(t *testing.T) {
	p := newPlace(t)
	p.remains("trash")
	later := time.Now().Add(time.Hour)
	p.ok(os.Chtimes(filepath.Join(p.dir, "MstSTATEtrash"), later, later))
	o := p.options()
	o.MinAge = time.Nanosecond
	plan := p.scan(o)
	if len(plan.Objects) != 4 {
		t.Errorf("%d objects", len(plan.Objects))
	}
	for _, found := range plan.Objects {
		if found.Age < 0 || found.Free() || found.Waits < 0 {
			t.Errorf("%s: age %v, waits %v, keep %q", found.Name, found.Age, found.Waits, found.Keep)
		}
	}
	removed, _ := p.remove(plan)
	if len(removed) > 0 {
		t.Errorf("removed %q", removed)
	}
}

// A clock that jumps forward makes everything old. What two looks see moving stays.
func TestClockJumpsForward(t *testing.T) {
	p := newPlace(t)
	p.remains("trash")
	o := p.options() // without --min-age: nothing is too young
	all := func(*file) bool { return true }
	first, err := o.look(all)
	p.ok(err)
	p.pwrite("MstDatatrash@0_0", 1)
	long := time.Now().Add(-1000 * time.Hour)
	p.ok(os.Chtimes(filepath.Join(p.dir, "MstDatatrash@0_0"), long, long))
	second, err := o.look(all)
	p.ok(err)
	judged := newJudge(&o, first, second).all()
	if len(judged) != 4 {
		t.Errorf("%d objects", len(judged))
	}
	for _, found := range judged {
		if found.Free() {
			t.Errorf("%s is free, and its stream moves: %q", found.Name, found.Evidence)
		}
	}
}

// Objects that have just been made are young also when the clock was set since. Those that
// nothing has touched for long are old.
func TestYoungAfterTheClockWasSet(t *testing.T) {
	for _, set := range []time.Duration{0, 30 * time.Minute, 9000 * time.Hour, -30 * time.Minute, -9000 * time.Hour} {
		p := newPlace(t)
		p.remains("trash")
		o := p.options()
		o.MinAge = time.Minute
		all := func(*file) bool { return true }
		first, err := o.look(all)
		p.ok(err)
		second, err := o.look(all)
		p.ok(err)
		m := second.moment
		m.Clock.Uptime = 1000 * time.Hour
		boot := time.Unix(0, m.Clock.Now).Add(-m.Clock.Uptime).UnixMilli()
		m.Boot = func() int64 { return boot }
		m.Clock.Now += int64(set)
		judged := newJudge(&o, first, second).all()
		if len(judged) != 4 {
			t.Errorf("%d objects", len(judged))
		}
		for _, found := range judged {
			if found.Free() || found.Waits < 0 || found.Waits > o.MinAge || found.Age < 0 || found.Age > o.MinAge {
				t.Errorf("set by %v: %s is %v old, and waits %v: %q %q", set, found.Name, found.Age, found.Waits, found.Keep, found.Evidence)
			}
		}
		for _, f := range second.files { // as if it had been made before, and written since
			f.times = append(f.times, time.Unix(0, m.Clock.Now).Add(-2*time.Minute))
			if age := second.age(f); age > o.MinAge {
				t.Errorf("set by %v: %s is %v old", set, f.name, age)
			}
		}
		for _, f := range second.files { // nothing has touched it for longer, since the clock was set
			f.times = f.times[len(f.times)-1:]
		}
		for _, found := range newJudge(&o, first, second).all() {
			if found.Age < o.MinAge {
				t.Errorf("set by %v: %s is %v old", set, found.Name, found.Age)
			}
		}
	}
}
