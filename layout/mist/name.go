package mist

import (
	"cmp"
	"fmt"
	"strconv"
	"strings"
	"unicode/utf8"
)

// Object is what an object's name says.
type Object struct {
	Kind   Kind
	Stream string // of the kinds that belong to a stream
	ID     string // of a session its id, of triggers their type, of a UDP proxy its address
	PID    int    // of a track, a process's state or a start attempt: the process that made it
	Index  int    // of a track or data page: the track's index in the list
	Key    uint64 // of a data page: number of its first key

	Lock Lock // of a semaphore: what it guards
	Form Form // of a semaphore: whose C library made it
	Old  bool // of a semaphore: named as before 3.8
}

// ParseName tells what MistServer means by an object's name, with or without
// its leading slash. Streams may hold any character but a slash, an "@" too, so
// what follows them is split off at the last one.
func ParseName(name string) (Object, bool) {
	name = strings.TrimPrefix(name, "/")
	if strings.ContainsAny(name, "/\x00") {
		return Object{}, false
	}
	if program, ok := strings.CutPrefix(name, glibcPrefix); ok {
		if o, ok := parseSemaphore(program, FormGlibc); ok {
			return o, true
		}
		return parseTemporary(name)
	}
	for i := range kinds {
		k := &kinds[i]
		if rest, ok := strings.CutPrefix(name, k.prefix); ok && k.prefix != "" {
			if o, ok := k.parse(rest); ok {
				return o, true
			}
		}
	}
	if o, ok := parseSemaphore(name, FormMusl); ok {
		return o, true
	}
	return parseTemporary(name)
}

func (k *kindInfo) parse(rest string) (Object, bool) {
	o := Object{Kind: k.kind}
	switch k.naming {
	case bare:
		return o, rest == ""
	case ofStream:
		o.Stream = rest
		return o, rest != ""
	case ofID:
		o.ID = rest
		return o, rest != ""
	case ofTrack:
		stream, pid, index, ok := splitNumbers(rest, "-")
		o.Stream, o.PID, o.Index = stream, int(pid), int(index)
		return o, ok
	case ofData:
		stream, index, key, ok := splitNumbers(rest, "_")
		o.Stream, o.Index, o.Key = stream, int(index), key
		return o, ok
	case ofPID:
		pid, ok := parseNumber(rest)
		o.PID = int(pid)
		return o, ok && pid > 0
	case ofAttempt:
		number, stream, found := strings.Cut(rest, "_")
		pid, ok := parseNumber(number)
		o.PID, o.Stream = int(pid), stream
		return o, found && ok && pid > 0 && stream != ""
	case ofOld:
		return parseOld(rest)
	}
	return Object{}, false
}

// splitNumbers splits "live@412-0" into the stream and the two numbers.
func splitNumbers(text, separator string) (stream string, a, b uint64, ok bool) {
	at := strings.LastIndexByte(text, '@')
	if at <= 0 {
		return "", 0, 0, false
	}
	left, right, found := strings.Cut(text[at+1:], separator)
	a, okA := parseNumber(left)
	b, okB := parseNumber(right)
	return text[:at], a, b, found && okA && okB
}

// parseNumber reads a number as MistServer prints it: without a leading zero.
// All of them have 31 bits or fewer, so that an int holds them everywhere.
func parseNumber(text string) (uint64, bool) {
	n, err := strconv.ParseUint(text, 10, 31)
	return n, err == nil && (text == "0" || text[0] != '0')
}

// Name returns the object's name, without a leading slash: what ParseName has read, or
// what MistServer would call an object of these parts. Parts that the kind has not are
// ignored; without a kind it is empty.
func (o Object) Name() string {
	k := o.Kind.info()
	switch k.naming {
	case ofStream:
		return k.prefix + o.Stream
	case ofID:
		return k.prefix + o.ID
	case ofOld:
		return o.oldName()
	case ofTrack:
		return k.prefix + o.Stream + "@" + strconv.Itoa(o.PID) + "-" + strconv.Itoa(o.Index)
	case ofData:
		return k.prefix + o.Stream + "@" + strconv.Itoa(o.Index) + "_" + strconv.FormatUint(o.Key, 10)
	case ofPID:
		return k.prefix + strconv.Itoa(o.PID)
	case ofAttempt:
		return k.prefix + strconv.Itoa(o.PID) + "_" + o.Stream
	case ofLock:
		if o.Kind == KindTemporary {
			return o.temporaryName()
		}
		return o.semaphoreName()
	}
	return k.prefix
}

// Owner returns who writes the object; of a lock for life, who holds it.
func (o Object) Owner() Owner {
	if o.Kind == KindSemaphore {
		return o.Lock.info().owner
	}
	return o.Kind.Owner()
}

// Compare orders objects as they are listed: by stream, those without one first;
// then meta, tracks, data, users, state, locks; tracks and their data by index
// and key.
func Compare(a, b Object) int {
	return cmp.Or(
		cmp.Compare(a.Stream, b.Stream),
		cmp.Compare(a.Kind.order(), b.Kind.order()),
		cmp.Compare(a.Index, b.Index),
		cmp.Compare(a.Key, b.Key),
		cmp.Compare(a.PID, b.PID),
		cmp.Compare(a.Name(), b.Name()),
	)
}

// BaseName returns the name under which a stream is configured: up to the first "+" or
// blank, behind which a name says which of many streams it is.
func BaseName(stream string) string {
	if i := strings.IndexAny(stream, "+ "); i >= 0 {
		return stream[:i]
	}
	return stream
}

// EscapeName returns a name made fit for a terminal. One that is printable and has no
// backslash is given back as it is; in any other, what is not printable stands as in a Go
// string, "\n", "\x1b" or "\u202e", and a backslash as two. No two names look the same.
func EscapeName(name string) string {
	if isPlain(name) {
		return name
	}
	quoted := strconv.Quote(name)
	return strings.ReplaceAll(quoted[1:len(quoted)-1], `\"`, `"`)
}

// EscapeText returns a text in which nothing acts on a terminal: control
// characters, also those of the C1 range, characters that turn the direction of the
// text, and bytes that are not UTF-8 stand as escapes, "\n", "\x1b" or "\u202e". All
// else stays as it is, backslashes also: the text may hold escapes already.
func EscapeText(text string) string {
	if isFit(text) {
		return text
	}
	var b strings.Builder
	for i := 0; i < len(text); {
		r, size := utf8.DecodeRuneInString(text[i:])
		switch {
		case r == utf8.RuneError && size == 1:
			fmt.Fprintf(&b, `\x%02x`, text[i])
		case strconv.IsPrint(r):
			b.WriteRune(r)
		default:
			quoted := strconv.QuoteRune(r)
			b.WriteString(quoted[1 : len(quoted)-1])
		}
		i += size
	}
	return b.String()
}

func isFit(text string) bool {
	for i, r := range text {
		if !strconv.IsPrint(r) || r == utf8.RuneError && !strings.HasPrefix(text[i:], string(utf8.RuneError)) {
			return false
		}
	}
	return true
}

func isPlain(text string) bool {
	for _, r := range text {
		if !strconv.IsPrint(r) || r == utf8.RuneError || r == '\\' {
			return false
		}
	}
	return true
}
