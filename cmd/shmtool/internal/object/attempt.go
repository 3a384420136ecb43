package object

import (
	"fmt"

	"shmtool/cmd/shmtool/internal/procs"
	"shmtool/dump"
	"shmtool/layout/mist"
)

// attemptKind is MstAttRes_…, which a fork of MistServer makes: how the start of a stream
// ended that a process waits for.
var attemptKind = &Kind{
	Noun:   "the result of a stream's start",
	names:  []mist.Kind{mist.KindAttempt},
	status: attemptStatus,
	view:   few(small, attemptFacts),
	check:  decodes(mist.DecodeAttempt),
}

func attemptStatus(b []byte, _ mist.Object, _ *procs.Table) dump.Cell {
	offline, err := mist.DecodeAttempt(b)
	switch {
	case err != nil:
		return broken
	case offline:
		return toned("offline", "", false)
	}
	return toned("pending", "", false)
}

func attemptFacts(o *Object, b []byte) (*dump.Facts, []dump.HexPart, error) {
	offline, err := mist.DecodeAttempt(b)
	if err != nil {
		return nil, nil, err
	}
	facts := append(o.head(), o.keeperFacts()...)
	facts = append(facts,
		dump.Fact{Name: "offline", Value: offline},
		dump.Fact{Name: "about", Value: "the process waits here for the start of the stream's input"},
		o.sizeFact(mist.AttemptSize))
	parts := append([]dump.HexPart{{Offset: 0, Bytes: b[:1], Name: "offline", Value: fmt.Sprint(offline)}}, o.rest(b, mist.AttemptSize)...)
	return &dump.Facts{Schema: "shmtool.start-attempt/1", Facts: facts}, parts, nil
}
