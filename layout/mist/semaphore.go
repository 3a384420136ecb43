package mist

import (
	"encoding/binary"

	"shmtool/layout"
)

// SemaphoreLayout is how a C library lays out the bytes of a semaphore.
type SemaphoreLayout uint8

// The layouts.
const (
	Glibc64 SemaphoreLayout = iota // 32 bytes: value, waiters
	Glibc32                        // 16 bytes: value and a mark in one, waiters at the end
	Musl                           // 32 or 16 bytes: value with a mark, waiters
)

var layoutNames = [...]string{Glibc64: "glibc 64-bit", Glibc32: "glibc 32-bit", Musl: "musl"}

// String returns "glibc 64-bit", "glibc 32-bit" or "musl".
func (l SemaphoreLayout) String() string { return layoutNames[l] }

// Semaphore is what the bytes of a semaphore say. Nowhere do they say who holds
// it.
type Semaphore struct {
	Layout  SemaphoreLayout
	Value   uint32 // 1 is free, 0 is held; more is a mistake: it was given back twice
	Waiters uint32 // how many wait; one that was killed while it waited still counts
	Waiting bool   // a process waits, as far as the bytes tell: Waiters is not 0
	Marked  bool   // with musl and on 32 bits: a process has waited; musl leaves the mark behind
	Size    int    // bytes of the object
}

// Held reports whether a process has the lock.
func (s Semaphore) Held() bool { return s.Value == 0 }

const (
	semaphore64 = 32
	semaphore32 = 16

	glibcShared = 0x80 // glibc's way to say that processes share it
	muslWaiting = 1 << 31
)

// DecodeSemaphore reads a semaphore's bytes. Its form, which the name tells
// ([Object.Form]), decides between the C libraries; with FormNone it is taken for
// glibc's. Any other number of bytes than 32 and 16 is a *layout.FormatError.
func DecodeSemaphore(b []byte, form Form) (Semaphore, error) {
	if len(b) != semaphore64 && len(b) != semaphore32 {
		return Semaphore{}, &layout.FormatError{Offset: int64(len(b)), What: "semaphore has neither 32 bytes nor 16"}
	}
	s := Semaphore{Size: len(b)}
	first, second := binary.LittleEndian.Uint32(b), binary.LittleEndian.Uint32(b[4:])
	switch {
	case form == FormMusl:
		s.Layout = Musl
		s.Value, s.Waiters = first, second
		s.Marked = first&muslWaiting != 0
		s.Value &^= muslWaiting
		if first == ^uint32(0) { // in older versions: held, and waited for
			s.Value = 0
		}
	case len(b) == semaphore64:
		s.Value, s.Waiters = first, second
	default:
		s.Layout = Glibc32
		s.Value, s.Waiters = first>>1, binary.LittleEndian.Uint32(b[12:])
		s.Marked = first&1 != 0
	}
	s.Waiting = s.Waiters > 0
	return s, nil
}

// Encode returns the bytes of such a semaphore, made for processes to share, as the C
// library makes them. Size chooses between 32 and 16 bytes with musl, and is ignored with
// glibc.
func (s Semaphore) Encode() []byte {
	b := make([]byte, semaphore64)
	value := s.Value
	switch s.Layout {
	case Musl:
		if s.Size == semaphore32 {
			b = b[:semaphore32]
		}
		if s.Marked {
			value |= muslWaiting
		}
		binary.LittleEndian.PutUint32(b[4:], s.Waiters)
	case Glibc32:
		b = b[:semaphore32]
		value <<= 1
		if s.Marked {
			value |= 1
		}
		binary.LittleEndian.PutUint32(b[4:], glibcShared)
		binary.LittleEndian.PutUint32(b[12:], s.Waiters)
	default:
		binary.LittleEndian.PutUint32(b[4:], s.Waiters)
		binary.LittleEndian.PutUint32(b[8:], glibcShared)
	}
	binary.LittleEndian.PutUint32(b, value)
	return b
}
