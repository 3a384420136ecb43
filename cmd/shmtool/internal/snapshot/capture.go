package snapshot

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"slices"
	"strings"

	"shmtool/cmd/shmtool/internal/cause"
	"shmtool/cmd/shmtool/internal/kernel"
	"shmtool/cmd/shmtool/internal/procs"
	"shmtool/layout/mist"
)

// Options are what to save.
type Options struct {
	ShmDir, ProcDir string
	Streams         []string // these and what all have in common; none is all
	Version         string   // of shmtool
	Redact          bool     // replace what is private, as package redact does

	// Tell is called for each object that was copied, with how many were and their bytes,
	// and how many there are, unless it is nil.
	Tell func(copied, of int, bytes int64)
}

// Problem is an object that could not be read.
type Problem struct {
	Object string
	Err    error
}

// looks is how often a stream is copied, where objects of it come and go
// meanwhile.
const looks = 5

// capture saves one moment.
type capture struct {
	Options
	to      sink
	folder  func() (string, error) // for the copy of an object that is a file
	held    int64                  // bytes of the copies that are in memory
	table   *procs.Table
	objects map[string]*object
	named   map[int]bool    // the PIDs that stand in the copies
	done    map[string]bool // groups that have gone to the sink
	saved   *procs.Saved

	there, copied int   // objects
	bytes         int64 // of those that were copied
}

func newCapture(to sink, folder func() (string, error), o Options) *capture {
	c := &capture{
		Options: o, to: to, folder: folder, table: procs.Open(o.ProcDir, o.ShmDir),
		objects: map[string]*object{}, named: map[int]bool{}, done: map[string]bool{},
		saved: &procs.Saved{Schema: procs.SavedSchema, ShmDir: procs.KnownAs(o.ShmDir), Version: o.Version},
	}
	if c.saved.Streams = o.Streams; len(o.Streams) == 1 {
		c.saved.Stream, c.saved.Streams = o.Streams[0], nil
	}
	return c
}

// captureTo saves what there is into a sink. Objects that cannot be read are told, and all
// others are saved. The copy of an object that is a file is made in what folder returns.
func captureTo(ctx context.Context, to sink, folder func() (string, error), o Options) (*procs.Saved, []Problem, error) {
	c := newCapture(to, folder, o)
	for _, folder := range []string{shmFolder, procFolder} {
		if err := to.folder(folder); err != nil {
			return nil, nil, err
		}
	}
	before := c.lookAtProcesses() // those that end while objects are copied
	c.describe()
	if err := c.copyObjects(ctx); err != nil {
		return nil, nil, err
	}
	for _, stream := range c.Streams {
		if !c.has(stream) {
			return nil, nil, &NoStreamError{stream}
		}
	}
	if err := c.saveProcesses(before); err != nil {
		return nil, nil, err
	}
	if err := c.table.Unread(); err != nil {
		return nil, nil, fmt.Errorf("cannot read the processes: %w", err)
	}
	problems := c.list()
	text, err := c.saved.Text()
	if err != nil {
		return nil, nil, err
	}
	return c.saved, problems, to.text(procs.SavedFile, text)
}

// describe notes what belongs to no object.
func (c *capture) describe() {
	if s := c.table.Saved(); s != nil { // a moment is saved from another one
		c.saved.BootID, c.saved.Kernel, c.saved.Machine, c.saved.ShmDir = s.BootID, s.Kernel, s.Machine, s.ShmDir
	} else if c.table.Live() {
		c.saved.BootID = c.kernelText("random/boot_id")
		c.saved.Kernel = strings.TrimSpace(c.kernelText("ostype") + " " + c.kernelText("osrelease"))
		c.saved.Kernel = strings.TrimSpace(c.saved.Kernel + " " + kernel.Machine())
		c.saved.Machine, _ = os.Hostname()
	}
	if space, known := c.table.Space(); known {
		c.saved.Space = &space
	}
	c.saved.Processes.Hiding, c.saved.Partial = c.table.Hides(), c.table.Missing()
}

// tellTime notes the time. Ages in the moment count from it.
func (c *capture) tellTime() {
	clock := c.table.Clock()
	c.saved.Uptime = clock.Uptime
	if clock.Now != 0 {
		c.saved.Time = timeOf(clock)
	}
}

// copyObjects copies all objects, those of a stream again where one of them came
// or went meanwhile: else the copies of its pages would tell of objects that are
// not there, or not of some that are.
func (c *capture) copyObjects(ctx context.Context) error {
	there, err := c.thereNow()
	if err != nil {
		return err
	}
	for look := 1; ; look++ {
		if err := c.copyAll(ctx, there); err != nil {
			return err
		}
		if there, err = c.thereNow(); err != nil {
			return err
		}
		changed := c.changed(there)
		if len(changed) == 0 || look == looks {
			c.saved.Unsettled = changed
			return c.finish(ctx, nil, nil)
		}
		if err := c.drop(changed); err != nil {
			return err
		}
	}
}

// finish gives the copies of groups to the sink; nil is all. Those of the groups in but,
// which are sorted, stay.
func (c *capture) finish(ctx context.Context, groups map[string]bool, but []string) error {
	goes := func(o *object) bool {
		_, stays := slices.BinarySearch(but, o.group())
		return !stays && (groups == nil || groups[o.group()])
	}
	for _, o := range c.byName(goes) {
		c.done[o.group()] = true
		if o.copied == nil {
			continue
		}
		c.nameIn(o)
		if err := c.to.object(ctx, o); err != nil {
			return err
		}
		o.copied = nil
	}
	return nil
}

// thereNow returns the objects that are there now and wanted, by name.
func (c *capture) thereNow() (map[string]*object, error) {
	entries, err := os.ReadDir(c.ShmDir)
	if err != nil {
		return nil, err
	}
	there := map[string]*object{}
	for _, entry := range entries {
		info, err := entry.Info()
		switch {
		case errors.Is(err, fs.ErrNotExist):
			continue
		case err != nil:
			return nil, err
		case !info.Mode().IsRegular():
			continue
		}
		o := &object{info: info, saved: c.savedObject(info)}
		o.is, o.known = mist.ParseName(info.Name())
		o.ours = o.known || beginsLikeMist(info.Name())
		if c.wanted(o) {
			there[info.Name()] = o
		}
	}
	return there, nil
}

func (c *capture) wanted(o *object) bool {
	if len(c.Streams) == 0 || !o.known || o.is.Stream == "" {
		return true
	}
	return slices.ContainsFunc(c.Streams, o.isOf)
}

// isOf reports whether an object is a stream's, or its configuration, which it may
// have in common with others.
func (o *object) isOf(stream string) bool {
	return o.is.Stream == stream || o.is.Kind == mist.KindConfig && o.is.Stream == mist.BaseName(stream)
}

func (c *capture) savedObject(info fs.FileInfo) procs.SavedObject {
	f := c.table.File(info)
	return procs.SavedObject{
		Name: procs.SavedName(info.Name()), Device: f.Identity.Device, Inode: f.Identity.Inode,
		Size: info.Size(), Allocated: f.Allocated, Mode: f.Mode.Perm(), UID: f.UID, GID: f.GID,
		Modified: f.Modified,
	}
}

// copyAll copies what is not yet: pages and all else that is small at first, then
// packets, which take longer. They already have what a page tells of them.
// The time is taken between.
func (c *capture) copyAll(ctx context.Context, there map[string]*object) error {
	var small, packets []*object
	c.there = len(there)
	for name, o := range there {
		switch {
		case c.objects[name] != nil || c.done[o.group()]:
		case o.is.Kind == mist.KindData:
			packets = append(packets, o)
		default:
			small = append(small, o)
		}
	}
	if err := c.copyEach(ctx, small); err != nil {
		return err
	}
	c.tellTime()
	return c.copyPackets(ctx, packets)
}

// copyPackets copies packets. If the sink takes objects one by one, it has those of some
// streams as soon as they are many bytes, so that memory does not grow with all of them.
func (c *capture) copyPackets(ctx context.Context, packets []*object) error {
	sortObjects(packets)
	for len(packets) > 0 {
		streams, held, n := map[string]bool{}, int64(0), 0
		for ; n < len(packets); n++ {
			o := packets[n]
			if !streams[o.is.Stream] && held > mostInMemory/2 && c.to.streams() {
				break
			}
			streams[o.is.Stream] = true
			held += o.saved.Allocated
		}
		if err := errors.Join(c.copyEach(ctx, packets[:n]), c.settleTracks(ctx, streams)); err != nil {
			return err
		}
		if packets = packets[n:]; len(packets) == 0 {
			return nil // the caller looks whether they have changed
		}
		there, err := c.thereNow()
		if err != nil {
			return err
		}
		if err := c.finish(ctx, streams, c.changed(there)); err != nil {
			return err
		}
	}
	return nil
}

func sortObjects(objects []*object) {
	slices.SortFunc(objects, func(a, b *object) int {
		return cmp.Or(mist.Compare(a.is, b.is), strings.Compare(a.name(), b.name()))
	})
}

func (c *capture) copyEach(ctx context.Context, objects []*object) error {
	sortObjects(objects)
	for _, o := range objects {
		if err := c.copyObject(ctx, o); err != nil {
			return err
		}
		c.tell(o)
		if !errors.Is(o.err, fs.ErrNotExist) {
			c.objects[o.name()] = o
		}
	}
	return nil
}

// tell says that an object was copied.
func (c *capture) tell(o *object) {
	if c.Tell == nil {
		return
	}
	c.copied++
	c.bytes += o.saved.Allocated
	c.Tell(c.copied, max(c.there, c.copied), c.bytes)
}

// group returns what is copied anew together: a stream, or an object by itself.
func (o *object) group() string {
	if o.is.Stream != "" {
		return o.is.Stream
	}
	return "/" + o.name() // which no stream is called
}

// changed returns the groups of which an object is there that was not copied, or the
// other way round, in order. Groups that the sink has stay what they were.
func (c *capture) changed(there map[string]*object) []string {
	var groups []string
	for name, o := range there {
		was := c.objects[name]
		if was == nil || was.saved.Device != o.saved.Device || was.saved.Inode != o.saved.Inode {
			groups = append(groups, o.group())
		}
	}
	for name, o := range c.objects {
		if there[name] == nil {
			groups = append(groups, o.group())
		}
	}
	groups = slices.DeleteFunc(groups, func(group string) bool { return c.done[group] })
	slices.Sort(groups)
	return slices.Compact(groups)
}

// drop forgets the copies of groups.
func (c *capture) drop(groups []string) error {
	for name, o := range c.objects {
		if _, found := slices.BinarySearch(groups, o.group()); !found {
			continue
		}
		delete(c.objects, name)
		if err := o.forget(); err != nil {
			return err
		}
	}
	return nil
}

// list notes all objects by name, and gives those that could not be read.
func (c *capture) list() []Problem {
	s := c.saved
	s.Objects, s.Unread, s.Others = []procs.SavedObject{}, []procs.SavedObject{}, []procs.SavedObject{}
	s.Unsettled = append([]string{}, s.Unsettled...)
	var problems []Problem
	for _, o := range c.byName(func(*object) bool { return true }) {
		switch {
		case o.kept:
			s.Objects = append(s.Objects, o.saved)
		case errors.Is(o.err, fs.ErrNotExist): // it vanished after all
		case o.other:
			s.Others = append(s.Others, o.saved)
		default:
			o.saved.Problem = cause.Of(o.err).Error()
			s.Unread = append(s.Unread, o.saved)
			problems = append(problems, Problem{o.name(), cause.Of(o.err)})
		}
	}
	return problems
}

// byName returns the objects that are wanted, in the order of their names.
func (c *capture) byName(wanted func(o *object) bool) []*object {
	var chosen []*object
	for _, o := range c.objects {
		if wanted(o) {
			chosen = append(chosen, o)
		}
	}
	slices.SortFunc(chosen, func(a, b *object) int { return strings.Compare(a.name(), b.name()) })
	return chosen
}

// NoStreamError is a stream of which there is no object. It is an fs.ErrNotExist.
type NoStreamError struct{ Stream string }

func (e *NoStreamError) Error() string { return fmt.Sprintf("no object of a stream %q", e.Stream) }
func (e *NoStreamError) Unwrap() error { return fs.ErrNotExist }

// has reports whether there is anything of a stream.
func (c *capture) has(stream string) bool {
	for _, o := range c.objects {
		if o.known && o.isOf(stream) {
			return true
		}
	}
	return false
}
