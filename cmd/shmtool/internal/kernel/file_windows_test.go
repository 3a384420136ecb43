package kernel

import "testing"

// Windows makes another file, or none, of names that Linux takes.
func TestElsewhereNameable(t *testing.T) {
	for name, want := range map[string]bool{
		"MstTraklive@412-0": true, "MstSTATElive+cam 1": true, ".x": true, "sem.MstSemStat": true,
		"a:b": false, "a*": false, "a?": false, `a"b`: false, "a<b": false, "a|b": false, `a\b`: false,
		"a.": false, "a ": false, "NUL": false, "a\x01": false, "": false,
	} {
		if Nameable(name) != want {
			t.Errorf("%q: %v", name, !want)
		}
	}
}
