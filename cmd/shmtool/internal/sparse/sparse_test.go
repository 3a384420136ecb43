package sparse

import (
	"os"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestAround(t *testing.T) {
	const block = 1 << 16
	f, err := os.CreateTemp("/dev/shm", "sparse-test-*")
	if err != nil {
		t.Skip(err)
	}
	defer os.Remove(f.Name())
	defer f.Close()
	if err := f.Truncate(8 * block); err != nil {
		t.Fatal(err)
	}
	for _, at := range []int64{block, 5 * block} {
		if _, err := f.WriteAt(make([]byte, block), at); err != nil {
			t.Fatal(err)
		}
	}
	parts := func(from, to int64) (all [][2]int64) {
		for start, end := range Parts(f, from, to) {
			all = append(all, [2]int64{start, end})
		}
		return all
	}
	for _, c := range []struct {
		what     string
		from, to int64
		want     [][2]int64
	}{
		{"all", 0, 8 * block, [][2]int64{{block, 2 * block}, {5 * block, 6 * block}}},
		{"cut on both sides", block + 7, 5*block + 9, [][2]int64{{block + 7, 2 * block}, {5 * block, 5*block + 9}}},
		{"a hole", 2 * block, 5 * block, nil},
		{"after the end", 8 * block, 9 * block, nil},
		{"nothing", block, block, nil},
	} {
		if diff := cmp.Diff(c.want, parts(c.from, c.to)); diff != "" {
			t.Errorf("%s (-want +got):\n%s", c.what, diff)
		}
	}
	for start := range Parts(f, 0, 8*block) {
		if start != block {
			t.Error("goes on after the first")
		}
		break
	}
}

// A file that cannot tell its holes, such as a pipe, is one part.
func TestAroundUnseekable(t *testing.T) {
	r, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	defer w.Close()
	for start, end := range Parts(r, 3, 9) {
		if start != 3 || end != 9 {
			t.Errorf("%d to %d", start, end)
		}
		return
	}
	t.Error("it is no part at all")
}
