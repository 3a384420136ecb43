package main

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"shmtool/cmd/shmtool/internal/cli"
	"shmtool/cmd/shmtool/internal/out"

	"shmtool/cmd/shmtool/internal/fail"
	"shmtool/cmd/shmtool/internal/objectfile"
	"shmtool/cmd/shmtool/internal/units"
	"shmtool/dump"
	"shmtool/layout/mist"
	"shmtool/relaccx"
)

// mistObject is an object that MistServer makes and that is no RelAccX page,
// open for reading. It is never mapped, so that its holes stay holes.
type mistObject struct {
	target
	of        mist.Object
	file      *os.File
	info      fs.FileInfo
	allocated int64
	secrets   bool // they are shown
}

// objectWords are what the kinds of such objects are called in messages.
var objectWords = map[mist.Kind]string{
	mist.KindData:      "a data page",
	mist.KindState:     "a stream's state",
	mist.KindInputPID:  "a PID",
	mist.KindPullPID:   "a PID",
	mist.KindPush:      "the list of pushes",
	mist.KindProcess:   "a process's state",
	mist.KindPressure:  "the machine's pressure",
	mist.KindAttempt:   "the result of a stream's start",
	mist.KindSemaphore: "a semaphore",
	mist.KindTemporary: "a semaphore in the making",
}

// openObject opens what a target leads to, if that is such an object: by its
// name, and unless its bytes are a RelAccX page after all. What cannot be opened
// is left to whoever opens pages, and says why.
func openObject(c *cli.Call, t target) (*mistObject, bool) {
	of, known := mist.ParseName(filepath.Base(t.path))
	if t.stdin || !known || of.Kind.IsPage() {
		return nil, false
	}
	info, err := os.Stat(t.path)
	if err != nil || !info.Mode().IsRegular() {
		return nil, false
	}
	f, err := objectfile.OpenNamed(t.path)
	if err != nil {
		return nil, false
	}
	o := &mistObject{target: t, of: of, file: f, info: info, secrets: c.Secrets}
	o.allocated = c.ProcsOf(filepath.Dir(o.path)).File(info).Allocated
	if o.isPage() {
		f.Close()
		return nil, false
	}
	return o, true
}

// isPage: only what begins like a page that is ready is looked at as one.
func (o *mistObject) isPage() bool {
	var first [1]byte
	if _, err := o.file.ReadAt(first[:], 0); err != nil || first[0]&1 == 0 || first[0] > 7 {
		return false
	}
	p, err := relaccx.Open(o.path)
	if err != nil {
		return false
	}
	defer p.Close()
	return isValid(p)
}

// dumpObject shows an object that is no page as what it is.
func dumpObject(c *cli.Call, o *mistObject, s selection) error {
	if err := o.refuseUnsuited(c.Out.Format, c); err != nil {
		return err
	}
	switch o.of.Kind {
	case mist.KindData:
		return dumpData(c, o, s)
	case mist.KindPush:
		return dumpPush(c, o, c.Secrets)
	}
	b, err := o.consistent()
	if err != nil {
		return err
	}
	table := c.ProcsOf(filepath.Dir(o.path))
	facts, parts, err := o.facts(b, table)
	if err != nil {
		return o.onPage(fmt.Errorf("not %s: %w", objectWords[o.of.Kind], err))
	}
	if c.Out.Format == out.Hex {
		return dump.HexObject(c.Out, partsOf(parts), hexOptions(c))
	}
	return c.Out.Facts(facts)
}

func hexOptions(c *cli.Call) dump.HexOptions {
	return dump.HexOptions{Color: c.Out.Color, Width: c.Out.Rendering().Width}
}

func partsOf(parts []dump.HexPart) func(yield func(dump.HexPart) bool) {
	return func(yield func(dump.HexPart) bool) {
		for _, p := range parts {
			if !yield(p) {
				return
			}
		}
	}
}

// refuseUnsuited are the flags that only pages have a use for.
func (o *mistObject) refuseUnsuited(format string, c *cli.Call) error {
	what := objectWords[o.of.Kind]
	if len(o.steps) > 0 {
		return fail.Usagef("%q: %s has no pages in it", o.arg, what)
	}
	if format == out.Rax || format == out.Schema {
		return fail.Usagef("-o %s is for RelAccX pages; %q is %s", format, o.arg, what)
	}
	flags := []string{"header", "schema", "records", "slots", "depth"}
	if o.of.Kind != mist.KindData {
		flags = append(flags, "range", "last", "payload")
	}
	for _, name := range flags {
		if c.IsSet(name) {
			return fail.Usagef("--%s does nothing with %s", name, what)
		}
	}
	return nil
}

// small is all of an object that has few bytes: what is longer than any that
// MistServer makes is cut.
func (o *mistObject) small() ([]byte, error) {
	b := make([]byte, min(o.info.Size(), smallSize))
	n, err := o.file.ReadAt(b, 0)
	if n < len(b) && err != nil {
		return nil, o.onPage(fmt.Errorf("byte %d: %w", n, relaccx.ErrTruncated))
	}
	return b, nil
}

// errNoPacket is a packet that a data page has not.
func errNoPacket(number, count uint64) error {
	return fail.Worded(relaccx.ErrNoRecord, fmt.Sprintf("no packet %d; the page has %s", number, units.Counted(count, "packet", "packets")))
}

// close ends the reading of an object.
func (o *mistObject) close(err *error) { *err = errors.Join(*err, o.file.Close()) }
