package object

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"

	"shmtool/cmd/shmtool/internal/fail"
	"shmtool/cmd/shmtool/internal/objectfile"
	"shmtool/cmd/shmtool/internal/units"
	"shmtool/cmd/shmtool/internal/world"
	"shmtool/layout"
	"shmtool/layout/dtsc"
	"shmtool/layout/mist"
	"shmtool/relaccx/datapage"
)

func checkData(o *Object) (found []layout.Finding, says string, err error) {
	d := dataCheck{of: o.Of, path: o.Path, published: func() (published, bool, error) { return trackAvail(o.Path, o.Of) }}
	err = d.check(o.file, o.info.Size(), inMemory(o.world, o.Path))
	return d.found, fmt.Sprintf(": %s, %d bytes", units.Counted(d.count, "packet", "packets"), d.end), err
}

// CheckDataPages checks the data pages that a track says are in memory.
func CheckDataPages(w *world.World, t Target, track mist.Object, records []mist.DataRecord) ([]Finding, error) {
	var found []Finding
	seen := map[uint64]bool{} // what names one page twice has it looked at once
	for _, r := range records {
		if seen[r.FirstKey] {
			continue
		}
		seen[r.FirstKey] = true
		of := mist.Object{Kind: mist.KindData, Stream: track.Stream, Index: track.Index, Key: r.FirstKey}
		path := filepath.Join(filepath.Dir(t.Path), of.Name())
		f, err := objectfile.Open(path)
		switch {
		case errors.Is(err, os.ErrNotExist) && r.Newest && !inMemory(w, path):
			continue // it was made after the copy, and before that of the track
		case errors.Is(err, os.ErrNotExist):
			missing := mist.NewFinding(mist.CodeDataMissing, r.Offset, r.Path, "page %d: %s is not there, its avail is %d", r.Record, mist.EscapeName(of.Name()), r.Avail)
			found = append(found, Finding{Finding: missing})
			continue
		case err != nil:
			return found, Explain(w, Target{Arg: of.Name(), Path: path}, err)
		}
		d := dataCheck{of: of, path: path, published: func() (published, bool, error) { return availIn(t.Path, r.FirstKey) }}
		if err := d.checkFile(f, inMemory(w, path)); err != nil {
			return found, fail.OnPage(of.Name(), err)
		}
		for _, f := range d.found {
			found = append(found, Finding{Finding: f, Object: of.Name()})
		}
	}
	return found, nil
}

// inMemory reports whether an object is in use now. If not, it is a copy, and the copies of
// a live stream's objects were made one after the other.
func inMemory(w *world.World, path string) bool { return w.ProcsOf(filepath.Dir(path)).InMemory() }

// packetText says what is wrong, without the byte, which a finding has anyway.
func packetText(wrong *dtsc.FormatError) string {
	if wrong.Value == nil {
		return wrong.What
	}
	return fmt.Sprintf("%s: %v", wrong.What, wrong.Value)
}

// dataCheck checks a data page against what its track says of it.
type dataCheck struct {
	of        mist.Object
	path      string
	published func() (published, bool, error) // now; false where no track tells

	found []layout.Finding
	count uint64 // of packets
	end   int    // byte behind them
}

func (d *dataCheck) checkFile(f *os.File, inMemory bool) error {
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return err
	}
	return d.check(f, info.Size(), inMemory)
}

// check checks the packets of the page against how many bytes of them are published: they
// end there, and no others follow. When no track tells, they must be whole up to their end.
func (d *dataCheck) check(page io.ReaderAt, size int64, inMemory bool) error {
	said, known, err := d.published()
	if err != nil {
		return err
	}
	// A copy of a page that grew ends before what is published where its track's
	// page was copied after it; meanwhile another page may have been begun.
	mayEnd := !known || said.later <= 1 && !inMemory
	if err := d.packets(page, size, said.avail, known, mayEnd); err != nil || !known {
		return err
	}
	behind, _, settled := lookBehind(d.path, said.avail, d.published)
	if settled && behind.Stale() {
		reach := "MistServer's readers run into them"
		if behind.Next == 0 {
			reach = "new packets end amidst an old one"
		}
		d.add(mist.CodeDataStale, behind.Start, "%d whole packets lie behind what track %d has published: %s", behind.Count, d.of.Index, reach)
	}
	return nil
}

// packets reads the page up to what is published, or to its end.
func (d *dataCheck) packets(page io.ReaderAt, size int64, avail uint64, known, mayEnd bool) error {
	r := datapage.NewReader(page, size)
	for ; !known || uint64(d.end) < avail; d.count++ {
		p, err := r.Next()
		var wrong *dtsc.FormatError
		switch {
		case errors.Is(err, io.EOF):
			if !mayEnd {
				d.add(mist.CodeDataEnd, d.end, "%s end here, avail says at byte %d", units.Counted(d.count, "packet", "packets"), avail)
			}
			return nil
		case errors.As(err, &wrong):
			d.add(mist.CodePacketBroken, int(wrong.Offset), "packet %d: %s", d.count, packetText(wrong))
			return nil
		case err != nil:
			return err
		}
		d.end = p.Offset + p.Size
		if known && uint64(d.end) > avail {
			d.add(mist.CodeDataEnd, p.Offset, "packet %d ends at byte %d, avail says %d", d.count, d.end, avail)
		}
	}
	return nil
}

func (d *dataCheck) add(code string, at int, format string, a ...any) {
	d.found = append(d.found, mist.NewFinding(code, int64(at), "", format, a...))
}
