package report

import (
	"fmt"
	"time"

	"shmtool/cmd/shmtool/internal/cause"
	"shmtool/cmd/shmtool/internal/streams"
	"shmtool/cmd/shmtool/internal/units"
	"shmtool/dump"
	"shmtool/layout/mist"
)

// objectsView is a table of objects.
type objectsView struct {
	Label             string // for who cannot see it
	Rows              []objectView
	Statuses, Trouble bool // whether one has a status, and whether one has a problem
	More              int
}

func (in *Input) objects(all []*streams.Object, label string) objectsView {
	view := objectsView{Label: label}
	all, view.More = first(all, mostRows)
	for _, o := range all {
		v := objectView{
			Name: cut(o.Name), Kind: string(o.Is.Kind), Size: dump.Size(o.Size), Allocated: dump.Size(o.Allocated),
			Users: fmt.Sprint(o.Users), Changed: o.Modified.UTC().Format(time.RFC3339), Age: units.Age(in.At.Sub(o.Modified)),
		}
		if o.Header != nil {
			v.Status = o.Header.Status.String()
		}
		switch {
		case o.Err != nil:
			v.Problem = cut(mist.Redact(cause.Of(o.Err).Error()))
		case o.Unknown:
			v.Problem = "unknown to this shmtool"
		}
		view.Statuses = view.Statuses || v.Status != ""
		view.Trouble = view.Trouble || v.Problem != ""
		view.Rows = append(view.Rows, v)
	}
	return view
}

func (r *Recording) view() *recordingView {
	v := &recordingView{
		From: r.From.UTC().Format(time.RFC3339), To: r.To.UTC().Format(time.RFC3339), Damage: cut(r.Damage), Figures: recordedFigures(r),
	}
	pages, more := first(r.Pages, mostRows)
	v.MorePages = more
	for _, p := range pages {
		row := recordedView{Page: cut(p.Page), Records: p.Records, Lost: p.Lost, Withdrawn: p.Withdrawn, Reloads: uint64(p.Reloads), Exit: "no"}
		if p.Exited {
			row.Exit = "yes"
		}
		v.Pages = append(v.Pages, row)
	}
	return v
}
