package server

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"shmtool/cmd/shmtool/internal/cli"
	"shmtool/cmd/shmtool/internal/fail"
	"shmtool/cmd/shmtool/internal/finding"
	"shmtool/cmd/shmtool/internal/out"
	"shmtool/cmd/shmtool/internal/pages"
	"shmtool/cmd/shmtool/internal/report"
	"shmtool/cmd/shmtool/internal/snapshot"
	"shmtool/cmd/shmtool/internal/streams"
	"shmtool/cmd/shmtool/internal/world"
)

// reportOptions is what a command line of report asks for.
type reportOptions struct {
	streams   pages.Streams
	file      string
	recording string
	redact    bool
}

// Report returns the command that writes what is known of streams into one HTML file.
func Report() *cli.Command {
	return &cli.Command{
		Finishes: true,
		Name:     "report",
		Args:     "[STREAM…]",
		Usage:    "write one HTML file about streams: findings and timelines",
		About: `report writes one HTML file that opens in any browser, without a network, and prints:
the verdict on each stream, the findings of doctor with their evidence and remedies,
timelines of keys, fragments, data pages, bit rates and gaps between packets, what the
stream keeps, which keys viewers ask for, the processes, and the objects. If you name a
STREAM, the processes of others are folded. A tooltip on a mark tells its values. The file
runs no script and loads nothing.

With --recording report shows what record wrote instead: records a second, reloads,
withdrawals and losses of each page. If the recording is damaged, report shows what stands
before the damage, and exits with code 4.

With --redact report replaces what is private, as save --all --redact does: it takes a
snapshot first and reports on that, so that it looks once.

Pictures and tables are bounded: of very many keys, viewers or objects report shows some,
and says how many it leaves out. Passwords and stream keys are never shown. report replaces
an existing file only when the new one is whole. It exits with code 0 whatever it finds.`,
		Examples: []string{
			"shmtool report -w report.html",
			"shmtool report live -w live.html",
			"shmtool report --moment stuck.tar.gz -w stuck.html",
			"shmtool report --redact -w public.html",
			"shmtool report --recording live.mcap -w live.html",
			"shmtool report -w - | ssh host 'cat >report.html'",
		},
		Flags: []cli.Flag{
			&cli.StringFlag{Name: "write", Aliases: []string{"w"}, Usage: "write to `FILE`, or to standard output for -"},
			&cli.StringFlag{Name: "recording", Usage: "report on the recording in `FILE`"},
			&cli.BoolFlag{Name: "redact", Usage: "replace what is private"},
		},
		ApartBy: "recording",
		Run:     runReport,
	}
}

func reportOptionsOf(c *cli.Call) (o reportOptions, err error) {
	o.file, o.recording, o.redact = c.String("write"), c.String("recording"), c.Bool("redact")
	switch {
	case o.file == "":
		return o, fail.Required("-w FILE")
	case o.file == "-" && c.Terminal:
		return o, out.ToTerminal("an HTML file")
	case c.IsSet("recording") && o.recording == "":
		return o, fail.Usagef("--recording is empty")
	case o.recording != "" && c.Snapshot != nil:
		return o, fail.ExactlyOne("--moment", "--recording")
	case o.recording != "" && o.redact:
		return o, fail.Usagef("--redact does not go with --recording: use it without, or with --moment")
	case o.recording != "" && len(c.Args) > 0:
		return o, fail.Unexpected(c.Arg(0), "no STREAM with --recording")
	}
	o.streams, err = pages.NewStreams(c.World, c.Args)
	return o, err
}

func runReport(ctx context.Context, c *cli.Call) error {
	o, err := reportOptionsOf(c)
	if err != nil {
		return err
	}
	place := c.ShmDir
	if c.Snapshot != nil {
		place = "snapshot " + c.String("moment")
	}
	var in report.Input
	var damage error
	switch {
	case o.recording != "":
		in, damage, err = reportOnRecording(ctx, o.recording)
	case o.redact:
		in, err = o.redacted(ctx, c.World, place)
	default:
		in, err = o.input(ctx, c.World, place)
	}
	if err != nil {
		return err
	}
	err = out.WriteFile(c.World, o.file, out.OwnersAlone, func(to *os.File) error { return report.Write(to, in) })
	return errors.Join(err, damage)
}

// input looks at the chosen streams, and returns what a report says about them.
func (o reportOptions) input(ctx context.Context, w *world.World, place string) (report.Input, error) {
	x, err := examine(ctx, w, o.streams, secondLook)
	if err != nil {
		return report.Input{}, err
	}
	if missing := (doctorOptions{streams: o.streams}).missing(w, x); missing != nil {
		return report.Input{}, missing
	}
	return reportInput(w, x, place, len(o.streams) > 0), nil
}

// reportInput returns what a report says about streams that were examined. If they were
// chosen among others, the processes of others stand apart.
func reportInput(w *world.World, x *examination, place string, chosen bool) report.Input {
	in := report.Input{
		Version: cli.Version(), Place: place, At: time.Unix(0, x.moment.Clock.Now), Moment: x.moment, Found: x.found,
		Verdict: finding.Verdict(x.found), Unseen: x.unseen(), Media: map[string][]report.Track{},
	}
	if x.moment.Living || x.moment.Clock.Now == 0 {
		in.At = time.Now()
	}
	for _, s := range x.all() {
		in.Rows = append(in.Rows, x.moment.Row(s, x.of(s.Name), streams.RowOptions{Removed: true}))
		if len(in.Rows) <= report.MostStreams {
			in.Media[s.Name] = report.ReadMedia(w.ShmDir, s)
		}
	}
	if x.unread() && in.Verdict == finding.VerdictOK {
		in.Verdict = verdictUnknown
	}
	in.Processes, in.Others = processesOf(x.moment, w.Procs(), chosen)
	return in
}

// redacted reports on a snapshot of what is there, in which what is private is replaced.
func (o reportOptions) redacted(ctx context.Context, w *world.World, place string) (in report.Input, err error) {
	dir, err := os.MkdirTemp("", "shmtool-*")
	if err != nil {
		return in, fail.Hinted(fail.Output(fmt.Errorf("temporary folder %q: %w", os.TempDir(), fail.Bare(err))), "use TMPDIR to name another")
	}
	defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
	path := filepath.Join(dir, "moment")
	options := snapshot.Options{ShmDir: w.ShmDir, ProcDir: w.ProcDir, Version: cli.Version(), Redact: true}
	if exact := o.streams.Exact(); len(exact) == len(o.streams) {
		options.Streams = exact
	}
	_, problems, err := snapshot.Save(ctx, path, options)
	if err != nil {
		return in, cli.SnapshotError(path, err)
	}
	for _, p := range problems {
		w.Warn("object %q is left out: %v", p.Object, p.Err)
	}
	opened, err := snapshot.Open(ctx, path)
	if err != nil {
		return in, cli.SnapshotError(path, err)
	}
	there := *w
	there.Snapshot, there.ShmDir, there.ProcDir = opened, opened.ShmDir, opened.ProcDir
	in, err = o.input(ctx, &there, place)
	in.Redacted = true
	return in, errors.Join(err, opened.Close())
}
