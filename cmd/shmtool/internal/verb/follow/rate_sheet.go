package follow

import (
	"time"

	"shmtool/cmd/shmtool/internal/metrics"
	"shmtool/cmd/shmtool/internal/out"
	"shmtool/dump"
)

// sheet prints the intervals of a run.
type sheet interface {
	// interval prints an interval that is over, as rows and as a listing of them.
	interval(rows []rateRow, l *dump.Listing) error
	// silent prints pages that have fallen silent within an interval.
	silent(all []silence, now time.Time) error
	// end prints what could not be printed before the end.
	end() error
}

// newSheet returns the sheet for the output that was asked for.
func newSheet(o *rateOptions) sheet {
	switch {
	case o.out.IsMetrics():
		return &metricsSheet{endSheet: endSheet{o}}
	case o.to != "":
		return fileSheet{endSheet{o}}
	case o.out.Format == out.JSON:
		return &documentSheet{endSheet: endSheet{o}}
	}
	return &rowSheet{o, o.out, newPictures(o)}
}

// endSheet is what sheets share that print nothing between intervals.
type endSheet struct{ *rateOptions }

func (endSheet) silent([]silence, time.Time) error { return nil }
func (endSheet) end() error                        { return nil }

// rowSheet prints each interval below those before, in line with them and under one
// heading.
type rowSheet struct {
	*rateOptions
	below *out.Printer // below what has been printed
	drawn *ratePictures
}

func (s *rowSheet) end() error { return nil }

func (s *rowSheet) interval(rows []rateRow, l *dump.Listing) error {
	s.drawn.see(rows)
	return s.show(l)
}

func (s *rowSheet) show(l *dump.Listing) error {
	if len(l.Rows) == 0 {
		return nil
	}
	if err := s.below.Chosen(s.drawn.on(l)); err != nil {
		return err
	}
	s.below = s.below.Below()
	return s.below.Flush()
}

// documentSheet prints all intervals at the end, as one document.
type documentSheet struct {
	endSheet
	all *dump.Listing // nil before the first
}

func (s *documentSheet) interval(_ []rateRow, l *dump.Listing) error {
	if s.all == nil {
		s.all = s.listing()
	}
	s.all.Rows = append(s.all.Rows, l.Rows...)
	return nil
}

func (s *documentSheet) end() error {
	if s.all == nil {
		return nil
	}
	return s.out.Chosen(s.all)
}

// fileSheet writes each interval to the file of --to, in place of the one before.
type fileSheet struct{ endSheet }

func (s fileSheet) interval(_ []rateRow, l *dump.Listing) error {
	return s.out.To(s.to, func(p *out.Printer) error { return p.Chosen(l) })
}

// metricsSheet writes each interval as metrics to the file of --to, or the last interval
// at the end: a text of metrics cannot follow another.
type metricsSheet struct {
	endSheet
	last *metrics.Set
}

func (s *metricsSheet) interval(rows []rateRow, _ *dump.Listing) error {
	s.last = new(metrics.Set)
	s.last.Look("rate", s.args, time.Now())
	for i := range rows {
		rateMetrics(s.last, &rows[i])
	}
	if s.to == "" {
		return nil
	}
	return s.out.To(s.to, func(p *out.Printer) error { return s.write(p) })
}

func (s *metricsSheet) end() error {
	if s.last == nil || s.to != "" {
		return nil
	}
	return s.write(s.out)
}

func (s *metricsSheet) write(p *out.Printer) error {
	return s.last.Write(p, metrics.Format(p.Format))
}
