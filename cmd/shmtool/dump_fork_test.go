package main

import (
	"encoding/binary"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"shmtool/cmd/shmtool/internal/fail"
	"shmtool/cmd/shmtool/internal/streams/streamstest"
)

// deadPID is a number that no process of a test machine has.
const deadPID = "4194303"

// forkObjects are the objects that a fork of MistServer makes, of a process that has
// ended.
func forkObjects(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	shm := filepath.Join(dir, "shm")
	if err := os.Mkdir(shm, 0o700); err != nil {
		t.Fatal(err)
	}
	state := make([]byte, 400)
	binary.LittleEndian.PutUint32(state, 3)
	binary.LittleEndian.PutUint32(state[4:], 400)
	binary.LittleEndian.PutUint32(state[8:], 6)
	state[12], state[14] = 4, 5
	binary.LittleEndian.PutUint32(state[16:], 3<<15)
	copy(state[108:], "READ_START_FAILURE")
	copy(state[140:], "No tracks found\x1b")
	pressure := make([]byte, 40)
	pressure[0], pressure[4], pressure[24] = 1, 40, 1
	binary.LittleEndian.PutUint16(pressure[28:], 65535)
	for name, b := range map[string][]byte{
		"MstProcState_" + deadPID: state, "MstNodePressure": pressure, "MstAttRes_" + deadPID + "_gone": {1},
		"MstSTATEgone": append([]byte{6, 0, 2, 0, 3, 0, 0, 0, 5}, make([]byte, 103)...),
	} {
		if err := os.WriteFile(filepath.Join(shm, name), b, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

func TestForkObjects(t *testing.T) {
	t.Parallel()
	dir := forkObjects(t)
	for _, tt := range []struct {
		args []string
		want []string
	}{
		{
			[]string{"dump", "MstProcState_" + deadPID, "--jq", `.phase, .flags, .recommended_feed, .alive, .exit_reason, .whole`},
			[]string{"draining\n", `["source limited","capacity valid"]`, "\n1.5\nfalse\nREAD_START_FAILURE\ntrue\n"},
		},
		{[]string{"dump", "MstProcState_" + deadPID}, []string{`exit_message      No tracks found\x1b` + "\n"}},
		{[]string{"dump", "MstProcState_" + deadPID, "-o", "hex"}, []string{"exit_message", "sequence"}},
		{[]string{"dump", "MstNodePressure", "--jq", ".cpu_some, .has_psi"}, []string{"1\ntrue\n"}},
		{[]string{"dump", "MstAttRes_" + deadPID + "_gone", "--jq", ".offline, .pid, .alive, .stream"}, []string{"true\n" + deadPID + "\nfalse\ngone\n"}},
		{[]string{"dump", "MstSTATEgone", "--jq", ".outputs_resolved, .outputs_expected, .effective_speed, .input_speed_sum"}, []string{"2\n3\n5\n0\n"}},
		{[]string{"ls", "--all", "--jq", `.rows[] | "\(.kind) \(.status)"`}, []string{"process-state dead\n", "start-attempt offline\n", "node-pressure"}},
		{[]string{"check", "MstProcState_" + deadPID, "MstNodePressure", "MstAttRes_" + deadPID + "_gone"}, nil},
	} {
		r := runIn(t, dir, "", append(tt.args, "--proc-dir", "/proc")...)
		if r.code != fail.ExitOK {
			t.Errorf("%v: exit code %d: %s%s", tt.args, r.code, r.stdout, r.stderr)
		}
		for _, want := range tt.want {
			if !strings.Contains(r.stdout, want) {
				t.Errorf("%v: %q is not in\n%s", tt.args, want, r.stdout)
			}
		}
	}
}

// A process that has ended says why; clean removes what doctor says it does, and nothing
// of another version, whose layout is not known.
func TestForkProcessEnded(t *testing.T) {
	t.Parallel()
	dir := forkObjects(t)
	r := runIn(t, dir, "", "doctor", "--proc-dir", "/proc", "--jq", `.findings[] | select(.code == "orphan_object" and (.stream // "") == "") | .message, .remedy`)
	lines := strings.Split(r.stdout, "\n")
	if len(lines) < 2 ||
		!strings.Contains(lines[0], "process "+deadPID+` ended: No tracks found\x1b (READ_START_FAILURE)`) {
		t.Fatalf("exit code %d: %s%s", r.code, r.stdout, r.stderr)
	}
	const remedy = ` --where '.kind == "process-state" or .kind == "start-attempt"' --yes`
	if !strings.HasSuffix(lines[1], remedy) {
		t.Fatalf("remedy %q", lines[1])
	}
	clean := []string{"clean", "--where", `.kind == "process-state"`, "--yes", "--min-age", "0s", "--proc-dir", "/proc"}
	path := filepath.Join(dir, "shm", "MstProcState_"+deadPID)
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	b[0] = 4
	if err := os.WriteFile(path, b, 0o600); err != nil {
		t.Fatal(err)
	}
	runIn(t, dir, "", clean...)
	if _, err := os.Stat(path); err != nil {
		t.Errorf("a version that is not known: %v", err)
	}
	if r := runIn(t, dir, "", "dump", "MstProcState_"+deadPID); r.code == fail.ExitOK || !strings.Contains(r.stderr, "version 4 is not known") {
		t.Errorf("exit code %d: %s", r.code, r.stderr)
	}
	b[0] = 3
	if err := os.WriteFile(path, b, 0o600); err != nil {
		t.Fatal(err)
	}
	r = runIn(t, dir, "", clean...)
	if _, err := os.Stat(path); err == nil {
		t.Errorf("it is there yet: exit code %d: %s%s", r.code, r.stdout, r.stderr)
	}
	if _, err := os.Stat(filepath.Join(dir, "shm", "MstNodePressure")); err != nil {
		t.Error(err)
	}
}

// A writer that died in the middle of a change is told, by dump and by doctor. What a dead
// process waits for is no orphan of the stream: the stream's own state stays.
func TestForkHalfWritten(t *testing.T) {
	dir := forkObjects(t)
	path := filepath.Join(dir, "shm", "MstProcState_"+deadPID)
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	b[8]++
	if err := os.WriteFile(path, b, 0o600); err != nil {
		t.Fatal(err)
	}
	r := runIn(t, dir, "", "dump", filepath.Base(path), "--proc-dir", "/proc")
	if r.code != fail.ExitOK || !strings.Contains(r.stdout, "false: its writer died while it changed it\n") {
		t.Errorf("exit code %d: %s%s", r.code, r.stdout, r.stderr)
	}
	r = runIn(t, dir, "", "doctor", "--proc-dir", "/proc")
	for _, want := range []string{
		"(READ_START_FAILURE), and it died while it wrote", "the dead process " + deadPID + " waited for the start of gone", "gone  ok\n└─ stream_offline",
	} {
		if !strings.Contains(r.stdout, want) {
			t.Errorf("%q is not in\n%s%s", want, r.stdout, r.stderr)
		}
	}
	r = runIn(t, dir, "", "clean", "--where", `.kind == "start-attempt"`, "--yes", "--min-age", "0s", "--proc-dir", "/proc")
	if _, err := os.Stat(filepath.Join(dir, "shm", "MstAttRes_"+deadPID+"_gone")); err == nil || r.code != fail.ExitOK {
		t.Errorf("exit code %d: %s%s", r.code, r.stdout, r.stderr)
	}
	if _, err := os.Stat(filepath.Join(dir, "shm", "MstSTATEgone")); err != nil {
		t.Error(err)
	}
}

// A password in why a process ended is hidden in every format, and shown when it is
// asked for.
func TestForkReasonsAreHidden(t *testing.T) {
	dir := forkObjects(t)
	path := filepath.Join(dir, "shm", "MstProcState_"+deadPID)
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	copy(b[108:140], "srt://u:hush@h:1")
	copy(b[140:396], "Could not push to rtmp://u:whisper@host/app?tkn=mumble\x00old rtmp://u:whisper@host/")
	if err := os.WriteFile(path, b, 0o600); err != nil {
		t.Fatal(err)
	}
	for _, format := range []string{"table", "json", "ndjson", "csv", "hex"} {
		args := []string{"dump", filepath.Base(path), "-o", format, "--proc-dir", t.TempDir()}
		r := runIn(t, dir, "", args...)
		for _, secret := range []string{"hush", "whisper", "mumble", "68 75 73 68", "77 68 69 73"} {
			if strings.Contains(r.stdout+r.stderr, secret) {
				t.Errorf("%s shows %q:\n%s", format, secret, r.stdout)
			}
		}
		if r.code != fail.ExitOK || !strings.Contains(r.stdout, "***@host") {
			t.Errorf("%s: exit code %d: %s%s", format, r.code, r.stdout, r.stderr)
		}
		if r := runIn(t, dir, "", append(args, "--show-secrets")...); !strings.Contains(r.stdout, "whisper") {
			t.Errorf("%s does not show what was asked for:\n%s", format, r.stdout)
		}
	}
}

// The fork measures packets per second for every track: they are frames per second of a
// video only, in every form.
func TestForkFramesPerSecond(t *testing.T) {
	w := streamstest.NewWorld(t)
	for kind, want := range map[string]bool{"video": true, "audio": false} {
		page := w.SampleTrack("live", 0, 412, kind, "X").Set(0, "efpks", 46875)
		w.Object("MstTraklive@412-0", page.Bytes)
		for _, args := range [][]string{{}, {"-o", "hex"}, {"--jq", `.records[0]["#decoded"].efpks // empty | "\(.) fps"`}} {
			r := runIn(t, filepath.Dir(w.Shm), "", append([]string{"dump", "MstTraklive@412-0", "--shm-dir", w.Shm}, args...)...)
			if r.code != fail.ExitOK || strings.Contains(r.stdout, "46.875 fps") != want {
				t.Errorf("%s, %v: exit code %d: %s%s", kind, args, r.code, r.stdout, r.stderr)
			}
		}
	}
}
