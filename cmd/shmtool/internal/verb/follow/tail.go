package follow

import (
	"context"
	"math"

	"shmtool/cmd/shmtool/internal/cli"
	"shmtool/cmd/shmtool/internal/fail"
	"shmtool/cmd/shmtool/internal/object"
	"shmtool/cmd/shmtool/internal/out"
	"shmtool/cmd/shmtool/internal/pages"
	"shmtool/cmd/shmtool/internal/world"
	"shmtool/relaccx"
)

type tailOptions struct {
	*world.World
	object.Following
	out        *out.Printer
	args       []string
	start      relaccx.Start // --from, or --lines without it
	appear     waitTime      // --wait
	behind     *uint64       // nil: as the page's kind needs
	delta      deltaOf
	time       string // the field of --time
	spin       bool
	events     bool
	failOnLoss bool
	plot       string   // the file of --plot
	pagesOnly  []string // flags that were given, and that only pages have a use for
}

func Tail() *cli.Command {
	return &cli.Command{
		Name:     "tail",
		Args:     "PAGE…",
		Usage:    "print the newest records, and follow new ones with -f",
		About:    aboutTail,
		Examples: tailExamples,
		Formats:  out.PlainFormats,
		Flags: []cli.Flag{
			cli.SSHFlag(),
			&cli.BoolFlag{Name: "follow", Aliases: []string{"f"}, Usage: "print new records as they come"},
			&cli.Uint64Flag{Name: "lines", Aliases: []string{"n"}, Value: 10, Usage: "begin with the last `N` records"},
			cli.Suggest(&cli.StringFlag{Name: "from", Usage: "begin with record `REC`: a number, first or new"}, "first", "new"),
			&cli.Uint64Flag{Name: "count", Usage: "stop after `N` records"},
			&cli.DurationFlag{Name: "for", Usage: "stop after `D`"},
			cli.Suggest(&cli.StringFlag{Name: "wait", Usage: "wait `D`, or forever, for a page that does not exist or is not ready"}, "forever"),
			&cli.Uint64Flag{Name: "behind", Usage: "print a record once `N` newer ones exist (default with -f: 1 for keys and fragments, which MistServer revises, else 0)"},
			&cli.BoolFlag{Name: "delta", Usage: "print the time since the last printed record was seen, or since the last record when --where uses #delta"},
			&cli.StringFlag{Name: "time", Usage: "compute --delta from the `FIELD` of the records"},
			&cli.DurationFlag{Name: "poll", Usage: "look for new records every `D` (default: depends on the writer)"},
			&cli.BoolFlag{Name: "spin", Usage: "look for new records without pause: saves a microsecond, uses a whole core"},
			&cli.BoolFlag{Name: "events", Usage: "print events, such as reloads and lost records, between the records"},
			&cli.BoolFlag{Name: "fail-on-loss", Usage: "exit with code 8 when records were lost"},
			cli.PlotFlag("at the end draw the integers of the printed records"),
		},
		Run: runTail,
	}
}

const aboutTail = `Prints the last 10 available records: of a MistServer table the rows in use, of a
data page the packets. With -f, tail prints what comes next. It follows the
page's name across reloads, replacements and restarts of the writer, until the
writer sets exit, or --count or --for ends it. A data page is followed until it
is gone.

tail counts records that were withdrawn before it could read them, and reports
them on standard error. With --events it also prints them among the records, in
JSON as {"event":"lapped","lost":12}, as well as {"event":"reload",…},
{"event":"exit"} and a last {"event":"end",…}. Secrets are shown as ***, unless
--show-secrets is given.

When you name several pages or a pattern, each record shows its page, in a PAGE
column or a "#page" key, and records come in the order in which tail saw them. A
page that matches a pattern later is added within a second, with all its records.
Then only --count, --for or a signal ends tail.`

var tailExamples = []string{
	"shmtool tail page",
	"shmtool tail -f MstStateLogs",
	"shmtool tail -f MstTraklive@412-0:keys -o ndjson",
	"shmtool tail -f page --from first --count 100 -o csv",
	"shmtool tail -f page --wait forever --events -o ndjson | jq 'select(.event)'",
	"shmtool tail -f source -o ndjson | shmtool append copy",
	"shmtool tail -f 'MstTraklive@*:keys' MstStateLogs -o ndjson",
	"shmtool tail -f 'MstTraklive@*:keys' --delta --time time",
	"shmtool tail MstTraklive@412-0:keys --time time --fields size --plot keys.svg",
}

func tailOptionsOf(c *cli.Call) (*tailOptions, error) {
	o := &tailOptions{
		World: c.World, out: c.Out, args: c.Args, time: c.String("time"), delta: deltaFor(c),
		Following: object.Following{
			From: c.String("from"), Lines: c.Uint64("lines"), Count: math.MaxUint64,
			Follow: c.Bool("follow"), For: c.Duration("for"), Poll: c.Duration("poll"),
		},
		spin: c.Bool("spin"), events: c.Bool("events"), failOnLoss: c.Bool("fail-on-loss"), plot: c.String("plot"),
		pagesOnly: c.Given("wait", "spin", "events", "fail-on-loss", "behind", "delta", "time", "plot"),
	}
	if c.IsSet("count") {
		o.Count = c.Uint64("count")
	}
	if c.IsSet("behind") {
		behind := c.Uint64("behind")
		o.behind = &behind
	}
	if err := c.LivingOnly("follow", "wait", "spin", "poll"); err != nil {
		return nil, err
	}
	if err := c.Positive("for", "poll"); err != nil {
		return nil, err
	}
	if o.events {
		if err := o.out.RefuseEvents(); err != nil {
			return nil, err
		}
	}
	if o.delta != noDelta && o.time == "" && !o.Follow {
		return nil, fail.Hinted(fail.Usagef("--delta does not know when earlier records came"), "use --time FIELD, or -f")
	}
	if err := out.CheckPicture(o.plot); err != nil {
		return nil, err
	}
	var err error
	if o.start, err = parseStart(o.From, o.Lines); err == nil {
		o.appear, err = parseWait(c.String("wait"))
	}
	return o, err
}

func runTail(ctx context.Context, c *cli.Call) error {
	o, err := tailOptionsOf(c)
	if err != nil {
		return err
	}
	if o.Follow {
		o.EndUnread()
	}
	if len(o.args) > 1 || len(o.args) == 1 && pages.IsPattern(o.World, o.args[0]) {
		return o.tailMany(ctx)
	}
	return o.tailOne(ctx)
}
