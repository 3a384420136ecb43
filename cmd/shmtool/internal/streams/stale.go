package streams

import (
	"io"
	"os"
	"path/filepath"
	"slices"
	"syscall"

	"shmtool/layout/dtsc"
)

// fewPackets is how many packets are looked at behind the end of a data page.
const fewPackets = 32

// stale counts the whole packets that lie in a data page behind what its track
// says is there. One may be on its way; two or more are from before. What came
// while we looked is told by asking the track again.
func (l *looker) stale(d *DataPage, again func() (avail uint64)) int {
	if d.Avail == 0 {
		return 0
	}
	f, err := os.OpenFile(filepath.Join(l.dir, d.Name), os.O_RDONLY|syscall.O_NONBLOCK, 0)
	if err != nil {
		return 0
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil || !info.Mode().IsRegular() {
		return 0
	}
	found := packetsFrom(f, int(min(d.Avail, uint64(info.Size()))), int(info.Size()))
	if len(found) < 2 {
		return len(found)
	}
	avail := again()
	return len(slices.DeleteFunc(found, func(at int) bool { return uint64(at) < avail }))
}

// packetsFrom are where the whole packets begin from a byte of a data page on.
// Nothing is mapped: to look into a hole fills it.
func packetsFrom(page io.ReaderAt, at, size int) (found []int) {
	head := make([]byte, dtsc.PacketHeadSize)
	for len(found) < fewPackets {
		n, err := page.ReadAt(head, int64(at))
		if err != nil && err != io.EOF {
			break
		}
		p, err := dtsc.PacketHead(head[:n], at, size)
		if err != nil || p.Size <= 0 {
			break
		}
		found = append(found, at)
		at += p.Size
	}
	return found
}
