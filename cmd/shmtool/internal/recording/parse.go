package recording

import (
	"encoding/binary"
	"errors"
)

// errCutField is a record of a recording that ends inside a field.
var errCutField = errors.New("a record ends inside one of its fields")

// fields reads the fields of a record one after the other. The library's own functions
// take a length of 2 GiB for a negative one on a CPU of 32 bits, and panic.
type fields struct {
	left []byte
	err  error
}

// bytes returns the next n bytes, or nil when the record has fewer.
func (f *fields) bytes(n uint64) []byte {
	if f.err != nil || n > uint64(len(f.left)) {
		f.err = errCutField
		return nil
	}
	b := f.left[:n]
	f.left = f.left[n:]
	return b
}

func (f *fields) uint16() uint16 {
	if b := f.bytes(2); b != nil {
		return binary.LittleEndian.Uint16(b)
	}
	return 0
}

func (f *fields) uint32() uint32 {
	if b := f.bytes(4); b != nil {
		return binary.LittleEndian.Uint32(b)
	}
	return 0
}

func (f *fields) uint64() uint64 {
	if b := f.bytes(8); b != nil {
		return binary.LittleEndian.Uint64(b)
	}
	return 0
}

func (f *fields) text() string { return string(f.bytes(uint64(f.uint32()))) }

// texts returns a map of texts.
func (f *fields) texts() map[string]string {
	inner := fields{left: f.bytes(uint64(f.uint32())), err: f.err}
	all := map[string]string{}
	for inner.err == nil && len(inner.left) > 0 {
		key := inner.text()
		all[key] = inner.text()
	}
	f.err = inner.err
	return all
}
