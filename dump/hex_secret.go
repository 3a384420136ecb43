package dump

import (
	"bytes"

	"shmtool/layout"
	"shmtool/layout/mist"
)

// HexSecrets is what all renderings but exact copies hide of a value, for
// HexOptions.Secrets. Of bytes that belong to no field all is hidden where the
// page has a field that is secret as a whole: they may be old bytes of it.
func HexSecrets(page *mist.PageInfo, f *layout.Field, value []byte) []HexSpan {
	switch {
	case f != nil:
		m, _ := page.Meaning(f.Name)
		if f.Kind() == layout.DTSC && m.Secret == mist.SecretText {
			m.Secret = mist.SecretTargets // as of each string in it
		}
		return m.Secrets(value)
	case page.HoldsKeys():
		return told(value)
	}
	return target.Secrets(value)
}

// told is where a value is anything but zeros.
func told(value []byte) (spans []HexSpan) {
	for at := 0; at < len(value); {
		from := at + len(value[at:]) - len(bytes.TrimLeft(value[at:], "\x00"))
		if from == len(value) {
			break
		}
		end := bytes.IndexByte(value[from:], 0)
		if end < 0 {
			end = len(value) - from
		}
		at = from + end
		spans = append(spans, HexSpan{From: from, To: at})
	}
	return spans
}
