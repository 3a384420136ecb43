package top

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"strings"
	"testing"
	"time"

	tea "charm.land/bubbletea/v2"
	"github.com/charmbracelet/x/ansi"
	"github.com/google/go-cmp/cmp"
	"golang.org/x/tools/txtar"

	"shmtool/cmd/shmtool/internal/picture"
	"shmtool/cmd/shmtool/internal/procs"
	"shmtool/cmd/shmtool/internal/units"
	"shmtool/layout"
	"shmtool/layout/mist"
)

var noon = time.Date(2026, 3, 4, 12, 0, 0, 0, time.UTC)

func row(name string, change func(r *Row)) Row {
	r := Row{Name: name, Path: "/dev/shm/" + name, Size: 8432, Header: layout.Header{Status: layout.StatusReady, RecordCount: 1}}
	r.Of, r.Known = mist.ParseName(name)
	r.Identity.Inode = uint64(len(name))*1000 + uint64(name[len(name)-1])
	r.Changed = 12 * time.Second
	if change != nil {
		change(&r)
	}
	return r
}

func rate(v float64) *float64 { return &v }

func history(values ...float64) (h picture.History) {
	for _, v := range values {
		h.Add(v)
	}
	return h
}

// A line is drawn in color, and a word stands for it without.
func TestTrend(t *testing.T) {
	for _, test := range []struct {
		width   int
		colored bool
		want    []string
	}{
		{80, false, []string{"steady", "rising"}},
		{80, true, []string{"████", "▁▁▂▇██"}},
		{120, true, []string{"████", "±4%", "▁▁▂▇██", "±87%"}},
		{230, true, []string{"████", "±4%", "████", "▁▁▂▇██", "±87%", "██▅▆██"}},
	} {
		lines := strings.Split(ansi.Strip(newModel(test.width, 24, test.colored).text()), "\n")
		rest := strings.Join(lines[3:5], "\n")
		for _, want := range test.want {
			_, after, found := strings.Cut(rest, want)
			if !found {
				t.Errorf("%d columns, colored %v: no %q in\n%s", test.width, test.colored, want, rest)
			}
			rest = after
		}
	}
	bare := newModel(230, 24, false).text()
	if strings.ContainsAny(bare, "█▁░") {
		t.Errorf("pictures without color:\n%s", bare)
	}
}

// someRows are pages of all sorts: known and not, with names that are long, wide,
// or would do something to a terminal.
func someRows() []Row {
	long := strings.Repeat("long", 40)
	rows := []Row{
		row("MstMetalive", nil),
		row("MstTraklive@412-0", func(r *Row) {
			r.Rate, r.Used, r.Slots, r.Seen, r.Changed, r.Size = rate(25), 500, 1800, true, 40*time.Millisecond, 1067595
			r.Header.EndPos = 1
			r.Rates = history(24, 26, 24, 26)
		}),
		row("MstTraklive@412-1", func(r *Row) {
			r.Rate, r.Used, r.Slots, r.Seen, r.Rates = rate(46.875), 1800, 1800, true, history(0, 0, 10, 40, 47, 48)
		}),
		row("MstTrak"+long+"@412-2", func(r *Row) { r.Header.Status |= layout.StatusReload }),
		row("MstUser日本語のストリーム", func(r *Row) { r.Rate, r.Used, r.Slots = rate(0), 9, 4 }),
		row("plain", func(r *Row) { r.Rate, r.Header.EndPos, r.Used, r.Slots = rate(1234567), 1<<63, 1, 1000 }),
		row("plain\x1b[31m\r\nred", func(r *Row) { r.Header.Status = 0 }),
		row("denied", func(r *Row) { r.Problem = "no permission" }),
		row("gone", func(r *Row) { r.Gone = true }),
	}
	for i := range 30 {
		rows = append(rows, row(fmt.Sprintf("z%02d", i), nil))
	}
	return rows
}

func someAround(rows []Row) Around {
	return Around{
		Known: true, Mapped: true,
		Writers: map[procs.Object]procs.Process{rows[1].Identity: {PID: 412, Name: "MistInRTMP\x1b"}},
		Readers: map[procs.Object][]int{rows[1].Identity: {1, 2, 3}},
	}
}

// newModel is the list of someRows on a terminal.
func newModel(width, height int, colored bool) *model {
	m := &model{o: Options{Every: time.Second / 2, Look: Look{Color: colored}}, pages: &sampling{Sampler: &Sampler{}}}
	m.list = list{look: m.o.Look, title: "/dev/shm", every: m.o.Every}
	m.open = func(r Row) *Source { return &Source{Name: r.Name, Path: r.Path} }
	rows := someRows()
	m.Update(tea.WindowSizeMsg{Width: width, Height: height})
	m.Update(pagesMsg{now: noon, rows: rows})
	m.Update(aroundMsg{around: someAround(rows)})
	return m
}

var keyCodes = map[string]tea.Key{
	"enter": {Code: tea.KeyEnter}, "esc": {Code: tea.KeyEsc}, "up": {Code: tea.KeyUp}, "down": {Code: tea.KeyDown},
	"pgup": {Code: tea.KeyPgUp}, "pgdown": {Code: tea.KeyPgDown}, "home": {Code: tea.KeyHome}, "end": {Code: tea.KeyEnd},
	"backspace": {Code: tea.KeyBackspace}, "ctrl+c": {Code: 'c', Mod: tea.ModCtrl}, "ctrl+u": {Code: 'u', Mod: tea.ModCtrl},
	"space": {Code: tea.KeySpace, Text: " "},
}

// press presses keys, with a blank between them, and gives what the last one
// wants done.
func press(m *model, keys string) (cmd tea.Cmd) {
	for _, name := range strings.Fields(keys) {
		key, ok := keyCodes[name]
		if !ok {
			key = tea.Key{Code: []rune(name)[0], Text: name}
		}
		_, cmd = m.Update(tea.KeyPressMsg(key))
	}
	return cmd
}

func quits(cmd tea.Cmd) bool {
	if cmd == nil {
		return false
	}
	_, ok := cmd().(tea.QuitMsg)
	return ok
}

// somePage is what a look at a page of many lines shows.
func somePage(m *model) {
	lines := []string{"page    cam, 644053 bytes, ready", ""}
	for i := range 40 {
		lines = append(lines, fmt.Sprintf("  field%d  %s", i, strings.Repeat("日", i*8)))
	}
	m.Update(pageMsg{of: m.page, now: noon, lines: lines, note: "replaced at 2026-03-04T11:59:59Z"})
}

// views are the screens that testdata/views.txtar has.
func views() map[string]*model {
	all := map[string]*model{}
	for _, size := range [][2]int{{80, 24}, {200, 60}, {40, 8}} {
		name := fmt.Sprintf("%dx%d", size[0], size[1])
		all["list "+name] = newModel(size[0], size[1], false)
		open := newModel(size[0], size[1], false)
		press(open, "down enter")
		somePage(open)
		all["page "+name] = open
	}
	m := newModel(80, 24, false)
	press(m, "s r end")
	all["sorted 80x24"] = m
	m = newModel(80, 24, false)
	press(m, "/ T r a k p")
	all["filter 80x24"] = m
	m = newModel(80, 24, false)
	press(m, "?")
	all["help 80x24"] = m
	m = newModel(80, 24, false)
	m.o.DirectoryError = func(err error) string { return "directory: " + err.Error() }
	m.Update(pagesMsg{now: noon, err: errors.New("permission denied")})
	all["error 80x24"] = m
	m = newModel(80, 24, false)
	m.Update(pagesMsg{now: noon, unlisted: 2})
	all["unlisted 80x24"] = m
	m = newModel(80, 24, false)
	m.Update(pagesMsg{now: noon, rows: []Row{row("MstMetalive", func(r *Row) { r.Problem, r.Unread = "no permission", fs.ErrPermission })}, unlisted: 2})
	all["denied 80x24"] = m
	return all
}

// UPDATE_VIEWS=1 go test takes the screens for what is wanted: look at them.
func TestViews(t *testing.T) {
	const file = "testdata/views.txtar"
	if os.Getenv("UPDATE_VIEWS") != "" {
		a := &txtar.Archive{}
		for _, name := range []string{
			"list 80x24", "list 200x60", "list 40x8", "page 80x24", "page 200x60", "page 40x8",
			"sorted 80x24", "filter 80x24", "help 80x24", "error 80x24", "unlisted 80x24", "denied 80x24",
		} {
			a.Files = append(a.Files, txtar.File{Name: name, Data: []byte(shown(views()[name]))})
		}
		if err := os.WriteFile(file, txtar.Format(a), 0o666); err != nil {
			t.Fatal(err)
		}
	}
	a, err := txtar.ParseFile(file)
	if err != nil {
		t.Fatal(err)
	}
	all := views()
	if len(a.Files) != len(all) {
		t.Errorf("%d screens are wanted, %d there", len(a.Files), len(all))
	}
	for _, f := range a.Files {
		if diff := cmp.Diff(string(f.Data), shown(all[f.Name])); diff != "" {
			t.Errorf("%s (-want +got):\n%s", f.Name, diff)
		}
	}
}

// shown is a screen as text: what stands out is in brackets, and blanks at the end
// of lines are left out.
func shown(m *model) string {
	text := strings.NewReplacer("\x1b[7m", "[", "\x1b[27m", "]", "\x1b[0m", "").Replace(m.text())
	var b strings.Builder
	for line := range strings.SplitSeq(text, "\n") {
		b.WriteString(strings.TrimRight(line, " ") + "\n")
	}
	return b.String()
}

// On a terminal of any size each screen has no more lines than that, and none that
// would wrap; and nothing of a name reaches it but what can be printed.
func TestViewsFit(t *testing.T) {
	for _, colored := range []bool{false, true} {
		for width := 1; width <= 230; width++ {
			for _, height := range []int{1, 2, 3, 4, 24, 60} {
				checkFit(t, newModel(width, height, colored), width, height)
			}
		}
	}
	for name, m := range views() {
		for _, size := range [][2]int{{1, 1}, {7, 3}, {33, 5}, {80, 24}, {79, 200}} {
			m.Update(tea.WindowSizeMsg{Width: size[0], Height: size[1]})
			if checkFit(t, m, size[0], size[1]); t.Failed() {
				t.Fatal(name)
			}
		}
	}
}

func TestUnknownSize(t *testing.T) {
	if m := newModel(0, 0, false); len(strings.Split(m.text(), "\n")) != 24 {
		t.Errorf("%s", m.text())
	}
}

func checkFit(t *testing.T, m *model, width, height int) {
	t.Helper()
	lines := strings.Split(m.text(), "\n")
	if len(lines) > height {
		t.Errorf("%dx%d: %d lines", width, height, len(lines))
	}
	for _, line := range lines {
		if w := ansi.StringWidth(line); w > max(width-1, 0) {
			t.Errorf("%dx%d: a line of %d columns: %q", width, height, w, line)
		}
		if bare := ansi.Strip(line); strings.ContainsFunc(bare, func(r rune) bool { return r < ' ' || r == 0x7f }) {
			t.Errorf("%dx%d: %q", width, height, line)
		}
	}
}

func TestNoColour(t *testing.T) {
	for _, colored := range []bool{false, true} {
		m := newModel(200, 60, colored)
		text := strings.NewReplacer("\x1b[7m", "", "\x1b[27m", "", "\x1b[0m", "").Replace(m.text())
		if got := strings.Contains(text, "\x1b"); got != colored {
			t.Errorf("colour %v, wanted %v", got, colored)
		}
	}
}

func TestChanges(t *testing.T) {
	var c changes
	type value struct {
		way    string
		number uint64
		value  string
		want   bool
	}
	for i, look := range [][]value{
		{{"", 4, "a", false}, {":keys@0", 1, "k", false}},
		{{"", 4, "a", false}, {":keys@0", 1, "l", true}, {":keys@0", 2, "m", true}, {":parts@0", 2, "m", false}},
		{{"", 5, "a", false}, {":keys@0", 2, "m", false}},
		{{"", 6, "b", true}},
	} {
		c.turn(true)
		for _, v := range look {
			if got := c.changed(v.way, v.number, "f", v.value); got != v.want {
				t.Errorf("look %d: %s@%d %q: changed %v, want %v", i, v.way, v.number, v.value, got, v.want)
			}
		}
	}
	c.turn(false)
	if !c.changed("", 7, "f", "b") {
		t.Error("a row that is new has not changed")
	}
}

func TestTexts(t *testing.T) {
	var got []string
	for _, r := range []float64{0, 0.04, 25, 999.94, 1234, 12345, 1234567, 2e9} {
		got = append(got, rateText(&r))
	}
	for _, d := range []time.Duration{-1, 40 * time.Millisecond, 9990 * time.Millisecond, time.Minute - 1, time.Minute, 47 * time.Hour, 480 * time.Hour} {
		got = append(got, units.Ago(d))
	}
	for _, p := range []float64{0, 0.001, 0.5, 0.999, 1} {
		got = append(got, picture.Percent(p)+picture.Bar(p, 4))
	}
	got = append(got, cutMiddle("MstTraklongstream@412-0", 22), cutMiddle("日本語日本語日本語日本語日本語", 21), cutMiddle("short", 3))
	want := []string{
		"0", "0.0", "25.0", "999.9", "1234", "12.3k", "1.2M", "2000.0M",
		"0.0s", "0.0s", "9.9s", "59s", "1m", "47h", "20d",
		"0%░░░░", "0%█░░░", "50%██░░", "99%████", "100%████",
		"MstTraklong…ream@412-0", "日本語日本…本語日本語", "sh…",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}
