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

const hiddenReason = "is hidden: dump it with --show-secrets, or pass --show-secrets to store *** as it is"

// target finds stream keys as well: a rendering of the page that a value comes
// from may have hidden one.
var target = mist.Meaning{Secret: mist.SecretTargets}

// hidden reports whether a value for a field is, or holds, a secret that a
// rendering of that field hides. The mark alone is a hidden secret only where the
// whole field is secret: anywhere else it is a text like any other.
func (o *objectReader) hidden(f *layout.Field, value []byte) bool {
	if o.showSecrets || !bytes.Contains(value, hiddenMark) { // nearly all end here
		return false
	}
	m := o.page.MeaningOf(f)
	if m.Secret == mist.SecretNever {
		return false
	}
	text := string(bytes.TrimRight(value, "\x00"))
	return m.Hidden(text) || target.Hidden(text)
}

// hiddenMember reports whether a string in a packed value is hidden, or the
// packed value of a field that is secret as a whole.
func (o *objectReader) hiddenMember(f *layout.Field, packed []byte) (hidden bool) {
	if o.showSecrets || !bytes.Contains(packed, hiddenMark) {
		return false
	}
	m := o.page.MeaningOf(f)
	if m.Secret == mist.SecretNever {
		return false
	}
	_, err := dtsc.AppendJSONFunc(nil, packed, func(name, value []byte) []byte {
		if bytes.Contains(value, hiddenMark) {
			text := string(value)
			hidden = hidden || m.Hidden(text) || mist.Member(string(name)).Hidden(text)
		}
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

// Parse stores a value written as text, as a command line or a cell of CSV has it: as
// layout.Field.Parse does, but a packed value is plain JSON, or "hex:" and digits, and a
// secret that a rendering has hidden is refused. A value that does not fit is a
// *layout.ValueError.
func Parse(f *layout.Field, record []byte, text string, known DecodeOptions) error {
	o := objectReader{objectOptions: objectOptions{known.Page, known.ShowSecrets}}
	return o.conceal(f, o.putPlain(f, record, []byte(text)))
}
