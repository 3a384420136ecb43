package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"shmtool/layout"
	"shmtool/layout/mist"
	"shmtool/relaccx"
)

// MistServer makes MstMeta two bytes shorter than its header says once it has 64 track
// slots. Its file also has holes: the formats that show bytes go by the file's end there,
// and show the same as they do without holes.
func TestShortPageWithHoles(t *testing.T) {
	t.Parallel()
	shape := layout.Shape{RecordCount: 1, Schema: mustSchema(t, "a:uint8", "filler:raw:20000", "b:uint16")}
	sparse, dense := filepath.Join(t.TempDir(), "MstMetalive"), filepath.Join(t.TempDir(), "MstMetalive")
	w, err := relaccx.Create(sparse, shape, relaccx.CreateOptions{})
	if err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	info, err := os.Stat(sparse)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.Truncate(sparse, info.Size()-2); err != nil {
		t.Fatal(err)
	}
	b, err := os.ReadFile(sparse)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(dense, b, 0o600); err != nil {
		t.Fatal(err)
	}
	for _, command := range []string{"dump -o rax", "dump -o hex", "dump -o schema", "dump -j", "dump", "dump --slots -o csv", "check -j"} {
		words := strings.Fields(command)
		show := func(path string) string {
			r := runIn(t, "", "", append([]string{words[0], path}, words[1:]...)...)
			return strings.ReplaceAll(r.stdout+r.stderr, filepath.Dir(path), "")
		}
		if a, b := show(sparse), show(dense); a != b || a == "" {
			t.Errorf("%s with holes:\n%s\nwithout:\n%s", command, a, b)
		}
	}
}

func mustSchema(t *testing.T, fields ...string) *layout.Schema {
	t.Helper()
	var all []layout.Field
	for _, text := range fields {
		f, err := layout.ParseField(text)
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, f)
	}
	s, err := layout.NewSchema(all...)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// The bytes in the file of such a page can be set. Those behind its end cannot, and the
// file never grows; a copy from a recording is as short, and a resize makes the page whole.
func TestShortPageIsWritten(t *testing.T) {
	dir := t.TempDir()
	for _, sub := range []string{"shm", "proc", "played"} {
		if err := os.Mkdir(filepath.Join(dir, sub), 0o700); err != nil {
			t.Fatal(err)
		}
	}
	template := mist.MetaTemplate(64)
	b := make([]byte, template.Size+2)
	if err := template.Build(b, layout.StatusReady); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"MstMetalive", "other"} {
		path := filepath.Join(dir, "shm", name)
		if err := os.WriteFile(path, b[:template.Size], 0o600); err != nil {
			t.Fatal(err)
		}
		run := func(code int, says string, args ...string) {
			t.Helper()
			r := runIn(t, dir, "", args...)
			if r.code != code || !strings.Contains(r.stdout+r.stderr, says) {
				t.Errorf("%v: exit code %d\n%s%s", args, r.code, r.stdout, r.stderr)
			}
		}
		sized := func(path string, want int) {
			t.Helper()
			if info, err := os.Stat(path); err != nil || info.Size() != int64(want) {
				t.Errorf("%s: %v, want %d bytes: %v", path, info.Size(), want, err)
			}
		}
		run(0, "", "set", name, "0", "bufferwindow=5", "minfragduration=7")
		run(5, `"minfragduration": bytes behind the end of the page's file cannot be set; MistServer has made the page too short`, "set", name, "0", "minfragduration=18446744073709551615")
		run(5, "", "append", name, "minfragduration=18446744073709551615")
		run(0, "7\n", "get", name, "minfragduration")
		run(0, "claims 122254: MistServer 3.5 to 3.10", "check", name)
		sized(path, 122252)
		run(0, "", "record", name, "-w", filepath.Join(dir, name+".rec"), "--for", "20ms")
		run(0, "", "replay", filepath.Join(dir, name+".rec"), "--shm-dir", filepath.Join(dir, "played"))
		sized(filepath.Join(dir, "played", name), 122252)
		run(0, "carried    record 0", "resize", name, "--records", "1", "--dry-run")
		sized(path, 122252)
		run(0, "", "resize", name, "--records", "1")
		sized(path, 122254)
		run(0, "5\n", "get", name, "bufferwindow")
		run(0, name+"  ok", "check", name)
	}
}
