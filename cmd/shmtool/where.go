package main

import (
	"cmp"
	"slices"
	"strings"

	"shmtool/cmd/shmtool/internal/fail"
	"shmtool/dump"
	"shmtool/layout"
	"shmtool/relaccx"
)

// What --where keeps. All commands ask here, so that a member that is not there is
// told by all of them.

// recordKeys are the members of a record's object that are none of its fields.
var recordKeys = []string{"#", "#decoded", pageKey, deltaKey}

// knows says, once, which members --where names that the objects it sees do not
// have: such a member is null, which is less than every number.
func (e *env) knows(members []string) {
	if e.output.where == nil {
		return
	}
	for _, name := range e.output.where.Members() {
		if slices.Contains(members, name) || e.said[name] {
			continue
		}
		if e.said == nil {
			e.said = map[string]bool{}
		}
		e.said[name] = true
		hint := cmp.Or(fail.DidYouMean(name, members), "there are "+strings.Join(members, ", "))
		e.warn("--where: there is no member %q, so it is null; %s", name, hint)
	}
}

// wants reports whether --where is true for an object, or was not given.
func (e *env) wants(object []byte) (bool, error) {
	if e.output.where == nil {
		return true, nil
	}
	ok, err := e.output.where.True(object)
	if err != nil {
		return false, fail.As(fail.Usage, err)
	}
	return ok, nil
}

// keepRows keeps the rows of a listing for which --where is true, and returns what
// they were made of.
func keepRows[T any](e *env, l *dump.Listing, rows []T) ([]T, error) {
	if e.output.where == nil {
		return rows, nil
	}
	e.knows(keysOf(l))
	var kept []T
	i := 0
	err := l.Filter(func(row []byte) (bool, error) {
		ok, err := e.wants(row)
		if ok {
			kept = append(kept, rows[i])
		}
		i++
		return ok, err
	})
	return kept, err
}

// keysOf returns the members that the rows of a listing have in JSON.
func keysOf(l *dump.Listing) []string {
	var keys []string
	for _, c := range l.Columns {
		keys = append(keys, c.Key())
	}
	return keys
}

// keeper returns a function that reports whether --where wants a record. It sees
// what is printed with o, and so nothing that is hidden.
func (e *env) keeper(s *layout.Schema, o dump.Options) func(rec *relaccx.Record) (bool, error) {
	return e.keeperWith(s, o, func(object []byte) []byte { return object })
}

// keeperWith is keeper for records whose objects get more members by add.
func (e *env) keeperWith(s *layout.Schema, o dump.Options, add func(object []byte) []byte) func(rec *relaccx.Record) (bool, error) {
	if e.output.where == nil {
		return func(*relaccx.Record) (bool, error) { return true, nil }
	}
	var keys []string
	for _, name := range s.Names() {
		keys = append(keys, dump.ColumnName(name))
	}
	e.knows(append(keys, recordKeys...))
	o.LossyText = true
	object := dump.NewRecordJSON(s, o)
	var b []byte
	return func(rec *relaccx.Record) (bool, error) {
		b = add(object.Append(b[:0], rec))
		return e.wants(b)
	}
}
