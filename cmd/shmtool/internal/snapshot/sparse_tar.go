package snapshot

import (
	"archive/tar"
	"bytes"
	"context"
	"fmt"
	"io"
	"math"
	"os"
	"strconv"
	"time"

	"shmtool/cmd/shmtool/internal/sparse"
)

// Package archive/tar reads files with holes, and writes them without. So that an
// archive does not hold 40 MiB of zeros for each data page, and tar makes the same
// holes again, they are written here as GNU tar does: "PAX format 1.0".

// tarBlock is what everything in an archive is filled up to.
const tarBlock = 512

// part is a part of a file that is no hole.
type part struct{ start, end int64 }

// partsOf returns the parts of a file of a size.
func partsOf(f *os.File, size int64) []part {
	var parts []part
	for start, end := range sparse.Parts(f, 0, size) {
		parts = append(parts, part{start, end})
	}
	return parts
}

// packSparse writes the parts of a file of a size, whose holes come out as such.
func (a *archiver) packSparse(ctx context.Context, name string, f io.ReaderAt, size int64, parts []part, modified time.Time) error {
	if err := a.tar.Flush(); err != nil {
		return err
	}
	index := fmt.Appendf(nil, "%d\n", len(parts)+1)
	stored := int64(0)
	for _, p := range parts {
		index = fmt.Appendf(index, "%d\n%d\n", p.start, p.end-p.start)
		stored += p.end - p.start
	}
	index = filled(fmt.Appendf(index, "%d\n0\n", size)) // the end, as GNU tar has it
	records := bytes.Join([][]byte{
		paxRecord("GNU.sparse.major", "1"), paxRecord("GNU.sparse.minor", "0"),
		paxRecord("GNU.sparse.name", name), paxRecord("GNU.sparse.realsize", strconv.FormatInt(size, 10)),
		paxRecord("mtime", fmt.Sprintf("%d.%09d", modified.Unix(), modified.Nanosecond())),
	}, nil)
	total := int64(len(index)) + stored
	if total > octal11 {
		records = append(records, paxRecord("size", strconv.FormatInt(total, 10))...)
	}
	head := tarHeader("PaxHeaders/sparse", tar.TypeXHeader, int64(len(records)), modified)
	own := tarHeader("GNUSparseFile/sparse", tar.TypeReg, total, modified)
	for _, b := range [][]byte{head, filled(records), own, index} {
		if _, err := a.zipped.Write(b); err != nil {
			return err
		}
	}
	for _, p := range parts {
		if err := writePart(ctx, a.zipped, f, p); err != nil {
			return err
		}
	}
	_, err := a.zipped.Write(zeros[:-stored&(tarBlock-1)])
	return err
}

// writePart writes a part of a file, which must have all of it.
func writePart(ctx context.Context, to io.Writer, from io.ReaderAt, p part) error {
	pooled := chunks.Get().(*[chunkSize]byte)
	defer chunks.Put(pooled)
	for p.start < p.end {
		if err := ctx.Err(); err != nil {
			return err
		}
		b := pooled[:min(chunkSize, p.end-p.start)]
		if n, err := from.ReadAt(b, p.start); n < len(b) {
			if err == io.EOF {
				err = io.ErrUnexpectedEOF
			}
			return err
		}
		if _, err := to.Write(b); err != nil {
			return err
		}
		p.start += int64(len(b))
	}
	return nil
}

// octal11 is the most that eleven octal digits can say.
const octal11 = 1<<33 - 1

// filled returns b with zeros up to the end of its block.
func filled(b []byte) []byte { return append(b, make([]byte, -len(b)&(tarBlock-1))...) }

// paxRecord returns "LENGTH KEY=VALUE\n", whose length counts all, also itself.
func paxRecord(key, value string) []byte {
	rest := " " + key + "=" + value + "\n"
	size := len(rest)
	for size != len(rest)+len(strconv.Itoa(size)) {
		size = len(rest) + len(strconv.Itoa(size))
	}
	return []byte(strconv.Itoa(size) + rest)
}

// tarHeader returns the block before a member. Values that do not fit into it stand in
// the member's records.
func tarHeader(name string, kind byte, size int64, modified time.Time) []byte {
	b := make([]byte, tarBlock)
	copy(b, name)
	copy(b[100:], "0000600\x000000000\x000000000\x00")
	copy(b[124:], fmt.Sprintf("%011o\x00%011o\x00", min(size, octal11), min(max(modified.Unix(), 0), math.MaxUint32)))
	copy(b[148:], "        ") // as which the sum counts itself
	b[156] = kind
	copy(b[257:], "ustar\x0000")
	sum := 0
	for _, c := range b {
		sum += int(c)
	}
	copy(b[148:], fmt.Sprintf("%06o\x00 ", sum))
	return b
}
