package relaccx

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"shmtool/layout"
)

func (m *ringModel) record(t *rapid.T) (row, []byte) {
	r := drawRow(t, m.form)
	rec, err := m.w.NewRecord()
	if err == nil {
		err = fillRow(rec, r)
	}
	if err != nil {
		t.Fatal(err)
	}
	return r, rec.Bytes()
}

func (m *ringModel) Append(t *rapid.T) {
	r, record := m.record(t)
	if m.full() {
		m.refused(t, "append", ErrFull, func() error { return m.w.Append(record) })
		return
	}
	if err := m.w.Append(record); err != nil {
		t.Fatal(err)
	}
	m.add(r)
}

func (m *ringModel) AppendWrongSize(t *rapid.T) {
	record := make([]byte, int(m.w.Schema().RecordSize())+rapid.SampledFrom([]int{-1, 1}).Draw(t, "off by"))
	before, _ := snapshot(t, m.path)
	if m.w.Append(record) == nil || m.w.AppendOverwrite(record) == nil {
		t.Fatal("a record of a wrong size was taken")
	}
	if after, _ := snapshot(t, m.path); !bytes.Equal(before, after) {
		t.Fatal("a record of a wrong size changed the page")
	}
}

func (m *ringModel) Push(t *rapid.T) {
	count := rapid.IntRange(1, 3).Draw(t, "count")
	err := m.w.Batch(func() error {
		for range count {
			r, record := m.record(t)
			if err := m.w.AppendOverwrite(record); err != nil {
				return err
			}
			if m.full() {
				m.deleted++
			}
			m.add(r)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

func (m *ringModel) Withdraw(t *rapid.T) {
	count := rapid.Uint64Range(0, m.size()+1).Draw(t, "count")
	if count > m.end-m.deleted {
		m.refused(t, "withdraw", ErrOverdraw, func() error { return m.w.Withdraw(count) })
		return
	}
	if err := m.w.Withdraw(count); err != nil {
		t.Fatal(err)
	}
	m.deleted += count
}

func (m *ringModel) Publish(t *rapid.T) {
	count := rapid.Uint32Range(0, uint32(m.size())+1).Draw(t, "count")
	if uint64(count) > m.size()-(m.end-m.deleted) {
		m.refused(t, "publish", ErrFull, func() error { return m.w.publishSlots(count) })
		return
	}
	if err := m.w.publishSlots(count); err != nil {
		t.Fatal(err)
	}
	m.end += uint64(count)
}

func (m *ringModel) Update(t *rapid.T) {
	n := m.deleted + rapid.Uint64Range(0, m.size()+1).Draw(t, "ahead")
	r := drawRow(t, m.form)
	change := func(rec *Record) error { return fillRow(rec, r) }
	if n >= m.end {
		m.refused(t, "update", ErrNoRecord, func() error { return m.w.Update(n, change) })
		return
	}
	stop := errors.New("stop")
	m.refused(t, "update", stop, func() error {
		return m.w.Update(n, func(rec *Record) error { return errors.Join(change(rec), stop) })
	})
	if err := m.w.Update(n, change); err != nil {
		t.Fatal(err)
	}
	*m.at(n) = r
}

func (m *ringModel) UpdateWithdrawn(t *rapid.T) {
	if m.deleted == 0 {
		t.Skip("nothing is withdrawn")
	}
	n := m.deleted - 1 - rapid.Uint64Range(0, min(m.deleted-1, 3)).Draw(t, "behind")
	m.refused(t, "update", ErrWithdrawn, func() error { return m.w.Update(n, func(*Record) error { return nil }) })
}

// carried is the rows that become those of a ring of another form, or a value
// error when one of them does not fit.
func (m *ringModel) carried(to ringForm, truncate bool) (slots []row, deleted uint64, ok bool) {
	slots = make([]row, to.records)
	deleted = max(m.deleted, m.end-min(m.end, uint64(to.records)))
	for n := deleted; n < m.end; n++ {
		r := *m.at(n)
		if len(r.s) >= to.textSize {
			if !truncate {
				return nil, 0, false
			}
			r.s = r.s[:to.textSize-1]
		}
		if !m.form.extra || !to.extra {
			r.x = 0
		}
		slots[n%uint64(to.records)] = r
	}
	return slots, deleted, true
}

func (m *ringModel) Reload(t *rapid.T) {
	to := forms.Draw(t, "form")
	o := ReloadOptions{Truncate: rapid.Bool().Draw(t, "truncate")}
	slots, deleted, ok := m.carried(to, o.Truncate)
	if !ok {
		var value *layout.ValueError
		m.refused(t, "reload", nil, func() error {
			if err := m.w.Reload(to.shape(), o); !errors.As(err, &value) {
				t.Fatalf("reload: %v, want a value error", err)
			}
			return nil
		})
		return
	}
	m.refused(t, "planned reload", nil, func() error { return m.w.Reload(to.shape(), ReloadOptions{Truncate: o.Truncate, DryRun: true}) })
	if err := m.w.Reload(to.shape(), o); err != nil {
		t.Fatal(err)
	}
	m.form, m.slots, m.deleted = to, slots, deleted
}

// Reopen gives the page to another Writer.
func (m *ringModel) Reopen(t *rapid.T) {
	m.refused(t, "open", ErrLocked, func() error { _, err := OpenWriter(m.path, WriterOptions{}); return err })
	if err := m.w.Close(); err != nil {
		t.Fatal(err)
	}
	w, err := OpenWriter(m.path, WriterOptions{})
	if err != nil {
		t.Fatal(err)
	}
	m.w = w
}

// Check holds everything that can be read against the slice.
func (m *ringModel) Check(t *rapid.T) {
	r, err := m.w.Reader()
	if err != nil {
		t.Fatal(err)
	}
	h, err := r.Header()
	if err != nil {
		t.Fatal(err)
	}
	if h.Deleted != m.deleted || h.EndPos != m.end || uint64(h.Present) != m.end-m.deleted || h.StartPos != uint32(m.deleted) || uint64(h.RecordCount) != m.size() {
		t.Fatalf("header %+v, want [%d, %d) in %d slots", h, m.deleted, m.end, m.size())
	}
	if full, err := m.w.Full(); err != nil || full != m.full() {
		t.Fatalf("full is %v, %v", full, err)
	}
	if findings, err := m.w.Page().Check(); err != nil || len(findings) > 0 {
		t.Fatalf("check: %v, %v", findings, err)
	}
	m.checkRecords(t, r)
	if names, _ := filepath.Glob(filepath.Join(filepath.Dir(m.path), tempPrefix+"*")); len(names) > 0 {
		t.Fatal("left behind: ", strings.Join(names, " "))
	}
}

func (m *ringModel) checkRecords(t *rapid.T, r *Reader) {
	next := m.deleted
	var single Record
	for rec, err := range r.Records(layout.Window{First: m.deleted, End: m.end + 5}) {
		if err != nil {
			t.Fatal(err)
		}
		got, err := rowOf(rec)
		if rec.Number != next || err != nil || got != *m.at(next) {
			t.Fatalf("record %d is %+v, %v, want record %d, %+v", rec.Number, got, err, next, *m.at(next))
		}
		if err := r.Read(next, &single); err != nil || !bytes.Equal(single.Bytes(), rec.Bytes()) {
			t.Fatalf("record %d read by itself: % x, %v, want % x", next, single.Bytes(), err, rec.Bytes())
		}
		err = r.Lease(func(l *Lease) error {
			return l.View(next, func(b []byte) {
				if !bytes.Equal(b, rec.Bytes()) {
					t.Fatalf("record %d leased: % x, want % x", next, b, rec.Bytes())
				}
			})
		})
		if err != nil {
			t.Fatal(err)
		}
		next++
	}
	if next != m.end {
		t.Fatalf("records end at %d, want %d", next, m.end)
	}
	if err := r.Read(m.end, &single); !errors.Is(err, ErrNoRecord) {
		t.Fatalf("record behind the last: %v", err)
	}
	if err := r.Read(m.deleted-1, &single); m.deleted > 0 && !errors.Is(err, ErrWithdrawn) {
		t.Fatalf("record before the first: %v", err)
	}
}

func newRing(t *rapid.T, path string) *ringModel {
	form := forms.Draw(t, "first form")
	w, err := Create(path, form.shape(), CreateOptions{})
	if err != nil {
		t.Fatal(err)
	}
	return &ringModel{form: form, slots: make([]row, form.records), w: w, path: path}
}

func TestRingIsASlice(t *testing.T) {
	dir := shmDir(t)
	count := 0
	rapid.Check(t, func(t *rapid.T) {
		count++
		path := filepath.Join(dir, fmt.Sprint(count), "ring")
		if err := os.Mkdir(filepath.Dir(path), 0o700); err != nil {
			t.Fatal(err)
		}
		m := newRing(t, path)
		defer func() { m.w.Close() }()
		t.Repeat(map[string]func(*rapid.T){
			"append": m.Append, "append wrong size": m.AppendWrongSize, "push": m.Push,
			"withdraw": m.Withdraw, "publish": m.Publish, "update": m.Update, "update withdrawn": m.UpdateWithdrawn,
			"reload": m.Reload, "reopen": m.Reopen, "": m.Check,
		})
	})
}
