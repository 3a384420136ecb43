package mistserver

// trackWindow is what decides whether the oldest key of a track may go. Times are
// of the media, in ms.
type trackWindow struct {
	keys            uint64 // how many there are
	first, second   uint64 // times of the first two
	firstMS, lastMS uint64 // firstms and lastms of the track

	fragments     uint64 // how many there are
	firstFragment uint64 // when the first begins
	lastFragment  uint64 // when the last begins
	longest       uint64 // duration of the longest
}

// MistServer keeps these, however short the window is.
const (
	leastFragments = 5 // four whole ones, and the open one
	leastSegments  = 8 // target durations between the first fragment and the last
)

// The guards, as reports name them.
const (
	guardNone      = ""
	guardKeys      = "no key"
	guardFragments = "5 fragments"
	guardWindow    = "window"
	guardSegments  = "8 segments"
)

// expired reports whether the window that is asked for has no use for the oldest
// key: all of it lies before cut, or the next one is old enough to begin with.
func (w trackWindow) expired(bufferMS, cutMS uint64) bool {
	return w.keys > 1 && (w.first < cutMS || w.lastMS > w.second && w.lastMS-w.second > bufferMS)
}

// guard says what forbids to remove the oldest key, or guardNone. It is
// MistServer's removeKey: viewers need so many fragments to play at all.
func (w trackWindow) guard(bufferMS uint64) string {
	switch {
	case w.keys == 0:
		return guardKeys
	case w.fragments < leastFragments:
		return guardFragments
	case w.lastMS-w.firstMS < bufferMS:
		return guardWindow
	case w.lastFragment-w.firstFragment < leastSegments*targetDuration(w.longest):
		return guardSegments
	}
	return guardNone
}

// targetDuration returns the longest fragment in whole seconds, rounded up, and a full
// second more where it is one.
func targetDuration(longest uint64) uint64 { return (longest/1000 + 1) * 1000 }

// view takes what decides from a track's page.
func (t *trackPage) view() trackWindow {
	w := trackWindow{firstMS: t.uint("firstms"), lastMS: t.uint("lastms")}
	keys := t.keys.window()
	w.keys = keys.Count()
	if w.keys > 0 {
		w.first = t.keys.get(keys.First, "time")
	}
	if w.keys > 1 {
		w.second = t.keys.get(keys.First+1, "time")
	}
	return w
}

// viewFragments adds what only the guards ask for.
func (t *trackPage) viewFragments(w *trackWindow) {
	keys, frags := t.keys.window(), t.frags.window()
	w.fragments = frags.Count()
	var firstKey, lastKey uint64
	t.frags.each(frags, func(f row) bool {
		w.longest = max(w.longest, f.uint("duration"))
		lastKey = f.uint("firstkey")
		if f.rec.Number == frags.First {
			firstKey = lastKey
		}
		return true
	})
	if w.fragments > 0 && keys.Contains(firstKey) && keys.Contains(lastKey) {
		w.firstFragment, w.lastFragment = t.keys.get(firstKey, "time"), t.keys.get(lastKey, "time")
	}
}

// removeFirstKey withdraws the track's oldest key with all that belongs to it.
// drop takes away the data page that begins with a key. It is MistServer's
// removeFirstKey, but that parts are withdrawn up to the next key and not by their
// count: the same, unless a reload has lost a withdrawal.
func (t *trackPage) removeFirstKey(drop func(firstKey uint64) error) {
	keys := t.keys.window()
	if keys.Count() == 0 {
		return
	}
	key := t.keys.row(keys.First)
	parts := t.parts.window()
	if end := min(key.uint("firstpart")+key.uint("parts"), parts.End); end > parts.First {
		t.parts.withdraw(end - parts.First)
	}
	t.keys.withdraw(1)
	t.dropFragment(keys.First + 1)
	if keys.Count() > 1 {
		t.set("firstms", t.keys.get(keys.First+1, "time"))
	}
	t.dropFirstPage(keys.First+1, drop)
}

// dropFragment withdraws the first fragment if it begins before the first key.
func (t *trackPage) dropFragment(firstKey uint64) {
	w := t.frags.window()
	if w.Count() > 0 && t.frags.get(w.First, "firstkey") < firstKey {
		t.frags.withdraw(1)
		t.set("missedFrags", t.uint("missedFrags")+1)
	}
}

// dropFirstPage removes the first data page if no key below firstKey is left on
// it. A page without a key is one that is about to get its first: MistServer has
// been seen to delete it under its source, and this does not.
func (t *trackPage) dropFirstPage(firstKey uint64, drop func(uint64) error) bool {
	w := t.pages.window()
	if w.Count() == 0 || t.failed != nil {
		return false
	}
	page := t.pages.row(w.First)
	begin, count := page.uint("firstkey"), page.uint("keycount")
	if count == 0 || begin+count > firstKey || t.failed != nil {
		return false
	}
	if page.uint("avail") != 0 {
		t.note(drop(begin))
	}
	t.pages.withdraw(1)
	return true
}

// cut is what became of a track's window in one pass.
type cut struct {
	keys, pages int
	guard       string // what refused to cut more
}

// cutWindow brings a track to the window that is asked for, as far as the
// guards allow; without active there are none.
func (t *trackPage) cutWindow(bufferMS, cutMS uint64, active bool, drop func(uint64) error) (c cut) {
	counted := func(key uint64) error {
		c.pages++
		return drop(key)
	}
	before := t.keys.window().First
	for t.failed == nil {
		w := t.view()
		if !w.expired(bufferMS, cutMS) {
			break
		}
		t.viewFragments(&w)
		if c.guard = w.guard(bufferMS); active && c.guard != guardNone {
			break
		}
		c.guard = guardNone
		t.removeFirstKey(counted)
		c.keys++
	}
	// A reload of the page may have brought pages back.
	for t.failed == nil && t.dropFirstPage(before, counted) {
	}
	return c
}
