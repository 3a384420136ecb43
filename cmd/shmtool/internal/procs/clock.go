package procs

import (
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"shmtool/cmd/shmtool/internal/kernel"
	"shmtool/layout/mist"
	"shmtool/relaccx"
)

// Live reports whether the table is of this machine, now: procDir is a mounted
// proc, not a folder in which a moment was saved.
func (t *Table) Live() bool { return t.mounted() }

func isProc(dir string) bool {
	st, err := kernel.StatFS(dir)
	return err == nil && st.Type == kernel.ProcFS
}

// InMemory reports whether the objects are those of this machine, now: the table
// is live, and shmDir is in memory. Objects that were copied one after the other
// do not say the same of each other.
func (t *Table) InMemory() bool { return t.inMemory() }

func (t *Table) isInMemory() bool {
	st, err := kernel.StatFS(t.shmDir)
	return err == nil && (st.Type == kernel.TmpFS || st.Type == kernel.RamFS) && t.Live()
}

// Clock returns the time of the table: now, or for a saved moment when it was
// saved, as its moment.json says. Without one its file "uptime" tells how long
// the machine had been up, and the boot that its MstGlobalConfig names when that
// was in unix time; without that only the uptime is known.
func (t *Table) Clock() mist.Clock {
	if t.Live() {
		if !t.InMemory() && t.ofAnotherBoot() {
			return mist.Clock{}
		}
		ahead := t.ahead()
		const within = 100 * time.Microsecond // delays are told in parts of a millisecond
		m, err := kernel.Now(within)
		if err != nil {
			return mist.Clock{Now: m.At.UnixNano()}
		}
		return mist.Clock{Now: m.At.UnixNano(), Uptime: m.Uptime + ahead}
	}
	if s := t.saved(); s != nil && !s.Time.IsZero() {
		return mist.Clock{Now: s.Time.UnixNano(), Uptime: s.Uptime}
	}
	c := mist.Clock{Uptime: t.savedUptime()}
	if boot := t.boot(); boot > 0 && c.Uptime > 0 {
		c.Now = boot*int64(time.Millisecond) + int64(c.Uptime)
	}
	return c
}

// anotherBoot is how far the boot of MstGlobalConfig may lie from the machine's own: a
// clock may have been set meanwhile.
const anotherBoot = time.Hour

// ofAnotherBoot reports whether the objects are copies from another machine, or from
// before this one was booted.
func (t *Table) ofAnotherBoot() bool {
	boot := t.boot()
	uptime, err := kernel.Uptime()
	if boot <= 0 || err != nil {
		return false
	}
	apart := time.Since(time.UnixMilli(boot)) - uptime
	return apart.Abs() > anotherBoot
}

// PageClock returns the clock by which the times since boot of a page are told that
// lies in the folder dir. In the shared memory directory it is that of the table. A copy
// has the clock of the snapshot that it belongs to; else only the boot is known, from a
// MstGlobalConfig beside it, and without one nothing. "" is a page that lies nowhere.
func (t *Table) PageClock(dir string) mist.Clock {
	if dir == "" {
		return mist.Clock{}
	}
	of := t
	if !sameFolder(dir, t.shmDir) {
		of = t.other(filepath.Join(filepath.Dir(filepath.Clean(dir)), savedProcesses), dir)
		if of.Live() {
			return mist.Clock{}
		}
	}
	c := of.Clock()
	if boot := of.boot(); (c.Now == 0 || c.Uptime == 0) && boot > 0 {
		return mist.ClockAt(time.Now().UnixNano(), uint64(boot))
	}
	return c
}

// savedProcesses is the folder of processes in a snapshot, beside that of objects.
const savedProcesses = "proc"

func sameFolder(a, b string) bool {
	first, errFirst := os.Stat(a)
	second, errSecond := os.Stat(b)
	return errFirst == nil && errSecond == nil && os.SameFile(first, second)
}

// savedUptime returns the first number of the file "uptime": seconds.
func (t *Table) savedUptime() time.Duration {
	text, err := t.text(maxText, "uptime")
	if err != nil {
		return 0
	}
	first, _, _ := strings.Cut(strings.TrimSpace(string(text)), " ")
	seconds, err := strconv.ParseFloat(first, 64)
	if err != nil || seconds < 0 || seconds > 1e9 {
		return 0
	}
	return time.Duration(seconds * float64(time.Second))
}

// systemBoot returns what MstGlobalConfig says: milliseconds since 1970, 0 unknown.
func (t *Table) systemBoot() int64 {
	p, err := relaccx.Open(filepath.Join(t.shmDir, mist.Object{Kind: mist.KindGlobal}.Name()))
	if t.note(err) != nil {
		return 0
	}
	defer p.Close()
	r, err := p.Reader()
	if t.note(err) != nil {
		return 0
	}
	var rec relaccx.Record
	if err := r.Read(0, &rec); err != nil {
		return 0
	}
	boot, err := rec.Uint("systemBoot")
	if err != nil || boot > 1<<43 {
		return 0
	}
	return int64(boot)
}
