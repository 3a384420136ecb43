package redact

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"io/fs"
	"net/netip"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"shmtool/cmd/shmtool/internal/procs"
	"shmtool/layout"
	"shmtool/layout/mist"
)

// No secret that is planted anywhere is in the snapshot, in any of the forms in which it
// was planted, and every object keeps its size.
func TestNothingLeaks(t *testing.T) {
	t.Parallel()
	p, s := everywhere(t)
	if err := Folder(context.Background(), filepath.Join(p.dir, shmName), filepath.Join(p.dir, procName), s); err != nil {
		t.Fatal(err)
	}
	four, long := netip.MustParseAddr(host), netip.MustParseAddr(longHost)
	sixteen, eight, four4 := netip.AddrFrom16(four.As16()).As16(), long.As16(), four.As4()
	forbidden := []string{host, longHost, string(sixteen[:]), string(eight[:]), string(four4[:]), hex.EncodeToString(sixteen[:]), hex.EncodeToString(four4[:])}
	for _, secret := range p.secrets {
		forbidden = append(forbidden, secret, base64.StdEncoding.EncodeToString([]byte(secret)), hex.EncodeToString([]byte(secret)))
	}
	sizes, files := []int{}, 0
	err := filepath.WalkDir(p.dir, func(path string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		b, err := os.ReadFile(path)
		files++
		if strings.HasPrefix(path, filepath.Join(p.dir, shmName)) {
			sizes = append(sizes, len(b))
		}
		for _, secret := range forbidden {
			if at := bytes.Index(b, []byte(secret)); at >= 0 || strings.Contains(path, secret) {
				t.Errorf("%s has %q at byte %d", path, secret, at)
			}
		}
		return err
	})
	want := []int{}
	for _, size := range p.objects {
		want = append(want, size)
	}
	slices.Sort(sizes)
	slices.Sort(want)
	if err != nil || !slices.Equal(sizes, want) || files < 40 {
		t.Errorf("%d files, sizes %v, want %v: %v", files, sizes, want, err)
	}
	if _, err := os.Stat(filepath.Join(p.dir, procName, "77", "environ")); err == nil {
		t.Error("the environment is kept")
	}
}

// Every kind says how its objects are treated, and every field of a page that is no
// number.
func TestEveryKindIsSaid(t *testing.T) {
	for _, k := range mist.Kinds() {
		if _, page := treatments[k]; page != k.IsPage() {
			t.Errorf("%s: a page: %v, in the table of pages: %v", k, k.IsPage(), page)
		}
		if others[k] == nil && !k.IsPage() {
			t.Errorf("%s: nothing says how it is treated", k)
		}
		text := schemas[k]
		if template, ok := k.Template(); ok {
			text = template.Schema
		}
		if text == "" {
			continue
		}
		s, err := layout.ParseSchema(text)
		if err != nil {
			t.Fatal(err)
		}
		for i := range s.Fields() {
			f := &s.Fields()[i]
			if f.Kind() == layout.Nested {
				if _, said := treatments[k][f.Name]; !said {
					t.Errorf("%s: nothing says how the page %q is treated", k, f.Name)
				}
				continue
			}
			if _, said := treatments[k][""][f.Name]; !said && f.Kind() != layout.Uint && f.Kind() != layout.Int {
				t.Errorf("%s: nothing says how the field %q is treated", k, f.Name)
			}
		}
	}
}

// The same value has the same replacement, in binary and in text.
func TestConsistent(t *testing.T) {
	r := New([]string{"live"})
	text := string(r.text([]byte("from "+host+" to "+longHost+": Kd83hHsk2, again "+host+" Kd83hHsk2"), nil))
	words := strings.Fields(text)
	four, err := netip.ParseAddr(words[1])
	if err != nil || words[1] != words[6] || words[4] != words[7]+"," || len(words[1]) != len(host) {
		t.Errorf("%q: %v", text, err)
	}
	sixteen := netip.AddrFrom16(netip.MustParseAddr(host).As16()).As16()
	got, _ := netip.AddrFromSlice(r.binaryAddress(sixteen[:]))
	if got.Unmap() != four {
		t.Errorf("binary %v, text %v", got, four)
	}
	if long, err := netip.ParseAddr(strings.TrimSuffix(words[3], ":")); err != nil || long != r.sameFor(netip.MustParseAddr(longHost)) {
		t.Errorf("%q is %v: %v", words[3], long, err)
	}
	if other := string(New(nil).text([]byte("Kd83hHsk2"), nil)); strings.Contains(text, other) {
		t.Errorf("two snapshots have %q for the same value", other)
	}
}

// No two objects get the same name, whatever they are called.
func TestNamesStayApart(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	for _, name := range []string{shmName, procName} {
		if err := os.Mkdir(filepath.Join(dir, name), 0o700); err != nil {
			t.Fatal(err)
		}
	}
	for i := range 200 { // of which two, of three letters, often have the same replacement
		for _, name := range []string{fmt.Sprintf("\x01%c%c", 'a'+i%26, 'a'+i/26), fmt.Sprintf("q%c%c", 'a'+i%26, 'a'+i/26)} {
			if err := os.WriteFile(filepath.Join(dir, shmName, name), nil, 0o600); err != nil {
				t.Fatal(err)
			}
		}
	}
	if err := Folder(context.Background(), filepath.Join(dir, shmName), filepath.Join(dir, procName), &procs.Saved{}); err != nil {
		t.Fatal(err)
	}
	if names, err := os.ReadDir(filepath.Join(dir, shmName)); err != nil || len(names) != 400 {
		t.Errorf("%d objects, want 400: %v", len(names), err)
	}
}

// What a newer MistServer makes is as unknown in the redacted snapshot.
func TestUnknownNames(t *testing.T) {
	for _, name := range []string{"MstNewThing_77_customer", "sem.MstSemNewcustomer", "Mst\x01customer", "MstProcState_77customer"} {
		got := New([]string{"live"}).Name(name)
		if !mist.UnknownName(got) || strings.Contains(got, "customer") || len(got) != len(name) {
			t.Errorf("%q is %q", name, got)
		}
	}
	r := New(nil)
	if got, want := r.objectPath([]byte("/dev/shm/MstNewThing_77_customer (deleted)\n")), "/dev/shm/"+r.Name("MstNewThing_77_customer")+" (deleted)\n"; string(got) != want {
		t.Errorf("it is mapped as %q, want %q", got, want)
	}
	if got := New(nil).Name("other-customer"); mist.UnknownName(got) || strings.Contains(got, "customer") {
		t.Errorf("it is %q", got)
	}
}

// The state and the progress of a stream stay, whatever a version has behind them.
func TestStates(t *testing.T) {
	long := append([]byte{4, 255}, bytes.Repeat([]byte{7}, 110)...)
	for size, want := range map[int]int{1: 1, 2: 2, 16: 16, 40: 2, 112: 112} {
		got := New(nil).Object("MstSTATElive", long[:size])
		if len(got) != size || !bytes.Equal(got[:want], long[:want]) || len(bytes.Trim(got[want:], "\x00")) > 0 {
			t.Errorf("%d bytes are %x", size, got)
		}
	}
}

// A text keeps what says nothing of whose server it is.
func TestKept(t *testing.T) {
	r := New([]string{"live+cam-1", "live"})
	for _, text := range []string{
		"Stream live became inactive", "Input closing unclean, reason: Stream open failed", "push://127.0.0.1", "push://INTERNAL_ONLY:tsudp://127.0.0.1:9001",
		"../src/input/input_buffer.cpp:574", "Stream live+cam-1 became active", `{"connector":"HTTP","interface":"0.0.0.0","port":8080}`, "MistOutMP4", "::1", "0.0.0.0",
	} {
		if got := string(r.text([]byte(text), nil)); got != text {
			t.Errorf("%q is %q", text, got)
		}
	}
}

// A password that is a word is found where nothing but another object tells that it is
// one, and bytes of any kind are no harm.
func TestLearns(t *testing.T) {
	r := New([]string{"live"})
	r.learning = true
	r.words(make([]byte, 64), []byte("camera"), secrets)
	r.learning = false
	for text, private := range map[string]string{
		"curl -u admin:camera -T - x": "admin:camera", "--password camera": "camera", "play --user=camera now": "camera", "http://h/?pin=1234": "1234",
	} {
		if got := string(r.text([]byte(text), nil)); strings.Contains(got, private) || len(got) != len(text) {
			t.Errorf("%q is %q", text, got)
		}
	}
	if got := string(r.text([]byte("key camera refused"), nil)); strings.Contains(got, "camera") || !strings.HasPrefix(got, "key ") {
		t.Errorf("%q", got)
	}
}

// Nothing takes a time that grows faster than the bytes do.
func TestHostileTexts(t *testing.T) {
	t.Parallel()
	r := New([]string{"live"})
	r.learning = true
	for _, part := range []string{"?a=1&", ":", "a:", "Mst(", `"`, `"user":"`, "://", "u:p@x://", "a-", "1.", "::", "%3a%2f%2f", "HTTP/1.\nA:b\n", "secret-", "\\", "tkn=a "} {
		text := []byte(strings.Repeat(part, 1<<15/len(part)))
		if got := r.text(text, nil); len(got) != len(text) {
			t.Errorf("%q: %d bytes, want %d", part, len(got), len(text))
		}
	}
	page := make([]byte, 1<<16)
	layout.Header{Status: layout.StatusReady, FieldOffset: 36, Offset: 36, RecordCount: 1<<32 - 1, EndPos: 1<<32 - 1, Present: 1<<32 - 1}.Encode(page)
	if got := r.Object("MstUserlive", page); len(got) != len(page) {
		t.Errorf("%d bytes, want %d", len(got), len(page))
	}
}

func FuzzObject(f *testing.F) {
	f.Add("MstMetalive", []byte("\x01"))
	f.Fuzz(func(t *testing.T, name string, b []byte) {
		r := New([]string{"live"})
		if got := r.Object(name, b); len(got) != len(b) {
			t.Errorf("%d bytes, want %d", len(got), len(b))
		}
		if got := r.text(b, nil); len(got) != len(b) {
			t.Errorf("text of %d bytes, want %d", len(got), len(b))
		}
		r.Name(name)
	})
}

// An object that is larger than memory, and is nearly all holes, ended the program. It
// becomes blank, of the same size.
func TestHugeObject(t *testing.T) {
	dir := t.TempDir()
	const size = 1 << 40
	for _, sub := range []string{shmName, procName} {
		if err := os.Mkdir(filepath.Join(dir, sub), 0o700); err != nil {
			t.Fatal(err)
		}
	}
	path := filepath.Join(dir, shmName, "MstMetahuge")
	if err := os.WriteFile(path, []byte("\x01secret"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Truncate(path, size); err != nil {
		t.Skip(err) // this file system has no such files
	}
	if err := Folder(context.Background(), filepath.Join(dir, shmName), filepath.Join(dir, procName), &procs.Saved{}); err != nil {
		t.Fatal(err)
	}
	all, err := filepath.Glob(filepath.Join(dir, shmName, "*"))
	if err != nil || len(all) != 1 {
		t.Fatal(all, err)
	}
	f, err := os.Open(all[0])
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	b := make([]byte, 7)
	info, err := f.Stat()
	if _, bad := f.Read(b); err != nil || bad != nil || info.Size() != size || string(b) != strings.Repeat("\x00", 7) {
		t.Errorf("%q, %v, %v %v", b, info, err, bad)
	}
}
