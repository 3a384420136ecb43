package layouttest

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestParse(t *testing.T) {
	const text = `# A page.
# expect: error @38:keys@0:n@12 invalid_page: field has size 0: 0x30
# expect: note @0 exit_set: exit is set

0000  01 24          # two bytes
0002  *3 ff "a # b" 00
# between
000b  "!~" # the last
`
	got, err := Parse(text)
	if err != nil {
		t.Fatal(err)
	}
	want := &Page{
		Bytes: []byte("\x01\x24\xff\xff\xffa # b\x00!~"),
		Expect: []Expectation{
			{"error", 38, ":keys@0:n@12", "invalid_page", "field has size 0: 0x30"},
			{"note", 0, "", "exit_set", "exit is set"},
		},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("page (-want +got):\n%s", diff)
	}
}

func TestParseIsStrict(t *testing.T) {
	tests := []struct{ name, text, want string }{
		{"empty", "", "page has no bytes"},
		{"nothing expected", "0000 01", "says nothing"},
		{"expects both", "# expect: none\n# expect: note @0 a: b\n0000 01", "none, and something"},
		{"position behind", "0000 01 02\n0001 03", "line 2: position is 0001, 0002 bytes stand above"},
		{"position ahead", "0000 01\n0002 03", "line 2: position is 0002, 0001 bytes stand above"},
		{"position short", "000 01", "position"},
		{"position upper case", "000A 01", "position"},
		{"no position", "01 02", `position "01"`},
		{"no bytes", "0000", "no bytes"},
		{"one digit", "0000 1", "item"},
		{"three digits", "0000 011", "item"},
		{"upper case", "0000 FF", "item"},
		{"no blank", "0000 01\"a\"", "item"},
		{"repeats nothing", "0000 *0 00", "item"},
		{"repeats no byte", "0000 *4", "item"},
		{"repeats text", `0000 *4 "a"`, "item"},
		{"open text", `0000 "a`, "item"},
		{"empty text", `0000 ""`, "item"},
		{"no ASCII", `0000 "ä"`, "item"},
		{"tab", "0000 01\t02", "item"},
		{"expects nonsense", "# expect: nothing\n0000 01", "line 1: expectation"},
		{"expects no code", "# expect: error @3 wrong\n0000 01", "line 1: expectation"},
		{"expects behind bytes", "0000 01 # expect: none", "a line of its own"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			page, err := Parse(tt.text)
			if err == nil {
				t.Fatalf("parsed to %x", page.Bytes)
			}
			if !strings.Contains(err.Error(), tt.want) {
				t.Errorf("error %q does not say %q", err, tt.want)
			}
		})
	}
}

// Every page of testdata parses; that they mean something is for package layout.
func TestLoadAll(t *testing.T) {
	for _, name := range Names(t) {
		if Load(t, name); len(Expect(t, name)) == 0 && strings.HasPrefix(name, "invalid-") {
			t.Errorf("%s expects nothing", name)
		}
	}
}
