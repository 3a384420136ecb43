package follow

import (
	"context"
	"errors"
	"time"

	"shmtool/cmd/shmtool/internal/cli"
	"shmtool/cmd/shmtool/internal/fail"
	"shmtool/cmd/shmtool/internal/out"
	"shmtool/cmd/shmtool/internal/recording"
	"shmtool/cmd/shmtool/internal/units"
	"shmtool/dump"
)

// listFlag asks for the contents of a recording.
const listFlag = "list"

// printFlags are the flags that say how a list is printed.
var printFlags = []string{"output", "json", "jq", "where", "fields", "names", "no-header", "wide"}

// playFlags are the flags that say how a recording is played.
var playFlags = []string{"speed", "step", "prefix", "page", "force", "lock-timeout"}

// checkList refuses the flags of a list without --list, and those of a replay with it.
func (o *replayOptions) checkList(c *cli.Call) error {
	if given := c.Given(playFlags...); o.list && len(given) > 0 {
		return fail.Usagef("--%s does not go with --list", given[0])
	}
	if given := c.Given(printFlags...); !o.list && len(given) > 0 {
		return fail.Hinted(fail.Usagef("--%s is for --list: a replay prints nothing", given[0]), "add --list, or leave it out")
	}
	return nil
}

// printContents prints what recordings have of each page. When one is damaged, that is
// what stands before the damage.
func (o *replayOptions) printContents(ctx context.Context, p *out.Printer) error {
	contents := map[string]*recording.PageContents{}
	var damage error
	for _, name := range o.files {
		if damage = o.read(ctx, name, contents); damage != nil {
			break
		}
	}
	if ctx.Err() != nil {
		return nil
	}
	if damage != nil && (len(contents) == 0 || !fail.Has[*recording.DamageError](damage)) {
		return damage
	}
	return errors.Join(p.Listed(contentsListing(recording.Sorted(contents)), "pages", "the recording has no pages"), damage)
}

func (o *replayOptions) read(ctx context.Context, name string, into map[string]*recording.PageContents) error {
	r, done, err := o.open(ctx, name)
	if err != nil {
		return inFile(name, err)
	}
	defer done()
	return inFile(name, recording.ReadContents(ctx, r, into))
}

var contentsColumns = []dump.Column{
	{Name: "PAGE"},
	{Name: "RECORDS", Right: true},
	{Name: "LOST", Right: true},
	{Name: "RELOADS", Right: true},
	{Name: "FIRST"},
	{Name: "LAST", Minor: true},
	{Name: "SECONDS", Title: "DURATION", Right: true},
	{Name: "EXIT", Minor: true},
	{Name: "SCHEMA", Extra: true},
}

func contentsListing(pages []*recording.PageContents) *dump.Listing {
	l := &dump.Listing{Schema: "shmtool.recording/1", RowsKey: "pages", Columns: contentsColumns}
	for _, p := range pages {
		exit := dump.Cell{Value: p.Exited, Text: "no", Tone: dump.Faint}
		if p.Exited {
			exit = dump.Cell{Value: p.Exited, Text: "yes"}
		}
		l.Rows = append(l.Rows, []dump.Cell{
			{Value: p.Page},
			{Value: p.Records},
			lostCell(p.Lost),
			{Value: p.Reloads},
			whenCell(p.First), whenCell(p.Last), lastedCell(p.Last.Sub(p.First)),
			exit,
			{Value: p.Fields},
		})
	}
	return l
}

func whenCell(at time.Time) dump.Cell {
	at = at.UTC()
	return dump.Cell{Value: at.Format(time.RFC3339Nano), Text: at.Format(time.RFC3339)}
}

func lastedCell(d time.Duration) dump.Cell {
	return dump.Cell{Value: d.Seconds(), Text: units.Span(d)}
}
