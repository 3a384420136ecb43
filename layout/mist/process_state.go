package mist

import (
	"bytes"
	"encoding/binary"
	"fmt"

	"shmtool/layout"
)

// Sizes of the objects that only the fork FrameWorks makes.
const (
	ProcessStateSize = 400 // MstProcState_<pid>, version 3
	PressureSize     = 40  // MstNodePressure, version 1
	AttemptSize      = 1   // MstAttRes_<pid>_<stream>
)

// SequenceOffset is where a MstProcState and a MstNodePressure have the number that
// is odd while their writer changes them.
const SequenceOffset = 8

// The versions whose layout is known.
const (
	processStateVersion = 3
	pressureVersion     = 1
)

// Names of what a MstProcState has numbers for.
var (
	ProcessPhaseNames    = []Name{{0, "booting"}, {1, "startup"}, {2, "measuring"}, {3, "ready"}, {4, "draining"}}
	ProcessResourceNames = []Name{{0, "unknown"}, {1, "cpu"}, {2, "gpu"}, {3, "external"}, {4, "io"}}
	ProcessFlagNames     = []Name{{1, "source limited"}, {2, "processor limited"}, {4, "capacity valid"}}
	PressureReasonNames  = []Name{
		{0, "unknown"},
		{1, "cpu"},
		{2, "source wait"},
		{3, "sink wait"},
		{4, "hardware slot"},
		{5, "external wait"},
		{6, "queue full"},
		{7, "retry"},
	}
)

// ProcessState is what a MstProcState says: how a process that runs beside a stream
// gets on, and at last why it ended.
type ProcessState struct {
	Version, Size uint32
	Sequence      uint32 // odd while the writer changes the object
	Phase         uint8
	Resource      uint8
	Flags         uint16

	RecommendedFeed, Capacity, Input, Output, Observed float64 // 1 is as fast as the media plays
	Confidence, Pressure                               float64 // 0 to 1

	LastUpdate                               uint64 // milliseconds since the machine started; 0 is never
	Frames                                   uint64
	Work, SourceWait, SinkWait, ExternalWait uint64 // microseconds
	CanAcceptMore                            bool
	Reason                                   uint8
	Queue, InFlight, Retries                 uint32

	ShortReason, LongReason string // why it ended; "" is not known
}

// DecodeProcessState reads a MstProcState. One that is too short, or has a version
// whose layout is not known, is a *layout.FormatError.
func DecodeProcessState(b []byte) (ProcessState, error) {
	if err := versioned(b, ProcessStateSize, processStateVersion); err != nil {
		return ProcessState{}, err
	}
	u16 := func(at int) uint16 { return binary.LittleEndian.Uint16(b[at:]) }
	u32 := func(at int) uint32 { return binary.LittleEndian.Uint32(b[at:]) }
	u64 := func(at int) uint64 { return binary.LittleEndian.Uint64(b[at:]) }
	speed := func(at int) float64 { return float64(u32(at)) / (1 << 16) }
	return ProcessState{
		Version: u32(0), Size: u32(4), Sequence: u32(SequenceOffset), Phase: b[12], Resource: b[13], Flags: u16(14),
		RecommendedFeed: speed(16), Capacity: speed(20), Input: speed(24), Output: speed(28), Observed: speed(88),
		Confidence: fraction(u16(32)), Pressure: fraction(u16(92)),
		LastUpdate: u64(40), Frames: u64(48), Work: u64(56), SourceWait: u64(64), SinkWait: u64(72), ExternalWait: u64(80),
		CanAcceptMore: b[94] != 0, Reason: b[95], Queue: u32(96), InFlight: u32(100), Retries: u32(104),
		ShortReason: terminated(b[108:140]), LongReason: terminated(b[140:396]),
	}, nil
}

// Ended returns why the process ended, or "" where it has written no reason.
func (s ProcessState) Ended() string {
	switch {
	case s.LongReason == "":
		return s.ShortReason
	case s.ShortReason == "":
		return s.LongReason
	}
	return s.LongReason + " (" + s.ShortReason + ")"
}

// Pressure is what a MstNodePressure says: how busy the machine is, from 0 to 1.
type Pressure struct {
	Version, Size uint32
	Sequence      uint32 // odd while the writer changes the object
	LastUpdate    uint64 // milliseconds since the machine started; 0 is never
	HasPSI        bool   // the kernel tells pressure; else only CPUUse is known

	CPUUse, CPUSome, MemorySome, MemoryFull, IOSome, IOFull float64
}

// DecodePressure reads a MstNodePressure. One that is too short, or has a version
// whose layout is not known, is a *layout.FormatError.
func DecodePressure(b []byte) (Pressure, error) {
	if err := versioned(b, PressureSize, pressureVersion); err != nil {
		return Pressure{}, err
	}
	part := func(at int) float64 { return fraction(binary.LittleEndian.Uint16(b[at:])) }
	return Pressure{
		Version: pressureVersion, Size: binary.LittleEndian.Uint32(b[4:]), Sequence: binary.LittleEndian.Uint32(b[SequenceOffset:]),
		LastUpdate: binary.LittleEndian.Uint64(b[16:]), HasPSI: b[24]&1 != 0,
		CPUUse: part(26), CPUSome: part(28), MemorySome: part(30), MemoryFull: part(32), IOSome: part(34), IOFull: part(36),
	}, nil
}

// DecodeAttempt reads a MstAttRes, and reports whether the start of its stream was
// answered with "offline". One without a byte is a *layout.FormatError.
func DecodeAttempt(b []byte) (offline bool, err error) {
	if len(b) < AttemptSize {
		return false, &layout.FormatError{What: "result of a start has no byte"}
	}
	return b[0] == 1, nil
}

// VersionError is the error of an object whose version says that its layout is not known.
type VersionError struct{ layout.FormatError }

// Unwrap returns the same as a *layout.FormatError.
func (e *VersionError) Unwrap() error { return &e.FormatError }

// versioned checks the size of an object, and the version and size that it claims.
func versioned(b []byte, size int, version uint32) error {
	if len(b) < size {
		return &layout.FormatError{Offset: int64(len(b)), What: fmt.Sprintf("object ends inside its %d bytes", size)}
	}
	if v := binary.LittleEndian.Uint32(b); v != version {
		return &VersionError{layout.FormatError{What: fmt.Sprintf("version %d is not known; shmtool reads version %d", v, version)}}
	}
	if claimed := binary.LittleEndian.Uint32(b[4:]); claimed < uint32(size) {
		return &layout.FormatError{Offset: 4, What: fmt.Sprintf("size %d is less than the %d bytes of version %d", claimed, size, version)}
	}
	return nil
}

func fraction(q uint16) float64 { return float64(q) / 65535 }

// terminated returns the text before the first zero.
func terminated(b []byte) string {
	text, _, _ := bytes.Cut(b, []byte{0})
	return string(text)
}
