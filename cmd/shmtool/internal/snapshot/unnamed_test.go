package snapshot

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"shmtool/cmd/shmtool/internal/procs"
)

// An object whose name a system refuses is left out of what it unpacks, and is not
// taken for missing; what has nothing to note that in is refused.
func TestUnnamed(t *testing.T) {
	nameable = func(name string) bool { return !strings.Contains(name, ":") }
	t.Cleanup(func() { nameable = func(string) bool { return true } })
	const moment = `{"schema":"shmtool.moment/1","objects":[{"name":"MstStatea"},{"name":"MstStateb:c"}]}`
	objects := []member{file("m/shm/MstStatea", "4"), file("m/shm/MstStateb:c", "4")}
	o, err := Open(t.Context(), archive(t, slices.Concat([]member{file("m/moment.json", moment)}, objects)...))
	if err != nil {
		t.Fatal(err)
	}
	defer o.Close()
	entries, err := os.ReadDir(o.ShmDir)
	if err != nil || len(entries) != 1 || !slices.Equal(o.Unnamed, []string{"MstStateb:c"}) {
		t.Errorf("%v, left out %q, %v", entries, o.Unnamed, err)
	}
	saved, err := procs.ReadSaved(filepath.Dir(o.ShmDir))
	if err != nil || len(saved.Objects) != 1 || len(saved.Unread) != 1 || saved.Unread[0].Name != "MstStateb:c" || saved.Unread[0].Problem == "" {
		t.Errorf("%+v, %v", saved, err)
	}
	if o, err := Open(t.Context(), archive(t, objects...)); err == nil || !strings.Contains(err.Error(), `"MstStateb:c"; look at it on Linux`) {
		t.Errorf("without moment.json: %+v, %v", o, err)
	}
}
