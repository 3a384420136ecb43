package mist

import (
	"encoding/binary"
	"fmt"

	"shmtool/layout"
)

// StreamState is the first byte of MstSTATE. No page at all is StateOff.
type StreamState uint8

// The states.
const (
	StateOff      StreamState = 0   // nothing runs
	StateInit     StreamState = 1   // the input begins
	StateBoot     StreamState = 2   // it opens its source
	StateWait     StreamState = 3   // it waits for a source, or for its processes
	StateReady    StreamState = 4   // it serves
	StateShutdown StreamState = 5   // it ends
	StateOffline  StreamState = 6   // not MistServer's own: a fork's, of something that is off on purpose
	StateInvalid  StreamState = 255 // it crashed and is started again
)

// StateNames are the states' names.
var StateNames = []Name{{0, "off"}, {1, "init"}, {2, "boot"}, {3, "wait"}, {4, "ready"}, {5, "shutdown"}, {6, "offline"}, {255, "invalid"}}

// String is "off", "init", "boot", "wait", "ready", "shutdown", "offline",
// "invalid" or, of a state that is not known, "state 7".
func (s StreamState) String() string {
	for _, n := range StateNames {
		if n.Value == uint64(s) {
			return n.Text
		}
	}
	return fmt.Sprintf("state %d", uint8(s))
}

// State is what MstSTATE says.
type State struct {
	State    StreamState
	Progress uint8 // 0 to 255
	Size     int   // bytes of the object: StateSize, or a version's that is not known here
}

// DecodeState reads a MstSTATE. Of one that is longer than MistServer's own the
// rest is left unread; one without a byte is a *layout.FormatError.
func DecodeState(b []byte) (State, error) {
	if len(b) == 0 {
		return State{}, &layout.FormatError{What: "state has no byte"}
	}
	s := State{State: StreamState(b[0]), Size: len(b)}
	if len(b) > 1 {
		s.Progress = b[1]
	}
	return s, nil
}

// Usual reports whether the object has the size that MistServer gives it.
func (s State) Usual() bool { return s.Size == StateSize }

// Percent is the progress, 0 to 100.
func (s State) Percent() int { return (int(s.Progress)*100 + 127) / 255 }

// Encode is the object's bytes as MistServer writes them.
func (s State) Encode() []byte { return []byte{byte(s.State), s.Progress} }

// DecodePID reads a MstIPID or MstPPID: the PID of the input's parent. One of
// fewer than 8 bytes is a *layout.FormatError.
func DecodePID(b []byte) (uint64, error) {
	if len(b) < PIDSize {
		return 0, &layout.FormatError{Offset: int64(len(b)), What: "object ends inside its 8 bytes of PID"}
	}
	return binary.LittleEndian.Uint64(b), nil
}

// EncodePID is the bytes of a MstIPID or MstPPID.
func EncodePID(pid uint64) []byte { return binary.LittleEndian.AppendUint64(nil, pid) }

// Push is one entry of MstPush: a push that is running.
type Push struct {
	PID    uint32
	Stream string
	Target string // as it was asked for
	Final  string // with its variables filled in
}

// TargetMeaning is the meaning of a push's targets: they may end in a stream key.
var TargetMeaning = Meaning{Secret: SecretTargets, About: "where the stream is pushed to"}

// DecodePushes reads a MstPush. It is written in place and without a lock: one
// that is read meanwhile may end in the middle of an entry, which is a
// *layout.FormatError with the entries before it.
func DecodePushes(b []byte) ([]Push, error) {
	var pushes []Push
	for at := 0; ; {
		if len(b)-at < 4 {
			return pushes, &layout.FormatError{Offset: int64(at), What: "push list has no end"}
		}
		p := Push{PID: binary.BigEndian.Uint32(b[at:])}
		if p.PID <= 1 {
			return pushes, nil
		}
		next := at + 4
		for _, text := range []*string{&p.Stream, &p.Target, &p.Final} {
			if len(b)-next < 2 || len(b)-next-2 < int(binary.BigEndian.Uint16(b[next:])) {
				return pushes, &layout.FormatError{Offset: int64(next), What: "push list ends inside an entry"}
			}
			size := int(binary.BigEndian.Uint16(b[next:]))
			*text = string(b[next+2 : next+2+size])
			next += 2 + size
		}
		pushes = append(pushes, p)
		at = next
	}
}
