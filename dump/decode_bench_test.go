package dump

import (
	"bytes"
	"fmt"
	"io"
	"testing"

	"shmtool/layout"
)

// benchInput is records of four numbers, and of a string too, as a program
// prints them.
func benchInput(b *testing.B, format InputFormat, named bool) (*layout.Schema, []byte) {
	text := "time:uint32\nsize:uint32\noffset:uint32\nkeys:uint32\n"
	if named {
		text += "name:string:32\n"
	}
	s, err := layout.ParseSchema(text)
	if err != nil {
		b.Fatal(err)
	}
	var in []byte
	if format != InputNDJSON {
		in = []byte("#,time,size,offset,keys")
		if named {
			in = append(in, ",name"...)
		}
		in = append(in, '\n')
	}
	for i := range 10000 {
		values := []any{123456 + i, 1234567 + 40*i, 1043 * i % 65536, 7 * i, i % 25}
		line, name := `{"#":%d,"time":%d,"size":%d,"offset":%d,"keys":%d`, `,"name":"stream-%d of the house"`
		if format != InputNDJSON {
			line, name = `%d,%d,%d,%d,%d`, `,stream-%d of the house`
		}
		in = fmt.Appendf(in, line, values...)
		if named {
			in = fmt.Appendf(in, name, 100000+i)
		}
		if format == InputNDJSON {
			in = append(in, '}')
		}
		in = append(in, '\n')
	}
	return s, in
}

func benchDecode(b *testing.B, format InputFormat) {
	for _, named := range []bool{false, true} {
		name := "numbers"
		if named {
			name = "string"
		}
		b.Run(name, func(b *testing.B) {
			s, in := benchInput(b, format, named)
			record := make([]byte, s.RecordSize())
			records := 0
			b.ReportAllocs()
			b.SetBytes(int64(len(in)) / 10000)
			input := &repeated{in: bytes.NewReader(in)}
			d, err := NewDecoder(input, format, s, DecodeOptions{})
			if err != nil {
				b.Fatal(err)
			}
			if format != InputNDJSON {
				input.from = int64(bytes.IndexByte(in, '\n') + 1)
			}
			for b.Loop() {
				clear(record)
				if err := d.Next(record); err != nil {
					b.Fatal(err)
				}
				records++
			}
			b.ReportMetric(float64(records)/b.Elapsed().Seconds(), "records/s")
		})
	}
}

// repeated begins again at from when the input is at its end.
type repeated struct {
	in   *bytes.Reader
	from int64
}

func (r *repeated) Read(p []byte) (int, error) {
	n, err := r.in.Read(p)
	if err == io.EOF {
		_, err = r.in.Seek(r.from, io.SeekStart)
	}
	return n, err
}

func BenchmarkDecodeNDJSON(b *testing.B) { benchDecode(b, InputNDJSON) }

func BenchmarkDecodeCSV(b *testing.B) { benchDecode(b, InputCSV) }

// BenchmarkDecodeNested is records that hold a page of 100 records each.
func BenchmarkDecodeNested(b *testing.B) {
	s, err := layout.ParseSchema("id:uint32\nparts:nested[100]\n  size:uint24\n  offset:int32\n  name:string:8\n")
	if err != nil {
		b.Fatal(err)
	}
	record := make([]byte, s.RecordSize())
	line := []byte(`{"#":1,"id":7,"parts":[`)
	for i := range 100 {
		line = fmt.Appendf(line, `{"#":%d,"size":%d,"offset":%d,"name":"n%d"},`, 900+i, 1043*i, -i, i)
	}
	line = append(line[:len(line)-1], "]}\n"...)
	d, err := NewDecoder(&repeated{in: bytes.NewReader(line)}, "", s, DecodeOptions{})
	if err != nil {
		b.Fatal(err)
	}
	records := 0
	b.ReportAllocs()
	b.SetBytes(int64(len(line)))
	for b.Loop() {
		if err := d.Next(record); err != nil {
			b.Fatal(err)
		}
		records += 100
	}
	b.ReportMetric(float64(records)/b.Elapsed().Seconds(), "records/s")
}
