package streams

import (
	"shmtool/cmd/shmtool/internal/procs"
	"shmtool/layout/mist"
)

// ProcessState is a MstProcState, and what became of the process that made it.
type ProcessState struct {
	Object *Object
	PID    int
	Life   procs.Life
	State  mist.ProcessState
}

// processState reads a MstProcState. One that cannot be read, or is of a version that
// is not known, says nothing.
func (l *looker) processState(o *Object) {
	b, err := l.small(o)
	if err != nil {
		return
	}
	o.Unknown = mist.UnknownBytes(mist.KindProcess, b, o.Size)
	state, err := mist.DecodeProcessState(b)
	if err != nil {
		return
	}
	v := l.judge(procs.Named{PID: uint64(o.Is.PID), Written: l.at.Uptime(o.Modified)})
	l.at.Server.ProcStates = append(l.at.Server.ProcStates, ProcessState{Object: o, PID: o.Is.PID, Life: v.Life, State: state})
}

// Attempt is a MstAttRes, and what became of the process that made it to wait for the
// start of a stream.
type Attempt struct {
	Object *Object
	Life   procs.Life
}

// attempt judges a MstAttRes by its name alone: its byte does not matter.
func (l *looker) attempt(o *Object) {
	v := l.judge(procs.Named{PID: uint64(o.Is.PID), Written: l.at.Uptime(o.Modified)})
	l.at.Server.Attempts = append(l.at.Server.Attempts, Attempt{Object: o, Life: v.Life})
}
