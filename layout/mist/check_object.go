package mist

import (
	"errors"
	"fmt"

	"shmtool/layout"
)

// CheckState checks a MstSTATE against what MistServer writes there.
func CheckState(b []byte) []layout.Finding {
	s, err := DecodeState(b)
	if err != nil {
		return []layout.Finding{invalidObject(err)}
	}
	var found []layout.Finding
	known := false
	for _, n := range StateNames {
		known = known || n.Value == uint64(s.State)
	}
	if !known {
		found = append(found, NewFinding(CodeStateUnknown, 0, "", "state %d is none that MistServer has", uint8(s.State)))
	}
	if !s.Usual() && s.Maker() == "" {
		found = append(found, oddSize(s.Size, StateSize))
	}
	return found
}

// CheckDecoded returns the finding on an object that could not be decoded; none
// without an error.
func CheckDecoded(err error) []layout.Finding {
	var version *VersionError
	switch {
	case err == nil:
		return nil
	case errors.As(err, &version):
		return []layout.Finding{NewFinding(CodeUnknownVersion, 0, "", "%s", version.What)}
	}
	return []layout.Finding{invalidObject(err)}
}

// CheckPID holds a MstIPID or MstPPID against what MistServer writes there.
// Whether the process lives it does not ask.
func CheckPID(b []byte) []layout.Finding {
	pid, err := DecodePID(b)
	if err != nil {
		return []layout.Finding{invalidObject(err)}
	}
	var found []layout.Finding
	switch {
	case pid == 0:
		found = append(found, NewFinding(CodePIDUnset, 0, "", "no process is named yet"))
	case pid > maxPID:
		found = append(found, NewFinding(CodeInvalidObject, 0, "", "%d is no process's number", pid))
	}
	if len(b) != PIDSize {
		found = append(found, oddSize(len(b), PIDSize))
	}
	return found
}

// maxPID is the highest process number that Linux gives.
const maxPID = 1 << 22

// CheckSemaphore holds a semaphore of MistServer's, of a C library that its form
// tells, against what such a lock can be: free, or held once.
func CheckSemaphore(b []byte, form Form) []layout.Finding {
	s, err := DecodeSemaphore(b, form)
	if err != nil {
		return []layout.Finding{invalidObject(err)}
	}
	if s.Value > 1 {
		return []layout.Finding{NewFinding(CodeDoublePost, 0, "", "value %d: given back more often than taken, %d processes can hold it at a time", s.Value, s.Value)}
	}
	return nil
}

func oddSize(have, usual int) layout.Finding {
	return NewFinding(CodeObjectSize, int64(min(have, usual)), "", "size is %d, MistServer makes it %d bytes", have, usual)
}

// invalidObject returns what cannot be decoded as what its name says.
func invalidObject(err error) layout.Finding {
	var format *layout.FormatError
	if !errors.As(err, &format) {
		return NewFinding(CodeInvalidObject, 0, "", "%s", err)
	}
	f := NewFinding(CodeInvalidObject, format.Offset, "", "%s", format.What)
	if format.Value != nil {
		f = NewFinding(CodeInvalidObject, format.Offset, "", "%s: %v", format.What, format.Value)
	}
	return f
}

// CheckPageSize returns the finding on a page whose object has fewer bytes, size, than its
// header claims, and which can be read all the same; none on any other page.
func CheckPageSize(size int, h layout.Header) []layout.Finding {
	if h.PageSize() <= uint64(size) {
		return nil
	}
	short := h.PageSize() - uint64(size)
	who := fmt.Sprintf("%d bytes lie behind its end, in the last memory page", short)
	switch short {
	case 2:
		who = "MistServer 3.5 to 3.10 makes MstMeta 2 bytes too short from 64 track slots on"
	case 6:
		who = "MistServer 3.0 and 3.1 make MstMeta 6 bytes too short"
	}
	return []layout.Finding{NewFinding(CodePageShort, int64(size), "", "the page has %d bytes and claims %d: %s", size, h.PageSize(), who)}
}
