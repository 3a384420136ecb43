package recording

import (
	"bytes"
	"fmt"
	"math"
	"math/rand/v2"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"shmtool/dump"
	"shmtool/layout"
	"shmtool/relaccx"
)

const plainFields = "a:uint8\nb:uint16\nc:uint24\nd:uint32\ne:uint64\nf:int8\ng:int32\nh:int64\nsé:string:12\nr:raw:3\n"

func playedOf(t testing.TB, fields string) (*played, *relaccx.Writer) {
	t.Helper()
	w := create(t, filepath.Join(t.TempDir(), "page"), fields, 4)
	h, err := w.Header()
	must(t, err)
	return &played{of: shape{header: h, schema: w.Schema()}}, w
}

// agree decodes a message in both ways. What plainForm reads, the Decoder of package dump
// must read as the same record.
func agree(t *testing.T, p *played, text []byte) (plain bool) {
	t.Helper()
	number, ok := p.decodePlain(text)
	if !ok {
		return false
	}
	record := bytes.Clone(p.bytes)
	want, whole := plainNumber(text)
	if !whole || want != number {
		t.Fatalf("%s: record %d, want %d (%v)", text, number, want, whole)
	}
	if err := p.decodeFields(want, text); err != nil {
		t.Fatalf("%s: plainForm reads it, and the decoder does not: %v", text, err)
	}
	if !bytes.Equal(record, p.bytes) {
		t.Fatalf("%s:\n  plain %x\ndecoder %x", text, record, p.bytes)
	}
	return true
}

// What record writes is read without the decoder, unless it needs an escape or "#raw", and
// gives the bytes that were recorded.
func TestPlainReadsWhatRecordWrites(t *testing.T) {
	p, w := playedOf(t, plainFields)
	j := dump.NewRecordJSON(w.Schema(), dump.Options{ShowSecrets: true})
	rec, err := w.NewRecord()
	must(t, err)
	random := rand.New(rand.NewPCG(5, 6))
	plain := 0
	for range 3000 {
		for i := range rec.Bytes() {
			rec.Bytes()[i] = []byte{0, 0xff, 0x80, byte(random.IntN(256))}[random.IntN(4)]
		}
		name := []string{"", "é*", "eleven byte", "a\nb", `"`, "\\", "\x7f", "\u2028"}[random.IntN(8)]
		must(t, rec.SetText("sé", name))
		rec.Number = []uint64{0, 9, 1e19, math.MaxUint64, random.Uint64()}[random.IntN(5)]
		text := appendRecord(nil, j, rec)
		if is := agree(t, p, text); is == strings.ContainsAny(name, "\n\"\\") {
			t.Fatalf("%s: plain is %v", text, is)
		} else if is {
			plain++
		}
		number, err := p.decode(text)
		if err != nil || number != rec.Number || !bytes.Equal(p.bytes, rec.Bytes()) {
			t.Fatalf("%s: record %d %x, want %x: %v", text, number, p.bytes, rec.Bytes(), err)
		}
	}
	if plain < 1000 {
		t.Errorf("only %d records are read without the decoder", plain)
	}
}

// Texts that are nearly what record writes go to the decoder.
func TestPlainRefuses(t *testing.T) {
	p, _ := playedOf(t, "a:uint8\nf:int8\ns:string:4\nr:raw:1\n")
	const good = `{"#":7,"a":1,"f":-2,"s":"abc","r":{"hex":"fF"}}`
	if !agree(t, p, []byte(good)) {
		t.Fatal("the good one is refused")
	}
	for _, change := range [][2]string{
		{`7`, `07`},
		{`7`, `-7`},
		{`7`, `18446744073709551616`},
		{`7`, `28446744073709551615`},
		{`7`, `"7"`},
		{`7`, ``},
		{`:1`, `:256`},
		{`:1`, `:-1`},
		{`:1`, `:1.0`},
		{`:1`, `: 1`},
		{`:1`, `:01`},
		{`:1`, `:"1"`},
		{`:1`, `:true`},
		{`-2`, `-129`},
		{`-2`, `128`},
		{`-2`, `--2`},
		{`-2`, `-9223372036854775809`},
		{`-2`, `9223372036854775808`},
		{`-2`, `-`},
		{`abc`, `abcd`},
		{`abc`, `a\u0062`},
		{`abc`, "a\x00"},
		{`abc`, "\xff"},
		{`abc`, "a\nb"},
		{`"abc"`, `"abc`},
		{`"abc"`, `null`},
		{`fF`, `fFf`},
		{`fF`, `f`},
		{`fF`, `fg`},
		{`fF`, ``},
		{`{"hex":"fF"}`, `"hex:ff"`},
		{`"a":1,`, ``},
		{`"a":1,"f":-2`, `"f":-2,"a":1`},
		{`"a"`, `"b"`},
		{`}}`, `}`},
		{`}}`, `}}}`},
		{`}}`, `},"#raw":"AAAA"}`},
		{`}}`, `},"a":2}`},
	} {
		text := strings.Replace(good, change[0], change[1], 1)
		if text == good || agree(t, p, []byte(text)) {
			t.Errorf("%s is read as if record had written it", text)
		}
	}
}

// A page with fields that plainForm does not read has none.
func TestPlainFormOf(t *testing.T) {
	for fields, want := range map[string]bool{
		"a:uint64": true, `a\b:uint8`: false, `"a\"b":uint8`: false, "a:uint64\np:nested:80": false, "d:dtsc:80": false,
	} {
		s, err := layout.ParseSchema(fields + "\n")
		must(t, err)
		if got := newPlainForm(s) != nil; got != want {
			t.Errorf("%s: %v, want %v", fields, got, want)
		}
	}
}

// plainForm and the decoder agree on every text, and what is decoded is never half.
func FuzzPlain(f *testing.F) {
	f.Add([]byte(`{"#":7,"a":1,"b":2,"c":3,"d":4,"e":5,"f":-6,"g":-7,"h":8,"sé":"abc","r":{"hex":"00ff80"}}`))
	f.Add([]byte(`{"#":18446744073709551615,"a":0,"b":0,"c":0,"d":0,"e":18446744073709551615,"f":0,"g":0,"h":-9223372036854775808,"sé":"é","r":{"hex":"000000"}}`))
	f.Add([]byte(`{"#":1,"a":1}`))
	f.Fuzz(func(t *testing.T, text []byte) {
		p, w := playedOf(t, plainFields)
		defer w.Close()
		agree(t, p, slices.Clone(text))
	})
}

func BenchmarkDecodeMessage(b *testing.B) {
	p, _ := playedOf(b, "a:uint32\nb:uint32\nc:uint64\nd:uint64\nname:string:32\n")
	text := fmt.Appendf(nil, `{"#":99999,"a":99999,"b":99999,"c":99999,"d":99999,"name":"record 99999 of many"}`)
	b.ReportAllocs()
	for b.Loop() {
		if _, err := p.decode(text); err != nil {
			b.Fatal(err)
		}
	}
}
