package dump

import (
	"encoding/hex"
	"io"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"shmtool/layout"
	"shmtool/layout/dtsc"
	"shmtool/layout/mist"
)

// noon is a clock that stands still: 2026-11-22T12:00:00Z, an hour after the boot.
func noon() mist.Clock {
	return mist.Clock{Now: time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC).UnixNano(), Uptime: time.Hour}
}

// knownView is a view of a page of MistServer's, and the options to show it.
func knownView(t testing.TB, name string, page []byte) (*View, Options) {
	t.Helper()
	v := viewOf(t, name, page)
	v.ShowHeader, v.ShowSchema = false, false
	return v, Options{Depth: 2, Page: mist.Lookup(name), Clock: noon}
}

type fill = func(rec []byte, s *layout.Schema)

// record stores values: numbers, and texts as Parse has them.
func record(t testing.TB, values map[string]any) fill {
	return func(rec []byte, s *layout.Schema) {
		t.Helper()
		for name, v := range values {
			f := s.Lookup(name)
			switch v := v.(type) {
			case int:
				must(t, f.PutInt(rec, int64(v)))
			case uint64:
				must(t, f.PutUint(rec, v))
			case string:
				must(t, Parse(f, rec, v, DecodeOptions{ShowSecrets: true}))
			}
		}
	}
}

func statistics(t testing.TB) []byte {
	return pageWith(t, "status:uint8\npid:uint64\nnow:uint64\nup:uint64\nhost:raw:16\nnew:uint8\nsessid:string:40\n", 4,
		record(t, map[string]any{"status": 0xC1, "pid": 812, "now": 3588, "up": 3 << 20, "host": "hex:00000000000000000000ffff7f000001", "new": 7, "sessid": "Iabc"}),
		record(t, map[string]any{"status": 0x41, "pid": 0, "now": 0, "up": 12, "sessid": "d0e0f0"}))
}

func TestMeaningsInTables(t *testing.T) {
	v, o := knownView(t, "MstStat", statistics(t))
	want := `#  status                         pid        now                 up            host       new  sessid
0  0xC1 source,donottrack,active  812       3588 (12s ago)  3145728 (3.0 MiB)  127.0.0.1    7  Iabc
1  0x41 donottrack,active           0 none     0 (never)         12            none         0  d0e0f0
`
	if diff := cmp.Diff(want, rendered(t, Table, v, o)); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
	for width, want := range map[int]string{
		// What is minor goes first, then meanings are cut, then they go.
		92: `#  status                         pid            up            host       new
0  0xC1 source,donottrack,active  812       3145728 (3.0 MiB)  127.0.0.1    7
1  0x41 donottrack,active           0 none       12            none         0
`,
		52: `#  status          pid            up  host       new
0  0xC1 source,d…  812       3145728  127.0.0.1    7
1  0x41 donottra…    0 none       12  none         0
`,
		20: `#0
  status  0xC1 sour…
  pid     812
  now     3588 (12s…
  up      3145728 (…
  host    127.0.0.1
  new     7
  sessid  Iabc
#1
  status  0x41 dono…
  pid     0 none
  now     0 (never)
  up      12
  host    none
  new     0
  sessid  d0e0f0
`,
	} {
		o.Width = width
		got := rendered(t, Table, v, o)
		for line := range strings.Lines(got) {
			if len([]rune(line)) > width+1 {
				t.Errorf("at %d columns a line has %d: %s", width, len([]rune(line))-1, line)
			}
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("at %d columns, -want +got:\n%s", width, diff)
		}
	}
	o.Width, o.Fields = 92, []string{"sessid", "now"}
	if got := rendered(t, Table, v, o); !strings.Contains(got, "Iabc    3588 (12s ago)") {
		t.Errorf("a minor field that was asked for is left out:\n%s", got)
	}
}

// A date stands without its number where both have no room.
func TestDatesOnNarrowTerminals(t *testing.T) {
	v, o := knownView(t, "MstStateLogs", pageWith(t, "time:uint64\nkind:string:8\nmsg:string:128\n", 4,
		record(t, map[string]any{"time": 1795356867, "kind": "INFO", "msg": "Track 0, page 0 buffered in 7ms, and more of that"}),
		record(t, map[string]any{"time": 1795356868, "kind": "WARN", "msg": "x"})))
	o.Width = 60
	want := `#  time                  kind  msg
0  2026-11-22T14:14:27Z  INFO  Track 0, page 0 buffered in …
1  2026-11-22T14:14:28Z  WARN  x
`
	if diff := cmp.Diff(want, rendered(t, Table, v, o)); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
}

func TestMeaningsInJSON(t *testing.T) {
	v, o := knownView(t, "MstStat", statistics(t))
	want := `{"#":0,"status":193,"pid":812,"now":3588,"up":3145728,"host":{"hex":"00000000000000000000ffff7f000001"},"new":7,"sessid":"Iabc","#decoded":{"status":["source","donottrack","active"],"now":"2026-11-22T11:59:48.000000000Z","host":"127.0.0.1"}}
{"#":1,"status":65,"pid":0,"now":0,"up":12,"host":{"hex":"00000000000000000000000000000000"},"new":0,"sessid":"d0e0f0","#decoded":{"status":["donottrack","active"],"pid":"none","now":"never","host":"none"}}
`
	if diff := cmp.Diff(want, rendered(t, NDJSON, v, o)); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
	o.Fields = []string{"up", "now"}
	want = `{"up":3145728,"now":3588,"#decoded":{"now":"2026-11-22T11:59:48.000000000Z"}}
{"up":12,"now":0,"#decoded":{"now":"never"}}
`
	if diff := cmp.Diff(want, rendered(t, NDJSON, v, o)); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
	o.Fields = []string{"up"}
	if got := rendered(t, NDJSON, v, o); strings.Contains(got, "decoded") {
		t.Errorf("nothing is decoded, and said so: %s", got)
	}
	o.Fields = nil
	if got := rendered(t, CSV, v, o); !strings.Contains(got, "0,193,812,3588,3145728,hex:00000000000000000000ffff7f000001,7,Iabc\n") {
		t.Errorf("CSV is not raw:\n%s", got)
	}
}

// The clock is asked only where a page has times since boot.
func TestClockIsAskedWhereItCounts(t *testing.T) {
	for name, want := range map[string]int{"MstStat": 2, "MstVars": 0, "page": 0} {
		v, o := knownView(t, name, statistics(t))
		for _, render := range []func(io.Writer, Document, Options) error{NDJSON, Table} {
			asked := 0
			o.Clock = func() mist.Clock { asked++; return noon() }
			rendered(t, render, v, o)
			if asked != want {
				t.Errorf("%s: asked %d times, want %d", name, asked, want)
			}
		}
	}
}

// trackList is a MstMeta with three tracks, one of them removed.
func trackList(t testing.TB) []byte {
	track := func(valid, lastupdate int) fill {
		return record(t, map[string]any{"valid": valid, "lastupdate": lastupdate, "sourcetid": uint64(1<<32 - 1)})
	}
	const schema = "valid:uint8\nlastupdate:uint64\nsourcetid:uint32\nencryption:string:32\n"
	tracks := pageWith(t, schema, 4, track(255, 3588), track(0, 3000), track(5, 3599))
	return pageWith(t, "live:uint8\ntracks:nested[4]\n  "+strings.ReplaceAll(strings.TrimSpace(schema), "\n", "\n  ")+"\n", 1,
		func(rec []byte, s *layout.Schema) { copy(s.Lookup("tracks").In(rec), tracks) })
}

func TestMeaningsOfNestedPages(t *testing.T) {
	v, o := knownView(t, "MstMetalive", trackList(t))
	want := `#0
  live    0
  tracks  2 of 4 records

  tracks: 2 of 4 records
  #  valid                  lastupdate       sourcetid       encryption
  0  255 all                3588 (12s ago)  4294967295 none
  2    5 viewers,processes  3599 (1s ago)   4294967295 none
`
	got := rendered(t, Table, v, o)
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
	if csv := rendered(t, CSV, v, o); strings.Contains(csv, "decoded") || !strings.Contains(csv, `""valid"":255`) {
		t.Errorf("CSV is more than values:\n%s", csv)
	}
	json := rendered(t, NDJSON, v, o)
	for _, part := range []string{
		`{"#":0,"valid":255,"lastupdate":3588,"sourcetid":4294967295,"encryption":"","#decoded":{"valid":["viewers","pushes","processes"],"lastupdate":"2026-11-22T11:59:48.000000000Z","sourcetid":"none"}},{"#":2,`,
		`"#decoded":{"valid":["viewers","processes"]`,
	} {
		if !strings.Contains(json, part) {
			t.Errorf("no %s in\n%s", part, json)
		}
	}
}

func TestMeaningsInHex(t *testing.T) {
	page := statistics(t)
	h, err := layout.DecodeHeader(page)
	must(t, err)
	var b strings.Builder
	must(t, Hex(&b, page, h, HexOptions{Page: mist.Lookup("MstStat"), Clock: noon}))
	single := func(text string) string { return regexp.MustCompile(" +").ReplaceAllString(text, " ") }
	for _, part := range []string{
		" status 193 source,donottrack,active\n", " now 3588 (12s ago)\n", " up 3145728 (3.0 MiB)\n",
		"00 00 00 00 00 00 00 00 00 00 ff ff 7f 00 00 01 host 127.0.0.1\n", " pid 0 none\n", " present 2\n",
	} {
		if !strings.Contains(single(b.String()), part) {
			t.Errorf("no %q in\n%s", part, b.String())
		}
	}
	page[h.Offset] = 0 // a row that nobody uses is not told apart, and its counters not remarked
	h.Present = 0
	b.Reset()
	must(t, Hex(&b, page, h, HexOptions{Page: mist.Lookup("MstStat"), Clock: noon}))
	for part, want := range map[string]bool{"slot 0 free, #0, old bytes": true, "record #0": false, "record #1": true, "not endpos": false} {
		if strings.Contains(single(b.String()), part) != want {
			t.Errorf("%q is %v, want %v, in\n%s", part, !want, want, b.String())
		}
	}
	b.Reset()
	must(t, Hex(&b, page, h, HexOptions{Page: mist.Lookup("MstMetalive")}))
	if !strings.Contains(b.String(), "not endpos - deleted, 2") {
		t.Errorf("a page with other fields is taken for what its name says:\n%s", b.String())
	}
}

func packed(t testing.TB, text string) string {
	t.Helper()
	b, err := dtsc.Pack(nil, []byte(text))
	must(t, err)
	return "hex:" + hex.EncodeToString(b)
}

// Packed values are plain JSON in every format, and come back byte for byte.
func TestPackedValues(t *testing.T) {
	for _, c := range []struct{ bytes, json, csv, table string }{
		{packed(t, `{"b":[1,"x",null],"a":{"n":1.5}}`), `{"a":{"n":1.5},"b":[1,"x",null]}`, `"{""a"":{""n"":1.5},""b"":[1,""x"",null]}"`, `{"a":{"n":1.5},"b":[1,"x",null]}`},
		{packed(t, `{"a":{"double":1.273197475e-314,"hex":"000000009999999a"}}`), `{"a":{"double":1.273197475e-314,"hex":"000000009999999a"}}`, "", ""},
		{packed(t, `"a\u001bb"`), `"a\u001bb"`, "\"\"\"a\\u001bb\"\"\"", `"a\u001bb"`},
		{"hex:0200000001ff", `{"hex":"0200000001ff` + strings.Repeat("00", 74) + `"}`, "hex", "hex:0200000001ff +74 zeros"},
		{"hex:e000016105", `{"hex":"e000016105` + strings.Repeat("00", 75) + `"}`, "", "hex:e000016105 +75 zeros"},
		{packed(t, `{"hex":{"hex":"78"}}`), `{"hex":{"hex":"78"}}`, "", ""},
		{"hex:03", "null", "null", "null"},
		{"", `{"hex":"` + strings.Repeat("00", 80) + `"}`, "", "80 zeros"},
	} {
		page := pageWith(t, "d:dtsc:80\n", 1, record(t, map[string]any{"d": c.bytes}))
		v := viewOf(t, "page", page)
		v.ShowHeader, v.ShowSchema = false, false
		if got := rendered(t, NDJSON, v, Options{Fields: []string{"d"}}); got != `{"d":`+c.json+"}\n" {
			t.Errorf("%s is %s, want %s", c.bytes, got, c.json)
		}
		csv := rendered(t, CSV, v, Options{Fields: []string{"d"}, NoHeader: true})
		if c.csv != "" && c.csv != "hex" && csv != c.csv+"\n" {
			t.Errorf("%s is %s in CSV, want %s", c.bytes, csv, c.csv)
		}
		if got := rendered(t, Table, v, Options{Fields: []string{"d"}}); c.table != "" && got != "#0\n  d  "+c.table+"\n" {
			t.Errorf("%s is %s in a table, want %s", c.bytes, got, c.table)
		}
		for format, text := range map[InputFormat]string{InputNDJSON: `{"d":` + c.json + "}\n", InputCSV: "d\n" + csv} {
			back := make([]byte, 80)
			d, err := NewDecoder(strings.NewReader(text), format, v.Schema, DecodeOptions{})
			must(t, err)
			if err := d.Next(back); err != nil {
				t.Errorf("%s: %s: %v", format, text, err)
			}
			if got := hex.EncodeToString(back); got != hex.EncodeToString(page[v.Header.Offset:]) {
				t.Errorf("%s: %s comes back as %s", format, text, got)
			}
		}
	}
}

// What is hidden stays of the same kind, and the rest of it readable.
func TestSecretsInRenderings(t *testing.T) {
	page := pageWith(t, "url:string:80\nraw:raw:80\nd:dtsc:120\n", 1, record(t, map[string]any{
		"url": "rtsp://me:geheim@cam/1", "raw": "hex:" + hex.EncodeToString([]byte("x://a:geheim@h")),
		"d": packed(t, `{"source":"rtsp://me:geheim@cam/1","passphrase":"geheim","pin":1234,"password":1234}`),
	}))
	v := viewOf(t, "page", page)
	v.ShowHeader, v.ShowSchema = false, false
	want := `{"#":0,"url":"rtsp://me:***@cam/1","raw":{"hex":"783a2f2f613a2a2a2a4068"},` +
		`"d":{"passphrase":"***","password":"***","pin":1234,"source":"rtsp://me:***@cam/1"}}` + "\n"
	if diff := cmp.Diff(want, rendered(t, NDJSON, v, Options{})); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
	if got := rendered(t, NDJSON, v, Options{ShowSecrets: true}); strings.Count(got, "geheim") != 3 || !strings.Contains(got, `"password":1234`) {
		t.Errorf("with ShowSecrets: %s", got)
	}
	record := make([]byte, v.Schema.RecordSize())
	d, err := NewDecoder(strings.NewReader(want), "", v.Schema, DecodeOptions{})
	must(t, err)
	if err := d.Next(record); err == nil || !strings.Contains(err.Error(), "is hidden") {
		t.Errorf("a hidden value is taken back: %v", err)
	}
}

// Nothing is written before there are records, which decide what has room; and a
// table that stays empty has a heading at its end.
func TestRecordTableWaitsForRecords(t *testing.T) {
	v, o := knownView(t, "MstStateLogs", pageWith(t, "time:uint64\nmsg:string:128\nexe:string:32\n", 4,
		record(t, map[string]any{"time": 1795356867, "msg": "Track 0, page 0 buffered in 7ms", "exe": "MistController"})))
	o.Width = 60
	var b strings.Builder
	table := NewRecordTable(&b, v.Schema, o)
	must(t, table.Flush())
	if b.String() != "" {
		t.Errorf("written without records: %q", b.String())
	}
	for rec, err := range v.Records {
		must(t, err)
		must(t, table.Append(rec))
	}
	must(t, table.Flush())
	must(t, table.Finish())
	want := "#  time                  msg\n0  2026-11-22T14:14:27Z  Track 0, page 0 buffered in 7ms\n"
	if diff := cmp.Diff(want, b.String()); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
	b.Reset()
	must(t, NewRecordTable(&b, v.Schema, o).Finish())
	if want := "#  time  msg  exe\n"; b.String() != want {
		t.Errorf("an empty table is %q, want %q", b.String(), want)
	}
}
