package procs

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"
)

// started makes a process that was started when the machine had been up for so long.
func (w world) started(pid int, comm, state string, after time.Duration, args ...string) {
	w.process(pid, comm, state, args...)
	path := filepath.Join(w.proc, fmt.Sprint(pid), "stat")
	b, err := os.ReadFile(path)
	if err != nil {
		w.t.Fatal(err)
	}
	w.write(path, strings.Replace(string(b), " 0 100 1000 ", fmt.Sprintf(" 0 %d 1000 ", after/tick), 1))
}

// mapped gives a process a map of some objects, as Linux shows it.
func (w world) mapped(pid int, names ...string) {
	w.t.Helper()
	var lines strings.Builder
	for i, name := range names {
		info, err := os.Stat(filepath.Join(w.shm, name))
		if err != nil {
			w.t.Fatal(err)
		}
		fmt.Fprintf(&lines, "7f%04d000000-7f%04d001000 rw-s 00000000 00:19 %d /dev/shm/%s\n", i, i, info.Sys().(*syscall.Stat_t).Ino, name)
	}
	w.write(filepath.Join(w.proc, fmt.Sprint(pid), "maps"), lines.String())
}

func TestJudge(t *testing.T) {
	w := newWorld(t)
	w.write(filepath.Join(w.shm, "MstMetalive"), "x")
	w.process(10, "MistInBuffer", "S", "MistInBuffer", "-s", "live")
	w.process(11, "MistInBuffer", "T", "MistInBuffer", "-s", "live")
	w.process(12, "MistInBuffer", "S", "MistInBuffer", "-s", "other")
	w.process(13, "MistOutHTTP", "S", "MistOutHTTP")
	w.started(14, "MistOutRTMP", "S", 100*time.Second, "MistOutRTMP")
	w.started(15, "MistOutRTMP", "S", 100*time.Second, "MistOutRTMP")
	w.mapped(15, "MstMetalive")
	w.process(16, "bash", "S", "bash")
	w.process(17, "writer", "S", "writer")
	w.mapped(17, "MstMetalive")
	w.process(18, "gone", "Z")
	w.process(19, "MistInMP4", "S")
	for _, tt := range []struct {
		n    Named
		life Life
		why  Reason
		text string
	}{
		{Named{PID: 10, Role: RoleInput, Stream: "live"}, Alive, Seen, "10 MistInBuffer"},
		{Named{PID: 11, Role: RoleInput, Stream: "live"}, Alive, Seen, "11 MistInBuffer, stopped"},
		{Named{PID: 12, Role: RoleInput, Stream: "live"}, Dead, OtherProcess, "12 dead (MistInBuffer has the PID now)"},
		{Named{PID: 13, Role: RolePull, Stream: "live"}, Dead, OtherProcess, "13 dead (MistOutHTTP has the PID now)"},
		{Named{PID: 13, Role: RoleSource, Stream: "live"}, Alive, Seen, "13 MistOutHTTP"},
		{Named{PID: 13, Role: RoleUser, Stream: "live"}, Alive, Seen, "13 MistOutHTTP"},
		{Named{PID: 14, Role: RoleSource, Stream: "live", Written: 50 * time.Second}, Unknown, Unproven, "14 ?"},
		{Named{PID: 14, Role: RoleSource, Stream: "live", Written: 150 * time.Second}, Alive, Seen, "14 MistOutRTMP"},
		{Named{PID: 15, Role: RoleSource, Stream: "live", Written: 50 * time.Second}, Alive, Seen, "15 MistOutRTMP"},
		{Named{PID: 15, Role: RoleSource, Stream: "other", Written: 50 * time.Second}, Unknown, Unproven, "15 ?"},
		{Named{PID: 16, Role: RoleSource, Stream: "live"}, Dead, OtherProgram, "16 dead (bash has the PID now)"},
		{Named{PID: 17, Role: RoleSource, Stream: "live"}, Alive, Seen, "17 writer"},
		{Named{PID: 18, Stream: "live"}, Dead, Ended, "18 dead"},
		{Named{PID: 19, Role: RoleInput, Stream: "live"}, Alive, Seen, "19 MistInMP4"},
		{Named{PID: 20, Stream: "live"}, Dead, Gone, "20 dead"},
		{Named{PID: 0}, Dead, Gone, "0 dead"},
		{Named{PID: 1 << 63}, Dead, Gone, "9223372036854775808 dead"},
		{Named{PID: 1<<32 + 10, Role: RoleInput, Stream: "live"}, Dead, Gone, "4294967306 dead"},
	} {
		v := w.table().Judge(tt.n)
		if v.Life != tt.life || v.Why != tt.why || v.Text() != tt.text {
			t.Errorf("%+v: %v, %v, %q; want %v, %v, %q", tt.n, v.Life, v.Why, v.Text(), tt.life, tt.why, tt.text)
		}
	}
	none := Open(filepath.Join(w.proc, "missing"), w.shm).Judge(Named{PID: 10})
	if none.Life != Unknown || none.Why != NotSaved || none.Text() != "10 ?" {
		t.Errorf("without processes: %+v", none)
	}
}

// Where maps were saved, a process of MistServer's that was started after a track was
// last fed, and has nothing of the stream in memory, is another one.
func TestJudgeByMaps(t *testing.T) {
	w := savedWorld(t, &Saved{})
	w.write(filepath.Join(w.shm, "MstMetalive"), "x")
	w.started(14, "MistOutHTTP", "S", 100*time.Second, "MistOutHTTP")
	for _, tt := range []struct {
		n    Named
		life Life
	}{
		{Named{PID: 14, Role: RoleSource, Stream: "live", Written: 50 * time.Second}, Dead},
		{Named{PID: 14, Role: RoleSource, Stream: "live", Written: 150 * time.Second}, Alive},
		{Named{PID: 14, Role: RoleUser, Stream: "live"}, Dead},
	} {
		if v := w.table().Judge(tt.n); v.Life != tt.life {
			t.Errorf("%+v: %+v", tt.n, v)
		}
	}
}

// space gives a process PIDs in PID namespaces, from that of the table to its own.
func (w world) space(pid int, own ...int) {
	words := strings.Trim(fmt.Sprint(own), "[]")
	w.write(filepath.Join(w.proc, fmt.Sprint(pid), "status"), "Name:\tx\nNSpid:\t"+strings.ReplaceAll(words, " ", "\t")+"\nThreads:\t1\n")
}

// The PIDs in a container's pages are those of the container, whatever has the same
// numbers outside of it.
func TestJudgeInContainer(t *testing.T) {
	w := newWorld(t)
	w.write(filepath.Join(w.shm, "MstMetalive"), "x")
	w.process(9, "sleep", "S", "sleep", "60")
	w.space(9, 9)
	w.process(4709, "MistInBuffer", "S", "MistInBuffer", "-s", "live")
	w.space(4709, 4709, 9)
	w.process(4710, "MistInBuffer", "S", "MistInBuffer", "-s", "live")
	w.space(4710, 4710, 10)
	w.mapped(4710, "MstMetalive")
	w.process(11, "MistOutHTTP", "S", "MistOutHTTP")
	w.space(11, 11)

	table := w.table()
	v := table.Judge(Named{PID: 9, Role: RoleInput, Stream: "live"})
	if v.Life != Alive || v.Process.PID != 4709 || v.Text() != "9 MistInBuffer (PID 4709 here)" {
		t.Errorf("%+v, %s", v, v.Text())
	}
	if v := table.Judge(Named{PID: 11, Role: RoleUser, Stream: "live"}); v.Life != Dead || v.Why != Gone {
		t.Errorf("a PID of the host: %+v", v)
	}
	if pid, ok := table.Outer(10); pid != 4710 || !ok {
		t.Errorf("10 is %d, %v", pid, ok)
	}
	if pid, ok := table.Outer(11); ok {
		t.Errorf("11 is %d", pid)
	}
	// One looks into the container by the root of one of its processes.
	through := newWorld(t)
	through.process(4701, "init", "S", "init")
	through.space(4701, 4701, 1)
	through.process(4709, "MistInBuffer", "S", "MistInBuffer", "-s", "live")
	through.space(4709, 4709, 9)
	through.process(9, "sleep", "S", "sleep", "60")
	through.space(9, 9)
	shm := filepath.Join(through.proc, "4701", "root", "dev", "shm")
	through.write(filepath.Join(shm, "MstMetalive"), "x")
	table = Open(through.proc, shm)
	if pid, ok := table.Through(); pid != 4701 || !ok {
		t.Errorf("through %d, %v", pid, ok)
	}
	if v := table.Judge(Named{PID: 9, Role: RoleInput, Stream: "live"}); v.Life != Alive || v.Process.PID != 4709 {
		t.Errorf("%+v", v)
	}
	if p, ok := table.Buffer("live"); !ok || p.PID != 4709 {
		t.Errorf("kept by %+v", p)
	}
}
