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
