package read

import (
	"testing"

	"shmtool/cmd/shmtool/internal/out"
)

// A snapshot begins and ends with the processes, which take long on a large machine: nothing is
// "0 of 0" meanwhile.
func TestSaveProgress(t *testing.T) {
	for c, want := range map[copied]out.Doing{
		{}:               {Text: "looking at processes"},
		{0, 4, 0}:        {Text: "looking at processes"},
		{1, 4, 4096}:     {Text: "1 of 4 objects, 4096", Part: 0.25, Ends: true},
		{4, 4, 20 << 10}: {Text: "4 of 4 objects, 20.0k, and the processes", Part: 1, Ends: true},
	} {
		if got := c.doing(); got != want {
			t.Errorf("%+v: %+v, not %+v", c, got, want)
		}
	}
}
