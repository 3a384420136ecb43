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
	StateOffline  StreamState = 6   // the fork FrameWorks': a trigger or a load balancer answered its start so
	StateInvalid  StreamState = 255 // it crashed and is started again
)

// OfflineMeans is what StateOffline means for a stream.
const OfflineMeans = "its last start was answered with offline, on purpose; viewers are turned away until the next"

// StateNames are the states' names.
var StateNames = []Name{{0, "off"}, {1, "init"}, {2, "boot"}, {3, "wait"}, {4, "ready"}, {5, "shutdown"}, {6, "offline"}, {255, "invalid"}}

// String returns "off", "init", "boot", "wait", "ready", "shutdown", "offline", "invalid"
// or, of a state that is not known, "state 7".
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

// DecodeState reads a MstSTATE. The rest of a state that is longer than MistServer's own
// is left unread; one without a byte is a *layout.FormatError.
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

// stateMakers are the other sizes that are known, and who makes them so.
var stateMakers = map[int]string{
	1:   "as MistServer 3.0 and 3.1 make it",
	16:  "as the fork FrameWorks makes it for a stream that it sets offline",
	112: "as the fork FrameWorks makes it: measures of its speed follow",
}

// Maker returns who makes a state of an object's size that is not MistServer's of
// today, or "" where that is not known.
func (s State) Maker() string { return stateMakers[s.Size] }

// Percent returns the progress, 0 to 100.
func (s State) Percent() int { return (int(s.Progress)*100 + 127) / 255 }

// Encode returns the object's bytes as MistServer writes them.
func (s State) Encode() []byte { return []byte{byte(s.State), s.Progress} }

// DecodePID reads a MstIPID or MstPPID: the PID of the input's parent. One of
// fewer than 8 bytes is a *layout.FormatError.
func DecodePID(b []byte) (uint64, error) {
	if len(b) < PIDSize {
		return 0, &layout.FormatError{Offset: int64(len(b)), What: "object ends inside its 8 bytes of PID"}
	}
	return binary.LittleEndian.Uint64(b), nil
}

// EncodePID returns the bytes of a MstIPID or MstPPID.
func EncodePID(pid uint64) []byte { return binary.LittleEndian.AppendUint64(nil, pid) }
