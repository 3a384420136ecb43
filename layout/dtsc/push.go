package dtsc

import (
	"encoding/binary"
	"fmt"
	"iter"
	"math"
)

// Push is one push that MistServer's controller has started: a process that
// sends a stream to a target. Targets may hold secrets.
type Push struct {
	PID      int    // the process, above 1
	Stream   string // the stream's name
	Original string // the target as it was asked for
	Final    string // the target with its variables filled in
}

// PushList reads the pushes of the page MstPush, which is no RelAccX, up to the
// process number that is none: 0 or 1. A list that the page cuts short, and a number
// that no process has, is a *[FormatError] behind the pushes that are whole. MistServer writes
// the list anew without a lock, so that one read meanwhile may be wrong.
// relaccx(5), DTSC.
func PushList(page []byte) iter.Seq2[Push, error] {
	return func(yield func(Push, error) bool) {
		for at := 0; ; {
			p, size, err := nextPush(page, at)
			if size == 0 && err == nil || !yield(p, err) || err != nil {
				return
			}
			at += size
		}
	}
}

const pidSize = 4

// nextPush returns the push at byte at and its size, which is 0 behind the last.
func nextPush(page []byte, at int) (p Push, size int, err error) {
	if len(page)-at < pidSize {
		return p, 0, formatError(at, "list of pushes does not end", nil)
	}
	switch pid := binary.BigEndian.Uint32(page[at:]); {
	case pid <= 1:
		return Push{}, 0, nil
	case pid > math.MaxInt32:
		return p, 0, formatError(at, "push has no process number, it says", uint64(pid))
	default:
		p.PID = int(pid)
	}
	end := at + pidSize
	for _, text := range []*string{&p.Stream, &p.Original, &p.Final} {
		if *text, end, err = pushText(page, end); err != nil {
			return Push{}, 0, err
		}
	}
	return p, end - at, nil
}

// pushText returns the string at byte at, behind 2 bytes of size, and where it ends.
func pushText(page []byte, at int) (text string, end int, err error) {
	if len(page)-at < nameHead {
		return "", 0, formatError(at, "push is cut short", nil)
	}
	size := int(binary.BigEndian.Uint16(page[at:]))
	at += nameHead
	if len(page)-at < size {
		return "", 0, formatError(at-nameHead, "push is cut short, its text has size", size)
	}
	return string(page[at : at+size]), at + size, nil
}

// AppendPushList appends a list of pushes and its end, as PushList reads it.
// MistServer writes them in the order of their process numbers, and leaves out
// what does not fit its page of 8 MiB. A process number that is none, or a text
// of more than 65535 bytes, is an error, and dst comes back as it was.
func AppendPushList(dst []byte, pushes []Push) ([]byte, error) {
	out := dst
	for _, p := range pushes {
		if p.PID <= 1 || p.PID > math.MaxInt32 {
			return dst, fmt.Errorf("push of stream %q: %d is no process", cut(p.Stream), p.PID)
		}
		out = binary.BigEndian.AppendUint32(out, uint32(p.PID))
		for _, text := range []string{p.Stream, p.Original, p.Final} {
			if len(text) > math.MaxUint16 {
				return dst, fmt.Errorf("push %d: a text of %d bytes is longer than 65535", p.PID, len(text))
			}
			out = appendMemberName(out, text)
		}
	}
	return append(out, 0, 0, 0, 0), nil
}
