//go:build linux && amd64 && !elsewhere

package faults

import (
	"strings"
	"syscall"
	"testing"

	"shmtool/cmd/shmtool/internal/fail"
)

// found are failures that a command once took for something else.
var found = []struct {
	what  string
	line  string
	spot  spot
	errno syscall.Errno
}{
	{"a page that cannot be opened was called invalid", "doctor live -j", spot{"openat", "shm/MstTraklive@412-0", 1}, syscall.EMFILE},
	{"an object that cannot be opened was called invalid", "streams -j", spot{"openat", "shm/MstIPIDlive", 1}, syscall.ENFILE},
	{"an object that cannot be read was called truncated", "dump MstSTATElive", spot{"openat", "shm/MstSTATElive", 1}, syscall.EMFILE},
	{"a process that cannot be read was called dead", "streams", spot{"read", "proc/900/stat", 1}, syscall.ENOMEM},
	{"a process that cannot be read had no name", "ls -j --stream live", spot{"openat", "proc/412/stat", 1}, syscall.EMFILE},
	{"a process whose memory cannot be read used nothing", "ls --fields name,kind,size,status,rcount,present,endpos,writer,readers", spot{"openat", "proc/801/maps", 1}, syscall.EMFILE},
	{"clean took such a process for one that uses nothing", "clean --proc-dir $DIR/proc", spot{"openat", "proc/801/maps", 2}, syscall.EMFILE},
	{"processes that cannot be listed were none", "ls --all -o csv --fields name,kind,size,status,endpos,writer", spot{"openat", "proc", 2}, syscall.EMFILE},
	{"a stream that cannot be read had 0 tracks in metrics", "streams -o openmetrics", spot{"openat", "shm/MstMetalive", 1}, syscall.EMFILE},
	{"a data page that cannot be looked at took no memory", "streams -j", spot{"newfstatat", "shm/MstDatalive@0_4", 1}, syscall.EIO},
	{"a process that a copy keeps from the user was called dead", "streams -j", spot{"openat", "proc/412/stat", 1}, syscall.EACCES},
	{"a controller that a copy keeps from the user was called dead", "doctor live -j", spot{"openat", "proc/10/stat", 1}, syscall.EACCES},
	{"a copy whose processes may not be listed had none", "doctor live -j", spot{"openat", "proc", 2}, syscall.EACCES},
	{"a snapshot that may not be read again had no processes that were not saved", "doctor --moment $DIR/moment", spot{"openat", "moment/moment.json", 2}, syscall.EACCES},
	{"a snapshot that cannot be read again had no processes that were not saved", "doctor --moment $DIR/moment", spot{"openat", "moment/moment.json", 2}, syscall.EMFILE},
	{"a page that cannot be mapped was left out", "ls --all -o csv --fields name,kind,size,status,endpos,writer", spot{"mmap", "shm/MstMetalive", 2}, syscall.ENFILE},
	{"a snapshot that cannot be looked at was called a page", "diff $DIR/moment $DIR/moment.tar.zst", spot{"newfstatat", "moment", 1}, syscall.EIO},
	{"a folder of a snapshot that may not be looked at was taken for copies without processes", "diff $DIR/moment $DIR/moment.tar.zst", spot{"newfstatat", "moment/shm", 1}, syscall.EACCES},
	{"a page that cannot be opened was not in a snapshot", "diff $DIR/moment $DIR/moment.tar.zst", spot{"openat", "moment/shm/page", 1}, syscall.EMFILE},
	{"a page that may not be mapped was not in a snapshot", "diff $DIR/moment $DIR/moment.tar.zst", spot{"mmap", "moment/shm/page", 1}, syscall.EACCES},
	{"an object that cannot be looked at was another one", "diff $DIR/moment $DIR/moment.tar.zst", spot{"newfstatat", "moment/shm/MstGlobalConfig", 1}, syscall.EIO},
	{"a process that cannot be read was in one snapshot alone", "diff $DIR/moment $DIR/moment.tar.zst", spot{"openat", "moment/proc/412/stat", 1}, syscall.EMFILE},
	{"a page of packets that may not be read was not ready", "check MstDatalive@0_4", spot{"openat", "shm/MstDatalive@0_4", 1}, syscall.EACCES},
	{"packets that were not published were shown as if they were", "dump MstDatalive@0_4 -j", spot{"openat", "shm/MstTraklive@412-0", 1}, syscall.EMFILE},
	{"also where the track may not be read", "dump MstDatalive@0_4 -j", spot{"openat", "shm/MstTraklive@412-0", 1}, syscall.EACCES},
	{"and checked as such", "check MstDatalive@0_4", spot{"openat", "shm/MstTraklive@412-0", 1}, syscall.EMFILE},
	{"a nested page was called missing", "dump MstMetalive:tracks --records", spot{"newfstatat", "shm/MstMetalive", 1}, syscall.EIO},
}

func TestFailuresOfLooks(t *testing.T) {
	if testing.Short() {
		t.Skip("it runs a program that is built without the race detector")
	}
	b := newServer(t)
	defer b.total()
	for _, f := range found {
		b.once(f.what, doing{line: f.line}, f.spot, f.errno)
	}
}

func TestFailuresOfWrites(t *testing.T) {
	if testing.Short() {
		t.Skip("it runs a program that is built without the race detector")
	}
	b := newWriters(t)
	defer b.total()
	for _, d := range doings {
		switch d.line {
		case "save --all $OUT/folder":
			b.once("save panicked", d, spot{"openat", "out/TEMPORARY/TEMPORARY/shm/page", 1}, syscall.EMFILE)
			b.once("a page that cannot be opened was left out as another program's", d, spot{"openat", "shm/page", 1}, syscall.EMFILE)
		case "append page --from $DIR/lines":
			b.once("input that cannot be opened was called wrong", d, spot{"openat", "lines", 1}, syscall.EMFILE)
		case "clean --stream $DEAD --yes --min-age 0s --proc-dir /proc":
			if long() { // it looks at all processes of the machine
				b.once("an object that cannot be read was said to move", d, spot{"fstat", "shm/MstIPID" + b.dead, 1}, syscall.ENOMEM)
				b.refuses("an object that cannot be looked at under its other name kept that", d, spot{"newfstatat", "shm/.cleaning-MstMeta" + b.dead, 1}, syscall.EIO)
			}
		case "replay $DIR/recorded --speed 1000 --force":
			b.once("a page that had got its name was removed under another one", d, spot{"flock", "shm/page", 2}, syscall.ENOLCK)
			b.refuses("a page that cannot be locked was replaced as one without readers", d, spot{"flock", "shm/page", 1}, syscall.ENOLCK)
		case "delete page --count 1":
			b.once("a lock was not given back", d, spot{"flock", "shm/page", 2}, syscall.EINTR)
		}
	}
}

// refuses tries a failure that must happen, and that a command must say and change nothing
// for.
func (b *broken) refuses(what string, d doing, s spot, errno syscall.Errno) {
	b.once(what, d, s, errno)
	b.reset()
	r := b.trace(d.line, b.planOf(failure{d, s, errno}))
	if state := b.state(); r.code == fail.ExitOK || !strings.Contains(r.stderr, errno.Error()) || state != b.states[""] {
		b.faultf("exit code %d: %s\n%s", r.code, r.stderr, state)
	}
	if left := b.left(); len(left) > 0 {
		b.faultf("left %q", left)
	}
}

// once tries a failure that must happen.
func (b *broken) once(what string, d doing, s spot, errno syscall.Errno) {
	b.what, b.failed = []string{what}, false
	if !b.try(failure{d, s, errno}) {
		b.faultf("there is no %v", s)
	}
}
