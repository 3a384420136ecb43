package report

import (
	"fmt"
	"time"

	"shmtool/cmd/shmtool/internal/cause"
	"shmtool/cmd/shmtool/internal/streams"
	"shmtool/dump"
	"shmtool/layout/mist"
)

func (in *Input) objects(all []*streams.Object) (list []objectView) {
	for _, o := range all {
		v := objectView{
			Name: cut(o.Name), Kind: string(o.Is.Kind), Size: dump.Size(o.Size), Allocated: dump.Size(o.Allocated),
			Users: fmt.Sprint(o.Users), Changed: o.Modified.UTC().Format(time.RFC3339),
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
		list = append(list, v)
	}
	return list
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
