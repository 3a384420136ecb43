package object

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

// Object is an object that MistServer makes and that is no RelAccX page,
// open for reading. It is never mapped, so that its holes stay holes.
type Object struct {
	Target
	Of        mist.Object
	File      *os.File
	info      fs.FileInfo
	allocated int64
	secrets   bool // they are shown
}

// Nouns are what the kinds of such objects are called in messages.
var Nouns = map[mist.Kind]string{
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

// OpenNamed opens what a target leads to, if that is such an object: by its
// name, and unless its bytes are a RelAccX page after all. What cannot be opened
// is left to whoever opens pages, and says why.
func OpenNamed(c *cli.Call, t Target) (*Object, bool) {
	of, known := mist.ParseName(filepath.Base(t.Path))
	if t.Stdin || !known || of.Kind.IsPage() {
		return nil, false
	}
	info, err := os.Stat(t.Path)
	if err != nil || !info.Mode().IsRegular() {
		return nil, false
	}
	f, err := objectfile.OpenNamed(t.Path)
	if err != nil {
		return nil, false
	}
	o := &Object{Target: t, Of: of, File: f, info: info, secrets: c.Secrets}
	o.allocated = c.ProcsOf(filepath.Dir(o.Path)).File(info).Allocated
	if o.isPage() {
		f.Close()
		return nil, false
	}
	return o, true
}

// isPage: only what begins like a page that is ready is looked at as one.
func (o *Object) isPage() bool {
	var first [1]byte
	if _, err := o.File.ReadAt(first[:], 0); err != nil || first[0]&1 == 0 || first[0] > 7 {
		return false
	}
	p, err := relaccx.Open(o.Path)
	if err != nil {
		return false
	}
	defer p.Close()
	return isValid(p)
}

// Dump shows an object that is no page as what it is.
func Dump(c *cli.Call, o *Object, s Selection) error {
	if err := o.refuseUnsuited(c.Out.Format, c); err != nil {
		return err
	}
	switch o.Of.Kind {
	case mist.KindData:
		return dumpData(c, o, s)
	case mist.KindPush:
		return dumpPush(c, o, c.Secrets)
	}
	b, err := o.consistent()
	if err != nil {
		return err
	}
	table := c.ProcsOf(filepath.Dir(o.Path))
	facts, parts, err := o.facts(b, table)
	if err != nil {
		return o.OnPage(fmt.Errorf("not %s: %w", Nouns[o.Of.Kind], err))
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
func (o *Object) refuseUnsuited(format string, c *cli.Call) error {
	what := Nouns[o.Of.Kind]
	if len(o.Steps) > 0 {
		return fail.Usagef("%q: %s has no pages in it", o.Arg, what)
	}
	if format == out.Rax || format == out.Schema {
		return fail.Usagef("-o %s is for RelAccX pages; %q is %s", format, o.Arg, what)
	}
	flags := []string{"header", "schema", "records", "slots", "depth"}
	if o.Of.Kind != mist.KindData {
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
func (o *Object) small() ([]byte, error) {
	b := make([]byte, min(o.info.Size(), smallSize))
	n, err := o.File.ReadAt(b, 0)
	if n < len(b) && err != nil {
		return nil, o.OnPage(fmt.Errorf("byte %d: %w", n, relaccx.ErrTruncated))
	}
	return b, nil
}

// errNoPacket is a packet that a data page has not.
func errNoPacket(number, count uint64) error {
	return fail.Worded(relaccx.ErrNoRecord, fmt.Sprintf("no packet %d; the page has %s", number, units.Counted(count, "packet", "packets")))
}

// Close ends the reading of an object.
func (o *Object) Close(err *error) { *err = errors.Join(*err, o.File.Close()) }
