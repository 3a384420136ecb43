package faults

import (
	"bytes"
	"compress/gzip"
	"io"
	"math/rand/v2"
	"os"
	"path/filepath"
	"testing"

	"shmtool/cmd/shmtool/internal/fail"
)

// newPackedLab returns one with a recording, and snapshots of its stream in a folder and an
// archive, as subjects. The names of its subjects are paths in l.out.
func newPackedLab(t *testing.T) *lab {
	l := newLab(t)
	for _, s := range l.subjects { // the large ones would be most of the snapshot
		if len(s.bytes) > 1<<20 || len(s.name) > 2 && s.name[:2] == "g-" && s.name != "g-strings" && s.name != "g-nested" {
			l.must(os.Remove(l.path(s.name)))
		}
	}
	l.subjects = nil
	packed := t.TempDir()
	for _, args := range [][]string{
		{"record", "MstMetalive", "g-nested", "g-strings", "MstUserlive", "-w", filepath.Join(packed, "r.mcap"), "--for", "5ms"},
		{"save", "--all", filepath.Join(packed, "m.tar.gz")},
	} {
		if r := l.command(args...); r.code != fail.ExitOK {
			t.Fatalf("%q: exit code %d\n%s", args, r.code, r.stderr)
		}
	}
	for _, name := range []string{"r.mcap", "m.tar.gz"} {
		b, err := os.ReadFile(filepath.Join(packed, name))
		l.must(err)
		l.subjects = append(l.subjects, subject{name, b})
	}
	return l
}

// unzipped returns what a gzip file holds.
func (l *lab) unzipped(b []byte) []byte {
	z, err := gzip.NewReader(bytes.NewReader(b))
	l.must(err)
	text, err := io.ReadAll(z)
	l.must(err)
	return text
}

func (l *lab) zipped(b []byte) []byte {
	var out bytes.Buffer
	z := gzip.NewWriter(&out)
	_, err := z.Write(b)
	l.must(err)
	l.must(z.Close())
	return out.Bytes()
}

// spoil returns bytes with a few of them changed, doubled, or left out.
func (l *lab) spoil(dice *rand.Rand, b []byte) []byte {
	b = bytes.Clone(b)
	for range one(dice, 1, 1, 2, 5) {
		at := dice.IntN(len(b))
		if dice.IntN(2) == 0 { // where most is said
			at = dice.IntN(min(len(b), 4096))
		}
		switch dice.IntN(6) {
		case 0, 1:
			l.putNumber(b, at, 1, uint64(dice.IntN(256)))
		case 2:
			l.putNumber(b, at, one(dice, 1, 2, 4, 8), number(dice, nil, 0))
		case 3:
			l.putNumber(b, at, 1, uint64(one(dice, '"', '/', '.', '0', '9', '-', '{', 0)))
		case 4:
			l.damagedf("cut at %d", at)
			l.faults++
			b = b[:max(at, 1)]
		case 5:
			n := min(dice.IntN(600), len(b)-at)
			l.damagedf("%d bytes at %d twice", n, at)
			l.faults++
			b = append(b[:at+n:at+n], b[at:]...)
		}
	}
	return b
}

// A snapshot with any bytes changed, in its archive or before it was packed, brings every
// command that looks at it to a documented end, and nothing of it stays unpacked.
func TestSnapshots(t *testing.T) {
	run(t, 30, 300, newPackedLab, func(l *lab, dice *rand.Rand) {
		s := l.subjects[1]
		var b []byte
		if dice.IntN(4) == 0 {
			b = l.spoil(dice, s.bytes)
		} else {
			b = l.zipped(l.spoil(dice, l.unzipped(s.bytes)))
		}
		path := filepath.Join(l.out(), s.name)
		l.must(os.WriteFile(path, b, 0o600))
		l.width = one(dice, columns...)
		page := one(dice, "MstMetalive", "MstUserlive", "g-nested", "MstSTATElive", "MstIPIDlive")
		for range 2 {
			line := l.placeLine(dice, page)
			if line[0] == "save" || dice.IntN(2) == 0 {
				line = one(dice, []string{"dump", page, "-j"}, []string{"check", page}, []string{"ls", "--all"}, []string{"dump", page})
			}
			l.look(append(line, "--moment", path)...)
		}
		l.cleared()
	})
}

// A recording with any bytes changed is listed and played back to a documented end.
func TestRecordings(t *testing.T) {
	run(t, 60, 800, newPackedLab, func(l *lab, dice *rand.Rand) {
		s := l.subjects[0]
		path, to := filepath.Join(l.out(), s.name), filepath.Join(l.out(), "played")
		l.must(os.WriteFile(path, l.spoil(dice, s.bytes), 0o600))
		l.must(os.Mkdir(to, 0o700))
		l.width = one(dice, columns...)
		l.look(append([]string{"replay", "--list", path}, one(dice, nil, []string{"-j"}, []string{"-o", "csv"})...)...)
		l.look("replay", path, "--shm-dir", to, "--speed", "1000")
		l.cleared()
	})
}
