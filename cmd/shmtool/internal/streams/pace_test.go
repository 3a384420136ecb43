package streams_test

import (
	"encoding/json"
	"testing"

	"shmtool/cmd/shmtool/internal/streams"
	"shmtool/cmd/shmtool/internal/streams/streamstest"
)

// A fork tells in MstSTATE how fast it works on a stream whose processes set the speed; a
// state of a size that no version makes tells none.
func TestPace(t *testing.T) {
	w := streamstest.NewWorld(t)
	w.Sample("live")
	state := make([]byte, 112)
	state[0], state[2], state[4], state[8], state[16], state[20], state[24], state[48], state[60] = 4, 1, 2, 3, 10, 1, 4, 25, 6
	w.Object("MstSTATElive", state)
	m, s, codes := look(t, w)
	if len(codes) != 0 {
		t.Errorf("it has %v", codes)
	}
	got, err := json.Marshal(m.Row(s, nil, streams.RowOptions{}).Pace)
	if err != nil {
		t.Fatal(err)
	}
	const want = `{"speed":3,"min":1,"max":4,"average":2.5,"input":0,"output":0,"capacity":null,"outputs_expected":2,"ticks":10,"warmup_ticks":0,` +
		`"source_limited_ticks":6,"processor_limited_ticks":0,"node_limited_ticks":0,"hard_slow_ticks":0,"slow_ticks":0,"lockout_ticks":0,` +
		`"stale_hold_ticks":0,"ramp_ups":0}`
	if string(got) != want {
		t.Errorf("%s, want %s", got, want)
	}
	for _, size := range []int{2, 64, 113, 4096} {
		w.Object("MstSTATElive", append(state[:min(size, 112):min(size, 112)], make([]byte, max(0, size-112))...))
		if _, s, _ := look(t, w); s.Pace != nil {
			t.Errorf("a state of %d bytes tells %+v", size, *s.Pace)
		}
	}
}
