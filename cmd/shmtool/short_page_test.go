package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"shmtool/layout"
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
