package streams

import (
	"errors"
	"io/fs"
	"testing"

	"shmtool/cmd/shmtool/internal/procs"
)

// An object that could not be unpacked is one that may not be read, in its own words:
// nothing is wrong with it.
func TestProblemOf(t *testing.T) {
	for problem, may := range map[string]bool{"permission denied": false, procs.Unnamed: false, "input/output error": true} {
		err := problemOf(procs.SavedObject{Problem: problem})
		if errors.Is(err, fs.ErrPermission) == may || err.Error() != problem {
			t.Errorf("%q: %v", problem, err)
		}
	}
}
