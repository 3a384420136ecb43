package dump

import (
	"bytes"

	"shmtool/layout"
	"shmtool/layout/dtsc"
	"shmtool/layout/mist"
)

// HexSecrets returns the ranges of a value that all renderings but exact copies hide,
// for HexOptions.Secrets. Bytes that belong to no field are all hidden when the page
// has a field that is secret as a whole: they may be old bytes of it.
func HexSecrets(page *mist.PageInfo, f *layout.Field, value []byte) []HexSpan {
	switch {
	case f != nil:
		m := page.MeaningOf(f)
		if f.Kind() == layout.DTSC && m.Secret != mist.SecretNever && m.Secret != mist.SecretAll {
			return packedSecrets(value)
		}
		return m.Secrets(value)
	case page.HoldsKeys():
		return told(value)
	}
	return target.Secrets(value)
}

// packedSecrets returns where the secrets of a packed value are: of each member by its
// name, and after the end of the packed value by what bytes look like.
func packedSecrets(value []byte) (spans []HexSpan) {
	hide := func(m mist.Meaning, from, to int) {
		for _, s := range m.Secrets(value[from:to]) {
			spans = append(spans, HexSpan{From: from + s.From, To: from + s.To})
		}
	}
	var names [dtsc.MaxDepth + 1]string // of the members that the containers are, an array's in it
	end := 0
	for p, err := range dtsc.Pieces(value) {
		if err != nil {
			break
		}
		end = p.End
		name := names[p.Depth]
		if p.Name != nil {
			name = string(p.Name)
		}
		switch p.Kind {
		case dtsc.String:
			hide(mist.Member(name), p.ValueOffset+5, p.End) // behind kind and length
		case dtsc.Integer, dtsc.Double:
			if mist.Member(name).Secret == mist.SecretAll {
				spans = append(spans, HexSpan{From: p.ValueOffset + 1, To: p.End})
			}
		case dtsc.Array, dtsc.Object:
			names[p.Depth+1] = name
		}
	}
	hide(target, end, len(value))
	return spans
}

// told returns where a value is anything but zeros.
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
