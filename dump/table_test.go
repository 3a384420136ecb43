package dump

import (
	"bytes"
	"errors"
	"strings"
	"testing"

	"github.com/mattn/go-runewidth"

	"shmtool/layout"
)

const exampleSchema = "time:uint64\nlevel:uint8\nmsg:string:64\n"

func examplePage(t testing.TB) []byte {
	text := func(time uint64, msg string) func([]byte, *layout.Schema) {
		return func(rec []byte, s *layout.Schema) {
			must(t, s.Lookup("time").PutUint(rec, time))
			must(t, s.Lookup("msg").PutText(rec, msg))
		}
	}
	return pageWith(t, exampleSchema, 4, text(1000, "source connected"), text(40, "änd \x1b[31mred\n"))
}

func TestTable(t *testing.T) {
	want := `page    p, 346 bytes, ready
header  field_offset 36  rcount 4  rsize 73  startpos 0  deleted 0  present 2  offset 54  endpos 2

FIELD  TYPE    CODE  SIZE  OFFSET
time   uint64  0x17     8       0
level  uint8   0x10     1       8
msg    string  0x32    64       9

#  time  level  msg
0  1000      0  source connected
1    40      0  änd \x1b[31mred\n
`
	if got := rendered(t, Table, viewOf(t, "p", examplePage(t)), Options{}); got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
}

func TestTableFitsTheTerminal(t *testing.T) {
	v := viewOf(t, "p", examplePage(t))
	v.ShowHeader, v.ShowSchema = false, false
	text := rendered(t, Table, v, Options{Width: 28})
	for line := range strings.Lines(text) {
		if w := runewidth.StringWidth(strings.TrimRight(line, "\n")); w > 28 {
			t.Errorf("%d columns: %q", w, line)
		}
	}
	if !strings.Contains(text, "source conn…") {
		t.Errorf("nothing was cut:\n%s", text)
	}
}

func TestTableColor(t *testing.T) {
	v := viewOf(t, "p", examplePage(t))
	plain := rendered(t, Table, v, Options{})
	colored := rendered(t, Table, v, Options{Color: true})
	if strings.Contains(plain, "\x1b") || !strings.Contains(colored, "\x1b[32mready\x1b[0m") {
		t.Errorf("plain %q\ncolored %q", plain, colored)
	}
}

// One record alone stands upright.
func TestTableOfOneRecord(t *testing.T) {
	page := pageWith(t, exampleSchema, 4, func(rec []byte, s *layout.Schema) { must(t, s.Lookup("time").PutUint(rec, 5)) })
	v := viewOf(t, "p", page)
	v.ShowHeader, v.ShowSchema = false, false
	want := "#0\n  time   5\n  level  0\n  msg\n"
	if got := rendered(t, Table, v, Options{}); got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
}

func TestTableOfNestedPages(t *testing.T) {
	v := goldenView(t, "nested")
	v.ShowHeader, v.ShowSchema = false, false
	text := rendered(t, Table, v, Options{Depth: 8})
	for _, want := range []string{"#0\n", "  id      7\n", "  tracks  2 of 2 records\n", "\n  tracks: 2 of 2 records\n", "    keys: "} {
		if !strings.Contains(text, want) {
			t.Errorf("no %q in\n%s", want, text)
		}
	}
	if flat := rendered(t, Table, v, Options{}); strings.Contains(flat, "tracks: ") {
		t.Errorf("depth 0 opens nested pages:\n%s", flat)
	}
}

// The widths of a long table are those of its first records; later ones are
// pushed out, never cut.
func TestRecordTableSettles(t *testing.T) {
	v := viewOf(t, "p", examplePage(t))
	var b bytes.Buffer
	table := NewRecordTable(&b, v.Schema, Options{Fields: []string{"msg", "time"}})
	first := true
	for rec, err := range v.Records {
		must(t, err)
		if first {
			must(t, rec.SetText("msg", "x"))
		}
		must(t, table.Append(rec))
		must(t, table.Flush())
		first = false
	}
	want := "msg  time\nx    1000\nänd \\x1b[31mred\\n    40\n"
	if b.String() != want {
		t.Errorf("got %q\nwant %q", b.String(), want)
	}
}

func listing() *Listing {
	return &Listing{Schema: "shmtool.list/1", Columns: []Column{{Name: "NAME"}, {Name: "SIZE", Right: true}, {Name: "PIDS", Extra: true}}, Rows: [][]Cell{
		{{Value: "a"}, {Value: 8432, Text: "8.2k"}, {Value: []int{1, 2}}},
		{{Value: "b\n"}, {}, {Value: []int{}}},
	}}
}

func TestListing(t *testing.T) {
	var table, jsonText, ndjson, csv, names bytes.Buffer
	l, err := listing().Choose(nil)
	must(t, err)
	must(t, Table(&table, l, Options{}))
	must(t, JSON(&jsonText, listing(), Options{}))
	must(t, NDJSON(&ndjson, listing(), Options{}))
	must(t, CSV(&csv, l, Options{}))
	names.WriteString(strings.Join(append(l.NameList(), ""), "\n"))
	for _, tt := range []struct{ name, got, want string }{
		{"table", table.String(), "NAME  SIZE\na     8.2k\nb\\n\n"},
		{"json", jsonText.String(), `{"schema":"shmtool.list/1","rows":[{"name":"a","size":8432,"pids":[1,2]},{"name":"b\n","size":null,"pids":[]}]}` + "\n"},
		{"ndjson", ndjson.String(), `{"name":"a","size":8432,"pids":[1,2]}` + "\n" + `{"name":"b\n","size":null,"pids":[]}` + "\n"},
		{"csv", csv.String(), "name,size\na,8432\n\"b\n\",\n"},
		{"names", names.String(), "a\nb\n\n"},
	} {
		if tt.got != tt.want {
			t.Errorf("%s\ngot  %q\nwant %q", tt.name, tt.got, tt.want)
		}
	}
}

func TestListingChooses(t *testing.T) {
	keys := func(l *Listing, err error) string {
		if err != nil {
			return err.Error()
		}
		return strings.Join(l.Keys(), " ")
	}
	for fields, want := range map[string]string{
		"":           "name size",
		"pids":       "pids",
		"size,NAME":  "size name",
		"+pids":      "name size pids",
		"+pids,name": "name size pids",
		"what":       `no column "what"; there are name, size, pids`,
	} {
		var names []string
		if fields != "" {
			names = strings.Split(fields, ",")
		}
		if got := keys(listing().Choose(names)); got != want {
			t.Errorf("%q: %s, want %s", fields, got, want)
		}
	}
	_, err := listing().Choose([]string{"what"})
	var column *ColumnError
	if !errors.As(err, &column) {
		t.Errorf("%T is no *ColumnError", err)
	}
}

func TestSize(t *testing.T) {
	for n, want := range map[int64]string{0: "0", 8432: "8432", 9999: "9999", 10_000: "9.8k", 1067595: "1.0M", 41943040: "40.0M", 1 << 40: "1.0T"} {
		if got := Size(n); got != want {
			t.Errorf("%d is %s, want %s", n, got, want)
		}
	}
	if got := SizeOrBytes(1067595, true); got != "1067595" {
		t.Errorf("plain: %s", got)
	}
}

// On a narrow terminal minor columns go first, unless they were asked for; the
// name is the last to be cut.
func TestListingOnNarrowTerminal(t *testing.T) {
	wide := &Listing{Columns: []Column{{Name: "NAME"}, {Name: "KIND", Minor: true}, {Name: "SIZE", Right: true}}, Rows: [][]Cell{
		{{Value: "a-name-that-is-long-enough-to-be-cut"}, {Value: "relaccx"}, {Value: 8432}},
	}}
	for _, tt := range []struct {
		fields []string
		width  int
		want   string
	}{
		{nil, 0, "NAME                                  KIND     SIZE\na-name-that-is-long-enough-to-be-cut  relaccx  8432\n"},
		{nil, 41, "NAME                        KIND     SIZE\na-name-that-is-long-enoug…  relaccx  8432\n"},
		{nil, 32, "NAME                        SIZE\na-name-that-is-long-enoug…  8432\n"},
		{[]string{"name", "kind"}, 32, "NAME                     KIND\na-name-that-is-long-en…  relaccx\n"},
	} {
		l, err := wide.Choose(tt.fields)
		must(t, err)
		var b bytes.Buffer
		must(t, Table(&b, l, Options{Width: tt.width}))
		if b.String() != tt.want {
			t.Errorf("%v in %d columns\ngot\n%s\nwant\n%s", tt.fields, tt.width, b.String(), tt.want)
		}
	}
}

// A number whose name is longer than it, beside texts that want all of the
// terminal: its meaning goes once, and the table ends.
func TestTablesEndAtEveryWidth(t *testing.T) {
	track := pageWith(t, "id:uint32\ntype:string:8\ncodec:string:8\nfirstms:uint64\nlastms:uint64\nbps:uint32\nmaxbps:uint32\nlang:string:4\ninit:raw:512\nrate:uint16\nwidth:uint32\nheight:uint32\nfpks:uint16\nefpks:uint16\nmissedFrags:uint32\n", 4,
		record(t, map[string]any{"id": 1, "type": "video", "codec": "H264", "lastms": 19960, "bps": 30000, "maxbps": 40000, "init": "hex:0164001effe1001a6764001e", "width": 320, "height": 180, "fpks": 25000}),
		record(t, map[string]any{"id": 2, "type": "audio", "codec": "AAC", "lastms": 19941, "bps": 12000, "rate": 44100}))
	pages := pageWith(t, "firstkey:uint32\nkeycount:uint32\nparts:uint32\nsize:uint32\navail:uint32\nfirsttime:uint64\nlastkeytime:uint64\n", 4,
		record(t, map[string]any{"firstkey": 1, "keycount": 2, "size": 8 << 20, "avail": 91827364, "lastkeytime": 1234}),
		record(t, map[string]any{"firstkey": 3, "keycount": 2, "size": 8 << 20, "avail": 1}))
	for _, c := range []struct {
		name, path string
		page       []byte
	}{
		{"MstStat", "", statistics(t)}, {"MstTraklive@412-0", "", track}, {"MstTraklive@412-0", "pages", pages},
	} {
		v, o := knownView(t, c.name, c.page)
		if c.path != "" {
			o.Page = o.Page.Nested(c.path)
		}
		for o.Width = 1; o.Width <= 300; o.Width++ {
			var left []string
			o.LeftOut = func(columns []string) { left = columns }
			text := rendered(t, Table, v, o)
			if o.Width > 20 && !strings.Contains(text, "0") {
				t.Errorf("at %d columns the first record is missing:\n%s", o.Width, text)
			}
			for line := range strings.Lines(text) {
				if w := runewidth.StringWidth(strings.TrimSuffix(line, "\n")); w > o.Width {
					t.Errorf("%d columns of %d: %q", w, o.Width, line)
				}
			}
			heading, _, _ := strings.Cut(text, "\n")
			if shown := len(strings.Fields(heading)); shown > 1 && shown+len(left) != 1+len(v.Schema.Fields()) {
				t.Errorf("at %d columns: %d columns, %d told to be left out, of %d", o.Width, shown, len(left), 1+len(v.Schema.Fields()))
			}
		}
	}
}

// What has no room on a terminal is told, whatever kind of column it is.
func TestListingTellsWhatIsLeftOut(t *testing.T) {
	l := &Listing{Columns: []Column{{Name: "NAME"}, {Name: "KIND", Minor: true}, {Name: "SIZE", Right: true}, {Name: "STATUS"}, {Name: "ENDPOS", Right: true}}, Rows: [][]Cell{
		{{Value: "a-name-that-is-long-enough-to-be-cut"}, {Value: "relaccx"}, {Value: 8432}, {Value: "ready,exit"}, {Value: uint64(12345678901234)}},
	}}
	for width, want := range map[int]string{300: "", 50: "KIND ENDPOS", 30: "KIND STATUS ENDPOS", 1: "KIND SIZE STATUS ENDPOS"} {
		var b bytes.Buffer
		var left []string
		must(t, Table(&b, l, Options{Width: width, LeftOut: func(columns []string) { left = columns }}))
		if got := strings.Join(left, " "); got != want {
			t.Errorf("at %d columns %q is told, want %q:\n%s", width, got, want, b.String())
		}
		for line := range strings.Lines(b.String()) {
			if w := runewidth.StringWidth(strings.TrimSuffix(line, "\n")); w > width {
				t.Errorf("%d columns of %d: %q", w, width, line)
			}
		}
	}
}
