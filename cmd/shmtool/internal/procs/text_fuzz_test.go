package procs

import (
	"fmt"
	"reflect"
	"strings"
	"testing"

	"golang.org/x/sys/unix"
)

// A stat line of any bytes is read or refused; what is read says in the same words what it
// was made of.
func FuzzStat(f *testing.F) {
	f.Add([]byte("42 (a) b) S 1 42 42 0 -1 4194560 100 0 0 0 1 2 0 0 20 0 1 0 12345 1000 10"))
	f.Add([]byte("42 (x) Z 1"))
	f.Add([]byte("42 () S -1 ("))
	f.Fuzz(func(t *testing.T, text []byte) {
		p, err := parseStat(42, text)
		if err != nil {
			return
		}
		again, err := parseStat(42, fmt.Appendf(nil, "42 (%s) %s %d%s %d", p.Name, p.State, p.Parent, strings.Repeat(" 0", statStart-statParent-1), p.Start/tick))
		if err != nil || !reflect.DeepEqual(again, p) {
			t.Errorf("%+v reads as %+v, %v", p, again, err)
		}
	})
}

// The files in maps of any bytes are lines of it, and each says what it was made of.
func FuzzMaps(f *testing.F) {
	f.Add([]byte("7f00-7f01 rw-s 00000000 00:19 42 /dev/shm/MstMetalive (deleted)\nff-100 r-xp 0 08:01 7   /usr/bin/a b\n10-20 rw-p 0 00:00 0\n"))
	f.Fuzz(func(t *testing.T, text []byte) {
		for m := range parseMaps(text) {
			write := "-"
			if m.writable {
				write = "w"
			}
			line := fmt.Sprintf("%x-%x r%s-s 0 %x:%x %d %s", m.start, m.end, write, unix.Major(m.object.Device), unix.Minor(m.object.Device), m.object.Inode, m.path)
			again, ok := parseMap(line)
			if !ok || again != m || !strings.Contains(string(text), m.path) {
				t.Errorf("%+v is written %q, which reads as %+v", m, line, again)
			}
		}
	})
}
