package follow

import (
	"context"
	"time"

	"shmtool/cmd/shmtool/internal/cli"
	"shmtool/cmd/shmtool/internal/fail"
	"shmtool/cmd/shmtool/internal/out"
	"shmtool/cmd/shmtool/internal/watching"
	"shmtool/cmd/shmtool/internal/world"
)

type rateOptions struct {
	*world.World
	out      *out.Printer
	args     []string
	interval time.Duration
	count    uint           // of intervals; 0 has no end
	limit    time.Duration  // --for; 0 has no end
	to       string         // the file of --to; "" is standard output
	time     string         // the field of --time
	plot     string         // the file of --plot
	widths   map[string]int // of the columns, in all intervals
}

func Rate() *cli.Command {
	return &cli.Command{
		Name:  "rate",
		Args:  "PAGE…",
		Usage: "measure how often records come, and how late",
		About: `Measures the records that come on pages, including nested ones, and prints a row
for each page and interval. A PAGE may be a pattern: rate adds pages that match it
later. REC/S counts records over the exact time between them, so that 25 frames a
second read 25.0. P50, P99, MAX and STDDEV tell how far apart records came, as
seen every millisecond. In a MistServer table, rate counts the rows that change.

On a terminal of about 160 columns, TREND is REC/S of the last intervals as a line, and JITTER likewise
STDDEV; without color both are words.

With --time FIELD, DELAY is the present time minus that field: 99 of 100 records
had at most this delay. rate knows the unit of MistServer's fields: media time (of
a live stream), or seconds or milliseconds since boot or since 1970. It reads any
other field as milliseconds since 1970.

rate ends when the writers of all named pages have set exit.`,
		Examples: []string{
			"shmtool rate MstTraklive@412-0:keys",
			"shmtool rate 'MstTraklive@*:parts' --interval 5s",
			"shmtool rate page --time ts --count 10 -o csv",
			"shmtool rate 'MstTrak*:keys' --time time -o ndjson --for 1m",
			"shmtool rate 'MstTraklive@*:keys' --for 1m --plot rate.png",
			"shmtool rate page -o prometheus --to /var/lib/node_exporter/page.prom",
		},
		Formats: out.MeasuredFormats,
		Columns: func() []string { return new(rateOptions).listing().Keys() },
		Flags: []cli.Flag{
			cli.SSHFlag(),
			&cli.DurationFlag{Name: "interval", Value: time.Second, Usage: "measure for `TIME`, then print"},
			&cli.UintFlag{Name: "count", Usage: "stop after `N` intervals"},
			&cli.DurationFlag{Name: "for", Usage: "stop after `TIME`"},
			&cli.StringFlag{Name: "time", Usage: "show how late records are by their `FIELD`"},
			cli.ToFlag(),
			cli.PlotFlag("at the end draw the records a second"),
			cli.SortFlag(),
		},
		Access: cli.Follows,
		Run:    runRate,
	}
}

func rateOptionsOf(c *cli.Call) (*rateOptions, error) {
	if len(c.Args) == 0 {
		return nil, fail.PageRequired()
	}
	loop, err := watching.New(c)
	if err != nil {
		return nil, err
	}
	o := &rateOptions{
		World: c.World, out: c.Out, args: c.Args, to: c.String("to"), time: c.String("time"),
		plot: c.String("plot"), interval: loop.Interval, count: loop.Count, limit: loop.Limit, widths: usualWidths(),
	}
	if err := out.CheckPicture(o.plot); err != nil {
		return nil, err
	}
	if o.to != "" || o.count > 0 || o.limit > 0 {
		return o, nil
	}
	if o.out.IsMetrics() { // a text of metrics cannot follow another
		o.count = 1
	}
	return o, o.out.RefuseDocument("rate without --count or --for")
}

func runRate(ctx context.Context, c *cli.Call) error {
	o, err := rateOptionsOf(c)
	if err != nil {
		return err
	}
	r, err := newRating(ctx, o)
	if err != nil {
		return err
	}
	defer r.set.Close()
	for _, p := range r.set.Pages {
		o.widths["PAGE"] = max(o.widths["PAGE"], len(p.Arg))
	}
	if o.limit > 0 {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeoutCause(ctx, o.limit, watching.ErrTimeIsUp)
		defer cancel()
	}
	return r.run(ctx)
}
