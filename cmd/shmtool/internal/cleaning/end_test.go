package cleaning

import (
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"shmtool/layout/mist"
)

// user is a process of that name that has objects open for writing, as MistServer's have.
func (p *place) user(name string, objects ...string) *exec.Cmd {
	p.Helper()
	return p.process(name, os.O_RDWR, objects...)
}

func (p *place) ending(streams ...string) *Ending {
	p.Helper()
	e, err := ScanEnding(p.Context(), p.options(), streams, false)
	p.ok(err)
	return e
}

func (p *place) run(e *Ending) (ended []int, err error) {
	p.Helper()
	err = e.Run(p.Context(), func(m Member) { ended = append(ended, m.PID) })
	return ended, err
}

// awaitZombie waits until a child has ended, and lets it be a zombie.
func awaitZombie(t *testing.T, c *exec.Cmd) {
	t.Helper()
	for {
		err := unix.Waitid(unix.P_PID, c.Process.Pid, nil, unix.WEXITED|unix.WNOWAIT, nil)
		if err == nil {
			return
		}
		if err != unix.EINTR {
			t.Fatal(err)
		}
	}
}

func ended(c *exec.Cmd) bool {
	b, err := os.ReadFile(filepath.Join("/proc", strconv.Itoa(c.Process.Pid), "stat"))
	return err != nil || strings.Contains(string(b), ") Z ")
}

// Each process that uses the stream is ended, also one that is stopped and one that
// takes no SIGTERM; all others live, and the stream is gone.
func TestEnding(t *testing.T) {
	p := newPlace(t)
	p.remains("trash")
	p.remains("other")
	p.write("MstMetatrash", nil)
	p.write("MstSCnftrash", nil)
	p.write("MstGlobalConfig", nil)
	viewer := p.user("MistOutHTTP", "MstMetatrash")
	stopped := p.user("MistInRTMP", "MstDatatrash@0_0", "MstGlobalConfig")
	p.ok(stopped.Process.Signal(syscall.SIGSTOP))
	apart := []*exec.Cmd{
		p.user("MistOutHLS", "MstSTATEother"), p.user("MistController", "MstMetatrash", "MstGlobalConfig"), p.user("MistSession", "MstGlobalConfig"),
		p.process("shmtool", os.O_RDONLY, "MstMetatrash"),
	}
	e := p.ending("trash")
	pids := []int{viewer.Process.Pid, stopped.Process.Pid}
	if slices.Sort(pids); e.Refused != "" || len(e.Members) != 2 || e.Members[0].PID != pids[0] || e.Members[1].PID != pids[1] {
		t.Fatalf("%q %+v", e.Refused, e.Members)
	}
	for _, c := range []*exec.Cmd{viewer, stopped} {
		if ended(c) {
			t.Fatal("to look ends a process")
		}
	}
	if told, err := p.run(e); err != nil || !slices.Equal(told, pids) || !ended(viewer) || !ended(stopped) {
		t.Errorf("%v: told of %v", err, told)
	}
	for _, c := range apart {
		if ended(c) {
			t.Errorf("%s is ended", c.Path)
		}
	}
	for _, entry := range p.entries() {
		if o, _ := mist.ParseName(entry); o.Stream == "trash" && o.Kind != mist.KindConfig || strings.HasPrefix(entry, hiddenPrefix) {
			t.Errorf("%s is left", entry)
		}
	}
	if !p.there("MstSTATEother") || !p.there("MstSCnftrash") || !p.there("MstGlobalConfig") {
		t.Errorf("%q", p.entries())
	}
}

func (p *place) entries() (names []string) {
	entries, err := os.ReadDir(p.dir)
	p.ok(err)
	for _, entry := range entries {
		names = append(names, entry.Name())
	}
	return names
}

// Nothing is ended where one of the processes also uses another stream, or where an
// object is not what its name says.
func TestEndingIsRefused(t *testing.T) {
	p := newPlace(t)
	p.remains("trash")
	p.remains("other")
	both := p.user("MistProcMKVExec", "MstSTATEtrash", "MstSTATEother")
	viewer := p.user("MistOutHTTP", "MstSTATEtrash")
	if e := p.ending("trash"); !strings.Contains(e.Refused, "also uses stream other") {
		t.Errorf("%q", e.Refused)
	} else if told, err := p.run(e); err == nil || len(told) > 0 || ended(both) || ended(viewer) {
		t.Errorf("%v: %v", err, told)
	}
	if e := p.ending("trash", "other"); e.Refused != "" || len(e.Members) != 2 {
		t.Errorf("both: %q %+v", e.Refused, e.Members)
	}
	p.write("MstMetanotes", []byte("what I must not forget"))
	if e := p.ending("notes"); !strings.Contains(e.Refused, "MstMetanotes") {
		t.Errorf("%q", e.Refused)
	}
}

// Viewers and encoders come back all the time: the stream goes all the same, in one go.
func TestEndingWhileTheyComeBack(t *testing.T) {
	p := newPlace(t)
	p.remains("trash")
	p.write("MstMetatrash", nil)
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan int)
	go func() {
		come := 0
		for ctx.Err() == nil {
			f, err := os.OpenFile(filepath.Join(p.dir, "MstMetatrash"), os.O_RDWR, 0)
			if err != nil {
				time.Sleep(time.Millisecond)
				continue
			}
			c := exec.Command("sleep", "60")
			c.ExtraFiles = []*os.File{f}
			if c.Start() == nil {
				p.Cleanup(func() { _ = c.Process.Kill(); _ = c.Wait() })
				come++
			}
			f.Close()
			time.Sleep(5 * time.Millisecond)
		}
		done <- come
	}()
	for len(p.ending("trash").Members) == 0 {
		time.Sleep(time.Millisecond)
	}
	told, err := p.run(p.ending("trash"))
	cancel()
	if come := <-done; err != nil || len(told) == 0 || len(told) > come || len(p.entries()) > 0 {
		t.Errorf("%v: %d have come, %d are ended; left %q", err, come, len(told), p.entries())
	}
}
