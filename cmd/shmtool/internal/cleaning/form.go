package cleaning

import (
	"bytes"
	"io"
	"os"
	"path/filepath"

	"shmtool/cmd/shmtool/internal/cause"
	"shmtool/layout/dtsc"
	"shmtool/layout/mist"
	"shmtool/relaccx"
)

// maxStateSize is that of the largest MstSTATE known, a fork's.
const maxStateSize = 112

// form says why an object is not what its name says, or "". A name proves
// nothing: any user may call a file MstMetanotes. An object without a byte
// is one whose maker died between making and sizing it.
func (f *file) form(r *os.File, path string) string {
	if f.size == 0 {
		return ""
	}
	head := make([]byte, mist.ProcessStateSize)
	n, err := r.ReadAt(head, 0)
	if err != nil && err != io.EOF {
		return "it cannot be read: " + cause.Of(err).Error()
	}
	head = head[:n]
	switch k := f.is.Kind; {
	case k.IsPage():
		return pageForm(path, head, k)
	case k == mist.KindData:
		return dataForm(head)
	case k == mist.KindState:
		if s, err := mist.DecodeState(head); err != nil || f.size > maxStateSize || s.State > mist.StateOffline && s.State != mist.StateInvalid {
			return "it is no stream's state"
		}
	case k == mist.KindInputPID, k == mist.KindPullPID:
		if f.size != mist.PIDSize {
			return "it holds no PID: it has another size"
		}
	case k == mist.KindProcess:
		if _, err := mist.DecodeProcessState(head); err != nil {
			return "it is no process's state: " + cause.Of(err).Error()
		}
	case k == mist.KindPressure:
		if _, err := mist.DecodePressure(head); err != nil {
			return "it is no machine's pressure: " + cause.Of(err).Error()
		}
	case k == mist.KindAttempt:
		if f.size != mist.AttemptSize {
			return "it is no result of a stream's start: it has another size"
		}
	case k == mist.KindOld:
		return "it is of MistServer 2.x, whose objects shmtool leaves alone"
	case k == mist.KindPush:
		if f.size != mist.PushSize {
			return "it is no list of pushes: it has another size"
		}
	case k == mist.KindSemaphore, k == mist.KindTemporary:
		return semaphoreForm(head, f.is)
	default:
		return formUnknown
	}
	return ""
}

// formUnknown is the reason to keep an object of a kind that form does not know.
const formUnknown = "shmtool cannot tell whether it is such an object"

// dataForm: a page of packets begins with one, or has never got any.
func dataForm(head []byte) string {
	if bytes.HasPrefix(head, []byte(dtsc.PacketMagic)) || isZero(head[:min(len(head), 24)]) {
		return ""
	}
	return "it does not begin with a packet"
}

// muslSet is how many bytes of a new semaphore musl sets. Up to 1.2.3 the rest is what
// stood on the stack.
const muslSet = 12

// semaphoreForm: of a temporary name, which any program's semaphore has for a
// moment, nothing may be left over either.
func semaphoreForm(head []byte, is mist.Object) string {
	s, err := mist.DecodeSemaphore(head, is.Form)
	set := len(head)
	if s.Layout == mist.Musl {
		set = muslSet
	}
	switch {
	case err != nil:
		return "it has not the size of a semaphore"
	case is.Kind == mist.KindTemporary && (s.Value > 1 || s.Waiters > 0 || !bytes.Equal(s.Encode()[:set], head[:set])):
		return "it is no new semaphore such as MistServer makes"
	}
	return ""
}

// pageForm: a page whose fields are those of its kind, or one that never got
// them: zeros, or a header that is not ready.
func pageForm(path string, head []byte, k mist.Kind) string {
	if isZero(head) {
		return ""
	}
	p, err := relaccx.Open(path)
	if err != nil {
		return noPage + ": " + cause.Of(err).Error()
	}
	defer p.Close()
	var found string
	err = p.Exclusively(func() error { // one look at the size of the file for all
		found = openForm(p, path, k)
		return nil
	})
	if err != nil {
		return noPage + ": " + cause.Of(err).Error()
	}
	return found
}

const noPage = "it is no page of this kind"

// openForm returns what is wrong with an open page.
func openForm(p *relaccx.Page, path string, k mist.Kind) string {
	const no = noPage
	h, err := p.Header()
	switch {
	case err != nil || !h.Status.Known():
		return no
	case mist.IsOldPage(filepath.Base(path), h):
		return no + ": " + cause.Of(mist.ErrOldPage).Error()
	}
	r, err := p.Peek()
	switch {
	case err != nil && !h.Status.Ready() && int64(h.Offset) <= int64(p.Size()) && h.FieldOffset <= 36:
		return "" // its maker died while he made it
	case err != nil:
		return no
	}
	info := k.Page()
	if info == nil || info.Fits(r.Schema()) {
		return ""
	}
	return no + ": it has other fields"
}

func isZero(b []byte) bool { return len(bytes.Trim(b, "\x00")) == 0 }
