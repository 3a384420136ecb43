package streams

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"syscall"
	"testing"

	"github.com/google/go-cmp/cmp"

	"shmtool/cmd/shmtool/internal/procs"
	"shmtool/layout/mist"
)

func TestLook(t *testing.T) {
	w := newWorld(t)
	w.sample("live")
	w.object("MstGlobalConfig", nil) // of no stream
	m, s, codes := w.look()
	if len(codes) != 0 || len(s.Problems) != 0 {
		t.Errorf("a healthy stream has %v, problems %v", codes, s.Problems)
	}
	row := m.Row(s, nil, RowOptions{})
	row.ShmBytes = 0 // as the file system has it
	got, err := json.Marshal(row)
	if err != nil {
		t.Fatal(err)
	}
	want := `{"stream":"live","state":"ready","state_code":4,"progress":255,"live":true,"vod":false,"source":"rtsp://user:***@host/a",` +
		`"input_pid":800,"input_alive":true,"pull_pid":null,"viewers":1,"sources":2,"buffer_window_ms":19960,"verdict":"ok","shm_bytes":0,` +
		`"buffer_pid":801,"findings":[],"problems":[],"tracks":[` +
		`{"index":0,"id":1,"type":"video","codec":"H264","page":"MstTraklive@412-0","pid":412,"alive":true,"valid":255,` +
		`"width":320,"height":180,"fps":29.97,"efps":29,"rate":0,"channels":0,"bytes_per_second":30000,"first_ms":4000,"last_ms":23960,"age_s":1,` +
		`"keys":20,"parts":499,"fragments":10,"pages":1,"last_key_ms":23000,"init_bytes":40},` +
		`{"index":1,"id":2,"type":"audio","codec":"AAC","page":"MstTraklive@412-1","pid":412,"alive":true,"valid":255,` +
		`"width":0,"height":0,"fps":0,"efps":0,"rate":48000,"channels":2,"bytes_per_second":30000,"first_ms":4000,"last_ms":23960,"age_s":1,` +
		`"keys":20,"parts":499,"fragments":10,"pages":1,"last_key_ms":23000,"init_bytes":40}]}`
	if diff := cmp.Diff(want, string(got)); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
	if row := m.Row(s, nil, RowOptions{ShowSecrets: true}); row.Source != "rtsp://user:secret@host/a" {
		t.Errorf("source %q", row.Source)
	}
}

// The memory of a stream is what its objects really take: and a look takes none.
func TestLookFillsNoHoles(t *testing.T) {
	w := newWorld(t)
	w.sample("live")
	for _, name := range []string{"MstTraklive@412-0", "MstTraklive@412-1", "MstUserlive"} {
		sparse(t, filepath.Join(w.shm, name))
	}
	before := allocated(t, w.shm)
	m, s, _ := w.look()
	if m.Row(s, nil, RowOptions{}).ShmBytes != before {
		t.Errorf("%d bytes, the files have %d", s.Allocated(), before)
	}
	if after := allocated(t, w.shm); after != before {
		t.Errorf("a look filled %d bytes", after-before)
	}
	if before > 1<<20 {
		t.Skip("this file system has no holes")
	}
}

// sparse makes holes of the zeros of a file, on a file system of memory where
// there is one: only there a read could fill them.
func sparse(t testing.TB, path string) {
	t.Helper()
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	f, err := os.Create(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	const block = 4096
	for at := 0; at < len(b); at += block {
		chunk := b[at:min(at+block, len(b))]
		if slices.ContainsFunc(chunk, func(c byte) bool { return c != 0 }) {
			if _, err := f.WriteAt(chunk, int64(at)); err != nil {
				t.Fatal(err)
			}
		}
	}
	if err := f.Truncate(int64(len(b))); err != nil {
		t.Fatal(err)
	}
}

func allocated(t *testing.T, dir string) (sum int64) {
	t.Helper()
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range entries {
		info, err := e.Info()
		if err != nil {
			t.Fatal(err)
		}
		sum += info.Sys().(*syscall.Stat_t).Blocks * 512
	}
	return sum
}

// Fields may lie anywhere, be missing, and be others: only names count.
func TestLookGoesByNames(t *testing.T) {
	w := newWorld(t)
	template := mist.Template{
		Schema: "flags:uint8\nlive:uint16\ntracks:nested[2]\n  codec:string:64\n  news:uint64\n  valid:uint32\n  page:string:300\n",
		Size:   4096, RecordCount: 1, EndPos: 1, Present: 1,
	}
	meta := newPage(t, template).set(0, "live", 1)
	meta.nested("tracks").ring(0, 1).set(0, "codec", "AV1").set(0, "valid", 7).set(0, "page", "MstTrakx@9-0")
	w.object("MstMetax", meta.b)
	track := newPage(t, mist.Template{Schema: "height:uint8\ncodec:string:8\ntype:string:8\n", Size: 256, RecordCount: 1, EndPos: 1, Present: 1})
	w.object("MstTrakx@9-0", track.set(0, "height", 99).set(0, "type", "video").set(0, "codec", "no").b)
	m, s, codes := w.look()
	r := m.Row(s, nil, RowOptions{})
	if len(codes) != 0 || !r.Live || len(r.Tracks) != 1 {
		t.Fatalf("%v, %+v", codes, r)
	}
	if tr := r.Tracks[0]; tr.Codec != "AV1" || tr.Type != "video" || tr.Height != 99 || tr.Valid != 7 || tr.LastKeyMS != nil || tr.Alive != nil {
		t.Errorf("%+v", tr)
	}
}

func TestRemovedTracks(t *testing.T) {
	w := newWorld(t)
	meta, _ := w.sample("live")
	meta.nested("tracks").set(1, "valid", 0)
	w.object("MstMetalive", meta.b)
	w.remove("MstTraklive@412-1")
	m, s, codes := w.look()
	if n := len(m.Row(s, nil, RowOptions{}).Tracks); n != 1 || len(codes) != 0 {
		t.Errorf("%d tracks, %v", n, codes)
	}
	if n := len(m.Row(s, nil, RowOptions{Removed: true}).Tracks); n != 2 {
		t.Errorf("%d tracks", n)
	}
}

// What has the name of a page and is none is a problem of its stream alone.
func TestBrokenObjects(t *testing.T) {
	whole := newWorld(t)
	whole.sample("live")
	entries, err := os.ReadDir(whole.shm)
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range entries {
		path := filepath.Join(whole.shm, e.Name())
		b, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		for what, bad := range map[string][]byte{
			"empty": {}, "a byte": {1}, "half a header": b[:min(len(b), 20)], "half": b[:len(b)/2], "zeros": make([]byte, len(b)), "ones": ones(len(b)),
		} {
			whole.object(e.Name(), bad)
			if m, s, _ := whole.look(); m.Row(s, m.Findings(s), RowOptions{Removed: true}).Stream != "live" {
				t.Errorf("%s, %s: no stream", e.Name(), what)
			}
		}
		if err := os.Remove(path); err != nil {
			t.Fatal(err)
		}
		if err := os.Mkdir(path, 0o777); err != nil {
			t.Fatal(err)
		}
		whole.look()
		if err := os.Remove(path); err != nil {
			t.Fatal(err)
		}
		if err := syscall.Mkfifo(path, 0o666); err != nil {
			t.Fatal(err)
		}
		whole.look()
		if err := os.Remove(path); err != nil {
			t.Fatal(err)
		}
		whole.object(e.Name(), b)
	}
}

func ones(n int) []byte {
	b := make([]byte, n)
	for i := range b {
		b[i] = 0xFF
	}
	return b
}

// A track may name anything for its page: nothing outside the directory, and of
// no other stream, is read for it.
func TestPageNames(t *testing.T) {
	for _, name := range []string{"../MstTraklive@412-0", "/../x", "", "/", "MstMetalive", "MstTrakother@412-0", "MstTraklive@412-0/x"} {
		w := newWorld(t)
		meta, _ := w.sample("live")
		meta.nested("tracks").set(0, "page", name)
		w.object("MstMetalive", meta.b)
		_, s, _ := w.look()
		if s.Tracks[0].Page != nil || s.Tracks[0].Object != nil {
			t.Errorf("%q: read %+v", name, s.Tracks[0].Object)
		}
	}
}

// Random bytes in the pages, and random changes of them, never do more than to
// make a problem.
func TestRandomPages(t *testing.T) {
	w := newWorld(t)
	meta, track := w.sample("live")
	users := w.sampleUsers()
	seed := rand.Uint64()
	random := rand.New(rand.NewPCG(seed, 1))
	t.Logf("seed %d", seed)
	rounds := 300
	if testing.Short() {
		rounds = 50
	}
	for range rounds {
		for name, p := range map[string]*page{"MstMetalive": meta, "MstTraklive@412-0": track, "MstUserlive": users} {
			w.object(name, garbled(random, p.b))
		}
		m, err := Look(w.shm, procs.Open(w.proc, w.shm), nil)
		if err != nil {
			t.Fatal(err)
		}
		for _, s := range m.Streams {
			if _, err := json.Marshal(m.Row(s, m.Findings(s), RowOptions{Removed: true})); err != nil {
				t.Fatal(err)
			}
		}
	}
}

// garbled is a page with some bytes changed, most of them where the structure is.
func garbled(random *rand.Rand, b []byte) []byte {
	bad := slices.Clone(b)
	if random.IntN(8) == 0 {
		bad = bad[:random.IntN(len(bad)+1)]
	}
	starts := []int{0, 0, 140, len(b) - 19000, random.IntN(len(b))}
	for range 1 + random.IntN(12) {
		at := max(0, starts[random.IntN(len(starts))]) + random.IntN(240)
		if at < len(bad) {
			bad[at] = byte(random.Uint32())
		}
	}
	if len(bad) > 0 && random.IntN(2) == 0 {
		bad[0] = 1
	}
	return bad
}

func FuzzPages(f *testing.F) {
	f.Add([]byte{1, 36}, []byte{}, []byte{1})
	f.Fuzz(func(t *testing.T, meta, track, users []byte) {
		w := newWorld(t)
		w.object("MstMetax", meta)
		w.object("MstTrakx@1-0", track)
		w.object("MstUserx", users)
		m, s, _ := w.look()
		m.Row(s, m.Findings(s), RowOptions{Removed: true})
	})
}

// Many streams, as on a large server: go test -bench Look.
func BenchmarkLook(b *testing.B) {
	w := newWorld(b)
	meta, video := w.sample("live")
	users := w.sampleUsers()
	const count, tracks = 300, 3
	for i := range count {
		name := fmt.Sprintf("stream%d", i)
		list := meta.nested("tracks").ring(0, tracks)
		for n := range uint64(tracks) {
			list.set(n, "valid", 255).set(n, "type", "video").set(n, "page", trackName(name, sourcePID, int(n))).set(n, "pid", sourcePID)
			w.object(trackName(name, sourcePID, int(n)), video.b)
			sparse(b, filepath.Join(w.shm, trackName(name, sourcePID, int(n))))
		}
		w.object("MstMeta"+name, meta.b)
		w.object("MstUser"+name, users.b)
		w.object("MstSTATE"+name, []byte{4, 255})
		w.object("MstIPID"+name, mist.EncodePID(angelPID))
		w.lock(name, mist.LockInput, true)
	}
	for b.Loop() {
		m, err := Look(w.shm, procs.Open(w.proc, w.shm), nil)
		if err != nil || len(m.Streams) != count+1 {
			b.Fatalf("%d streams, %v", len(m.Streams), err)
		}
		for _, s := range m.Streams {
			m.Row(s, m.Findings(s), RowOptions{})
		}
	}
}
