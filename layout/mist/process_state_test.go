package mist

import (
	"encoding/binary"
	"testing"
)

// processState is a MstProcState as the fork lays it out.
func processState(short, long string) []byte {
	b := make([]byte, ProcessStateSize)
	binary.LittleEndian.PutUint32(b, 3)
	binary.LittleEndian.PutUint32(b[4:], ProcessStateSize)
	binary.LittleEndian.PutUint32(b[8:], 6)
	b[12], b[13] = 4, 1
	binary.LittleEndian.PutUint32(b[16:], 3<<15)
	binary.LittleEndian.PutUint16(b[92:], 65535)
	binary.LittleEndian.PutUint64(b[48:], 1234)
	b[94], b[95] = 1, 7
	binary.LittleEndian.PutUint32(b[104:], 9)
	copy(b[108:139], short)
	copy(b[140:395], long)
	return b
}

func TestDecodeProcessState(t *testing.T) {
	s, err := DecodeProcessState(processState("READ_START_FAILURE", "No tracks found"))
	if err != nil {
		t.Fatal(err)
	}
	if s.Phase != 4 || s.Resource != 1 || s.RecommendedFeed != 1.5 || s.Pressure != 1 || s.Frames != 1234 ||
		!s.CanAcceptMore || s.Reason != 7 || s.Retries != 9 || s.Sequence != 6 {
		t.Errorf("%+v", s)
	}
	if got := s.Ended(); got != "No tracks found (READ_START_FAILURE)" {
		t.Errorf("ended: %q", got)
	}
	short := processState("A", "")
	for n := range len(short) {
		if _, err := DecodeProcessState(short[:n]); err == nil {
			t.Fatalf("%d bytes are read", n)
		}
	}
	for _, at := range []int{0, 4} {
		b := processState("A", "")
		binary.LittleEndian.PutUint32(b[at:], 2)
		if _, err := DecodeProcessState(b); err == nil {
			t.Errorf("2 at %d is read", at)
		}
	}
}

func TestDecodePressure(t *testing.T) {
	b := make([]byte, PressureSize)
	b[0], b[4], b[24] = 1, PressureSize, 1
	binary.LittleEndian.PutUint64(b[16:], 77)
	binary.LittleEndian.PutUint16(b[36:], 65535)
	p, err := DecodePressure(b)
	if err != nil || !p.HasPSI || p.LastUpdate != 77 || p.IOFull != 1 || p.IOSome != 0 {
		t.Errorf("%+v, %v", p, err)
	}
	if _, err := DecodePressure(b[:39]); err == nil {
		t.Error("39 bytes are read")
	}
	if offline, err := DecodeAttempt([]byte{1}); !offline || err != nil {
		t.Error(offline, err)
	}
	if _, err := DecodeAttempt(nil); err == nil {
		t.Error("no byte is read")
	}
}
