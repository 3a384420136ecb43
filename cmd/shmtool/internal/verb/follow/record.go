package follow

import (
	"context"
	"os"
	"time"

	"shmtool/cmd/shmtool/internal/cli"
	"shmtool/cmd/shmtool/internal/fail"
	"shmtool/cmd/shmtool/internal/out"
	"shmtool/cmd/shmtool/internal/pages"
	"shmtool/cmd/shmtool/internal/recording"
	"shmtool/cmd/shmtool/internal/units"
	"shmtool/cmd/shmtool/internal/world"
	"shmtool/layout"
	"shmtool/layout/mist"
	"shmtool/relaccx"
)

type recordOptions struct {
	*world.World
	recording recording.Options
	patterns  []pages.Glob
	directory *pages.Directory // of the patterns
	matched   []string         // the names that matched when it was last read
	limit     time.Duration    // --for; 0 has no end
	verbose   bool
}

func Record() *cli.Command {
	return &cli.Command{
		Name:  "record",
		Args:  "PAGE… -w FILE",
		Usage: "record what happens on pages into a file",
		About: aboutRecord,
		Examples: []string{
			"shmtool record page -w page.mcap",
			"shmtool record 'MstTraklive@*:keys' MstUserlive -w live.mcap --for 1m",
			"shmtool record 'Mst*' -w day.mcap --split 1G",
			"ssh host shmtool record page -w - | shmtool replay -",
		},
		Flags: []cli.Flag{
			&cli.StringFlag{Name: "write", Aliases: []string{"w"}, Usage: "write to `FILE`, or to standard output for -"},
			&cli.StringFlag{Name: "split", Usage: "begin another file after `BYTES` (k, M and G are understood): FILE-0001 and so on"},
			&cli.DurationFlag{Name: "for", Usage: "stop after `D`"},
			&cli.Uint64Flag{Name: "count", Usage: "stop after `N` records"},
			&cli.BoolFlag{Name: "force", Usage: "replace a file that exists"},
			&cli.BoolFlag{Name: "verbose", Aliases: []string{"v"}, Usage: "report at the end what was recorded"},
		},
		Access:   cli.Follows,
		Finishes: true,
		Run:      runRecord,
	}
}

const aboutRecord = `Writes all available records of the pages, all that come, and everything else that
happens to the pages. replay plays the file. record ends when the writers of all
pages have set exit, after --count or --for, or when it is interrupted, and then
closes the file with its index. The file is MCAP, with a channel for each page and
a JSON Schema for each channel, so that Foxglove and the mcap tool can open and
plot it. If record is killed, only the last second is lost.

A PAGE may be a pattern such as MstTraklive@*:keys: record adds pages that match
it later, and does not end by itself. It records a table by the rows that change.
It records a page whose records hold pages (MstMeta…, MstTrak…) as a whole, at most
once a second when it has changed: name the nested pages to get every record.
MistServer revises its newest keys, fragments and parts. record writes such a
record again when it has changed, so that replay ends with its last values.

The copy is exact, secrets included. The file has mode 0600.`

func recordOptionsOf(c *cli.Call) (*recordOptions, error) {
	o := &recordOptions{World: c.World, limit: c.Duration("for"), verbose: c.Bool("verbose")}
	r := &o.recording
	r.File, r.Force, r.Count = c.String("write"), c.Bool("force"), c.Uint64("count")
	r.Clock, r.Said = func() mist.Clock { return o.Clock(o.ShmDir) }, o.say
	switch {
	case len(c.Args) == 0:
		return nil, fail.PageRequired()
	case r.File == "":
		return nil, fail.Required("-w FILE")
	case r.File == "-" && c.IsSet("split"):
		return nil, fail.Hinted(fail.Usagef("--split writes several files, and standard output is one"), "name a FILE")
	case r.File == "-" && c.Out.Terminal:
		return nil, out.ToTerminal("a recording")
	case c.IsSet("count") && r.Count == 0:
		return nil, fail.Invalid("--count", 0, "a number above 0")
	}
	if err := c.Positive("for"); err != nil {
		return nil, err
	}
	if c.IsSet("split") {
		size, err := layout.ParseSize(c.String("split"))
		if err != nil {
			return nil, fail.Usagef("--%w", err)
		}
		if size == 0 || size > relaccx.MaxPageSize {
			return nil, fail.Invalid("--split", c.String("split"), "a size that a file can have")
		}
		r.Split = int64(size)
	}
	if r.File == "-" {
		r.File, r.Out = os.Stdout.Name(), c.Stdout
	}
	return o, o.find(c.Args)
}

func runRecord(ctx context.Context, c *cli.Call) error {
	o, err := recordOptionsOf(c)
	if err != nil {
		return err
	}
	if o.limit > 0 {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, o.limit)
		defer cancel()
	}
	if len(o.recording.Targets) == 0 && !o.matchAny() {
		o.Warn("no page matches yet: waiting for one")
	}
	progress := o.showProgress()
	summary, err := recording.Record(ctx, o.recording)
	progress.End()
	if err == nil && summary.Pages == 0 && !o.matchAny() {
		err = pages.ErrNoMatch
	}
	if err == nil && o.verbose {
		o.Warn("%s of %s, %d lost, in %s", units.Counted(summary.Records, "record", "records"),
			units.Counted(uint64(summary.Pages), "page", "pages"), summary.Lost, units.Counted(uint64(summary.Files), "file", "files"))
	}
	return explainRecording(o.World, err)
}
