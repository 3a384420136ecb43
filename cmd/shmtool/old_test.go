package main

import (
	"bytes"
	"encoding/binary"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"shmtool/cmd/shmtool/internal/fail"
	"shmtool/cmd/shmtool/internal/streams/streamstest"
	"shmtool/layout/mist"
)

// What a newer MistServer makes is told in one line, by ls and doctor, and neither makes a
// stream stuck nor gives a remedy.
func TestUnknownObjects(t *testing.T) {
	unknown := func(w *streamstest.World) {
		w.Object("MstNewThing", make([]byte, 100))
		w.Object("sem.MstSemNewLock", mist.Semaphore{Layout: mist.Glibc64, Size: 32}.Encode())
	}
	version := func(name string, version byte, size int) func(w *streamstest.World) {
		return func(w *streamstest.World) { w.Object(name, append([]byte{version}, make([]byte, size-1)...)) }
	}
	rename := func(kind mist.Kind, name, from, to string) func(w *streamstest.World) {
		return func(w *streamstest.World) {
			b := samplePage(t, kind).Bytes
			if !bytes.Contains(b, []byte(from)) {
				t.Fatalf("%s has no %s", name, from)
			}
			w.Object(name, bytes.Replace(b, []byte(from), []byte(to), 1))
		}
	}
	meta := func(w *streamstest.World) {
		b := samplePage(t, mist.KindMeta).Bytes
		b[0] |= 0x40
		w.Object("MstMetalive", b)
	}
	for name, tt := range map[string]struct {
		stage func(w *streamstest.World)
		names string
		ls    bool // its name or first bytes show it to ls
	}{
		"names":            {unknown, "2 objects are unknown to this shmtool: MstNewThing, sem.MstSemNewLock", true},
		"process's state":  {version("MstProcState_9", 4, 400), "1 object is unknown to this shmtool: MstProcState_9", true},
		"pressure":         {version("MstNodePressure", 2, 40), "1 object is unknown to this shmtool: MstNodePressure", true},
		"state's size":     {version("MstSTATElive", 4, 64), "1 object is unknown to this shmtool: MstSTATElive", true},
		"state":            {version("MstSTATElive", 9, 2), "1 object is unknown to this shmtool: MstSTATElive", true},
		"status":           {meta, "1 object is unknown to this shmtool: MstMetalive", false},
		"fields":           {rename(mist.KindMeta, "MstMetalive", "tracks", "tracKs"), "1 object is unknown to this shmtool: MstMetalive", false},
		"fields of tracks": {rename(mist.KindMeta, "MstMetalive", "valid", "valiD"), "1 object is unknown to this shmtool: MstMetalive", false},
		"fields of users":  {rename(mist.KindUsers, "MstUserlive", "status", "statuS"), "1 object is unknown to this shmtool: MstUserlive", false},
	} {
		t.Run(name, func(t *testing.T) {
			w, dir := sampleWorld(t)
			tt.stage(w)
			r := runIn(t, dir, "", "doctor", "--sample", "0")
			if r.code != fail.ExitOK || r.stdout != "live  ok\n"+tt.names+"\n" {
				t.Errorf("doctor: exit code %d: %s%s", r.code, r.stdout, r.stderr)
			}
			if r := runIn(t, dir, "", "streams", "--jq", ".rows[].verdict"); r.stdout != "ok\n" {
				t.Errorf("streams: %s%s", r.stdout, r.stderr)
			}
			if r := runIn(t, dir, "", "ls", "--all"); r.code != fail.ExitOK || tt.ls && r.stderr != "shmtool: ls: "+tt.names+"\n" {
				t.Errorf("ls: exit code %d: %s%s", r.code, r.stdout, r.stderr)
			}
		})
	}
	w, dir := sampleWorld(t)
	version("MstNodePressure", 2, 40)(w)
	if r := runIn(t, dir, "", "check", "MstNodePressure", "--jq", ".findings[] | .severity, .code"); r.code != fail.ExitOK || r.stdout != "note\nunknown_version\n" {
		t.Errorf("check: exit code %d: %s%s", r.code, r.stdout, r.stderr)
	}
}

// oldServer is a stream as MistServer 2.12 runs it, whose pages have headers of 28 bytes.
func oldServer(t *testing.T) *streamstest.World {
	t.Helper()
	w := streamstest.NewWorld(t)
	page := samplePage(t, mist.KindConnectors).Bytes
	short := slices.Concat(page[:28], page[36:], make([]byte, 8))
	short[1] = 28
	binary.LittleEndian.PutUint16(short[26:], binary.LittleEndian.Uint16(page[26:])-8)
	w.Object("MstCnns", short)
	w.Object("MstSTATElive", []byte{byte(mist.StateReady)})
	w.Object("sem.MstInptlive", mist.Semaphore{Layout: mist.Glibc64, Size: 32}.Encode())
	w.Process(streamstest.AngelPID, 1, "MistInBuffer", "S", "MistInBuffer", "-s", "live", "push://")
	w.Process(streamstest.BufferPID, streamstest.AngelPID, "MistInBuffer", "S", "MistInBuffer", "-s", "live", "push://")
	return w
}

// MistServer 2.x is named, and nothing is judged or removed: with its metadata, and with
// no more than its state, lock and processes.
func TestOldServer(t *testing.T) {
	for _, names := range [][]string{nil, {"MstSTRMlive", "MstTRIDlive@1", "MstTRAKlive@1", "MstDATAlive@1_1", "MstUSERlive", "MstSTAT", "MstConf", "MstTRIGSTREAM_READY"}} {
		w := oldServer(t)
		for _, name := range names {
			w.Object(name, append([]byte("DTSC"), make([]byte, 1020)...))
		}
		dir := filepath.Dir(w.Shm)
		run := func(want int, args ...string) string {
			t.Helper()
			r := runIn(t, dir, "", append(args, "--shm-dir", w.Shm, "--proc-dir", w.Proc)...)
			if r.code != want {
				t.Errorf("%v: exit code %d: %s%s", args, r.code, r.stdout, r.stderr)
			}
			return r.stdout + r.stderr
		}
		if got := run(fail.ExitOK, "doctor"); !strings.HasPrefix(got, "live  ok  "+mist.OldMeans+"\n") {
			t.Errorf("doctor says %q", got)
		}
		if got := run(fail.ExitOK, "streams", "--jq", `.rows[] | .stream, .verdict, .about`); got != "live\nok\n"+mist.OldMeans+"\n" {
			t.Errorf("streams says %q", got)
		}
		if got := run(fail.ExitOK, "ls", "--jq", `.rows[] | select(.name == "MstCnns") | .status`); got != "2.x\n" {
			t.Errorf("ls says %q", got)
		}
		for _, args := range [][]string{{"dump"}, {"check"}, {"dump", "-o", "hex"}, {"save"}} {
			args = append(args, "MstCnns")
			if args[0] == "save" {
				args = append(args, "-")
			}
			if got := run(fail.ExitInvalid, args...); !strings.Contains(got, "header of 28 bytes, as MistServer 2.12 and 2.13 make it") {
				t.Errorf("%v says %q", args, got)
			}
		}
		for _, args := range [][]string{{"append", "MstCnns", "pid=7"}, {"set", "MstCnns", "0", "pid=7"}, {"delete", "MstCnns", "--all"}} {
			if got := run(fail.ExitInvalid, append(args, "--force")...); !strings.Contains(got, "header of 28 bytes") {
				t.Errorf("%v says %q", args, got)
			}
		}
		if got := run(fail.ExitOK, "top", "--once", "--names"); strings.Contains(got, "MstCnns") {
			t.Errorf("top shows %q", got)
		}
		for _, name := range names {
			run(fail.ExitOK, "dump", name)
			run(fail.ExitOK, "check", name)
			if got := run(fail.ExitOK, "dump", name, "-o", "hex"); strings.Contains(got, "44 54 53 43") {
				t.Errorf("%s shows its bytes: %s", name, got)
			}
		}
		// What is left of a dead one stays as well.
		w.Kill(streamstest.AngelPID)
		w.Kill(streamstest.BufferPID)
		listed := run(fail.ExitOK, "clean", "--min-age", "0s", "--names")
		for _, name := range append(names, "MstCnns") {
			if slices.Contains(strings.Split(listed, "\n"), name) {
				t.Errorf("clean would remove %s", name)
			}
		}
	}
}
