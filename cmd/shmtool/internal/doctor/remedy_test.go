package doctor

import (
	"fmt"
	"os"
	"slices"
	"testing"
	"time"

	"shmtool/cmd/shmtool/internal/doctor/doctortest"
	"shmtool/cmd/shmtool/internal/finding"
	"shmtool/cmd/shmtool/internal/procs"
	"shmtool/cmd/shmtool/internal/streams"
	"shmtool/cmd/shmtool/internal/streams/streamstest"
	"shmtool/layout"
	"shmtool/layout/mist"
)

const there = "   # on that machine: " // a world is a copy

// A remedy ends no stranger and nothing that works, and names what it ends.
func TestRemedies(t *testing.T) {
	angel, buffer, source, viewer := streamstest.AngelPID, streamstest.BufferPID, streamstest.SourcePID, streamstest.ViewerPID
	for _, tt := range []struct {
		name, code string
		fault      func(w *streamstest.World)
		want       string
		effects    []finding.Effect
	}{
		{
			"the buffer runs on", finding.InputUnsupervised,
			func(w *streamstest.World) { w.Kill(angel) },
			"shmtool explain input_unsupervised", nil,
		},
		{
			"the buffer knows", finding.WriterDead,
			func(w *streamstest.World) { w.Kill(source) },
			"shmtool explain writer_dead   # its source must be started again", nil,
		},
		{
			"it limps", finding.MetaReclaimed,
			func(w *streamstest.World) {
				meta, _ := w.Sample("live")
				w.Object("MstMetalive", meta.Change(func(h *layout.Header) { h.EndPos, h.Present = 3, 0 }).Bytes)
			},
			"shmtool explain meta_reclaimed", nil,
		},
		{
			"a configuration", finding.ControllerPageMissing,
			func(w *streamstest.World) { w.Remove("MstSCnflive") },
			"shmtool explain controller_page_missing", nil,
		},
		{
			"a viewer waits", finding.InputLockOrphaned,
			func(w *streamstest.World) { endAll(w); w.Process(viewer, 1, "MistOutHTTPTS", "S", "MistOutHTTPTS") },
			"shmtool clean --stream live --end --yes" + there + fmt.Sprint("ends MistOutHTTPTS ", viewer),
			[]finding.Effect{{PID: viewer, Role: "viewer", Program: "MistOutHTTPTS", Effect: "ends its connection"}},
		},
		{
			"only strangers live", finding.OrphanObject,
			func(w *streamstest.World) {
				endAll(w)
				w.Process(viewer, 1, "nginx", "S", "nginx")
				w.Process(source, 1, "postgres", "S", "postgres")
				w.Lock("live", mist.LockInput, false)
			},
			"shmtool clean --stream live --yes", nil,
		},
		{
			"its page cannot be read", finding.InvalidPage,
			func(w *streamstest.World) {
				w.Object("MstMetalive", make([]byte, 4096))
				w.Object("MstUserlive", []byte("\xff no page"))
			},
			"shmtool check MstUserlive", nil,
		},
		{
			"the buffer is stopped", finding.ViewerDead,
			func(w *streamstest.World) {
				w.Kill(viewer)
				w.Process(buffer, angel, "MistInBuffer", "T", "MistInBuffer", "-s", "live", "push://")
			},
			fmt.Sprint("kill -CONT ", buffer) + there + "MistInBuffer -s live: goes on",
			[]finding.Effect{{PID: buffer, Role: "buffer", Program: "MistInBuffer", Effect: "goes on"}},
		},
		{
			"the source is stopped", finding.TrackStale,
			func(w *streamstest.World) {
				stale(w)
				w.Process(source, 1, "MistOutRTMP", "T", "MistOutRTMP")
			},
			fmt.Sprint("kill -CONT ", source) + there + "MistOutRTMP: goes on",
			[]finding.Effect{{PID: source, Role: "source", Program: "MistOutRTMP", Effect: "goes on"}},
		},
		{
			"nothing comes", finding.TrackStale, stale, "shmtool explain track_stale", nil,
		},
		{
			"counters too low", finding.PresentDrift,
			func(w *streamstest.World) {
				_, video := w.Sample("live")
				video.Nested("parts").Change(func(h *layout.Header) { h.Present-- })
				w.Object("MstTraklive@412-0", video.Bytes)
			},
			fmt.Sprint("kill ", source) + there + "MistOutRTMP: ends tracks 0, 1 until its encoder connects again; viewers stall or leave",
			[]finding.Effect{{PID: source, Role: "source", Program: "MistOutRTMP", Effect: "ends tracks 0, 1 until its encoder connects again; viewers stall or leave"}},
		},
		{
			"an input without a buffer", finding.StateStale,
			func(w *streamstest.World) { w.Kill(buffer); w.Maps(angel, "MstSTATElive") },
			fmt.Sprint("kill ", angel) + there + "MistInBuffer -s live: removes the stream's lock and state",
			[]finding.Effect{{PID: angel, Role: "input", Program: "MistInBuffer", Effect: "removes the stream's lock and state"}},
		},
		{
			"an input that is stopped", finding.StateStale,
			func(w *streamstest.World) {
				w.Kill(buffer)
				w.Process(angel, 1, "MistInBuffer", "T", "MistInBuffer", "-s", "live", "push://")
				w.Maps(angel, "MstSTATElive")
			},
			fmt.Sprint("kill -CONT ", angel) + there + "MistInBuffer -s live: goes on",
			[]finding.Effect{{PID: angel, Role: "input", Program: "MistInBuffer", Effect: "goes on"}},
		},
		{
			"a lock whose holder has died, and who may have it works", finding.ShortLockStuck,
			func(w *streamstest.World) { mayHold(w, source, viewer) },
			fmt.Sprintf("grep -H State /proc/%d/status /proc/%d/status", source, viewer) +
				"   # a lock does not name its holder: these may hold it; if all of them work, the holder has died: shmtool explain short_lock_stuck",
			nil,
		},
		{
			"the same, and one that waits", finding.ShortLockStuck,
			func(w *streamstest.World) {
				mayHold(w, source, viewer)
				w.Syscall(viewer, "202 0x7f0000000000 0x0")
			},
			fmt.Sprintf("grep -H State /proc/%d/status", source) +
				"   # a lock does not name its holder: this one may hold it; if it works, the holder has died: shmtool explain short_lock_stuck",
			nil,
		},
	} {
		t.Run(tt.name, func(t *testing.T) {
			w := streamstest.NewWorld(t)
			w.Sample("live")
			tt.fault(w)
			m := moment(w, false)
			found := Judge(nil, m)
			doctortest.Rules(t, m, procs.Open(w.Proc, w.Shm), found)
			i := slices.IndexFunc(found, func(f finding.Finding) bool { return f.Code == tt.code })
			if i < 0 {
				t.Fatalf("%s is not found: %+v", tt.code, found)
			}
			if found[i].Remedy != tt.want || !slices.Equal(found[i].Effects, tt.effects) {
				t.Errorf("%s: %q %+v,\nwant %q", tt.code, found[i].Remedy, found[i].Effects, tt.want)
			}
		})
	}
}

// mayHold has processes use a lock that is held, without waiting for it.
func mayHold(w *streamstest.World, pids ...int) {
	name := w.Lock("live", mist.LockTracks, true)
	for _, pid := range pids {
		w.Maps(pid, name)
		w.Syscall(pid, "running")
	}
}

// stale is a stream whose video has not come for a minute.
func stale(w *streamstest.World) {
	meta, _ := w.Sample("live")
	meta.Nested("tracks").Set(0, "lastupdate", streamstest.Uptime-60)
	w.Object("MstMetalive", meta.Bytes)
}

// Every code has its remedy, or is explained; no cure is for a code that there is
// not.
func TestRemediesHaveCodes(t *testing.T) {
	for code := range remedies {
		if _, ok := finding.Lookup(code); !ok {
			t.Errorf("no code %q", code)
		}
	}
}

// A stream may be called anything but a path: a remedy names it exactly, and does
// not let it act on a terminal or a shell.
func TestRemediesOfOddNames(t *testing.T) {
	for _, name := range []string{"a b", "it's", "$(id)", "*", "-rf", "\x1b[31mred", "two\nlines", "\u009b31m", "\u202eevil", "\xff", `a\b`, "#1"} {
		w := streamstest.NewWorld(t)
		w.Sample(name)
		for _, pid := range []int{streamstest.AngelPID, streamstest.BufferPID} {
			w.Kill(pid)
		}
		m := moment(w, false)
		found := Judge(nil, m)
		doctortest.Rules(t, m, procs.Open(w.Proc, w.Shm), found)
		if len(found) == 0 || found[0].Code != finding.InputLockOrphaned || len(found[0].Effects) != 2 {
			t.Fatalf("%q: %+v", name, found)
		}
		words, _ := doctortest.Words(found[0].Remedy)
		if i := slices.Index(words, "--stream"); i >= 0 && words[i+1] != name || i < 0 && !slices.Contains(words, "--stream="+name) {
			t.Errorf("%q: %q", name, found[0].Remedy)
		}
	}
}

// Where no process can be seen, or those of several namespaces share the memory, a
// remedy ends nothing.
func TestRemediesOfTheUnseen(t *testing.T) {
	for what, change := range map[string]func(m *streams.Moment){
		"hidden":     func(m *streams.Moment) { m.Hiding = true },
		"namespaces": func(m *streams.Moment) { m.Server.Spaces = true },
		"unreadable": func(m *streams.Moment) {
			m.Streams[0].Problems = []streams.Problem{{Object: "MstUserlive", Err: os.ErrPermission}}
		},
	} {
		w := streamstest.NewWorld(t)
		w.Sample("live")
		for _, pid := range []int{streamstest.AngelPID, streamstest.BufferPID} {
			w.Kill(pid)
		}
		m := moment(w, false)
		found := Judge(nil, m)
		change(m)
		for i := range found {
			prescribe(m, &found[i])
			if len(found[i].Effects) > 0 {
				t.Errorf("%s: %q", what, found[i].Remedy)
			}
		}
		doctortest.Rules(t, m, procs.Open(w.Proc, w.Shm), found)
	}
}

// What touches processes is led to where their PIDs are theirs, and is not told where
// that is not known.
func TestRemediesElsewhere(t *testing.T) {
	for _, tt := range []struct {
		reach procs.Reach
		want  string
	}{
		{procs.Reach{Dir: "/proc", Known: true}, fmt.Sprint("kill ", streamstest.AngelPID, "   # MistInBuffer -s live: removes the stream's lock and state")},
		{
			procs.Reach{Dir: "/proc/4711/root/proc", Enter: []string{"nsenter", "-t", "4711", "-p"}, Known: true},
			fmt.Sprint("nsenter -t 4711 -p kill ", streamstest.AngelPID, "   # MistInBuffer -s live: removes the stream's lock and state"),
		},
		{
			procs.Reach{Dir: "/mnt/proc"},
			"shmtool explain state_stale   # its PIDs are those of /mnt/proc, and other processes have them here: run the doctor there",
		},
	} {
		w := streamstest.NewWorld(t)
		w.Sample("live")
		w.Kill(streamstest.BufferPID)
		w.Maps(streamstest.AngelPID, "MstSTATElive")
		first, m := moment(w, true), moment(w, true)
		m.Reach, m.Clock.Uptime = tt.reach, m.Clock.Uptime+time.Second
		found := Judge(first, m)
		doctortest.Rules(t, m, procs.Open(w.Proc, w.Shm), found)
		i := slices.IndexFunc(found, func(f finding.Finding) bool { return f.Code == finding.StateStale })
		if i < 0 || found[i].Remedy != tt.want {
			t.Errorf("%+v,\nwant %q", found, tt.want)
		}
	}
}
