package read

import (
	"context"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"shmtool/cmd/shmtool/internal/cli"
	"shmtool/cmd/shmtool/internal/object"
	"shmtool/cmd/shmtool/internal/pause"
	"shmtool/layout"
	"shmtool/layout/mist"
)

// checked is an object and the findings of its check.
type checked struct {
	arg    string
	stream string // that it belongs to; "" for none
	about  string // what it is and says, when it is no page
	found  []object.Finding
}

func checkArgument(ctx context.Context, c *cli.Call, arg string) (checked, error) {
	t, err := object.Address(c.World, arg)
	if err != nil {
		return checked{}, err
	}
	if t.Stdin {
		found, _, err := lookOnce(c, t)
		if slices.ContainsFunc(found, func(f object.Finding) bool { return f.Severity == layout.Error }) {
			c.Warn("%s", object.NamedOnly)
		}
		return checked{arg: arg, found: found}, err
	}
	k := checked{arg: t.Arg}
	if of, is := mist.ParseName(object.NameOf(t.Path)); is {
		k.stream = of.Stream
	}
	k.found, k.about, err = lasting(ctx, func() ([]object.Finding, string, error) { return lookOnce(c, t) })
	return k, err
}

// lookOnce checks an object once. about says what it is when it is no page.
func lookOnce(c *cli.Call, t object.Target) (found []object.Finding, about string, err error) {
	if len(t.Steps) > 0 {
		found, err = checkNested(c, t)
		return found, "", err
	}
	o, err := object.OpenNamed(c.World, t)
	if err != nil {
		return nil, "", err
	}
	if o == nil {
		found, err = checkPage(c, t)
		return found, "", err
	}
	defer o.Close(&err)
	return o.Check()
}

// check looks again at an object in which something may be wrong only for a moment: so
// often, and so long apart. A process that lost the processor between two stores gets it
// back within that time.
const (
	checkLooks = 5
	checkPause = 25 * time.Millisecond
)

// lasting returns the findings that every look has, where they may pass. It opens the
// object anew each time, because the object may have been replaced.
func lasting(ctx context.Context, look func() ([]object.Finding, string, error)) ([]object.Finding, string, error) {
	found, about, err := look()
	for range checkLooks - 1 {
		if err != nil || !slices.ContainsFunc(found, object.Finding.Passing) {
			break
		}
		if err := pause.For(ctx, checkPause); err != nil {
			return nil, "", err
		}
		before := found
		if found, about, err = look(); err != nil {
			break
		}
		found = slices.DeleteFunc(found, func(f object.Finding) bool {
			return f.Passing() && !slices.ContainsFunc(before, f.Same)
		})
	}
	return found, about, err
}

// checkPage checks a page against the format, and one of MistServer's against MistServer's
// rules.
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
	info := object.Rules(t, p)
	if r, err := p.Peek(); err == nil {
		info = earlyLogs(info, r.Schema())
	}
	findings = judged(info, findings)
	of, known := objectOf(t, info)
	var records []mist.DataRecord
	err = p.Inspect(func(page []byte, h layout.Header) error {
		if info != nil {
			findings = withoutUnused(findings, info.Rows(h, len(page)))
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
	if r, err := p.Reader(); err == nil {
		findings = append(findings, object.CheckPacked(r.WithRules(info))...)
		if h, err := r.Header(); err == nil {
			findings = append(findings, mist.CheckPageSize(p.Size(), h)...)
		}
	}
	found := object.PlainFindings(findings)
	if inShm(c.ShmDir, t) && known {
		data, err := object.CheckDataPages(c.World, t, of, records)
		return append(found, data...), err
	}
	return found, nil
}

// objectOf returns which of MistServer's objects a target is: by its name, or by its fields
// when it is a copy with another name.
func objectOf(t object.Target, info *mist.PageInfo) (of mist.Object, named bool) {
	of, named = mist.ParseName(object.NameOf(t.Path))
	if !t.Stdin && named {
		return of, true
	}
	if info != nil {
		return mist.Object{Kind: info.Kind}, false
	}
	return mist.Object{}, false
}

// checkNested checks a page that is nested in another one as checkPage does. It counts
// bytes in the whole object, and does not follow a track to its data pages.
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
	findings = append(judged(earlyLogs(r.Rules(), r.Schema()), findings), object.CheckPacked(r)...)
	of, _ := objectOf(t, object.Rules(t, r.Page()))
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

// pathBelow returns the path of a nested page without its first steps.
func pathBelow(path string, steps int) string {
	for range steps {
		_, rest, more := strings.Cut(strings.TrimPrefix(path, ":"), ":")
		if path = ""; more {
			path = ":" + rest
		}
	}
	return path
}

// inShm reports whether a target lies among the objects of a machine or of a snapshot:
// the objects that it refers to must then also be there.
func inShm(dir string, t object.Target) bool {
	return !t.Stdin && filepath.Dir(t.Path) == filepath.Clean(dir)
}
