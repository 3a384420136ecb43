package dump

import (
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// Each value is asked for once, in order, and what has changed is marked, with
// colour and without.
func TestTableMarksChanges(t *testing.T) {
	v := viewOf(t, "p", examplePage(t))
	v.ShowHeader, v.ShowSchema = false, false
	for _, colored := range []bool{false, true} {
		var asked []string
		o := Options{Color: colored, NoHeader: true, Changed: func(way string, number uint64, field, value string) bool {
			asked = append(asked, fmt.Sprintf("%s%d.%s=%s", way, number, field, value))
			return field == "level" && number == 1
		}}
		want := "0  1000  0  source connected\n1    40  \x1b[7m0\x1b[27m  änd \\x1b[31mred\\n\n"
		if diff := cmp.Diff(want, rendered(t, Table, v, o)); diff != "" {
			t.Errorf("(-want +got):\n%s", diff)
		}
		if diff := cmp.Diff([]string{
			"0.time=1000", "0.level=0", "0.msg=source connected", "1.time=40", "1.level=0", `1.msg=änd \x1b[31mred\n`,
		}, asked); diff != "" {
			t.Errorf("asked (-want +got):\n%s", diff)
		}
	}
}

// Of nested pages the newest records are shown, and asked for by the way to them.
func TestTableNewestOfNested(t *testing.T) {
	v := goldenView(t, "nested")
	v.ShowHeader, v.ShowSchema = false, false
	all := rendered(t, Table, v, Options{Depth: 3})
	ways := map[string][]uint64{}
	o := Options{Depth: 3, Newest: 1, Changed: func(way string, number uint64, _, _ string) bool {
		if n := ways[way]; way != "" && (len(n) == 0 || n[len(n)-1] != number) {
			ways[way] = append(n, number)
		}
		return false
	}}
	newest := rendered(t, Table, v, o)
	if len(newest) >= len(all) || len(ways) == 0 {
		t.Errorf("all\n%s\nnewest\n%s", all, newest)
	}
	for way, numbers := range ways {
		if len(numbers) != 1 || !strings.HasPrefix(way, ":") {
			t.Errorf("%q: records %v", way, numbers)
		}
	}
}

// On a terminal the header takes as many lines as it needs.
func TestHeaderFitsTheTerminal(t *testing.T) {
	v := viewOf(t, "p", examplePage(t))
	v.ShowSchema, v.ShowRecords = false, false
	want := `page    p, 346 bytes, ready
header  field_offset 36  rcount 4
        rsize 73  startpos 0
        deleted 0  present 2
        offset 54  endpos 2
`
	if diff := cmp.Diff(want, rendered(t, Table, v, Options{Width: 34})); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	if wide := rendered(t, Table, v, Options{Width: 200}); strings.Count(wide, "\n") != 2 {
		t.Errorf("%s", wide)
	}
}
