package out

import (
	"errors"
	"slices"
	"strings"

	"shmtool/cmd/shmtool/internal/fail"
	"shmtool/cmd/shmtool/internal/filter"
	"shmtool/dump"
	"shmtool/layout"
	"shmtool/relaccx"
)

// What --where keeps. All commands ask here, so that a member that is not there is
// told by all of them.

// Knows says, once, which members --where names that the objects it sees do not
// have: such a member is null, which is less than every number.
func (p *Printer) Knows(members []string) {
	if p.Predicate == nil {
		return
	}
	for _, name := range p.Predicate.Members() {
		if slices.Contains(members, name) || p.said[name] {
			continue
		}
		p.said[name] = true
		p.world.Warn("--where: there is no member %q, so it is null; %s", name, fail.NearestOrAll(name, members))
	}
}

// Wants reports whether --where is true for an object, or was not given.
func (p *Printer) Wants(object []byte) (bool, error) {
	if p.Predicate == nil {
		return true, nil
	}
	ok, err := p.Predicate.True(object)
	if err != nil {
		return false, fail.As(fail.Usage, err)
	}
	return ok, nil
}

// Filter keeps the rows of a document for which --where is true, and reports whether a
// document is left to print.
func (p *Printer) Filter(d dump.Document, o dump.Options) (left bool, err error) {
	if p.Predicate == nil {
		return true, nil
	}
	p.Knows(d.Keys())
	if v, ok := d.(*dump.View); ok {
		o.Fields = nil
		v.Keep(p.wantsRecord(p.Predicate.Rows(dump.NewRecordValues(v.Schema, o))))
		return true, nil
	}
	return d.Filter(p.Wants, o)
}

// wantsRecord returns a function that reports whether --where is true for a record.
func (p *Printer) wantsRecord(rows *filter.Rows) func(rec *relaccx.Record) (bool, error) {
	return func(rec *relaccx.Record) (bool, error) {
		ok, err := rows.True(rec)
		if err != nil {
			return false, fail.As(fail.Usage, err)
		}
		return ok, nil
	}
}

// KeepRows keeps the rows of a listing for which --where is true, in the order of --sort,
// and returns what they were made of.
func KeepRows[T any](p *Printer, l *dump.Listing, rows []T) ([]T, error) {
	rows, err := wantedRows(p, l, rows)
	if err != nil || p.Sort == nil {
		return rows, err
	}
	was, err := p.sort(l)
	sorted := make([]T, len(was))
	for i := range was {
		sorted[i] = rows[was[i]]
	}
	return sorted, err
}

// sort puts the rows of a listing in the order of --sort, and returns where each stood
// before.
func (p *Printer) sort(l *dump.Listing) (was []int, err error) {
	was, err = l.Sort(p.Sort)
	if fail.Has[*dump.ColumnError](err) {
		return nil, columnError("--sort: ", err)
	}
	return was, err
}

// columnError returns the usage error of a column that a listing does not have, with the one
// that may have been meant.
func columnError(flag string, err error) error {
	var column *dump.ColumnError
	if errors.As(err, &column) {
		if hint := fail.DidYouMean(strings.TrimPrefix(column.Name, "-"), column.Have); hint != "" {
			return fail.Usagef("%sno column %q; %s there are %s", flag, column.Name, hint, strings.Join(column.Have, ", "))
		}
	}
	return fail.Usagef("%s%w", flag, err)
}

func wantedRows[T any](p *Printer, l *dump.Listing, rows []T) ([]T, error) {
	if p.Predicate == nil {
		return rows, nil
	}
	p.Knows(l.Keys())
	var kept []T
	i := 0
	_, err := l.Filter(func(row []byte) (bool, error) {
		ok, err := p.Wants(row)
		if ok {
			kept = append(kept, rows[i])
		}
		i++
		return ok, err
	}, p.Rendering())
	return kept, err
}

// Keeper returns a function that reports whether --where wants a record, for records that
// come one by one. It sees what is printed with o, and so nothing that is hidden, and what
// stands in front of the record at the time, the page in any case.
func (p *Printer) Keeper(s *layout.Schema, o dump.Options, lead *Lead) func(rec *relaccx.Record) (bool, error) {
	if p.Predicate == nil {
		return func(*relaccx.Record) (bool, error) { return true, nil }
	}
	p.Knows(append((&dump.View{Schema: s}).Keys(), PageKey, DeltaKey))
	with := *lead
	with.Many = true
	return p.wantsRecord(p.Predicate.Rows(dump.NewRecordValues(s, o), with.members(lead)...))
}
