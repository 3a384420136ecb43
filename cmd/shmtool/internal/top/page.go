package top

import (
	"errors"
	"io/fs"
	"time"

	"shmtool/cmd/shmtool/internal/cause"
	"shmtool/cmd/shmtool/internal/fail"
	"shmtool/cmd/shmtool/internal/procs"
	"shmtool/layout"
	"shmtool/layout/mist"
	"shmtool/relaccx"
)

// page is one object of the shared memory directory, which stays open as long as
// its name leads to it. A look at it reads headers and nothing else.
type page struct {
	row    Row
	open   *relaccx.Page
	rings  []ring
	lacks  bool      // what is nested in it is not there yet
	sought time.Time // rings are from then
	isPage bool
	found  time.Time // first seen
	judged time.Time // isPage is from then
	last   time.Time // last seen under its name
	change time.Time // zero: none was seen
	counts []count   // of the last few looks, the oldest first
}

// ring is something in a page that is counted.
type ring struct {
	reader *relaccx.Reader
	header layout.Header
}

// count is how many records had been published at a time.
type count struct {
	at    time.Time
	total uint64
}

// rateSpan is the time over which records are counted: that of a stream with 25 of
// them a second must not waver with each look.
const rateSpan = 3 * time.Second

func newPage(name, path string, now time.Time) *page {
	p := &page{found: now, row: Row{Name: name, Path: path}}
	p.row.Of, p.row.Known = mist.ParseName(name)
	return p
}

func (p *page) close() {
	if p.open != nil {
		_ = p.open.Close() // it was only read
	}
	p.open, p.rings = nil, nil
}

// look looks at what the name leads to now.
func (p *page) look(s *Sampler, info fs.FileInfo, now time.Time) {
	identity := identityOf(info)
	if p.open == nil && p.row.Identity == identity && p.row.Size == info.Size() && now.Sub(p.judged) < judgeEvery {
		return // no page a moment ago
	}
	if identity != p.row.Identity || info.Size() != p.row.Size {
		p.close()
		p.counts = nil
		if p.row.Identity != (procs.Object{}) {
			p.change = now // another page, or one of another size, under the name
		}
	}
	p.row.Identity, p.row.Size = identity, info.Size()
	if p.open == nil {
		p.begin(s, now)
	}
	if p.open != nil {
		p.count(s, now)
	}
}

// judgeEvery is how often it is looked whether what was no page has become one.
const judgeEvery = 2 * time.Second

func (p *page) begin(s *Sampler, now time.Time) {
	p.judged, p.isPage, p.row.Problem, p.row.Unread, p.row.Header = now, false, "", nil, layout.Header{}
	open, err := relaccx.Open(p.row.Path)
	if err != nil {
		p.unread(err)
		return
	}
	var h layout.Header
	var isPage bool
	err = open.Exclusively(func() (err error) { // one look at the size of the file for all
		if h, err = open.Header(); err == nil {
			isPage = s.IsPage(p.row.Known, open, h)
		}
		return err
	})
	if err != nil && fail.Unread(err) {
		_ = open.Close()
		p.unread(err)
		return
	}
	if err != nil || !isPage {
		_ = open.Close()
		return
	}
	p.open, p.isPage = open, true
	p.row.Header = h
	p.seek(now)
}

// unread notes why the object could not be read. It is listed if its name is a page's.
func (p *page) unread(err error) {
	p.row.Problem, p.isPage = problem(err), p.row.Known && !errors.Is(err, fs.ErrNotExist)
	if p.row.Unread = nil; fail.Unread(err) {
		p.row.Unread = err
	}
}

// seek finds what is to be counted.
func (p *page) seek(now time.Time) {
	p.rings, p.lacks = ringsOf(p.open, p.row.Name)
	p.counts, p.sought = nil, now
}

// problem returns why a page cannot be read, in a word or two.
func problem(err error) string {
	var format *layout.FormatError
	switch {
	case fail.Unread(err):
		return fail.UnreadStatus(err)
	case errors.As(err, &format):
		return "not valid"
	}
	return cause.Of(err).Error()
}

// count reads the headers.
func (p *page) count(s *Sampler, now time.Time) {
	h, err := p.open.Header()
	if err != nil { // cut short, it is another page when it is looked at again
		p.close()
		p.row.Problem, p.change = problem(err), now
		if fail.Unread(err) {
			p.row.Unread = err
		}
		return
	}
	if h != p.row.Header {
		p.change = now
		if fixed(h) != fixed(p.row.Header) || !h.Status.Ready() {
			p.row.Header = h
			if p.isPage = s.IsPage(p.row.Known, p.open, h); !p.isPage {
				p.close()
				return
			}
			p.seek(now)
		}
		p.row.Header = h
	}
	// MistServer makes what is nested in a page when that is ready already.
	if p.lacks && (p.change.Equal(now) || now.Sub(p.sought) >= judgeEvery) {
		p.seek(now)
	}
	p.sum(now)
}

// fixed returns what of a header does not change once a page is ready.
func fixed(h layout.Header) layout.Header {
	return layout.Header{Status: h.Status & layout.StatusReady, FieldOffset: h.FieldOffset, RecordSize: h.RecordSize, Offset: h.Offset}
}

// sum adds up what the rings have published.
func (p *page) sum(now time.Time) {
	total := uint64(0)
	for i := range p.rings {
		r := &p.rings[i]
		h, err := r.reader.Header()
		if err != nil { // of a record that is no more
			p.seek(now)
			return
		}
		if r.header != h {
			p.change, r.header = now, h
		}
		total += h.EndPos
		if i == 0 {
			p.row.Used = r.reader.Rules().Rows(h, r.reader.Size()).Count()
			p.row.Slots = uint64(h.RecordCount)
		}
	}
	if n := len(p.counts); n > 0 && total < p.counts[n-1].total {
		p.counts = nil // a writer that began anew
	}
	if n := len(p.counts); n > 0 {
		if seconds := now.Sub(p.counts[n-1].at).Seconds(); seconds > 0 {
			p.row.Rates.Add(float64(total-p.counts[n-1].total) / seconds)
		}
	}
	p.counts = append(p.counts, count{now, total})
	for len(p.counts) > 2 && now.Sub(p.counts[1].at) >= rateSpan {
		p.counts = p.counts[1:]
	}
}

// rate returns records a second.
func (p *page) rate() *float64 {
	if len(p.counts) < 2 {
		return nil
	}
	first, last := p.counts[0], p.counts[len(p.counts)-1]
	seconds := last.at.Sub(first.at).Seconds()
	if seconds <= 0 {
		return nil
	}
	rate := float64(last.total-first.total) / seconds
	return &rate
}

// ringsOf returns the rings of a page that are counted; its fill is that of the
// first. A track's are its parts, one a frame: keys and fragments would count the
// same frames again. Any other page's are its own records and, if there is only
// one, the rings nested in it. lacks reports whether some of those do not exist yet.
func ringsOf(p *relaccx.Page, name string) (rings []ring, lacks bool) {
	r, err := p.Peek()
	if err != nil {
		return nil, true
	}
	r = r.WithRules(mist.RulesFor(mist.Lookup(name), r.Schema()))
	nested := func(field string) []ring {
		inner, err := r.Nested(relaccx.Step{Field: field, Exact: true})
		if err != nil {
			lacks = true
			return nil
		}
		h, _ := inner.Header()
		return []ring{{inner, h}}
	}
	h, err := r.Header()
	if err != nil {
		return nil, true
	}
	own := []ring{{r, h}}
	if h.RecordCount != 1 {
		return own, false
	}
	if of, ok := mist.ParseName(name); ok && of.Kind == mist.KindTrack {
		if parts := nested("parts"); parts != nil {
			return parts, false
		}
	}
	var inner []ring
	for i := range r.Schema().Fields() {
		if f := &r.Schema().Fields()[i]; f.Kind() == layout.Nested {
			inner = append(inner, nested(f.Name)...)
		}
	}
	return append(inner, own...), lacks
}
