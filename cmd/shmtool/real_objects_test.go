package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"shmtool/cmd/shmtool/internal/fail"
	"shmtool/layout/dtsc"
	"shmtool/layout/mist"
)

// listed is a row of ls.
type listed struct {
	Name, Kind string
	Status     *string
	Stream     *string
	Lock       *string
	Allocated  int64
	Size       int64
}

func listAll(t *testing.T, dir string, args ...string) []listed {
	t.Helper()
	r := runIn(t, dir, "", append([]string{"ls", "-j"}, args...)...)
	var doc struct{ Rows []listed }
	if err := json.Unmarshal([]byte(r.stdout), &doc); err != nil || r.code != fail.ExitOK {
		t.Fatalf("ls %v: %v, exit code %d\n%s", args, err, r.code, r.stderr)
	}
	return doc.Rows
}

// kindByPrefix is what a name means, told in another way than by package mist:
// as an operator reads the catalogue.
var kindByPrefix = []struct{ prefix, kind string }{
	{"sem.", "semaphore"},
	{"MstMeta", "meta"},
	{"MstTrak", "track"},
	{"MstData", "data"},
	{"MstUser", "users"},
	{"MstSTATE", "state"},
	{"MstIPID", "input-pid"},
	{"MstPPID", "pull-pid"},
	{"MstSCnf", "config"},
	{"MstSession", "session"},
	{"MstStateLogs", "logs"},
	{"MstStateAccs", "access-log"},
	{"MstStateStreams", "streams"},
	{"MstStat", "statistics"},
	{"MstGlobalConfig", "global"},
	{"MstCapa", "capability"},
	{"MstProt", "protocols"},
	{"MstProx", "proxies"},
	{"MstStrmKeys", "stream-keys"},
	{"MstTRGR", "triggers"},
	{"MstProcState_", "process-state"},
	{"MstNodePressure", "node-pressure"},
	{"MstAttRes_", "start-attempt"},
	{"MstCameras", "cameras"},
	{"MstVars", "variables"},
	{"MstExtWriters", "writers"},
	{"MstJWK", "jwk"},
	{"MstCnns", "connectors"},
	{"MstPush", "push"},
	{"MstNodePressure", "node-pressure"},
	{"MstProcState_", "process-state"},
	{"MstAttRes_", "start-attempt"},
	{"MstCameras", "cameras"},
}

// blankProbe is a page in one archive, and in another it is still zeros.
const blankProbe = "MstProbeMix"

func wantKind(name string) string {
	for _, k := range kindByPrefix {
		if strings.HasPrefix(name, k.prefix) {
			return k.kind
		}
	}
	return "relaccx" // the probes have names that are none of MistServer's
}

// Every object of every archive has the right kind, stream and lock, says
// something where it can, and no object is missing.
func TestRealKinds(t *testing.T) {
	skipShort(t)
	t.Parallel()
	count := 0
	eachMoment(t, func(t *testing.T, m *moment) {
		rows := listAll(t, m.dir, "--all")
		if len(rows) != len(m.names) {
			t.Errorf("%d rows, %d objects", len(rows), len(m.names))
		}
		for _, row := range rows {
			count++
			if want := wantKind(row.Name); row.Kind != want && row.Name != blankProbe {
				t.Errorf("%s is of kind %s, not %s", row.Name, row.Kind, want)
			}
			switch row.Kind {
			case "data", "push", "node-pressure", "":
			default:
				if row.Status == nil || *row.Status == "wrong size" {
					t.Errorf("%s has no status", row.Name)
				}
			}
			if row.Kind == "semaphore" && row.Lock == nil {
				t.Errorf("%s: what it guards is not known", row.Name)
			}
		}
	})
	seen(t, count, 190, "objects")
}

// A stream's objects come in one order, whatever there is of them.
func TestRealStreamOrder(t *testing.T) {
	skipShort(t)
	t.Parallel()
	rank := map[string]int{}
	for i, kind := range mist.Kinds() {
		rank[string(kind)] = i
	}
	eachMoment(t, func(t *testing.T, m *moment) {
		streams := map[string]bool{}
		for _, row := range listAll(t, m.dir, "--all") {
			if row.Stream != nil {
				streams[*row.Stream] = true
			}
		}
		for stream := range streams {
			last := -1
			for _, row := range listAll(t, m.dir, "--stream", stream) {
				if row.Stream == nil || *row.Stream != stream {
					t.Errorf("%s is not of %s", row.Name, stream)
				}
				if rank[row.Kind] < last {
					t.Errorf("%s: %s stands too late", stream, row.Name)
				}
				last = rank[row.Kind]
			}
		}
	})
}

// A data page's packets lie back to back from its start, are of its track, in the
// order of their times, and are what the bytes hold when all of them are read
// at once; of a page that the track's page knows no packet is called stale.
func TestRealPackets(t *testing.T) {
	skipShort(t)
	t.Parallel()
	pages := 0
	eachMoment(t, func(t *testing.T, m *moment) {
		for _, name := range m.names {
			of, _ := mist.ParseName(name)
			if of.Kind == mist.KindData {
				pages++
				checkPackets(t, m.dir, name, of)
			}
		}
	})
	seen(t, pages, 17, "data pages")
}

type packetRow struct {
	Number  uint64 `json:"#"`
	Time    uint64
	Track   int
	Size    int
	Offset  int
	Key     bool
	Payload int `json:"payload_bytes"`
	Stale   bool
}

func checkPackets(t *testing.T, dir, name string, of mist.Object) {
	t.Helper()
	r := runIn(t, dir, "", "dump", name, "-j")
	var doc struct {
		Schema  string
		Avail   *int
		Packets []packetRow
	}
	page, err := os.ReadFile(filepath.Join(dir, "shm", name))
	if err != nil {
		t.Fatal(err)
	}
	broken := false
	for _, err := range dtsc.Packets(page) {
		broken = broken || err != nil
	}
	if broken { // two sources have written it at a time: packets in packets
		if !strings.Contains(t.Name(), "killed-then-refed") || r.code != fail.ExitInvalid || !strings.Contains(r.stderr, "packet") {
			t.Errorf("dump %s: exit code %d\n%s", name, r.code, r.stderr)
		}
		return
	}
	if err := json.Unmarshal([]byte(r.stdout), &doc); err != nil || r.code != fail.ExitOK || staleBehind.ReplaceAllString(r.stderr, "") != "" {
		t.Fatalf("dump %s: %v, exit code %d\n%s", name, err, r.code, r.stderr)
	}
	n, end := 0, 0
	for p, err := range dtsc.Packets(page) {
		if err != nil || n >= len(doc.Packets) {
			t.Fatalf("%s: packet %d of %d: %v", name, n, len(doc.Packets), err)
		}
		got := doc.Packets[n]
		want := packetRow{uint64(n), p.Time, of.Index, p.Size, end, p.Key, p.PayloadSize, false}
		if got != want {
			t.Errorf("%s: %+v, want %+v", name, got, want)
		}
		if n == 0 || n%500 == 499 {
			if r := runIn(t, dir, "", "dump", name, "--payload", fmt.Sprint(n)); r.code != fail.ExitOK || r.stdout != string(p.Payload(page)) {
				t.Errorf("%s: payload %d: exit code %d, %d bytes", name, n, r.code, len(r.stdout))
			}
		}
		n, end = n+1, end+p.Size
	}
	empty := !bytes.ContainsFunc(page, func(r rune) bool { return r != 0 }) // a page that was asked for and never filled
	if n != len(doc.Packets) || n == 0 && !empty {
		t.Errorf("%s: %d packets, %d were printed", name, n, len(doc.Packets))
	}
	if doc.Avail == nil || end > *doc.Avail {
		t.Errorf("%s: packets end at %d, the track's page says %v", name, end, doc.Avail)
	}
}

// To look at objects fills no hole in them.
func TestObjectsKeepHoles(t *testing.T) {
	dir := t.TempDir()
	shm := filepath.Join(dir, "shm")
	if err := os.MkdirAll(shm, 0o777); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"MstDatalive@0_0", "MstPush"} {
		if err := os.WriteFile(filepath.Join(shm, name), nil, 0o666); err != nil {
			t.Fatal(err)
		}
		if err := os.Truncate(filepath.Join(shm, name), 40<<20); err != nil {
			t.Fatal(err)
		}
		for _, args := range [][]string{{"dump", name}, {"dump", name, "-o", "hex"}, {"ls", "--all"}} {
			if r := runIn(t, dir, "", args...); r.code != fail.ExitOK {
				t.Errorf("%v: exit code %d\n%s", args, r.code, r.stderr)
			}
		}
		var st syscall.Stat_t
		if err := syscall.Stat(filepath.Join(shm, name), &st); err != nil || st.Blocks != 0 {
			t.Errorf("%s takes %d blocks; %v", name, st.Blocks, err)
		}
	}
}

// Who maps a semaphore is found in the machine's own /proc.
func TestSemaphoreMappers(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "sem.MstSemTRKSlive")
	if err := os.WriteFile(path, mist.Semaphore{}.Encode(), 0o666); err != nil {
		t.Fatal(err)
	}
	mapped := func() (pids []int, text string) {
		args := []string{"--shm-dir", dir, "--proc-dir", "/proc", "dump", "sem.MstSemTRKSlive"}
		var doc struct {
			MappedBy []int `json:"mapped_by"`
		}
		r := runIn(t, dir, "", append(args, "-j")...)
		if err := json.Unmarshal([]byte(r.stdout), &doc); err != nil || doc.MappedBy == nil {
			t.Fatalf("%v: %s%s", err, r.stdout, r.stderr)
		}
		return doc.MappedBy, runIn(t, dir, "", args...).stdout
	}
	if pids, text := mapped(); len(pids) != 0 || !strings.Contains(text, "mapped_by  no process") {
		t.Errorf("before it is mapped: %v\n%s", pids, text)
	}
	f, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	b, err := syscall.Mmap(int(f.Fd()), 0, 32, syscall.PROT_READ, syscall.MAP_SHARED)
	if err != nil {
		t.Fatal(err)
	}
	defer syscall.Munmap(b)
	if pids, text := mapped(); len(pids) != 1 || pids[0] != os.Getpid() || !strings.Contains(text, fmt.Sprint("mapped_by  ", os.Getpid(), " ")) {
		t.Errorf("mapped: %v\n%s", pids, text)
	}
}

// While a writer fills a data page, every look at it finds whole packets: as many
// as were there before, or more.
func TestPacketsOfLiveWriter(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "shm", "MstDatalive@0_0")
	if err := os.MkdirAll(filepath.Dir(path), 0o777); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, make([]byte, 1<<20), 0o666); err != nil {
		t.Fatal(err)
	}
	f, err := os.OpenFile(path, os.O_RDWR, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	const packets = 400
	done := make(chan error, 1)
	go func() {
		at, written := int64(0), error(nil)
		for n := range packets {
			b, err := dtsc.AppendPacket(nil, &dtsc.Packet{Time: uint64(n), Key: n%10 == 0}, bytes.Repeat([]byte{0xff}, n))
			if err == nil {
				_, err = f.WriteAt(b[4:], at+4)
			}
			if err == nil {
				_, err = f.WriteAt(b[:4], at) // the first bytes last, as MistServer does
			}
			if written = err; err != nil {
				break
			}
			at += int64(len(b))
		}
		done <- written
	}()
	last := 0
	for running := true; running || last < packets; {
		select {
		case err := <-done:
			if running = false; err != nil {
				t.Fatal(err)
			}
		default:
		}
		r := runIn(t, dir, "", "dump", "MstDatalive@0_0", "-o", "ndjson")
		n := strings.Count(r.stdout, "\n")
		if r.code != fail.ExitOK || n < last || !running && n != packets {
			t.Fatalf("exit code %d, %d packets after %d\n%s", r.code, n, last, r.stderr)
		}
		last = n
	}
}

// Whatever bytes an object holds, a look at it shows them or says in one line
// what is wrong.
func TestObjectsOfNoise(t *testing.T) {
	skipShort(t)
	t.Parallel()
	dir := t.TempDir()
	if err := os.MkdirAll(filepath.Join(dir, "shm"), 0o777); err != nil {
		t.Fatal(err)
	}
	noise := rand.New(rand.NewPCG(1, 2))
	for _, name := range []string{"MstDatax@0_0", "MstPush", "MstSTATEx", "MstIPIDx", "MstPPIDx", "sem.MstSemInptx", "MstSemTRKSx", "sem.aB3dE9"} {
		for size := 0; size < 48; size += 3 {
			b := make([]byte, size*size/8)
			for i := range b {
				b[i] = byte(noise.Uint32() >> (noise.Uint32() % 32)) // many small ones
			}
			if name == "MstDatax@0_0" {
				copy(b, "DTP2\x00\x00")
			}
			if err := os.WriteFile(filepath.Join(dir, "shm", name), b, 0o666); err != nil {
				t.Fatal(err)
			}
			for _, args := range [][]string{{"dump"}, {"dump", "-j"}, {"dump", "-o", "csv"}, {"dump", "-o", "hex"}, {"tail"}, {"ls", "--all"}} {
				r := runIn(t, dir, "", append(args, name)...)
				if r.code != fail.ExitOK && r.code != fail.ExitInvalid && (args[0] != "tail" || r.code != fail.ExitUsage) || strings.Count(r.stderr, "\n") > 1 {
					t.Errorf("%v %s: %x: exit code %d\n%s", args, name, b, r.code, r.stderr)
				}
			}
		}
	}
}

// MistServer before 3.2 makes a state of one byte: it is told, without a progress.
func TestStateOfOneByte(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "shm", "MstSTATElive")
	if err := errors.Join(os.Mkdir(filepath.Dir(path), 0o777), os.WriteFile(path, []byte{byte(mist.StateBoot)}, 0o666)); err != nil {
		t.Fatal(err)
	}
	const want = `{"schema":"shmtool.state/1","page":"MstSTATElive","stream":"live","state":"boot","state_code":2,"progress":null,"bytes":1}` + "\n"
	if r := runIn(t, dir, "", "dump", "MstSTATElive", "-j"); r.code != fail.ExitOK || r.stdout != want || r.stderr != "" {
		t.Errorf("exit code %d: %s%s", r.code, r.stdout, r.stderr)
	}
	if r := runIn(t, dir, "", "dump", "MstSTATElive", "-o", "hex"); r.code != fail.ExitOK || strings.Count(r.stdout, "\n") != 1 {
		t.Errorf("hex: exit code %d: %s%s", r.code, r.stdout, r.stderr)
	}
	if rows := listAll(t, dir, "--all"); len(rows) != 1 || rows[0].Status == nil || *rows[0].Status != "boot" {
		t.Errorf("ls: %+v", rows)
	}
}
