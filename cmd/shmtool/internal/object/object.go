package object

import (
	"context"
	"errors"
	"io/fs"
	"iter"
	"os"
	"path/filepath"
	"slices"
	"time"

	"shmtool/cmd/shmtool/internal/fail"
	"shmtool/cmd/shmtool/internal/kernel"
	"shmtool/cmd/shmtool/internal/objectfile"
	"shmtool/cmd/shmtool/internal/out"
	"shmtool/cmd/shmtool/internal/procs"
	"shmtool/cmd/shmtool/internal/world"
	"shmtool/dump"
	"shmtool/layout"
	"shmtool/layout/mist"
	"shmtool/relaccx"
)

// Object is an object that MistServer makes and that is no RelAccX page, open for
// reading. It is never mapped, so that its holes stay holes.
type Object struct {
	Target
	Kind *Kind
	Of   mist.Object // what its name says

	file  *os.File
	info  fs.FileInfo
	world *world.World
}

// OpenNamed opens the object of a target when its name is that of an object which is no
// page, and its bytes are no RelAccX page. It returns nil for all others, and for what
// cannot be opened: Open says why. The error says that the system failed, or that you may
// not read the object.
func OpenNamed(w *world.World, t Target) (*Object, error) {
	of, known := mist.ParseName(filepath.Base(t.Path))
	kind := KindOf(of.Kind)
	if t.Stdin || !known || kind == nil {
		return nil, nil
	}
	info, err := os.Stat(t.Path)
	if err == nil && !info.Mode().IsRegular() {
		return nil, nil
	}
	var f *os.File
	if err == nil {
		f, err = objectfile.OpenNamed(t.Path)
	}
	switch {
	case kernel.Broken(err):
		return nil, t.OnPage(err)
	case errors.Is(err, fs.ErrPermission):
		return nil, Explain(w, t, err)
	case err != nil:
		return nil, nil
	}
	o := &Object{Target: t, Kind: kind, Of: of, file: f, info: info, world: w}
	is, err := o.isPage()
	if err != nil {
		return nil, errors.Join(t.OnPage(err), f.Close())
	}
	if is {
		return nil, f.Close()
	}
	return o, nil
}

// isPage reports whether the object is a RelAccX page after all. It looks only at one that
// begins like a page that is ready.
func (o *Object) isPage() (bool, error) {
	var first [1]byte
	_, err := o.file.ReadAt(first[:], 0)
	if kernel.Broken(err) {
		return false, err
	}
	if err != nil || first[0]&1 == 0 || first[0] > 7 {
		return false, nil
	}
	p, err := relaccx.Open(o.Path)
	switch {
	case kernel.Broken(err):
		return false, err
	case err != nil:
		return false, nil
	}
	defer p.Close()
	return isValid(p)
}

// table returns the processes that use the shared memory that the object lies in.
func (o *Object) table() *procs.Table { return o.world.ProcsOf(filepath.Dir(o.Path)) }

// Close ends the reading of the object.
func (o *Object) Close(err *error) { *err = errors.Join(*err, o.file.Close()) }

// content is what an object says.
type content struct {
	document dump.Document // for any format but hex
	parts    iter.Seq2[dump.HexPart, error]
	broken   error // what is wrong behind what was printed
}

// partsOf returns parts that are all there, one after the other.
func partsOf(parts []dump.HexPart) iter.Seq2[dump.HexPart, error] {
	return func(yield func(dump.HexPart, error) bool) {
		for _, p := range parts {
			if !yield(p, nil) {
				return
			}
		}
	}
}

// PageFlags are the flags of dump that choose among records. Suits tells which of them an
// object has a use for.
var PageFlags = []string{"header", "schema", "records", "slots", "depth", "range", "last", "payload"}

// Suits refuses formats and flags that only pages have a use for. Given are those of
// PageFlags that the user gave.
func (o *Object) Suits(format string, given []string) error {
	if len(o.Steps) > 0 {
		return fail.Usagef("%q: %s has no pages in it", o.Arg, o.Kind.Noun)
	}
	if format == out.Rax || format == out.Schema {
		return fail.Usagef("-o %s is for RelAccX pages; %q is %s", format, o.Arg, o.Kind.Noun)
	}
	return o.refuse(given, o.Kind.flags)
}

// refuse refuses flags that were given, except those that are allowed.
func (o *Object) refuse(given, allowed []string) error {
	for _, name := range given {
		if !slices.Contains(allowed, name) {
			return fail.Usagef("--%s does nothing with %s", name, o.Kind.Noun)
		}
	}
	return nil
}

// Dump prints the object as what it is.
func (o *Object) Dump(p *out.Printer, s Selection) error {
	c, err := o.Kind.view(o, p, s)
	switch {
	case err != nil:
	case p.Format == out.Hex:
		err = hex(p, c.parts)
	default:
		err = p.Document(c.document)
	}
	if err == nil {
		err = c.broken
	}
	return o.OnPage(err)
}

// hex prints an annotated hex dump of parts.
func hex(p *out.Printer, parts iter.Seq2[dump.HexPart, error]) error {
	var broken error
	err := dump.HexObject(p, func(yield func(dump.HexPart) bool) {
		for part, err := range parts {
			if err != nil {
				broken = err
				return
			}
			if !yield(part) {
				return
			}
		}
	}, dump.HexOptions{Color: p.Color, Width: p.Rendering().Width})
	return errors.Join(err, broken)
}

// Check checks the object against what MistServer writes there, and says what it is.
func (o *Object) Check() (found []Finding, about string, err error) {
	findings, says, err := o.Kind.check(o)
	return PlainFindings(findings), o.Kind.Noun + says, o.OnPage(err)
}

// Save writes all bytes of the object to the empty file to. Holes stay holes.
func (o *Object) Save(to *os.File) error {
	sequenced := o.Of.Kind.Sequenced() && o.info.Size() <= smallSize
	if sequenced || o.info.Size() < layout.HeaderSize {
		read := small
		if sequenced {
			read = consistent
		}
		b, err := read(o)
		if err == nil {
			_, err = to.Write(b)
		}
		return err
	}
	p, err := relaccx.Open(o.Path)
	if err != nil {
		return err
	}
	return errors.Join(p.Save(to), p.Close())
}

// Following is which part of an object tail prints, and how it looks for more.
type Following struct {
	From   string // the number of the first, "first", "new", or "" for the newest Lines
	Lines  uint64
	Count  uint64        // how many to print at most
	Follow bool          // also what comes
	For    time.Duration // how long to follow; 0 has no end
	Poll   time.Duration // how often to look; 0 leaves it to the kind
}

// Tail prints the newest of what the object has, and what comes. Given are the flags of
// tail that the user gave and that only pages have a use for.
func (o *Object) Tail(ctx context.Context, p *out.Printer, f Following, given []string) error {
	if o.Kind.follow == nil {
		return fail.Usagef("%q is %s, which has no records; dump shows it", o.Arg, o.Kind.Noun)
	}
	if len(o.Steps) > 0 {
		return fail.Usagef("%q: %s has no pages in it", o.Arg, o.Kind.Noun)
	}
	if err := o.refuse(given, nil); err != nil {
		return err
	}
	return o.Kind.follow(ctx, o, p, f)
}
