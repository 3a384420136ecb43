package simulate

import (
	"os"
	"os/exec"
	"strings"
	"testing"

	"shmtool/cmd/shmtool/internal/measure"
	"shmtool/cmd/shmtool/internal/mistserver"
)

type unseen struct{}

func (unseen) Event(Event)   {}
func (unseen) Status(Status) {}

// What a start waits for ends with the one that it waits for, whatever the others
// say.
func TestBegun(t *testing.T) {
	ended := func(program string) *os.ProcessState {
		t.Helper()
		cmd := exec.Command(program)
		_ = cmd.Run() // "false" ends with 1
		return cmd.ProcessState
	}
	failure := message{Kind: kindFailed, Role: RoleSource, Text: "data page is full"}
	gone := message{Kind: kindLoop, Role: RoleBuffer, PID: 1}
	gone.Loop = &mistserver.Report{Ended: "all sources are gone"}
	for _, test := range []struct {
		name, err string
		said      func(source, angel *Process) note
	}{
		{"live", "", func(source, _ *Process) note { return note{from: source, msg: message{Kind: kindLive}} }},
		{"failed", "source 1: data page is full", func(source, _ *Process) note { return note{from: source, msg: failure} }},
		{"killed", "", func(source, _ *Process) note { return note{from: source, state: ended("false")} }},
		{"left", "", func(source, _ *Process) note { return note{from: source, state: ended("true")} }},
		{"over", `stream "live" has ended before all had begun: all sources are gone`, func(_, angel *Process) note { return note{from: angel, msg: gone} }},
	} {
		source := &Process{Part: Part{Role: RoleSource, Stream: "live", Number: 1}, Ready: true}
		angel := &Process{Part: Part{Role: RoleAngel, Stream: "live"}, Ready: true}
		s := &simulation{
			o: Options{Streams: []string{"live"}}, show: unseen{}, inbox: make(chan note, 1),
			streams: []*stream{{name: "live", angel: angel, buffer: 1}},
		}
		s.inbox <- test.said(source, angel)
		err := s.begun(t.Context(), []*Process{source}, func(c *Process) bool { return c.Live })
		if test.err == "" && err != nil || test.err != "" && (err == nil || !strings.Contains(err.Error(), test.err)) {
			t.Errorf("%s: %v", test.name, err)
		}
	}
}

// Of a viewer that was killed there is what it had last said, and of how many packets.
func TestUnheard(t *testing.T) {
	seen := measure.NewTally()
	seen.Records = 3
	for range seen.Records {
		seen.Measure(2_000_000)
	}
	c := &Process{Part: Part{Role: RoleViewer, Number: 1}, last: message{Seen: seen.SoFar()}}
	if v := c.result(); !v.Unheard || v.Records != 3 || v.Latency.Measured != 3 || v.Latency.P50 == 0 {
		t.Errorf("%+v", v)
	}
}
