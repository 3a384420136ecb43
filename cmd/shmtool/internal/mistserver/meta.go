package mistserver

import (
	"context"
	"errors"
	"fmt"
	"io/fs"

	"shmtool/layout/mist"
	"shmtool/relaccx"
)

// meta is a stream's MstMeta, with its track list, as one process has it open.
type meta struct {
	place  Place
	stream string
	w      *relaccx.Writer
	list   *relaccx.Writer
	rows   *relaccx.Reader
	entry  relaccx.Record
}

// openMeta opens a stream's MstMeta; one that is missing may be so for a moment.
func openMeta(ctx context.Context, p Place, stream string) (*meta, error) {
	w, err := p.open(ctx, metaOf(stream))
	if err != nil {
		return nil, err
	}
	return attachMeta(p, stream, w)
}

func attachMeta(p Place, stream string, w *relaccx.Writer) (*meta, error) {
	m := &meta{place: p, stream: stream, w: w}
	if err := m.attach(); err != nil {
		return nil, errors.Join(err, w.Close())
	}
	return m, nil
}

func (m *meta) attach() error {
	list, err := m.w.Nested(relaccx.Step{Field: "tracks", Record: m.own(), Exact: true})
	if err != nil {
		return err
	}
	rows, err := list.Reader()
	if err == nil {
		m.list, m.rows = list, rows
	}
	return err
}

// own returns the number of the stream's record. Each buffer that takes over the page
// of one that has crashed counts one more, in the one slot that there is; where
// MistServer goes by the slot, we go by the number.
func (m *meta) own() uint64 {
	h, err := m.w.Header()
	if err != nil || h.EndPos <= uint64(h.RecordCount) {
		return 0
	}
	return h.EndPos - 1
}

func (m *meta) close() error { return m.w.Close() }

// refresh follows a reload of the page by another process. It returns ErrStreamGone
// when the stream has ended, and relaccx.ErrNotReady when a page that is told to be
// replaced stays for as long as MistServer would wait.
func (m *meta) refresh(ctx context.Context) error {
	return patiently(ctx, openPatience, func() error {
		h, err := m.w.Header()
		switch {
		case err != nil:
			return err
		case h.Status.Exit():
			return ErrStreamGone
		case !h.Status.Reload():
			return nil
		}
		if err := m.reopen(ctx); err != nil {
			return err
		}
		if h, err = m.w.Header(); err == nil && h.Status.Reload() {
			err = fmt.Errorf("%q is to be reloaded, and is not: %w", metaOf(m.stream).Name(), relaccx.ErrNotReady)
		}
		return err
	})
}

// reopen goes to the page that has the name now.
func (m *meta) reopen(ctx context.Context) error {
	w, err := m.place.open(ctx, metaOf(m.stream))
	if errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("%w: %q is gone", ErrStreamGone, metaOf(m.stream).Name())
	}
	if err != nil {
		return err
	}
	m.w.Close()
	m.w = w
	return m.attach()
}

// count returns how many tracks the list has ever had.
func (m *meta) count() (uint64, error) {
	h, err := m.list.Header()
	return min(h.EndPos, uint64(h.RecordCount)), err
}

// track returns record i of the list, good until the next.
func (m *meta) track(i uint64) (*relaccx.Record, error) {
	return &m.entry, m.rows.Read(i, &m.entry)
}

func (m *meta) trackUint(i uint64, field string) (uint64, error) { return loadUint(m.rows, i, field) }

func (m *meta) setTrack(i uint64, field string, v uint64) error {
	return storeUint(m.list, i, field, v)
}

// set stores a field of the stream's own record.
func (m *meta) set(field string, v uint64) error { return storeUint(m.w, m.own(), field, v) }

func (m *meta) uint(field string) (uint64, error) {
	r, err := m.w.Reader()
	if err != nil {
		return 0, err
	}
	return loadUint(r, m.own(), field)
}

// grow doubles the track list by a reload of the page. The caller has the lock
// of the tracks.
func (m *meta) grow() (Reload, error) {
	h, err := m.list.Header()
	if err != nil {
		return Reload{}, err
	}
	done := Reload{Ring: "tracks", From: h.RecordCount, To: 2 * max(h.RecordCount, 1)}
	if done.Took, err = reload(m.w, mist.MetaTemplate(done.To)); err != nil {
		return Reload{}, err
	}
	// The reload took the lock, which is the buffer's to have.
	if err := m.w.Close(); err != nil {
		return Reload{}, err
	}
	if m.w, err = m.place.openNow(metaOf(m.stream)); err != nil {
		return Reload{}, err
	}
	return done, m.attach()
}
