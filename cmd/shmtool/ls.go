package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"strings"
	"time"

	"github.com/urfave/cli/v2"

	"shmtool/cmd/shmtool/internal/procs"
	"shmtool/dump"
	"shmtool/layout"
	"shmtool/layout/mist"
	"shmtool/relaccx"
)

func lsCommand() *command {
	return &command{
		name:  "ls",
		args:  "[PATTERN…]",
		usage: "the pages there are",
		about: `Lists the RelAccX pages of the shared memory directory whose names match a shell
pattern, all without one. WRITER is the process that holds the writer's lock,
else the living one that MistServer means to own the page; READERS is how many
processes map it, as far as you may see; AGE is since it was made.`,
		examples: []string{
			"shmtool ls",
			"shmtool ls 'MstTrak*' --fields name,rcount,endpos,writer",
			"shmtool ls --where '.readers == 0' --names | xargs -n1 shmtool check",
			"shmtool ls --all --shm-dir /proc/4711/root/dev/shm",
		},
		formats: plainFormats,
		flags: []cli.Flag{
			&cli.BoolFlag{Name: "all", Usage: "every object that is there, pages or not"},
			&cli.StringFlag{Name: "stream", Usage: "only what belongs to the MistServer stream `NAME`"},
		},
		run: runLs,
	}
}

// object is one file of the shared memory directory.
type object struct {
	name      string
	info      fs.FileInfo
	kind      string
	identity  procs.Object
	header    layout.Header
	isPage    bool
	denied    bool
	belonging mist.Object
}

func runLs(_ context.Context, e *env, c *cli.Context) error {
	for _, pattern := range c.Args().Slice() {
		if _, err := path.Match(pattern, ""); err != nil {
			return usagef("%q is not a pattern", pattern)
		}
	}
	entries, err := os.ReadDir(e.shmDir)
	if err != nil {
		return hinted(fmt.Errorf("shared memory directory %q: %w", e.shmDir, bare(err)), "--shm-dir names another")
	}
	var objects []object
	for _, entry := range entries {
		o, ok := e.inspect(entry)
		if ok && wanted(o, c) {
			objects = append(objects, o)
		}
	}
	return e.list(e.pageListing(objects))
}

// wanted tells whether the arguments ask for an object.
func wanted(o object, c *cli.Context) bool {
	if !c.Bool("all") && !o.isPage && !(c.IsSet("stream") && o.belonging.Kind != "") {
		return false
	}
	if c.IsSet("stream") && !belongs(o.belonging, c.String("stream")) {
		return false
	}
	if c.NArg() == 0 {
		return true
	}
	for _, pattern := range c.Args().Slice() {
		if ok, _ := path.Match(strings.TrimPrefix(pattern, "/"), o.name); ok {
			return true
		}
	}
	return false
}

func belongs(o mist.Object, stream string) bool {
	return o.Stream == stream && o.Kind != mist.KindSession && o.Kind != mist.KindTriggers && o.Kind != ""
}

// inspect looks into one file. What cannot be opened is listed by name.
func (e *env) inspect(entry fs.DirEntry) (object, bool) {
	info, err := entry.Info()
	if err != nil || !info.Mode().IsRegular() {
		return object{}, false
	}
	o := object{name: entry.Name(), info: info}
	o.belonging, _ = mist.ParseName(o.name)
	o.kind = string(o.belonging.Kind)
	p, err := relaccx.Open(filepath.Join(e.shmDir, o.name))
	if err != nil {
		o.denied = errors.Is(err, fs.ErrPermission)
		o.isPage = o.denied && o.belonging.Kind != "" && o.belonging.Kind.IsPage()
		return o, true
	}
	defer p.Close()
	o.identity.Device, o.identity.Inode = p.Identity()
	h, err := p.Header()
	if err != nil {
		return o, true
	}
	o.isPage = e.looksLikePage(p, h, o.belonging)
	if o.isPage {
		o.header = h
		if o.kind == "" {
			o.kind = "relaccx"
		}
	}
	return o, true
}

// looksLikePage: a valid header and descriptors, or a page that is not ready
// and has the name of one that MistServer makes.
func (e *env) looksLikePage(p *relaccx.Page, h layout.Header, of mist.Object) bool {
	if of.Kind != "" && !of.Kind.IsPage() {
		return false
	}
	if !h.Status.Ready() {
		return of.Kind != "" || h.Offset > 0 && isValid(p)
	}
	return h.Status.Known() && isValid(p)
}

func isValid(p *relaccx.Page) bool {
	r, err := p.Peek()
	return err == nil && len(r.Schema().Fields()) > 0
}

func (e *env) pageListing(objects []object) *dump.Listing {
	table := procs.Open(e.procDir, e.shmDir)
	mappers, _ := table.Mappers()
	holders := table.LockHolders()
	l := &dump.Listing{Schema: "shmtool.list/1", Columns: []dump.Column{
		{Name: "NAME"},
		{Name: "KIND", Minor: true},
		{Name: "SIZE", Right: true},
		{Name: "STATUS"},
		{Name: "RCOUNT", Right: true, Minor: true},
		{Name: "PRESENT", Right: true, Minor: true},
		{Name: "ENDPOS", Right: true},
		{Name: "WRITER"},
		{Name: "READERS", Right: true},
		{Name: "AGE", Right: true, Minor: true},
		{Name: "DELETED", Right: true, Extra: true},
		{Name: "RSIZE", Right: true, Extra: true},
		{Name: "STREAM", Extra: true},
		{Name: "PIDS", Extra: true},
		{Name: "MODE", Extra: true},
	}}
	for _, o := range objects {
		l.Rows = append(l.Rows, e.objectRow(o, table, mappers[o.identity], holders[o.identity]))
	}
	return l
}

func (e *env) objectRow(o object, table *procs.Table, pids []int, holder int) []dump.Cell {
	number := func(v any) dump.Cell {
		if !o.isPage || o.denied {
			return dump.Cell{}
		}
		return dump.Cell{Value: v}
	}
	age := time.Since(procs.Born(e.shmDir, o.info))
	if pids == nil {
		pids = []int{}
	}
	return []dump.Cell{
		{Value: o.name},
		{Value: orNull(o.kind)},
		{Value: o.info.Size(), Text: dump.Size(o.info.Size(), e.output.bytes)},
		e.statusCell(o),
		number(o.header.RecordCount), number(o.header.Present), number(o.header.EndPos),
		e.writerCell(o, table, holder),
		{Value: len(pids)},
		{Value: int64(age.Seconds()), Text: ageText(age)},
		number(o.header.Deleted), number(o.header.RecordSize),
		{Value: orNull(o.belonging.Stream)},
		{Value: pids, Text: strings.Trim(fmt.Sprint(pids), "[]") + " "},
		{Value: fmt.Sprintf("%04o", o.info.Mode().Perm())},
	}
}

func (e *env) statusCell(o object) dump.Cell {
	switch {
	case o.denied:
		return dump.Cell{Value: "no permission", Tone: dump.Attention}
	case !o.isPage:
		return dump.Cell{}
	}
	tone := dump.Good
	if o.header.Status != layout.StatusReady {
		tone = dump.Attention
	}
	return dump.Cell{Value: o.header.Status.String(), Tone: tone}
}

// writerCell is who holds the lock, else the living owner.
func (e *env) writerCell(o object, table *procs.Table, holder int) dump.Cell {
	p, ok := procs.Process{PID: holder}, holder != 0
	if ok {
		if alive, found := table.Alive(holder); found {
			p = alive
		}
	} else {
		p, ok = table.Owner(filepath.Join(e.shmDir, o.name))
	}
	if !ok {
		return dump.Cell{}
	}
	return dump.Cell{Value: p.PID, Text: strings.TrimSpace(fmt.Sprintf("%d %s", p.PID, p.Name))}
}

func orNull(s string) any {
	if s == "" {
		return nil
	}
	return s
}

// ageText is a duration in its largest unit.
func ageText(d time.Duration) string {
	switch {
	case d < 0:
		return "0s"
	case d < time.Minute:
		return fmt.Sprintf("%ds", int(d.Seconds()))
	case d < time.Hour:
		return fmt.Sprintf("%dm", int(d.Minutes()))
	case d < 48*time.Hour:
		return fmt.Sprintf("%dh", int(d.Hours()))
	}
	return fmt.Sprintf("%dd", int(d.Hours()/24))
}
