package read

import (
	"context"
	"fmt"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

	"shmtool/cmd/shmtool/internal/cli"
	"shmtool/cmd/shmtool/internal/object"
	"shmtool/cmd/shmtool/internal/out"

	"shmtool/cmd/shmtool/internal/fail"
	"shmtool/cmd/shmtool/internal/pause"
	"shmtool/dump"
	"shmtool/layout"
	"shmtool/layout/mist"
)

func Check() *cli.Command {
	return &cli.Command{
		Name:  "check",
		Args:  "PAGE…",
		Usage: "hold a page against every rule of the format, and against what it means",
		About: `Findings by severity, with the byte and what it means: error, the page is not
valid (exit 4); warning, something misleads (exit 1); note, normal but looks
alarming (exit 0). What changes while it is looked at is looked at again.
On MistServer's pages counters are judged by what MistServer does with them:
present and startpos count where it keeps them in step, in the rings of a track
and in its log; there they are warnings. Its objects are held against what they
mean: a track's keys, parts, fragments and data pages against each other, the
packets of data pages against what is published, the list of tracks, states,
PIDs, semaphores and the list of pushes.

What cannot be checked is told, and the other PAGEs are checked all the same; the
exit code is the highest of all.`,
		Examples: []string{
			"shmtool check MstMetalive",
			"shmtool check MstDatalive@0_0",
			"shmtool check MstMetalive:tracks",
			"shmtool ls --names | xargs shmtool check -j --jq '.findings[] | select(.severity==\"error\")'",
		},
		Formats: out.PlainFormats,
		Run:     runCheck,
	}
}

func runCheck(ctx context.Context, c *cli.Call) error {
	if len(c.Args) == 0 {
		return fail.Usagef("needs a PAGE; shmtool ls lists the pages")
	}
	l := &dump.Listing{Schema: "shmtool.findings/1", RowsKey: "findings", Columns: []dump.Column{
		{Name: "SEVERITY"},
		{Name: "OBJECT"},
		{Name: "CODE"},
		{Name: "BYTE", Right: true},
		{Name: "MESSAGE"},
		{Name: "STREAM", Extra: true},
		{Name: "EVIDENCE", Extra: true},
		{Name: "REMEDY", Extra: true},
	}}
	worst, healthy := layout.Note, []checked{}
	told := map[string]bool{} // a data page's findings are its track's, too
	all, failed, err := checkAll(ctx, c, c.Args)
	switch {
	case err != nil:
		return err
	case len(all) == 0:
		return fail.Status(failed)
	}
	for _, k := range all {
		if len(k.found) == 0 {
			healthy = append(healthy, k)
		}
		for _, f := range k.found {
			worst = max(worst, f.Severity)
			key := fmt.Sprintf("%s %s %d", k.object(f), f.Code, f.Offset)
			if told[key] {
				continue
			}
			told[key] = true
			f.Message = c.Redacted(nil, f.Message)
			l.Rows = append(l.Rows, k.row(f))
		}
	}
	if c.Out.Format == out.Table && !c.Out.NamesOnly && c.Out.Predicate == nil {
		printHealthy(c, healthy)
	}
	c.Out.Knows(out.KeysOf(l))
	if len(l.Rows) > 0 || c.Out.Format != out.Table {
		if err := c.Out.List(l); err != nil {
			return err
		}
	}
	if code := max(failed, checkCodes[worst]); code != fail.ExitOK {
		return fail.Status(code)
	}
	return nil
}

var checkCodes = map[layout.Severity]int{layout.Warning: fail.ExitFindings, layout.Error: fail.ExitInvalid}

// checkAll checks what was named. What cannot be is told, and the others are
// checked all the same: of many, one may have gone since they were listed. failed
// is the highest exit code of those.
func checkAll(ctx context.Context, c *cli.Call, args []string) (all []checked, failed int, err error) {
	for _, arg := range args {
		k, err := checkArgument(ctx, c, arg)
		switch {
		case err == nil:
			all = append(all, k)
		case len(args) == 1, ctx.Err() != nil:
			return nil, 0, err
		default:
			failed = max(failed, c.Report(ctx, err))
		}
	}
	return all, failed, nil
}

// checked is an object that was checked, and what was found.
type checked struct {
	arg    string
	stream string // whose it is; "" for none
	about  string // what it is, and says, where it is no page
	found  []object.Finding
}

func checkArgument(ctx context.Context, c *cli.Call, arg string) (checked, error) {
	t, err := object.Address(c.World, arg)
	if err != nil {
		return checked{}, err
	}
	k := checked{arg: arg}
	if of, is := mist.ParseName(object.NameOf(t.Path)); is && !t.Stdin {
		k.stream = of.Stream
	}
	look := func() (found []object.Finding, err error) {
		if len(t.Steps) > 0 {
			return checkNested(c, t)
		}
		o, is := object.OpenNamed(c, t)
		if !is {
			k.about = ""
			return checkPage(c, t)
		}
		defer o.Close(&err)
		found, k.about, err = object.Check(c, o)
		return found, err
	}
	if t.Stdin {
		k.found, err = look()
		if slices.ContainsFunc(k.found, func(f object.Finding) bool { return f.Severity == layout.Error }) {
			c.Warn("%s", object.NamedOnly)
		}
	} else {
		k.found, err = lasting(ctx, look)
	}
	return k, err
}

// How often an object is looked at in which something is wrong that may be
// under way, and how long apart: a process that was put off between two stores
// gets its turn within that.
const (
	checkLooks = 5
	checkPause = 25 * time.Millisecond
)

// lasting are the findings that all looks have, where they may pass. The object
// is opened anew each time: it may have been replaced.
func lasting(ctx context.Context, look func() ([]object.Finding, error)) ([]object.Finding, error) {
	found, err := look()
	for range checkLooks - 1 {
		if err != nil || !slices.ContainsFunc(found, object.Finding.Passing) {
			break
		}
		if err := pause.For(ctx, checkPause); err != nil {
			return nil, err
		}
		before := found
		if found, err = look(); err != nil {
			break
		}
		found = slices.DeleteFunc(found, func(f object.Finding) bool {
			return f.Passing() && !slices.ContainsFunc(before, f.Same)
		})
	}
	return found, err
}

// checkPage holds a page against the rules of the format, and one of MistServer's
// against what it means, too.
func checkPage(c *cli.Call, t object.Target) ([]object.Finding, error) {
	p, err := object.Open(c.World, t)
	if err != nil {
		return nil, err
	}
	defer p.Close()
	findings, err := p.Check()
	if err != nil {
		return nil, t.OnPage(err)
	}
	info := object.Rules(c.World, t, p)
	if r, err := p.Peek(); err == nil {
		info = earlyLogs(info, r.Schema())
	}
	findings = judged(info, findings)
	of, known := objectOf(c, t, info)
	var records []mist.DataRecord
	err = p.Inspect(func(page []byte, h layout.Header) error {
		if info != nil {
			findings = Overrun(info, findings)
			findings = WithoutUnused(findings, info.Rows(h, len(page)))
		}
		findings = append(findings, mist.CheckPage(of, page, h)...)
		if of.Kind == mist.KindTrack {
			records = mist.DataRecords(page, h)
		}
		return nil
	})
	if err != nil {
		return nil, t.OnPage(err)
	}
	found := object.PlainFindings(findings)
	if inShm(c, t) && known {
		data, err := object.CheckDataPages(c, t, of, records)
		return append(found, data...), err
	}
	return found, nil
}

// objectOf is which of MistServer's objects a target is, by its name; of a copy
// that is called otherwise, what its fields tell.
func objectOf(c *cli.Call, t object.Target, info *mist.PageInfo) (of mist.Object, named bool) {
	of, named = mist.ParseName(object.NameOf(t.Path))
	if !t.Stdin && named {
		return of, true
	}
	if info != nil {
		return mist.Object{Kind: info.Kind}, false
	}
	return mist.Object{}, false
}

// checkNested holds a page that is nested in another one against the rules of the
// format, and what there is of MistServer's against what it means. Bytes are those
// of the whole object. What a track leads to is for a check of all of it.
func checkNested(c *cli.Call, t object.Target) ([]object.Finding, error) {
	r, done, err := object.Peek(c.World, t)
	if err != nil {
		return nil, err
	}
	defer done()
	findings, err := r.Check()
	if err != nil {
		return nil, t.OnPage(err)
	}
	findings = judged(earlyLogs(r.Rules(), r.Schema()), findings)
	of, _ := objectOf(c, t, object.Rules(c.World, t, r.Page()))
	err = r.Page().Inspect(func(page []byte, h layout.Header) error {
		for _, f := range mist.CheckPage(of, page, h) {
			if at := int(f.Offset) - r.Base(); at >= 0 && at < r.Size() {
				f.Path = pathBelow(f.Path, len(t.Steps))
				findings = append(findings, f)
			}
		}
		return nil
	})
	return object.PlainFindings(findings), t.OnPage(err)
}

// pathBelow is the way to a nested page without its first steps.
func pathBelow(path string, steps int) string {
	for range steps {
		_, rest, more := strings.Cut(strings.TrimPrefix(path, ":"), ":")
		if path = ""; more {
			path = ":" + rest
		}
	}
	return path
}

// inShm reports whether a target lies among the objects of a machine, or of a
// moment: those that it leads to must then be there, too.
func inShm(c *cli.Call, t object.Target) bool {
	return !t.Stdin && filepath.Dir(t.Path) == filepath.Clean(c.ShmDir)
}

// earlyLogs is info, or for the logs of a MistServer before 3.8 what is true of them:
// they have no field pid, and of the counters only endpos is kept.
func earlyLogs(info *mist.PageInfo, s *layout.Schema) *mist.PageInfo {
	if info == nil || info.Kind != mist.KindLogs || s.Lookup("pid") != nil {
		return info
	}
	early := *info
	early.CountersKept = false
	return &early
}

// judged are the findings about a page of which it is known what its writer does:
// counters that it does not keep are no finding, and those that it keeps in step
// lead its readers astray where they are not.
func judged(info *mist.PageInfo, findings []layout.Finding) []layout.Finding {
	var kept []layout.Finding
	for _, f := range findings {
		page := info
		for _, step := range strings.Split(f.Path, ":")[1:] {
			field, _, _ := strings.Cut(step, "@")
			page = page.Nested(field)
		}
		if judge(page, &f) {
			kept = append(kept, f)
		}
	}
	return kept
}

// Overrun makes notes of the protocols of external writers that go on behind their
// field: MistServer up to 3.5.1 has room for five there, and writes all of them.
func Overrun(info *mist.PageInfo, findings []layout.Finding) []layout.Finding {
	for i := range findings {
		f := &findings[i]
		if info.Kind == mist.KindWriters && f.Code == layout.CodeInvalidPage && strings.HasPrefix(f.Path, ":protocols@") &&
			strings.HasPrefix(f.Message, "records run past the end") {
			f.Severity = layout.Note
			f.Message += "; MistServer up to 3.5.1 makes room for five protocols, and writes more past the field"
		}
	}
	return findings
}

// WithoutUnused leaves out that what is nested in a row is not ready where the row is
// not in use: MistServer makes such pages when it fills the row.
func WithoutUnused(findings []layout.Finding, rows layout.Window) []layout.Finding {
	return slices.DeleteFunc(findings, func(f layout.Finding) bool {
		step, _, _ := strings.Cut(strings.TrimPrefix(f.Path, ":"), ":")
		_, row, found := strings.Cut(step, "@")
		n, err := strconv.ParseUint(row, 10, 64)
		return f.Code == layout.CodeNotReady && found && err == nil && !rows.Contains(n)
	})
}

// judge makes of a finding what it is on such a page, and reports whether it is
// one.
func judge(page *mist.PageInfo, f *layout.Finding) bool {
	if page == nil {
		return true
	}
	switch f.Code {
	case layout.CodePresentDiffers, layout.CodeStartDiffers, layout.CodeDeletedOver, layout.CodeSpanOver:
	default:
		return true
	}
	switch {
	case page.CountersKept:
		f.Severity = layout.Warning
		f.Message += "; MistServer keeps them in step"
	case page.Rule == mist.RuleSingle && f.Code == layout.CodeSpanOver:
		f.Message = "a page of one record has published more: its maker has begun anew on it"
	case page.Rule != mist.RuleRing || f.Code == layout.CodePresentDiffers || f.Code == layout.CodeStartDiffers:
		return f.Code == layout.CodeDeletedOver || f.Code == layout.CodeSpanOver
	}
	return true
}

func printHealthy(c *cli.Call, all []checked) {
	for _, k := range all {
		about := ""
		if k.about != "" {
			about = "  " + k.about
		}
		_ = c.Out.Line(mist.EscapeName(k.arg)+"  "+dump.Paint("ok", dump.Good, c.Out.Color)+about, dump.Plain) // an error comes again with the end
	}
}

// object is what a finding is about.
func (k *checked) object(f object.Finding) string {
	if f.Object != "" {
		return f.Object + f.Path
	}
	return k.arg + f.Path
}

func (k *checked) row(f object.Finding) []dump.Cell {
	tones := map[layout.Severity]dump.Tone{layout.Note: dump.Faint, layout.Warning: dump.Attention, layout.Error: dump.Bad}
	return []dump.Cell{
		{Value: f.Severity.String(), Tone: tones[f.Severity]},
		{Value: dump.Text(k.object(f)), Text: mist.EscapeName(k.object(f))},
		{Value: f.Code},
		{Value: f.Offset},
		{Value: f.Message},
		{Value: object.TextOrNull(k.stream), Text: mist.EscapeName(k.stream)},
		{Value: map[string]int64{"byte": f.Offset}},
		{Value: object.OrNull(k.remedy(f))},
	}
}

// remedy is what to do about a finding, or "".
func (k *checked) remedy(f object.Finding) string {
	codes := mist.CheckCodes()
	if i := slices.IndexFunc(codes, func(c mist.CheckCode) bool { return c.Name == f.Code }); i >= 0 {
		return codes[i].Remedy
	}
	if k.stream != "" && f.Severity > layout.Note {
		return "shmtool doctor tells whether the stream suffers from it"
	}
	return ""
}
