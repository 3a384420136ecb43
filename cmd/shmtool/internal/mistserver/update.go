package mistserver

// tell does what MistServer's Meta::update does: parts, key, fragment and times of a packet
// that is in its data page already.
func (t *Track) tell(p Packet, size uint64) error {
	if err := t.addPart(p); err != nil {
		return err
	}
	if p.Key {
		if err := t.addKey(p.Time); err != nil {
			return err
		}
	}
	t.countPacket(p, size)
	return t.page.fault()
}

// addPart publishes the packet's part. How long it lasts is a guess, and true
// for the one before.
func (t *Track) addPart(p Packet) error {
	if err := t.ensure(t.page.parts.full, "parts"); err != nil {
		return err
	}
	parts := t.page.parts
	duration := uint64(0)
	if w := parts.window(); w.End > 0 {
		duration = p.Time - t.page.uint("lastms")
		if w.Count() > 0 { // all may be withdrawn
			parts.set(w.End-1, "duration", duration)
		}
	} else {
		t.page.set("firstms", p.Time)
		t.bootOffset(p.Time)
	}
	parts.add(cell{"size", uint64(len(p.Payload))}, cell{"duration", duration}, cell{"offset", uint64(p.Offset)})
	return t.page.fault()
}

// bootOffset says at which time of the machine the stream's clock was 0, unless
// another track has said it.
func (t *Track) bootOffset(time uint64) {
	if v, err := t.meta.uint("bootmsoffset"); err != nil || v != 0 {
		t.page.note(err)
		return
	}
	t.page.note(t.meta.set("bootmsoffset", uint64(t.place.bootMS()-int64(time))))
}

// addKey publishes a key, and with it what is playable anew.
func (t *Track) addKey(time uint64) error {
	if err := t.ensure(t.page.keys.full, "keys"); err != nil {
		return err
	}
	keys := t.page.keys
	w := keys.window()
	first := uint64(0)
	if w.Count() > 0 {
		last := keys.row(w.End - 1)
		first = last.uint("firstpart") + last.uint("parts")
		keys.set(w.End-1, "duration", time-last.uint("time"))
	} else if end := t.page.parts.window().End; end > 0 { // none is left to reckon from
		first = end - 1
	}
	keys.add(
		cell{"bpos", 0}, cell{"time", time}, cell{"parts", 0}, cell{"duration", 0}, cell{"size", 0},
		cell{"number", w.End}, cell{"firstpart", first})
	keys.each(keys.window(), func(first row) bool {
		t.page.set("firstms", first.uint("time"))
		return false
	})
	if err := t.page.fault(); err != nil {
		return err
	}
	return t.addFragment(time, w.End)
}

// addFragment begins a fragment with a key when the last one is long enough,
// else the key belongs to that.
func (t *Track) addFragment(time, key uint64) error {
	w := t.page.frags.window()
	if w.Count() > 0 && time-t.fragmentStart(w.End-1) < t.leastFragment() {
		t.page.frags.set(w.End-1, "keys", t.page.frags.get(w.End-1, "keys")+1)
		return t.page.fault()
	}
	if err := t.ensure(t.page.frags.full, "fragments"); err != nil {
		return err
	}
	if w.Count() > 0 {
		t.page.frags.set(w.End-1, "duration", time-t.fragmentStart(w.End-1))
		t.measure()
	}
	t.page.frags.add(cell{"duration", 0}, cell{"keys", 1}, cell{"firstkey", key}, cell{"size", 0})
	return t.page.fault()
}

func (t *Track) fragmentStart(n uint64) uint64 {
	return t.page.keys.get(t.page.frags.get(n, "firstkey"), "time")
}

// leastFragment returns the duration at which a fragment ends, in ms.
func (t *Track) leastFragment() uint64 {
	v, err := t.meta.uint("minfragduration")
	t.page.note(err)
	if v == 0 {
		return uint64(defaultFragment.Milliseconds())
	}
	return v
}

// measure takes the track's bytes a second from its whole fragments.
func (t *Track) measure() {
	var size, duration, lastSize, lastDuration uint64
	t.page.frags.each(t.page.frags.window(), func(f row) bool {
		lastSize, lastDuration = f.uint("size"), f.uint("duration")
		size, duration = size+lastSize, duration+lastDuration
		return true
	})
	if duration > 0 {
		t.page.set("bps", size*1000/duration)
	}
	if lastDuration > 0 {
		t.page.set("maxbps", max(t.page.uint("maxbps"), lastSize*1000/lastDuration))
	}
}

// countPacket adds a packet to the key and the fragment that it belongs to, and
// moves the track's times on.
func (t *Track) countPacket(p Packet, size uint64) {
	if w := t.page.keys.window(); w.Count() > 0 {
		key := t.page.keys.row(w.End - 1)
		parts, bytes, began := key.uint("parts"), key.uint("size"), key.uint("time")
		t.page.keys.set(w.End-1, "duration", p.Time-began)
		t.page.keys.set(w.End-1, "parts", parts+1)
		t.page.keys.set(w.End-1, "size", bytes+size)
	}
	if w := t.page.frags.window(); w.Count() > 0 {
		t.page.frags.set(w.End-1, "size", t.page.frags.get(w.End-1, "size")+uint64(len(p.Payload)))
	}
	t.page.set("lastms", p.Time)
	t.page.set("nowms", p.Time)
}
