package follow

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"

	"shmtool/cmd/shmtool/internal/cli"
	"shmtool/cmd/shmtool/internal/object"
	"shmtool/cmd/shmtool/internal/out"
	"shmtool/cmd/shmtool/internal/pages"
	"shmtool/layout/mist"

	"shmtool/cmd/shmtool/internal/fail"
	"shmtool/cmd/shmtool/internal/recording"
	"shmtool/cmd/shmtool/internal/units"
	"shmtool/layout"
	"shmtool/relaccx"
)

func Record() *cli.Command {
	return &cli.Command{
		Name:  "record",
		Args:  "PAGE… -w FILE",
		Usage: "what happens on pages, into a file that replay plays",
		About: `Writes all records that are available and all that come, and everything else
that happens to the pages, until all of their writers have set exit, --count or
--for end it, or it is interrupted; then the file is closed with its index. The
file is MCAP, with a channel a page and a JSON Schema for each, so that Foxglove
and the mcap tool open and plot it. What was written by a second ago is readable
whatever becomes of the recorder.

PAGE may be a pattern, MstTraklive@*:keys; pages that come later are recorded as
well, and it does not end by itself. A table is recorded by the rows that change.
A page whose records hold pages (MstMeta…, MstTrak…) is recorded whole, at most
once a second when it has changed; name the pages in it for every record.
MistServer goes on writing to its newest keys, fragments and parts: such a record
is written again when it has changed, so that replay ends with its last values.

The copy is exact: secrets are in it as they are. Its mode is 0600.`,
		Examples: []string{
			"shmtool record page -w page.mcap",
			"shmtool record 'MstTraklive@*:keys' MstUserlive -w live.mcap --for 1m",
			"shmtool record 'Mst*' -w day.mcap --split 1G",
			"ssh host shmtool record page -w - | shmtool replay -",
		},
		Flags: []cli.Flag{
			&cli.StringFlag{Name: "write", Aliases: []string{"w"}, Usage: "the `FILE` to write; - is standard output"},
			&cli.StringFlag{Name: "split", Usage: "begin another file after `BYTES` (k, M and G are understood): FILE-0001 and so on"},
			&cli.DurationFlag{Name: "for", Usage: "end after `D`"},
			&cli.Uint64Flag{Name: "count", Usage: "end after `N` records"},
			&cli.BoolFlag{Name: "force", Usage: "replace a file that exists"},
			&cli.BoolFlag{Name: "verbose", Aliases: []string{"v"}, Usage: "say at the end what was recorded"},
		},
		Access:   cli.Follows,
		Finishes: true,
		Run:      runRecord,
	}
}

func runRecord(ctx context.Context, c *cli.Call) error {
	o := recording.Options{File: c.String("write"), Force: c.Bool("force"), Count: c.Uint64("count"), Clock: func() mist.Clock { return c.Clock(c.ShmDir) }, Said: func(page string, event relaccx.Event, err error) { sayRecorded(c, page, event, err) }}
	switch {
	case len(c.Args) == 0:
		return fail.PageRequired()
	case o.File == "":
		return fail.Usagef("needs -w FILE")
	case o.File == "-" && c.IsSet("split"):
		return fail.Usagef("--split writes several files, and standard output is one: name a FILE")
	case o.File == "-" && c.Out.Terminal:
		return out.ToTerminal("a recording")
	case c.IsSet("count") && o.Count == 0:
		return fail.Usagef("--count must be more than 0")
	}
	if err := c.Positive("for"); err != nil {
		return err
	}
	if c.IsSet("split") {
		size, err := layout.ParseSize(c.String("split"))
		if err != nil {
			return fail.Usagef("--%w", err)
		}
		if size == 0 || size > relaccx.MaxPageSize {
			return fail.Usagef("--split %s is no size that a file can have", c.String("split"))
		}
		o.Split = int64(size)
	}
	if o.File == "-" {
		o.File, o.Out = os.Stdout.Name(), c.Stdout
	}
	patterns, err := recordTargets(c, c.Args, &o)
	if err != nil {
		return err
	}
	if d := c.Duration("for"); d > 0 {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, d)
		defer cancel()
	}
	if len(o.Targets) == 0 && !matchAny(c, patterns) {
		c.Warn("no page has a name that matches yet: one is waited for")
	}
	summary, err := recording.Record(ctx, o)
	if err == nil && summary.Pages == 0 && !matchAny(c, patterns) {
		err = pages.ErrNoMatch
	}
	if err == nil && c.Bool("verbose") {
		c.Warn("%s of %s, %d lost, in %s", units.Counted(summary.Records, "record", "records"),
			units.Counted(uint64(summary.Pages), "page", "pages"), summary.Lost, units.Counted(uint64(summary.Files), "file", "files"))
	}
	return explainRecording(c, err)
}

// recordTargets are the pages to record: those that are named, and those that
// patterns match, now and later.
func recordTargets(c *cli.Call, args []string, o *recording.Options) (patterns []pages.Glob, err error) {
	for _, arg := range args {
		if isRecordPattern(c, arg) {
			pattern, err := pages.ParseGlob(c.World, arg)
			if err != nil {
				return nil, err
			}
			patterns = append(patterns, pattern)
			continue
		}
		t, err := object.Address(c.World, arg)
		if err != nil {
			return nil, err
		}
		if t.Stdin {
			return nil, fail.Hinted(fail.Usagef("cannot follow standard input"), "name a page")
		}
		named := recordTarget(t)
		if slices.ContainsFunc(o.Targets, func(other recording.Target) bool { return other.Name == named.Name }) {
			return nil, fail.Usagef("%q: a page of that name is recorded already", arg)
		}
		o.Targets = append(o.Targets, named)
	}
	if len(patterns) == 0 {
		return nil, nil
	}
	if _, err := os.ReadDir(c.ShmDir); err != nil {
		return nil, fail.Hinted(fmt.Errorf("shared memory directory %q: %w", c.ShmDir, fail.Bare(err)), "use --shm-dir to name another")
	}
	o.Discover = func() []recording.Target { return matchingPages(c, patterns) }
	return patterns, nil
}

// isRecordPattern reports whether an argument stands for all pages that match
// it. A recording has names without their directories, so patterns are of names
// in the directory of shared memory alone.
func isRecordPattern(c *cli.Call, arg string) bool {
	inside := !strings.HasPrefix(arg, ".") && !strings.Contains(strings.TrimPrefix(arg, "/"), "/")
	return inside && pages.IsPattern(c.World, arg)
}

// recordTarget is called as it was addressed, without the directory: no name in
// a recording leads out of where it is played.
func recordTarget(t object.Target) recording.Target {
	name := filepath.Base(t.Path)
	for _, step := range t.Steps {
		name += ":" + step.String()
	}
	return recording.Target{Name: name, Path: t.Path, Steps: t.Steps, Known: t.Info()}
}

// matchingPages are the pages that patterns match now. What is no page is passed over,
// and so is one that has no such field.
func matchingPages(c *cli.Call, patterns []pages.Glob) []recording.Target {
	entries, err := os.ReadDir(c.ShmDir)
	if err != nil {
		return nil
	}
	var targets []recording.Target
	for _, pattern := range patterns {
		for _, entry := range entries {
			if t, ok := pattern.Match(pattern.Ways[0].Dir, entry.Name()); ok && isReadyPage(c, t) {
				targets = append(targets, recordTarget(t))
			}
		}
	}
	return targets
}

// matchAny reports whether there is a name that a pattern matches, whatever it leads
// to.
func matchAny(c *cli.Call, patterns []pages.Glob) bool {
	entries, _ := os.ReadDir(c.ShmDir) // else there is none
	return slices.ContainsFunc(entries, func(entry os.DirEntry) bool {
		return slices.ContainsFunc(patterns, func(p pages.Glob) bool {
			_, ok := p.Match(p.Ways[0].Dir, entry.Name())
			return ok
		})
	})
}

// isReadyPage reports whether a target is a page that can be read and is not
// done with.
func isReadyPage(c *cli.Call, t object.Target) bool {
	p, err := relaccx.Open(t.Path)
	if err != nil {
		return errors.Is(err, fs.ErrPermission) // which is worth a word
	}
	defer p.Close()
	r, err := p.Reader()
	if err == nil {
		_, err = r.WithRules(t.Info()).Nested(t.Steps...)
	}
	return err == nil
}

// sayRecorded says on standard error what a recording's user should know.
func sayRecorded(c *cli.Call, page string, event relaccx.Event, err error) {
	switch {
	case err != nil:
		c.Warn("page %q: %v; it is not recorded", page, fail.Cause(err))
	case event.Kind == relaccx.EventLapped:
		c.Warn("page %q: %s lost: withdrawn before they were read", page, units.Counted(event.Lost, "record was", "records were"))
	}
}

// explainRecording puts the errors of recordings into our words.
func explainRecording(c *cli.Call, err error) error {
	var page *recording.PageError
	var file *recording.FileError
	var damage *recording.DamageError
	var shadow *recording.ShadowError
	switch {
	case errors.As(err, &damage):
		return err
	case errors.As(err, &page) && errors.As(err, &shadow):
		return fail.OnPage(page.Page, fail.Hinted(fail.Refusef("%w", shadow), "use --prefix TEXT, or --shm-dir DIR with a directory of its own"))
	case errors.As(err, &page) && errors.Is(err, fs.ErrExist):
		return fail.OnPage(page.Page, fail.Hinted(page.Err, "--force replaces it"))
	case errors.As(err, &page):
		return object.Explain(c.World, object.Target{Arg: page.Page, Path: c.PathOf(page.Page)}, page.Err)
	case errors.As(err, &file) && errors.Is(err, fs.ErrExist):
		return fail.Hinted(fail.Refusef("file %q exists", file.Path), "--force replaces it")
	case errors.As(err, &file) && fail.NoRoom(err):
		return fail.Output(err)
	case errors.As(err, &file) && errors.Is(err, syscall.ENXIO):
		return fail.As(fail.BadInput, fmt.Errorf("file %q: nobody reads this FIFO", file.Path))
	}
	return err
}
