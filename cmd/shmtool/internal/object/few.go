package object

import (
	"encoding/binary"
	"fmt"

	"shmtool/cmd/shmtool/internal/kernel"
	"shmtool/cmd/shmtool/internal/objectfile"
	"shmtool/cmd/shmtool/internal/out"
	"shmtool/cmd/shmtool/internal/procs"
	"shmtool/dump"
	"shmtool/layout"
	"shmtool/layout/mist"
	"shmtool/relaccx"
)

// Helpers for kinds whose objects have a few bytes.

// smallSize is more than any object has that is neither a page nor a list of packets.
const smallSize = 512

// factsFunc returns what the bytes of an object say, for all formats, and the parts of
// them for a hex dump.
type factsFunc func(o *Object, b []byte) (*dump.Facts, []dump.HexPart, error)

// few returns the view of objects of a few bytes, which read returns.
func few(read func(o *Object) ([]byte, error), facts factsFunc) viewFunc {
	return func(o *Object, _ *out.Printer, _ Selection) (*content, error) {
		b, err := read(o)
		if err != nil {
			return nil, err
		}
		f, parts, err := facts(o, b)
		if err != nil {
			return nil, fmt.Errorf("not %s: %w", o.Kind.Noun, err)
		}
		return &content{document: f, parts: partsOf(parts)}, nil
	}
}

// judged returns the check of objects of a few bytes.
func judged(judge func(of mist.Object, b []byte) (found []layout.Finding, says string)) checkFunc {
	return func(o *Object) ([]layout.Finding, string, error) {
		b, err := small(o)
		if err != nil {
			return nil, "", err
		}
		found, says := judge(o.Of, b)
		return found, says, nil
	}
}

// decodes returns the check of objects that are right when they can be decoded.
func decodes[T any](decode func(b []byte) (T, error)) checkFunc {
	return judged(func(_ mist.Object, b []byte) ([]layout.Finding, string) {
		_, err := decode(b)
		return mist.CheckDecoded(err), ""
	})
}

// small returns all bytes of an object, or the first smallSize of one that is longer than
// any that MistServer makes.
func small(o *Object) ([]byte, error) {
	b := make([]byte, min(o.info.Size(), smallSize))
	n, err := o.file.ReadAt(b, 0)
	if n < len(b) && err != nil {
		return nil, fmt.Errorf("byte %d: %w", n, truncated(err))
	}
	return b, nil
}

// consistent does what small does for an object that its writer changes under a sequence
// number: see objectfile.ReadSequenced.
func consistent(o *Object) ([]byte, error) {
	b := make([]byte, min(o.info.Size(), smallSize))
	n, err := objectfile.ReadSequenced(o.file, b, mist.SequenceOffset)
	if n < len(b) && err != nil {
		return nil, fmt.Errorf("byte %d: %w", n, truncated(err))
	}
	return b, nil
}

// The parts that the facts of many kinds have in common.

// head returns the facts that every object begins with.
func (o *Object) head() []dump.Fact {
	return []dump.Fact{
		{Name: "page", Value: dump.Text(o.Arg), Text: mist.EscapeName(o.Arg)},
		{Name: "stream", Value: TextOrNull(o.Of.Stream), Text: mist.EscapeName(o.Of.Stream)},
	}
}

// sizeFact returns the object's size, with a remark when MistServer's own is another.
func (o *Object) sizeFact(usual int64) dump.Fact {
	f := dump.Fact{Name: "bytes", Value: o.info.Size()}
	if o.info.Size() != usual {
		f.Text, f.Tone = fmt.Sprintf("%d, where MistServer writes %d", o.info.Size(), usual), dump.Attention
	}
	return f
}

// rest returns the part behind the bytes whose meaning is known.
func (o *Object) rest(b []byte, known int) []dump.HexPart {
	if len(b) <= known {
		return nil
	}
	return []dump.HexPart{{Offset: known, Bytes: b[known:], Size: int(o.info.Size()) - len(b), Name: "unknown"}}
}

// broken is the status of an object that has too few bytes to say anything.
var broken = dump.Cell{Value: "wrong size", Tone: dump.Bad}

// processFacts returns a PID, whether its process lives, and what it is called. When that
// cannot be known, "alive" is null.
func processFacts(v procs.Verdict) (facts []dump.Fact, text string) {
	alive, name, tone := any(nil), "", dump.Attention
	text = mist.EscapeName(v.Text())
	if lives, known := v.Known(); known {
		alive, tone = lives, dump.Bad
		if lives {
			name, tone = v.Process.Name, dump.Good
		}
	}
	if v.Stopped() {
		tone = dump.Attention
	}
	return []dump.Fact{
		{Name: "pid", Value: v.PID, Text: text, Tone: tone},
		{Name: "alive", Value: alive},
		{Name: "process", Value: TextOrNull(name), Text: mist.EscapeName(name)},
	}, text
}

// keeperFacts returns processFacts of the process that the object's name names.
func (o *Object) keeperFacts() []dump.Fact {
	facts, _ := processFacts(o.keeper())
	return facts
}

// keeper returns what became of the process that the object's name names.
func (o *Object) keeper() procs.Verdict {
	v, _ := o.table().Keeper(o.Path)
	return v
}

// wholeFact tells whether the writer of an object has finished its last change, by the
// object's sequence number. writer is what is known of that process.
func wholeFact(sequence uint32, writer procs.Verdict) dump.Fact {
	f := dump.Fact{Name: "whole", Value: sequence%2 == 0}
	alive, known := writer.Known()
	switch {
	case sequence%2 == 0:
	case known && alive:
		f.Text, f.Tone = "false: its writer changes it", dump.Attention
	case known:
		f.Text, f.Tone = "false: its writer died while it changed it", dump.Attention
	default:
		f.Text, f.Tone = "false: its writer changes it, or died while it did", dump.Attention
	}
	return f
}

// updateFact returns when an object was written last.
func updateFact(ms uint64) dump.Fact {
	f := dump.Fact{Name: "last_update_ms", Value: ms, Text: fmt.Sprintf("%d ms after the machine started", ms)}
	if ms == 0 {
		f.Text = "never"
	}
	return f
}

// versionParts returns the first 12 bytes of an object that has a sequence number.
func versionParts(b []byte) []dump.HexPart {
	word := func(at int, name string) dump.HexPart {
		return dump.HexPart{Offset: at, Bytes: b[at : at+4], Name: name, Value: fmt.Sprint(binary.LittleEndian.Uint32(b[at:]))}
	}
	return []dump.HexPart{word(0, "version"), word(4, "size"), word(8, "sequence")}
}

// truncated returns why bytes are missing that an object had: the system failed to read
// them, or else the object was cut short.
func truncated(err error) error {
	if kernel.Broken(err) {
		return err
	}
	return relaccx.ErrTruncated
}
