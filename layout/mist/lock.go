package mist

import "strings"

// Lock is what a semaphore of MistServer guards. Each has one slot and is used
// as a mutex: 1 is free, 0 is held.
type Lock string

// The locks. The names are those of 3.8 and later; before, "Sem" was missing.
const (
	LockUnknown      Lock = ""              // none of those below
	LockInput        Lock = "input"         // MstSemInpt<stream>: held as long as the input lives
	LockPull         Lock = "pull"          // MstSemPull_<stream>: held as long as the stream is pulled
	LockTracks       Lock = "tracks"        // MstSemTRKS<stream>: tracks are added, claimed, removed
	LockUsers        Lock = "users"         // MstSemUser<stream>: slots of MstUser are claimed
	LockStatistics   Lock = "statistics"    // MstSemStat: slots of MstStat are claimed
	LockSession      Lock = "session"       // MstSemSess<id>: a session begins; slots of MstSession are claimed
	LockLive         Lock = "live"          // MstSemLIVE: no longer used
	LockSessionCache Lock = "session-cache" // MstSemSessCache: no longer used
)

// Form is how the C library calls the file of a semaphore.
type Form uint8

// The forms.
const (
	FormNone  Form = iota // no semaphore
	FormGlibc             // sem.NAME
	FormMusl              // NAME, and tmp-N while it is being made
)

type lockInfo struct {
	lock   Lock
	prefix string // behind "MstSem", before 3.8 behind "Mst"
	naming naming
	owner  Owner // of a lock for life
	about  string
}

// locks are in the order in which they are tried: one that begins with another
// comes first.
var locks = [...]lockInfo{
	{LockInput, "Inpt", ofStream, OwnerAngel, "held by the input's parent as long as the stream's input lives"},
	{LockPull, "Pull_", ofStream, OwnerPuller, "held by the input's parent as long as the stream is pulled"},
	{LockTracks, "TRKS", ofStream, OwnerNobody, "held for a moment while a track is added, claimed or removed"},
	{LockUsers, "User", ofStream, OwnerNobody, "held for a moment while a slot of MstUser is claimed"},
	{LockStatistics, "Stat", bare, OwnerNobody, "held for a moment while a slot of MstStat is claimed"},
	{LockSessionCache, "SessCache", ofLock, OwnerNobody, "no longer used"},
	{LockSession, "Sess", ofID, OwnerNobody, "held while a session begins, and for a moment while a slot of MstSession is claimed"},
	{LockLive, "LIVE", ofLock, OwnerNobody, "no longer used"},
}

func (l Lock) info() *lockInfo {
	for i := range locks {
		if locks[i].lock == l {
			return &locks[i]
		}
	}
	return &lockInfo{naming: ofLock}
}

// ForLife reports whether the lock is held as long as its owner lives. Such a
// lock is 0 all the time; every other one is 1 but for moments, and one that
// stays 0 was left behind by a process that was killed.
func (l Lock) ForLife() bool { return l.info().owner != OwnerNobody }

// About says in a few words who holds the lock, and when.
func (l Lock) About() string { return l.info().about }

const (
	namePrefix    = "Mst"
	semaphoreMark = "Sem"  // behind namePrefix since 3.8
	glibcPrefix   = "sem." // before the name of every semaphore
	muslTemporary = "tmp-" // before the nanoseconds at which it was made
	glibcRandom   = 6      // random characters behind glibcPrefix
)

// parseSemaphore reads the name of a lock. name is what the program calls it,
// form how its file was called.
func parseSemaphore(name string, form Form) (Object, bool) {
	rest, ok := strings.CutPrefix(name, namePrefix)
	if !ok {
		return Object{}, false
	}
	o := Object{Kind: KindSemaphore, Form: form}
	newer, isNew := strings.CutPrefix(rest, semaphoreMark)
	if isNew && o.setLock(newer) {
		return o, true
	}
	// Before 3.8 a lock could have the name of a page; with musl the two were
	// one file, so that there the page is meant, and has been tried before.
	o.Old = true
	if !isNew && o.setLock(rest) {
		return o, true
	}
	if form == FormMusl && !isNew {
		return Object{}, false
	}
	return Object{Kind: KindSemaphore, Form: form, ID: rest}, true
}

// setLock finds which lock a name without its prefixes is.
func (o *Object) setLock(name string) bool {
	for i := range locks {
		rest, ok := strings.CutPrefix(name, locks[i].prefix)
		if !ok {
			continue
		}
		switch locks[i].naming {
		case bare:
			ok = rest == ""
		case ofStream:
			ok, o.Stream = rest != "", rest
		case ofID:
			ok, o.ID = rest != "", rest
		case ofLock:
			o.ID = rest
		}
		if ok {
			o.Lock = locks[i].lock
		}
		return ok
	}
	return false
}

// semaphoreName returns the name of the file of a semaphore.
func (o *Object) semaphoreName() string {
	name := namePrefix
	if o.Lock != LockUnknown && !o.Old {
		name += semaphoreMark
	}
	l := o.Lock.info()
	name += l.prefix
	switch l.naming {
	case ofStream:
		name += o.Stream
	case ofID, ofLock:
		name += o.ID
	}
	if o.Form == FormMusl {
		return name
	}
	return glibcPrefix + name
}

// parseTemporary reads the name that a semaphore has before it has its own.
func parseTemporary(name string) (Object, bool) {
	if digits, ok := strings.CutPrefix(name, muslTemporary); ok && isOnly(digits, isDigit) {
		return Object{Kind: KindTemporary, Form: FormMusl, ID: digits}, true
	}
	random, ok := strings.CutPrefix(name, glibcPrefix)
	if ok && len(random) == glibcRandom && isOnly(random, isLetterOrDigit) {
		return Object{Kind: KindTemporary, Form: FormGlibc, ID: random}, true
	}
	return Object{}, false
}

func (o *Object) temporaryName() string {
	if o.Form == FormMusl {
		return muslTemporary + o.ID
	}
	return glibcPrefix + o.ID
}

func isOnly(text string, is func(byte) bool) bool {
	for i := range len(text) {
		if !is(text[i]) {
			return false
		}
	}
	return text != ""
}

func isDigit(c byte) bool { return c >= '0' && c <= '9' }

func isLetterOrDigit(c byte) bool {
	lower := c | 0x20
	return isDigit(c) || lower >= 'a' && lower <= 'z'
}
