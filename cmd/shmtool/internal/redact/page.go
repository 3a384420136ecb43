package redact

import (
	"bytes"
	"encoding/binary"
	"slices"

	"shmtool/layout"
	"shmtool/layout/dtsc"
	"shmtool/layout/mist"
)

// page copies a page, or one that is nested in it, to dst, which is as long and has only
// zeros: its header, its fields, and of the records in use what may be shown.
func (r *Redactor) page(dst, src []byte, info *mist.PageInfo, depth int) {
	h, err := layout.DecodeHeader(src)
	if err != nil || h.Check(len(src)) != nil || !h.Status.Known() {
		if len(src) > 0 {
			dst[0] = src[0] // so that it stays as invalid as it was
		}
		copy(dst[min(1, len(dst)):], blanked(src[min(1, len(src)):min(len(src), layout.HeaderSize)]))
		return
	}
	copy(dst[:layout.HeaderSize], src)
	schema, err := layout.DecodeSchema(src, h)
	if err != nil {
		copy(dst[h.FieldOffset:], blanked(src[h.FieldOffset:max(int(h.FieldOffset), min(int(h.Offset), len(src)))]))
		return
	}
	if info == nil {
		info = mist.Recognize(schema)
	}
	if uint16(h.FieldOffset) < h.Offset {
		copy(dst[h.FieldOffset:h.Offset], src[h.FieldOffset:h.Offset])
		r.fieldNames(dst[h.FieldOffset:h.Offset], schema, info)
	}
	if h.RecordSize == 0 {
		return
	}
	w := info.Rows(h, len(src))
	for n := w.First; n < w.End; n++ {
		r.record(dst, src, schema, info, int(uint64(h.Offset)+h.Slot(n)*uint64(h.RecordSize)), depth)
	}
}

// fieldNames replaces the names of fields that MistServer does not have on such a page.
func (r *Redactor) fieldNames(descriptors []byte, schema *layout.Schema, info *mist.PageInfo) {
	at := 0
	for _, name := range schema.Names() {
		i := bytes.Index(descriptors[at:], []byte(name))
		if i < 0 {
			return
		}
		at += i
		if _, known := info.Meaning(name); !known && info.Nested(name) == nil {
			copy(descriptors[at:], r.member([]byte(name)))
		}
		at += len(name)
	}
}

// record copies a record that begins at a byte of its page.
func (r *Redactor) record(dst, src []byte, schema *layout.Schema, info *mist.PageInfo, at, depth int) {
	all := schema.Fields()
	for i := range all {
		f := &all[i]
		from := at + int(f.Offset)
		to := from + int(f.Size)
		switch {
		case from > len(src):
			return
		case f.Kind() == layout.Nested && depth < layout.MaxDepth:
			to = min(nestedEnd(src, f, from, to), len(src))
			r.page(dst[from:to], src[from:to], info.Nested(f.Name), depth+1)
		default:
			to = min(to, len(src))
			r.value(dst[from:to], src[from:to], f, treatmentOf(info, f))
		}
	}
}

// nestedEnd returns where a nested page ends that begins at a byte and has a field up to
// another: some versions make one that goes on behind its field.
func nestedEnd(page []byte, f *layout.Field, from, to int) int {
	const most = 64 // it is 8 bytes in 3.0
	h, err := layout.DecodeHeader(page[from:min(to, len(page))])
	if claimed := h.PageSize(); err == nil && claimed > uint64(to-from) && claimed-uint64(to-from) <= most {
		return from + int(claimed)
	}
	return to + f.Overrun(h)
}

// value copies the value of a field.
func (r *Redactor) value(dst, src []byte, f *layout.Field, t treatment) {
	switch t {
	case packed:
		r.packed(dst, src)
		return
	case address:
		copy(dst, r.binaryAddress(src))
		return
	case socket:
		r.socket(dst, src)
		return
	case lists:
		r.list(dst, src)
		return
	case initData:
		if len(src) >= 2 {
			copy(dst, src[:2])
			copy(dst[2:], blanked(src[2:min(len(src), 2+int(binary.BigEndian.Uint16(src)))]))
		}
		return
	case keeps:
		if f.Kind() == layout.Uint || f.Kind() == layout.Int {
			copy(dst, src)
			return
		}
	}
	if f.Kind() == layout.String {
		src, _, _ = bytes.Cut(src, []byte{0})
	}
	r.words(dst, src, t)
}

// words copies a text.
func (r *Redactor) words(dst, text []byte, t treatment) {
	switch t {
	case keeps:
		copy(dst, text)
	case texts:
		copy(dst, r.text(text, nil))
	case secrets:
		r.learnParts(text)
		copy(dst, r.replacedAll(text))
	case pages:
		slash := len(text) - len(bytes.TrimPrefix(text, []byte("/")))
		copy(dst, text[:slash])
		copy(dst[slash:], r.Name(string(text[slash:])))
	case names:
		// A stream key is the name of a stream for a moment.
		if r.isSecret(text) && !r.isStream[string(text)] {
			copy(dst, r.replacedAll(text))
			return
		}
		if bytes.ContainsAny(text, "/?&=") && !r.isStream[string(text)] { // it was asked for, and is none
			copy(dst, r.text(text, nil))
			return
		}
		copy(dst, text)
	}
}

// socket copies the address of a socket, as the system writes it: its family, its port
// and an address.
func (r *Redactor) socket(dst, src []byte) {
	if len(src) < 2 {
		return
	}
	from, size := 0, 0
	switch binary.LittleEndian.Uint16(src) {
	case familyIP4:
		from, size = 4, 4
	case familyIP6:
		from, size = 8, 16
	default:
		return
	}
	if len(src) < from+size {
		return
	}
	copy(dst[:4], src)
	copy(dst[from:], r.binaryAddress(src[from:from+size]))
}

// The families of addresses on Linux.
const (
	familyIP4 = 2
	familyIP6 = 10
)

// list copies a list of names, each behind its length.
func (r *Redactor) list(dst, src []byte) {
	const head = 4
	for len(src) >= head {
		size := binary.LittleEndian.Uint32(src)
		if size == 0 || uint64(size) > uint64(len(src)-head) {
			return
		}
		end := head + int(size)
		copy(dst[:head], src)
		copy(dst[head:end], r.text(src[head:end], nil))
		dst, src = dst[end:], src[end:]
	}
}

// packed copies a packed value: its structure, its numbers, and of its texts what may be
// shown. It ends where the value is not valid.
func (r *Redactor) packed(dst, src []byte) {
	for p, err := range dtsc.Pieces(src) {
		if err != nil {
			return
		}
		copy(dst[p.Offset:p.End], src[p.Offset:p.End])
		from := p.ValueOffset + 1
		if p.Name != nil {
			copy(dst[p.ValueOffset-len(p.Name):], r.member(p.Name))
		}
		switch {
		case p.Kind == dtsc.End:
			copy(dst[p.Offset:p.End], []byte{0, 0, byte(dtsc.End)})
		case p.Kind == dtsc.String:
			from += packedSize
			copy(dst[from:p.End], r.packedText(string(p.Name), src[from:p.End]))
		case isPrivateMember(string(p.Name)):
			clear(dst[from:p.End])
		}
	}
}

// packedSize is how many bytes stand before a packed string for its length.
const packedSize = 4

// packedText returns the text of a member of a packed value.
func (r *Redactor) packedText(name string, text []byte) []byte {
	switch {
	case isPrivateMember(name):
		r.learnParts(text)
		return r.replacedAll(text)
	case name == "process" && len(bytes.Trim(text, letters+"0123456789")) == 0 && len(text) <= 16:
		return slices.Clone(text) // what follows MistProc in the name of a program
	}
	return r.text(text, nil)
}

// member returns the name of a member. One that is no setting may be a secret itself.
func (r *Redactor) member(name []byte) []byte {
	out := bytes.Clone(name)
	if r.isStream[string(name)] {
		return out
	}
	for from, to := range runs(name) {
		if word := name[from:to]; !isWord(word) || r.isSecret(word) {
			copy(out[from:], r.replaced(word))
		}
	}
	if isBinary(name) {
		return blanked(name)
	}
	return out
}
