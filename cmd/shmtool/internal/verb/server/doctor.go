package server

import (
	"context"
	"fmt"
	"io/fs"
	"slices"
	"strings"
	"time"

	"shmtool/cmd/shmtool/internal/cli"
	"shmtool/cmd/shmtool/internal/object"
	"shmtool/cmd/shmtool/internal/out"
	"shmtool/cmd/shmtool/internal/pages"

	"shmtool/cmd/shmtool/internal/doctor"
	"shmtool/cmd/shmtool/internal/fail"
	"shmtool/cmd/shmtool/internal/finding"
	"shmtool/cmd/shmtool/internal/metrics"
	"shmtool/cmd/shmtool/internal/streams"
	"shmtool/dump"
	"shmtool/layout/mist"
)

func Doctor() *cli.Command {
	return &cli.Command{
		Name:  "doctor",
		Args:  "[STREAM…]",
		Usage: "why a stream is stuck: findings, with evidence and remedy",
		About: `Looks at MistServer's objects, its locks and its processes, twice where only
movement tells, and says what is wrong: for each stream the likely causes, what
follows from them beneath, the values that prove it, what it does to viewers, and
a command that puts it right. A stream that is well is one line. It changes
nothing, and says what it could not see.

An error: the stream cannot work, or packets are being destroyed. A warning: it
stalls, leaks, or refuses new viewers. A note is normal, and looks alarming.
explain CODE tells of each code how it comes about, how to see it by hand, what to
do, and what not to do. It ends with 1 where it finds more than notes.`,
		Examples: []string{
			"shmtool doctor",
			"shmtool doctor live",
			"shmtool doctor -j | jq -r '.findings[] | select(.cause == null) | .remedy'",
			"shmtool doctor -o nagios",
			"shmtool doctor -o openmetrics --to /var/lib/node_exporter/doctor.prom",
			"shmtool simulate --fault writer_dead & sleep 8; shmtool doctor",
		},
		Formats: out.JudgedFormats,
		Flags: []cli.Flag{
			cli.ToFlag(),
			&cli.DurationFlag{Name: "sample", Value: time.Second, Usage: "the `TIME` between two looks, a second at least where something may pass; with 0 what only two can tell is left out"},
		},
		Run: runDoctor,
	}
}

func runDoctor(ctx context.Context, c *cli.Call) error {
	patterns, err := pages.NewStreams(c.World, c.Args)
	if err != nil {
		return err
	}
	d := doctoring{c: c, patterns: patterns, sample: c.Duration("sample")}
	if d.sample < 0 {
		return fail.Usagef("--sample must not be less than 0")
	}
	x, err := examine(ctx, c, d.patterns.Wanted, d.secondLook)
	if err != nil {
		return err
	}
	missing := d.missing(x)
	if missing != nil && (len(x.Moment.Streams) == 0 || c.Out.Format == out.Nagios) {
		return missing
	}
	d.noteIdle(x)
	if x, err = chosenFindings(c, x); err != nil {
		return err
	}
	if c.Out.Format == out.Nagios {
		return nagios(c, c.String("to"), x)
	}
	if err := c.To(c.String("to"), func(c *cli.Call) error { return d.print(c, x) }); err != nil {
		return err
	}
	if missing != nil { // those that are there have been judged
		return missing
	}
	return x.status()
}

// noteIdle notes what is known of streams that were named, are configured, and do not
// run.
func (d *doctoring) noteIdle(x *examination) {
	if len(d.patterns) == 0 {
		return
	}
	for _, s := range x.Moment.Streams {
		if s.Configured() {
			x.idle = append(x.idle, x.Moment.IdleOf(s.Name))
		}
	}
}

// doctoring is what the command line asks for.
type doctoring struct {
	c        *cli.Call
	patterns pages.Streams
	sample   time.Duration
}

// secondLook is how soon after a look it takes another one: what may pass takes its
// time, whatever is asked for.
func (d *doctoring) secondLook(m *streams.Moment) time.Duration {
	if d.sample == 0 {
		return 0
	}
	return max(d.sample, finding.Settle(doctor.Suspicions(nil, m)))
}

// missing is about a stream that was named, and of which there is nothing.
func (d *doctoring) missing(x *examination) error {
	for _, p := range d.patterns {
		if !slices.ContainsFunc(x.Moment.Streams, func(s *streams.Stream) bool { return p.Matches(s.Name) }) {
			err := fail.Worded(fs.ErrNotExist, fmt.Sprintf("stream %q has no objects in %s: nobody keeps it, and nobody has started it", p.Text, d.c.ShmDir))
			return fail.Hinted(err, "shmtool streams --all lists the streams")
		}
	}
	return nil
}

func (d *doctoring) print(c *cli.Call, x *examination) error {
	switch {
	case c.Out.Format == out.OpenMetrics:
		var m metrics.Set
		findingMetrics(&m, x)
		return m.Write(c.Out)
	case c.Out.Format == out.Table && c.Out.Fields == nil && !c.Out.NamesOnly:
		return c.Out.Outlines((&findingTree{x: x, shmDir: c.ShmDir}).outlines())
	}
	return c.Out.PrintList(findingListing(x))
}

// chosenFindings is the examination with the findings that --where chooses; the verdicts
// stay what they are.
func chosenFindings(c *cli.Call, x *examination) (*examination, error) {
	if c.Out.Predicate == nil {
		return x, nil
	}
	all := make([]*finding.Finding, len(x.Found))
	for i := range x.Found {
		all[i] = &x.Found[i]
	}
	kept, err := out.KeepRows(c.Out, findingListing(x), all)
	if err != nil {
		return nil, err
	}
	some := &examination{Moment: x.Moment, looks: x.looks, idle: x.idle}
	for _, f := range all {
		if len(kept) > 0 && kept[0] == f {
			some.Found, kept = append(some.Found, *f), kept[1:]
		} else {
			some.hidden = append(some.hidden, *f)
		}
	}
	return some, nil
}

// findingListing is the findings as scripts see them.
func findingListing(x *examination) *dump.Listing {
	verdicts := []map[string]any{}
	for _, s := range x.all() {
		verdicts = append(verdicts, map[string]any{"stream": dump.Text(s.Name), "verdict": x.verdict(s)})
	}
	l := &dump.Listing{
		Schema: "shmtool.findings/1", RowsKey: "findings",
		Head: []dump.Fact{
			{Name: "streams", Value: verdicts},
			{Name: "unseen", Value: append([]string{}, x.unseen()...)},
			{Name: "looks", Value: x.looks},
		},
		Columns: []dump.Column{
			{Name: "CODE"},
			{Name: "SEVERITY"},
			{Name: "STREAM"},
			{Name: "OBJECT"},
			{Name: "MESSAGE"},
			{Name: "EVIDENCE", Extra: true},
			{Name: "REMEDY", Extra: true},
			{Name: "REMEDY_EFFECTS", Extra: true},
			{Name: "CAUSE", Extra: true},
		},
	}
	if len(x.idle) > 0 {
		l.Head = append(l.Head, dump.Fact{Name: "idle", Value: x.idle})
	}
	for _, f := range x.Found {
		l.Rows = append(l.Rows, []dump.Cell{
			{Value: f.Code},
			{Value: f.Severity.String(), Tone: severityTone(f.Severity)},
			{Value: object.TextOrNull(f.Stream), Text: mist.EscapeName(f.Stream)},
			{Value: object.TextOrNull(f.Object), Text: mist.EscapeName(f.Object)},
			{Value: dump.Text(f.Message), Text: mist.EscapeName(f.Message)},
			{Value: f.Evidence, Text: evidenceText(f.Evidence)},
			{Value: object.TextOrNull(f.Remedy)},
			{Value: append([]finding.Effect{}, f.Effects...), Text: effectsText(f.Effects)},
			{Value: object.OrNil(f.Cause), Text: causeText(f.Cause)},
		})
	}
	return l
}

func causeText(c *finding.Cause) string {
	if c == nil {
		return ""
	}
	return strings.TrimSpace(c.Code + " " + c.Object)
}

// effectsText names the processes that a remedy acts on, and how.
func effectsText(effects []finding.Effect) string {
	var all []string
	for _, e := range effects {
		all = append(all, fmt.Sprintf("%s %d (%s): %s", mist.EscapeName(e.Program), e.PID, e.Role, e.Effect))
	}
	return strings.Join(all, "; ")
}

// findingMetrics are the findings for a monitor that draws.
func findingMetrics(m *metrics.Set, x *examination) {
	counts := map[[2]string]int{}
	names := []string{""}
	for _, f := range x.Found {
		counts[[2]string{f.Stream, f.Code}]++
	}
	for _, s := range x.all() {
		names = append(names, s.Name)
		m.State("mist_doctor_verdict", "Whether a stream works: 1 for the verdict on it.", "verdict",
			[]string{finding.VerdictOK, finding.VerdictWarning, finding.VerdictStuck, verdictUnknown}, x.verdict(s), metrics.Labels{"stream", s.Name})
	}
	for _, c := range finding.Codes() {
		of := metrics.Labels{"code", c.Name, "severity", c.Severity.String()}
		for _, name := range names {
			if n := counts[[2]string{name, c.Name}]; n > 0 || name == "" {
				m.Gauge("mist_doctor_findings", "What is wrong, or looks so; without a stream it is about the server.", float64(n), append(of[:len(of):len(of)], "stream", mist.EscapeName(name)))
			}
		}
	}
	m.Gauge("mist_doctor_unseen", "Things that the doctor could not look at.", float64(len(x.unseen())), nil)
}
