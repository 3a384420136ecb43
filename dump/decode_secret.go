package dump

import (
	"bytes"
	"errors"

	"shmtool/layout"
	"shmtool/layout/dtsc"
	"shmtool/layout/mist"
)

// hiddenMark is what a rendering has in the place of a secret.
var hiddenMark = []byte(mist.Mark)

const hiddenReason = "is hidden: dump it with --show-secrets"

// target hides stream keys, too: a value that comes from another page may have
// had one hidden there.
var target = mist.Meaning{Secret: mist.SecretTargets}

// hidden reports whether a value for a field is, or holds, a secret that a
// rendering has hidden.
func (o *objectReader) hidden(f *layout.Field, value []byte) bool {
	if !bytes.Contains(value, hiddenMark) { // nearly all end here
		return false
	}
	m := o.page.MeaningOf(f)
	text := string(value)
	return m.Hidden(text) || target.Hidden(text)
}

// hiddenBytes is hidden for bytes that were given as such: the mark alone may be
// what they are.
func (o *objectReader) hiddenBytes(f *layout.Field, value []byte) bool {
	value = bytes.TrimRight(value, "\x00")
	if m := o.page.MeaningOf(f); m.Secret != mist.SecretAll && bytes.Equal(value, hiddenMark) {
		return false
	}
	return o.hidden(f, value)
}

// hiddenMember reports whether a string in a packed value is hidden.
func hiddenMember(packed []byte) (hidden bool) {
	if !bytes.Contains(packed, hiddenMark) {
		return false
	}
	_, err := dtsc.AppendJSONFunc(nil, packed, func(name, value []byte) []byte {
		hidden = hidden || bytes.Contains(value, hiddenMark) && mist.Member(string(name)).Hidden(string(value))
		return nil
	})
	return hidden && err == nil
}

// conceal takes the value out of an error about a field that is secret.
func (o *objectReader) conceal(f *layout.Field, err error) error {
	var refused *layout.ValueError
	if err == nil || o.showSecrets || !errors.As(err, &refused) {
		return err
	}
	if m := o.page.MeaningOf(f); m.Secret != mist.SecretAll {
		return err
	}
	return &layout.ValueError{Field: refused.Field, Value: mist.Mark, Reason: refused.Reason}
}

// Parse stores a value written as text, as a command line or a cell of CSV has
// it: as layout.Field.Parse does, but a packed value is plain JSON, or "hex:" and
// digits, and a secret that a rendering has hidden is refused. What does not fit is
// a *layout.ValueError.
func Parse(f *layout.Field, record []byte, text string, known DecodeOptions) error {
	o := objectReader{objectOptions: objectOptions{known.Page, known.ShowSecrets}}
	return o.conceal(f, o.putPlain(f, record, []byte(text)))
}
