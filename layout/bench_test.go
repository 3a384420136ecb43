package layout

import (
	"fmt"
	"testing"
)

var sink uint64

func BenchmarkFieldUint(b *testing.B) {
	for _, code := range []Code{CodeUint8, CodeUint16, CodeUint24, CodeUint32, CodeUint64, CodeInt8, CodeInt16, CodeInt24, CodeInt32, CodeInt64} {
		s, err := NewSchema(Field{Name: "before", Code: CodeUint8}, Field{Name: "f", Code: code})
		if err != nil {
			b.Fatal(err)
		}
		f, record := s.Lookup("f"), make([]byte, s.RecordSize())
		b.Run(f.TypeName(), func(b *testing.B) {
			for b.Loop() {
				sink += f.Uint(record)
			}
		})
	}
}

func BenchmarkFieldPutUint(b *testing.B) {
	for _, code := range []Code{CodeUint8, CodeUint24, CodeUint32, CodeUint64} {
		s, err := NewSchema(Field{Name: "before", Code: CodeUint8}, Field{Name: "f", Code: code})
		if err != nil {
			b.Fatal(err)
		}
		f, record := s.Lookup("f"), make([]byte, s.RecordSize())
		b.Run(f.TypeName(), func(b *testing.B) {
			for b.Loop() {
				if err := f.PutUint(record, 200); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

// benchSchemas are MistServer's shortest and longest, the latter with one field
// more, as a newer version of it might have.
func benchSchemas(b *testing.B) []*Schema {
	return []*Schema{mustSchema(b, mstUserSchema), mustSchema(b, mstTrakSchema+"newer:uint8\n")}
}

func BenchmarkDecodeSchema(b *testing.B) {
	for _, s := range append(benchSchemas(b), manyFields(b, CodeUint8)) {
		page := pageOf(b, s)
		h := mustHeader(b, page)
		b.Run(fmt.Sprintf("fields=%d", len(s.Fields())), func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if _, err := DecodeSchema(page, h); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

func BenchmarkSchemaLookup(b *testing.B) {
	for _, s := range benchSchemas(b) {
		fields := s.Fields()
		for _, tt := range []struct{ where, name string }{
			{"first", fields[0].Name}, {"last", fields[len(fields)-1].Name}, {"none", "nothing"},
		} {
			b.Run(fmt.Sprintf("fields=%d/%s", len(fields), tt.where), func(b *testing.B) {
				for b.Loop() {
					if f := s.Lookup(tt.name); f != nil {
						sink += uint64(f.Offset)
					}
				}
			})
		}
	}
}

// BenchmarkCheckPage is a track's page with its nested rings, and one that means
// harm: pages of as many fields as there can be, in a page. ns/op over MB/s is
// what matters: the time grows with the bytes, not with what they say.
func BenchmarkCheckPage(b *testing.B) {
	trak := pageOf(b, mustSchema(b, mstTrakSchema))
	many := pageOf(b, manyFields(b, CodeUint8))
	for _, tt := range []struct {
		name string
		page []byte
	}{
		{"MstTrak", trak}, {"fields=16k/pages=1", pageOfPages(b, many, 1)}, {"fields=16k/pages=8", pageOfPages(b, many, 8)},
	} {
		h := mustHeader(b, tt.page)
		b.Run(tt.name, func(b *testing.B) {
			b.SetBytes(int64(len(tt.page)))
			for b.Loop() {
				CheckPage(tt.page, h)
			}
		})
	}
}
