package object

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"

	"shmtool/cmd/shmtool/internal/cli"
	"shmtool/cmd/shmtool/internal/fail"
	"shmtool/cmd/shmtool/internal/objectfile"
	"shmtool/cmd/shmtool/internal/units"
	"shmtool/layout"
	"shmtool/layout/dtsc"
	"shmtool/layout/mist"
	"shmtool/relaccx/datapage"
)

// Check holds an object that is no page against what MistServer makes of
// it, and says what it is.
func Check(c *cli.Call, o *Object) (found []Finding, about string, err error) {
	what := Nouns[o.Of.Kind]
	switch o.Of.Kind {
	case mist.KindData:
		d := dataCheck{of: o.Of, path: o.Path, published: func() (published, bool) { return trackAvail(o.Path, o.Of) }}
		err := d.check(o.File, o.info.Size(), inMemory(c, o.Path))
		return PlainFindings(d.found), what + ": " + units.Counted(d.count, "packet", "packets") + fmt.Sprintf(", %d bytes", d.end), o.OnPage(err)
	case mist.KindPush:
		_, pushes, err := o.pushes()
		var wrong *dtsc.FormatError
		if errors.As(err, &wrong) {
			f := mist.NewFinding(mist.CodePushBroken, wrong.Offset, "", "%s, behind %s", packetText(wrong), units.Counted(uint64(len(pushes)), "push", "pushes"))
			return PlainFindings([]layout.Finding{f}), what, nil
		}
		return nil, fmt.Sprintf("%s: %d", what, len(pushes)), o.OnPage(err)
	case mist.KindTemporary:
		return nil, what, nil
	}
	b, err := o.small()
	if err != nil {
		return nil, what, err
	}
	findings, says := checkSmall(o.Of, b)
	return PlainFindings(findings), what + says, nil
}

// checkSmall judges a state, a PID or a semaphore, and tells what it says.
func checkSmall(of mist.Object, b []byte) (found []layout.Finding, says string) {
	switch of.Kind {
	case mist.KindState:
		if s, err := mist.DecodeState(b); err == nil {
			says = ": " + s.State.String()
		}
		return mist.CheckState(b), says
	case mist.KindInputPID, mist.KindPullPID:
		if pid, err := mist.DecodePID(b); err == nil {
			says = fmt.Sprintf(": %d", pid)
		}
		return mist.CheckPID(b), says
	}
	switch of.Kind {
	case mist.KindProcess:
		_, err := mist.DecodeProcessState(b)
		return mist.CheckDecoded(err), ""
	case mist.KindPressure:
		_, err := mist.DecodePressure(b)
		return mist.CheckDecoded(err), ""
	case mist.KindAttempt:
		_, err := mist.DecodeAttempt(b)
		return mist.CheckDecoded(err), ""
	}
	if s, err := mist.DecodeSemaphore(b, of.Form); err == nil {
		says = ": " + semaphoreText(s)
	}
	return mist.CheckSemaphore(b, of.Form), says
}

func PlainFindings(findings []layout.Finding) (found []Finding) {
	for _, f := range findings {
		found = append(found, Finding{Finding: f})
	}
	return found
}

// CheckDataPages looks at the data pages that a track says are in memory.
func CheckDataPages(c *cli.Call, t Target, track mist.Object, records []mist.DataRecord) ([]Finding, error) {
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
		case errors.Is(err, os.ErrNotExist) && r.Newest && !inMemory(c, path):
			continue // it was made after the copy, and before that of the track
		case errors.Is(err, os.ErrNotExist):
			missing := mist.NewFinding(mist.CodeDataMissing, r.Offset, r.Path, "page %d: %s is not there, its avail is %d", r.Record, mist.EscapeName(of.Name()), r.Avail)
			found = append(found, Finding{Finding: missing})
			continue
		case err != nil:
			return found, Explain(c.World, Target{Arg: of.Name(), Path: path}, err)
		}
		d := dataCheck{of: of, path: path, published: func() (published, bool) { return availIn(t.Path, r.FirstKey) }}
		if err := d.checkFile(f, inMemory(c, path)); err != nil {
			return found, fail.OnPage(of.Name(), err)
		}
		for _, f := range d.found {
			found = append(found, Finding{Finding: f, Object: of.Name()})
		}
	}
	return found, nil
}

// inMemory reports whether an object is used now. Else it is a copy, and those of
// a stream that lived were taken one after the other.
func inMemory(c *cli.Call, path string) bool { return c.ProcsOf(filepath.Dir(path)).InMemory() }

// packetText is what is wrong, without the byte, which a finding has anyway.
func packetText(wrong *dtsc.FormatError) string {
	if wrong.Value == nil {
		return wrong.What
	}
	return fmt.Sprintf("%s: %v", wrong.What, wrong.Value)
}

// dataCheck holds a data page against what its track says of it.
type dataCheck struct {
	of        mist.Object
	path      string
	published func() (published, bool) // now; false where no track tells

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

// check holds the packets of the page against how many bytes of them are
// published: they end there, and none follow. Where no track tells, they must be
// whole up to their end.
func (d *dataCheck) check(page io.ReaderAt, size int64, inMemory bool) error {
	said, known := d.published()
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

// Finding is a finding about the object that was named, or about another
// one that it leads to.
type Finding struct {
	layout.Finding
	Object string // the other one; "" for the one that was named
}

// Passing reports whether a writer at work may make it look so for a moment:
// counters that it keeps in step, and whatever more than one store changes.
func (f Finding) Passing() bool {
	switch f.Code {
	case layout.CodePresentDiffers, layout.CodeStartDiffers, layout.CodeDeletedOver, layout.CodeSpanOver:
		return f.Severity > layout.Note
	}
	return slices.ContainsFunc(mist.CheckCodes(), func(c mist.CheckCode) bool { return c.Name == f.Code })
}

// Same reports whether both looks found the one thing.
func (f Finding) Same(o Finding) bool {
	return f.Code == o.Code && f.Object == o.Object && f.Path == o.Path && f.Offset == o.Offset
}
