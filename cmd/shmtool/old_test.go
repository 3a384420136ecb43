package main

import (
	"encoding/binary"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"shmtool/cmd/shmtool/internal/fail"
	"shmtool/cmd/shmtool/internal/streams/streamstest"
	"shmtool/layout/mist"
)

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
