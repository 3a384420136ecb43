//go:build linux && amd64 && !elsewhere

package faults

import (
	"fmt"
	"testing"

	"shmtool/cmd/shmtool/internal/fail"
)

// A process that may open few files says so, instead of the runtime of Go.
func TestFewFiles(t *testing.T) {
	n := newNarrow(t, "size=1m")
	n.ready()
	counts := []int{5, 15, 16}
	if long() {
		counts = []int{4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 20, 24, 32}
	}
	for _, count := range counts {
		n.limit = fmt.Sprintf("-n %d", count)
		want := fail.ExitOK
		if count < 16 {
			want = fail.ExitInternal
		}
		for _, line := range []string{"ls", "dump ring", "append ring a=2", "doctor", "save --all $OUT/all", "tail ring -n 1 -o ndjson", "create new --records 1 --field a:uint8 --force"} {
			n.ends(line, want)
			n.cleared()
		}
	}
	n.limit = ""
	n.whole("new", "ring")
}

// A process whose files may not grow, by RLIMIT_FSIZE, says so, and is not killed by
// SIGXFSZ.
func TestSmallFiles(t *testing.T) {
	n := newNarrow(t, "size=1m")
	n.ready()
	for _, blocks := range []int{0, 1} { // of 512 bytes
		n.limit = fmt.Sprintf("-f %d", blocks)
		for _, line := range changes[:6] {
			n.ends(line, fail.ExitRefused, fail.ExitInternal)
		}
		n.ends("report -w $OUT/report.html", fail.ExitInternal)
		n.ends("append ring a=2", fail.ExitOK)
	}
	n.limit = "-f 0"
	n.ends("record ring -w $OUT/r.mcap --for 1ms", fail.ExitInternal)
	n.ends("streams -o openmetrics --to $OUT/s.prom", fail.ExitInternal)
	n.limit = ""
	n.whole("ring")
}

// A page for which there is no address space is refused.
func TestSmallAddressSpace(t *testing.T) {
	n := newNarrow(t, "size=8g")
	n.ready()
	n.limit = "-v 4194304" // KiB; below about 2 GiB the runtime of Go does not begin
	n.ends("create large --size 4G --records 1 --field a:uint8", fail.ExitRefused, fail.ExitInternal)
	n.ends("ls", fail.ExitOK)
	n.limit = ""
	n.whole("ring")
}
