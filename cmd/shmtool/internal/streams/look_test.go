package streams_test

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

	"shmtool/cmd/shmtool/internal/doctor"
	"shmtool/cmd/shmtool/internal/procs"
	"shmtool/cmd/shmtool/internal/streams"
	"shmtool/cmd/shmtool/internal/streams/streamstest"
	"shmtool/layout"
	"shmtool/layout/mist"
	"shmtool/relaccx"
)

func TestLook(t *testing.T) {
	w := streamstest.NewWorld(t)
	w.Sample("live")
	m, s, codes := look(t, w)
	if len(codes) != 0 || len(s.Problems) != 0 {
		t.Errorf("a healthy stream has %v, problems %v", codes, s.Problems)
	}
	row := m.Row(s, nil, streams.RowOptions{})
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
		`"keys":20,"parts":499,"fragments":10,"pages":1,"last_key_ms":23000,"init_bytes":40,"implausible":[],"fps_wrapped":false,"rate_wrapped":false},` +
		`{"index":1,"id":2,"type":"audio","codec":"AAC","page":"MstTraklive@412-1","pid":412,"alive":true,"valid":255,` +
		`"width":0,"height":0,"fps":0,"efps":0,"rate":48000,"channels":2,"bytes_per_second":30000,"first_ms":4000,"last_ms":23960,"age_s":1,` +
		`"keys":20,"parts":499,"fragments":10,"pages":1,"last_key_ms":23000,"init_bytes":40,"implausible":[],"fps_wrapped":false,"rate_wrapped":false}],` +
		`"processes":1,"sessions":null,"readers":{"people":1,"pushes":0,"processes":0,"pullers":0},"behind":[],"pace":null,"about":""}`
	if diff := cmp.Diff(want, string(got)); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
	if row := m.Row(s, nil, streams.RowOptions{ShowSecrets: true}); row.Source != "rtsp://user:secret@host/a" {
		t.Errorf("source %q", row.Source)
	}
}

// The memory of a stream is what its objects really take: and a look takes none.
func TestLookFillsNoHoles(t *testing.T) {
	w := streamstest.NewWorld(t)
	w.Sample("live")
	for _, name := range []string{"MstTraklive@412-0", "MstTraklive@412-1", "MstUserlive"} {
		sparse(t, filepath.Join(w.Shm, name))
	}
	w.Remove("MstGlobalConfig") // which is the server's
	before := allocated(t, w.Shm)
	m, s, _ := look(t, w)
	if m.Row(s, nil, streams.RowOptions{}).ShmBytes != before {
		t.Errorf("%d bytes, the files have %d", s.Allocated(), before)
	}
	if after := allocated(t, w.Shm); after != before {
		t.Errorf("a look filled %d bytes", after-before)
	}
	if before > 1<<20 {
		t.Skip("this file system has no holes")
	}
}

// Also where a table's counters are wrong; the rows that are in use are found, one
// of them half in a hole.
func TestLookAtATableOfHoles(t *testing.T) {
	w := streamstest.NewWorld(t)
	var err error
	if w.Shm, err = os.MkdirTemp(relaccx.ShmDir, "streams-test-"); err != nil {
		t.Skip(err)
	}
	t.Cleanup(func() { os.RemoveAll(w.Shm) })
	w.Sample("live")
	users := w.SampleUsers()
	h := users.Header()
	border := (4096 - uint64(h.Offset)) / uint64(h.RecordSize)
	for _, n := range []uint64{border, 9000} {
		users.Set(n, "status", mist.UserActive).Set(n, "pid", streamstest.ViewerPID)
	}
	users.Change(func(h *layout.Header) { h.EndPos = uint64(h.RecordCount) })
	w.Object("MstUserlive", users.Bytes)
	sparse(t, filepath.Join(w.Shm, "MstUserlive"))
	before := allocated(t, w.Shm)
	var found []uint64
	for _, u := range w.Look().Streams[0].Users.Slots {
		found = append(found, u.Slot)
	}
	if want := []uint64{0, 1, 2, 3, 5, border, 9000}; !slices.Equal(found, want) {
		t.Errorf("slots %d, want %d", found, want)
	}
	if after := allocated(t, w.Shm); after != before {
		t.Errorf("a look filled %d bytes", after-before)
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

// Fields may lie anywhere, be missing, and be others: only names count. A stream whose
// pages lack what a judgment needs is shown, and not judged.
func TestLookGoesByNames(t *testing.T) {
	w := streamstest.NewWorld(t)
	template := mist.Template{
		Schema: "flags:uint8\nlive:uint16\ntracks:nested[2]\n  codec:string:64\n  news:uint64\n  valid:uint32\n  page:string:300\n",
		Size:   4096, RecordCount: 1, EndPos: 1, Present: 1,
	}
	meta := streamstest.NewPage(t, template).Set(0, "live", 1)
	meta.Nested("tracks").Ring(0, 1).Set(0, "codec", "AV1").Set(0, "valid", 7).Set(0, "page", "MstTrakx@9-0")
	w.Object("MstMetax", meta.Bytes)
	track := streamstest.NewPage(t, mist.Template{Schema: "height:uint8\ncodec:string:8\ntype:string:8\n", Size: 256, RecordCount: 1, EndPos: 1, Present: 1})
	w.Object("MstTrakx@9-0", track.Set(0, "height", 99).Set(0, "type", "video").Set(0, "codec", "no").Bytes)
	m, s, codes := look(t, w)
	r := m.Row(s, nil, streams.RowOptions{})
	if len(codes) != 0 || !s.Unknown || !r.Live || len(r.Tracks) != 1 {
		t.Fatalf("%v, %+v", codes, r)
	}
	if tr := r.Tracks[0]; tr.Codec != "AV1" || tr.Type != "video" || tr.Height != 99 || tr.Valid != 7 || tr.LastKeyMS != nil || tr.Alive != nil {
		t.Errorf("%+v", tr)
	}
}

func TestRemovedTracks(t *testing.T) {
	w := streamstest.NewWorld(t)
	meta, _ := w.Sample("live")
	meta.Nested("tracks").Set(1, "valid", 0)
	w.Object("MstMetalive", meta.Bytes)
	w.Remove("MstTraklive@412-1")
	m, s, codes := look(t, w)
	if n := len(m.Row(s, nil, streams.RowOptions{}).Tracks); n != 1 || len(codes) != 0 {
		t.Errorf("%d tracks, %v", n, codes)
	}
	if n := len(m.Row(s, nil, streams.RowOptions{Removed: true}).Tracks); n != 2 {
		t.Errorf("%d tracks", n)
	}
}

// What has the name of a page and is none is a problem of its stream alone.
func TestBrokenObjects(t *testing.T) {
	whole := streamstest.NewWorld(t)
	whole.Sample("live")
	entries, err := os.ReadDir(whole.Shm)
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range entries {
		path := filepath.Join(whole.Shm, e.Name())
		b, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		for what, bad := range map[string][]byte{
			"empty": {}, "a byte": {1}, "half a header": b[:min(len(b), 20)], "half": b[:len(b)/2], "zeros": make([]byte, len(b)), "ones": ones(len(b)),
		} {
			whole.Object(e.Name(), bad)
			if m, s, _ := look(t, whole); m.Row(s, doctor.Judge(nil, m), streams.RowOptions{Removed: true}).Stream != "live" {
				t.Errorf("%s, %s: no stream", e.Name(), what)
			}
		}
		if err := os.Remove(path); err != nil {
			t.Fatal(err)
		}
		if err := os.Mkdir(path, 0o777); err != nil {
			t.Fatal(err)
		}
		look(t, whole)
		if err := os.Remove(path); err != nil {
			t.Fatal(err)
		}
		if err := syscall.Mkfifo(path, 0o666); err != nil {
			t.Fatal(err)
		}
		look(t, whole)
		if err := os.Remove(path); err != nil {
			t.Fatal(err)
		}
		whole.Object(e.Name(), b)
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
		w := streamstest.NewWorld(t)
		meta, _ := w.Sample("live")
		meta.Nested("tracks").Set(0, "page", name)
		w.Object("MstMetalive", meta.Bytes)
		_, s, _ := look(t, w)
		if s.Tracks[0].Page != nil || s.Tracks[0].Object != nil {
			t.Errorf("%q: read %+v", name, s.Tracks[0].Object)
		}
	}
}

// Random bytes in the pages, and random changes of them, never do more than to
// make a problem.
func TestRandomPages(t *testing.T) {
	w := streamstest.NewWorld(t)
	meta, track := w.Sample("live")
	users := w.SampleUsers()
	seed := rand.Uint64()
	random := rand.New(rand.NewPCG(seed, 1))
	t.Logf("seed %d", seed)
	rounds := 300
	if testing.Short() {
		rounds = 50
	}
	for range rounds {
		for name, p := range map[string]*streamstest.Page{"MstMetalive": meta, "MstTraklive@412-0": track, "MstUserlive": users} {
			w.Object(name, garbled(random, p.Bytes))
		}
		m := w.Look()
		for _, s := range m.Streams {
			if _, err := json.Marshal(m.Row(s, doctor.Judge(nil, m), streams.RowOptions{Removed: true})); err != nil {
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
		w := streamstest.NewWorld(t)
		w.Object("MstMetax", meta)
		w.Object("MstTrakx@1-0", track)
		w.Object("MstUserx", users)
		m, s, _ := look(t, w)
		m.Row(s, doctor.Judge(nil, m), streams.RowOptions{Removed: true})
	})
}

// Many streams, as on a large server: go test -bench Look.
func BenchmarkLook(b *testing.B) {
	w := streamstest.NewWorld(b)
	meta, video := w.Sample("live")
	users := w.SampleUsers()
	const count, tracks = 300, 3
	for i := range count {
		name := fmt.Sprintf("stream%d", i)
		list := meta.Nested("tracks").Ring(0, tracks)
		for n := range uint64(tracks) {
			list.Set(n, "valid", 255).Set(n, "type", "video").Set(n, "page", streamstest.TrackName(name, streamstest.SourcePID, int(n))).Set(n, "pid", streamstest.SourcePID)
			w.Object(streamstest.TrackName(name, streamstest.SourcePID, int(n)), video.Bytes)
			sparse(b, filepath.Join(w.Shm, streamstest.TrackName(name, streamstest.SourcePID, int(n))))
		}
		w.Object("MstMeta"+name, meta.Bytes)
		w.Object("MstUser"+name, users.Bytes)
		w.Object("MstSTATE"+name, []byte{4, 255})
		w.Object("MstIPID"+name, mist.EncodePID(streamstest.AngelPID))
		w.Lock(name, mist.LockInput, true)
	}
	for b.Loop() {
		m, err := streams.Look(w.Shm, procs.Open(w.Proc, w.Shm), nil)
		if err != nil || len(m.Streams) != count+1 {
			b.Fatalf("%d streams, %v", len(m.Streams), err)
		}
		found := doctor.Judge(nil, m)
		for _, s := range m.Streams {
			m.Row(s, found, streams.RowOptions{})
		}
	}
}

// look is the only stream of a world, and its findings as "code object".
func look(t testing.TB, w *streamstest.World) (*streams.Moment, *streams.Stream, []string) {
	t.Helper()
	m := w.Look()
	if len(m.Streams) != 1 {
		t.Fatalf("%d streams", len(m.Streams))
	}
	var codes []string
	for _, f := range doctor.Judge(nil, m) {
		codes = append(codes, f.Code+" "+f.Object)
	}
	return m, m.Streams[0], codes
}
