package mistserver

import (
	"errors"
	"fmt"

	"shmtool/relaccx"
)

// load opens the pages of all valid tracks that are not open, or were
// reloaded, and gives what decides about their life.
func (b *Buffer) load() ([]trackAge, error) {
	count, err := b.meta.count()
	if err != nil {
		return nil, err
	}
	var ages []trackAge
	for i := range count {
		rec, err := b.meta.track(i)
		if err != nil {
			return nil, err
		}
		valid, err1 := rec.Uint("valid")
		kind, err2 := rec.Text("type")
		listed, err3 := rec.Text("page")
		updated, err4 := rec.Uint("lastupdate")
		if err := errors.Join(err1, err2, err3, err4); err != nil {
			return nil, err
		}
		index := int(i)
		switch {
		case valid == 0:
			b.drop(index)
			continue
		case b.erased[index]: // a reload of the list has brought it back
			if err := b.meta.setTrack(i, "valid", 0); err != nil {
				return nil, err
			}
			continue
		}
		age := trackAge{index: index, kind: kind, updated: updated}
		if t := b.track(index, trackName(b.stream, listed)); t != nil {
			age.firstMS, age.lastMS = t.uint("firstms"), t.uint("lastms")
			b.check(index, t)
		}
		ages = append(ages, age)
	}
	return ages, nil
}

// track returns the open page of a track, nil when it cannot be had now.
func (b *Buffer) track(index int, name string) *trackPage {
	t := b.tracks[index]
	if t != nil && !t.status().Reload() && t.failed == nil {
		return t
	}
	b.drop(index)
	if name == "" {
		b.fault(index, errors.New("the list names no page of it"))
		return nil
	}
	t, err := openTrackPage(b.place, name, true)
	if err != nil {
		b.fault(index, err)
		return nil
	}
	b.tracks[index] = t
	return t
}

func (b *Buffer) drop(index int) {
	if t := b.tracks[index]; t != nil {
		t.close()
		delete(b.tracks, index)
	}
}

// check lets go of a page on which something went wrong: it is opened again in
// the next pass.
func (b *Buffer) check(index int, t *trackPage) {
	if err := t.fault(); err != nil {
		b.fault(index, err)
		b.drop(index)
	}
}

func (b *Buffer) fault(index int, err error) {
	b.report.Faults = append(b.report.Faults, fmt.Sprintf("track %d: %v", index, err))
}

// kind returns the track's type. "subtitle" is cut to seven letters here, and is not
// asked for.
func (t *trackPage) kind() (kind string) {
	f := t.field("type")
	if f == nil {
		return ""
	}
	t.note(t.r.Lease(func(l *relaccx.Lease) error {
		return l.View(0, func(record []byte) { kind = string(f.Text(record)) })
	}))
	return kind
}
