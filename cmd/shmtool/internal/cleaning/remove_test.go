package cleaning

import (
	"errors"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"shmtool/cmd/shmtool/internal/procs"
	"shmtool/layout/mist"
)

// A process that opens an object while its stream is being removed gets it under its
// name, and the whole stream has its names back.
func TestOpenerWaitsAndGets(t *testing.T) {
	for _, name := range []string{"MstSTATEtrash", "MstDatatrash@0_0", "sem.MstSemInpttrash"} {
		p := newPlace(t)
		p.remains("trash")
		p.write("MstMetatrash", nil)
		b := p.aside()
		u := b.units[0]
		claim := &u.claims[slices.IndexFunc(u.claims, func(c claim) bool { return c.Name == name })]
		if !claim.leased {
			t.Skip("no leases here")
		}
		opened := make(chan error)
		before := claim.paths
		go func() { // it has looked the name up before that was moved aside
			_, aside := before(p.dir)
			f, err := os.OpenFile(aside, os.O_RDWR, 0)
			if err == nil {
				err = f.Close()
			}
			opened <- err
		}()
		for !wanted(claim.open) {
			time.Sleep(time.Millisecond)
		}
		b.finish()
		b.release()
		var kept *KeptError
		for _, c := range u.claims {
			if !errors.As(c.err, &kept) || !p.there(c.Name) || p.there(hiddenPrefix+c.Name) {
				t.Errorf("%s opened, %s: %v", name, c.Name, c.err)
			}
		}
		p.ok(<-opened)
	}
}

// aside brings the one batch of a plan to where all names are moved aside.
func (p *place) aside() *batch {
	p.Helper()
	batches := p.scan(p.options()).batches()
	if len(batches) != 1 || len(batches[0].units) != 1 {
		p.Fatalf("%d batches", len(batches))
	}
	b := batches[0]
	b.prepare()
	for _, c := range b.units[0].claims {
		p.ok(c.err)
		if p.there(c.Name) {
			p.Fatalf("%s has its name", c.Name)
		}
	}
	return b
}

// An input starts while the names are aside: the new stream keeps what is its own, and
// finds no track or data of the old one.
func TestNewStreamMeanwhile(t *testing.T) {
	p := newPlace(t)
	p.remains("trash")
	p.write("MstMetatrash", nil)
	p.write(p.track(), nil)
	b := p.aside()
	p.write("MstMetatrash", []byte("new"))
	p.write("MstIPIDtrash", []byte("new"))
	b.finish()
	b.release()
	for name, want := range map[string]bool{
		"MstMetatrash": true, "MstIPIDtrash": true, p.track(): false, "MstDatatrash@0_0": false, "MstSTATEtrash": true, "sem.MstSemInpttrash": true,
	} {
		if p.there(name) != want || p.there(hiddenPrefix+name) {
			t.Errorf("%s: %v, aside %v", name, p.there(name), p.there(hiddenPrefix+name))
		}
	}
	for _, name := range []string{"MstMetatrash", "MstIPIDtrash"} {
		if text, err := os.ReadFile(filepath.Join(p.dir, name)); string(text) != "new" {
			t.Errorf("%s: %q %v", name, text, err)
		}
	}
}

// A clean is killed while names are aside: no input can take up what is left, since
// MstMeta is not there, and the next clean removes all of it.
func TestKilledClean(t *testing.T) {
	for moved := range 6 {
		p := newPlace(t)
		p.remains("trash")
		p.write("MstMetatrash", nil)
		p.write(p.track(), nil)
		b := p.scan(p.options()).batches()[0]
		u := b.units[0]
		for i := range u.claims[:moved] {
			p.ok(u.claims[i].moveAside(p.dir))
		}
		if moved > 0 && p.there("MstMetatrash") || !p.there("sem.MstSemInpttrash") {
			t.Fatalf("%d moved: the order is wrong", moved)
		}
		if removed, kept := p.remove(p.scan(p.options())); len(removed) != 6 || len(kept) > 0 {
			t.Errorf("%d moved: removed %q, kept %v", moved, removed, kept)
		}
	}
}

// A shmtool that only reads a stream's pages keeps none of them, and is not disturbed.
func TestReadersOfShmtool(t *testing.T) {
	p := newPlace(t)
	p.remains("trash")
	p.write("MstMetatrash", make([]byte, 100))
	p.reader("shmtool", "MstMetatrash", "sem.MstSemInpttrash")
	removed, kept := p.remove(p.scan(p.options()))
	if len(removed) != 5 || len(kept) > 0 {
		t.Errorf("removed %q, kept %v", removed, kept)
	}
	p.remains("cat")
	p.reader("cat", "MstSTATEcat")
	for name, keep := range p.keeps(p.scan(p.options())) {
		if keep == "" {
			t.Errorf("%s is free, and cat has the stream", name)
		}
	}
}

// reader is a process of that name that reads objects.
func (p *place) reader(name string, objects ...string) {
	p.Helper()
	p.process(name, os.O_RDONLY, objects...)
}

// process is one of that name that has objects open.
func (p *place) process(name string, flag int, objects ...string) *exec.Cmd {
	p.Helper()
	program := filepath.Join(p.TempDir(), name)
	sleep, err := exec.LookPath("sleep")
	p.ok(err)
	p.ok(os.Symlink(sleep, program))
	c := exec.Command(program, "60")
	for _, o := range objects {
		f, err := os.OpenFile(filepath.Join(p.dir, o), flag, 0)
		p.ok(err)
		defer f.Close()
		c.ExtraFiles = append(c.ExtraFiles, f)
	}
	p.ok(c.Start())
	p.Cleanup(func() { _ = c.Process.Kill(); _ = c.Wait() })
	for { // until it is the other program
		if b, _ := os.ReadFile(filepath.Join("/proc", strconv.Itoa(c.Process.Pid), "comm")); strings.TrimSpace(string(b)) == name {
			return c
		}
		time.Sleep(time.Millisecond)
	}
}

// An object that a process has which the table does not show is one of another PID
// namespace: the table here is an empty folder's.
func TestForeignProcess(t *testing.T) {
	p := newPlace(t)
	p.remains("trash")
	o := p.options()
	p.hold("MstSTATEtrash")
	all, err := o.look(o.wants)
	p.ok(err)
	blind := *all
	blind.holdings = procs.Open(t.TempDir(), p.dir).Holdings(interesting)
	found, err := o.openUnseen(&blind, nil)
	p.ok(err)
	if names := slices.Collect(maps.Values(found)); !slices.Equal(names, []string{"MstSTATEtrash"}) {
		t.Errorf("open, and held by no process: %q", names)
	}
	if found, err := o.openUnseen(all, nil); err != nil || len(found) > 0 {
		t.Errorf("%v %v", found, err)
	}
	if name, err := o.foreign(t.Context(), all); name != "" || err != nil {
		t.Errorf("%q %v", name, err)
	}
}

// Without leases, a look at the processes while the names are aside takes their place.
func TestWithoutLeases(t *testing.T) {
	for _, held := range []bool{false, true} {
		p := newPlace(t)
		p.remains("trash")
		p.write("MstMetatrash", nil)
		b := p.aside()
		u := b.units[0]
		for i := range u.claims {
			u.claims[i].release()
			u.claims[i].leased = false
		}
		if held {
			p.hold(hiddenPrefix + "MstSTATEtrash")
			b.seen.self = false // it is this process that has it
		}
		b.finish()
		for _, c := range u.claims {
			if (c.err != nil) != held || p.there(c.Name) != held || p.there(hiddenPrefix+c.Name) {
				t.Errorf("held %v: %s: %v", held, c.Name, c.err)
			}
		}
	}
}

// Each object is one file descriptor, of which a batch has a limit: more go without.
func TestManyObjects(t *testing.T) {
	p := newPlace(t)
	const many = 2*mostClaims + 1
	for n := range many {
		p.write("MstDatatrash@0_"+strconv.Itoa(n), []byte("DTP2"))
	}
	for n := range mostClaims {
		p.write("MstSTATEtrash"+strconv.Itoa(n), mist.State{State: mist.StateReady}.Encode())
	}
	plan := p.scan(p.options())
	if n := len(plan.batches()); n != 2 {
		t.Errorf("%d batches", n)
	}
	if removed, kept := p.remove(plan); len(removed) != many+mostClaims || len(kept) > 0 {
		t.Errorf("%d are removed, %d kept", len(removed), len(kept))
	}
}

// An object that has lost its other name has gone. One that cannot be looked at under it has
// not: it is said why, and it gets its name back.
func TestCannotLookAside(t *testing.T) {
	p := newPlace(t)
	p.remains("trash")
	b := p.aside()
	p.write("file", nil)
	for i := range b.units[0].claims {
		c := &b.units[0].claims[i]
		for dir, want := range map[string]string{
			filepath.Join(p.dir, "missing"): isGone,
			filepath.Join(p.dir, "file"):    syscall.ENOTDIR.Error(),
		} {
			var kept *KeptError
			if err := c.disturbed(dir, nil); !errors.As(err, &kept) || kept.Reason != want {
				t.Errorf("%s in %s: %v, not %s", c.Name, dir, err, want)
			}
		}
	}
	b.finish()
	b.release()
}
