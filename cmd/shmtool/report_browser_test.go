package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/chromedp/cdproto/accessibility"
	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/log"
	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/chromedp"

	"shmtool/cmd/shmtool/internal/fail"
)

// browsers are the programs that are Chromium.
var browsers = []string{"chromium", "chromium-browser", "google-chrome", "headless-shell"}

// browser opens pages in Chromium, one after the other, and collects what goes wrong.
type browser struct {
	ctx context.Context

	mu       sync.Mutex
	messages []string // of the console, and of policies
	requests []string
}

// newBrowser starts Chromium without a window. It is ended with the test.
func newBrowser(t *testing.T) *browser {
	t.Helper()
	var path string
	for _, name := range browsers {
		if found, err := exec.LookPath(name); err == nil {
			path = found
			break
		}
	}
	if path == "" {
		t.Skipf("none of %v is installed", browsers)
	}
	options := append(chromedp.DefaultExecAllocatorOptions[:], chromedp.ExecPath(path), chromedp.UserDataDir(t.TempDir()))
	allocator, end := chromedp.NewExecAllocator(t.Context(), options...)
	t.Cleanup(end)
	ctx, closed := chromedp.NewContext(allocator)
	t.Cleanup(closed)
	b := &browser{ctx: ctx}
	if err := chromedp.Listen(ctx, b.note); err != nil {
		t.Fatal(err)
	}
	return b
}

// note collects the messages and the requests of a page.
func (b *browser) note(event any) {
	b.mu.Lock()
	defer b.mu.Unlock()
	switch e := event.(type) {
	case *log.EventEntryAdded:
		b.messages = append(b.messages, fmt.Sprintf("%s: %s", e.Entry.Source, e.Entry.Text))
	case *runtime.EventConsoleAPICalled:
		b.messages = append(b.messages, fmt.Sprintf("console.%s", e.Type))
	case *runtime.EventExceptionThrown:
		b.messages = append(b.messages, "exception: "+e.ExceptionDetails.Text)
	case *network.EventRequestWillBeSent:
		b.requests = append(b.requests, e.Request.URL)
	}
}

// do runs steps in the browser.
func (b *browser) do(t *testing.T, steps ...chromedp.Action[chromedp.Void]) {
	t.Helper()
	if err := chromedp.Do(b.ctx, steps...); err != nil {
		t.Fatal(err)
	}
}

// value returns the value of a JavaScript expression in the page.
func value[T any](t *testing.T, b *browser, expression string) T {
	t.Helper()
	v, err := chromedp.Run(b.ctx, chromedp.Evaluate[T](expression))
	if err != nil {
		t.Fatal(err)
	}
	return v
}

// viewport is how a person looks at a page.
type viewport struct {
	width  int64
	scheme string // light or dark
}

// open opens a file, and fails when the page asks for more than itself, or says anything.
func (b *browser) open(t *testing.T, path string, l viewport) {
	t.Helper()
	b.mu.Lock()
	b.messages, b.requests = nil, nil
	b.mu.Unlock()
	media := emulation.SetEmulatedMediaParams{Features: []*emulation.MediaFeature{{Name: "prefers-color-scheme", Value: l.scheme}}}
	if _, err := chromedp.Call(b.ctx, emulation.SetEmulatedMedia, media); err != nil {
		t.Fatal(err)
	}
	address := "file://" + path
	b.do(t, chromedp.EmulateViewport(l.width, 900), chromedp.Navigate(address))
	b.mu.Lock()
	defer b.mu.Unlock()
	if len(b.messages) > 0 {
		t.Errorf("the console says %q", b.messages)
	}
	if !slices.Equal(b.requests, []string{address}) {
		t.Errorf("the page requests %q", b.requests)
	}
}

// A report opens in a browser as it should for everyone: narrow or wide, light or dark,
// with a keyboard alone, read aloud, and on paper. go test -artifacts keeps the pictures.
func TestReportInBrowser(t *testing.T) {
	skipShort(t)
	skipUnlessLong(t)
	t.Parallel()
	names := []string{"hostile", "recording", "live-healthy-renditions", "live-buffer-killed", "live-disk-full"}
	reports := []func(t *testing.T, file string){hostileReport, recordingReport}
	for _, name := range names[len(reports):] {
		archive := strings.Replace(realPages, "*", name, 1)
		if _, err := os.Stat(archive); err != nil {
			t.Logf("no snapshot %s", archive)
			break
		}
		reports = append(reports, func(t *testing.T, file string) {
			succeeds(t, t.TempDir(), "report", "--moment", archive, "-w", file)
		})
	}
	b := newBrowser(t)
	for i, write := range reports {
		t.Run(names[i], func(t *testing.T) {
			file := filepath.Join(t.TempDir(), "report.html")
			write(t, file)
			for _, l := range []viewport{{400, "light"}, {400, "dark"}, {1400, "light"}, {1400, "dark"}} {
				b.open(t, file, l)
				b.picture(t, fmt.Sprintf("%s-%d-%s.png", names[i], l.width, l.scheme))
				b.fits(t, l)
				b.legible(t, l)
				b.apart(t)
			}
			b.readAloud(t)
			b.byKeyboard(t)
			b.prints(t, names[i])
		})
	}
}

// succeeds runs a command on a folder that holds shm and proc.
func succeeds(t *testing.T, dir string, args ...string) {
	t.Helper()
	if r := runIn(t, dir, "", args...); r.code != fail.ExitOK {
		t.Fatalf("%v: %v", args, r)
	}
}

// hostile is a name that a browser takes for an element where it is not escaped.
const hostile = `"><img src=x onerror=alert(1)>`

// hostileReport writes a report about a stream of that name.
func hostileReport(t *testing.T, file string) {
	t.Helper()
	dir := t.TempDir()
	if err := errors.Join(os.MkdirAll(filepath.Join(dir, "proc"), 0o777), os.MkdirAll(filepath.Join(dir, "shm"), 0o777),
		os.WriteFile(filepath.Join(dir, "shm", "MstSTATE"+hostile), []byte{4, 255}, 0o600)); err != nil {
		t.Fatal(err)
	}
	succeeds(t, dir, "report", "-w", file)
}

// recordingReport writes a report about a recording of a page of that name.
func recordingReport(t *testing.T, file string) {
	t.Helper()
	dir := t.TempDir()
	if err := os.MkdirAll(filepath.Join(dir, "shm"), 0o777); err != nil {
		t.Fatal(err)
	}
	recorded := filepath.Join(dir, "page.mcap")
	succeeds(t, dir, "create", hostile, "--records", "8", "--field", "n:uint32")
	succeeds(t, dir, "append", hostile, "n=1")
	succeeds(t, dir, "append", hostile, "n=2")
	succeeds(t, dir, "mark", hostile, "exit")
	succeeds(t, dir, "record", hostile, "-w", recorded)
	succeeds(t, dir, "report", "--recording", recorded, "-w", file)
}

// picture keeps what the page looks like, for go test -artifacts.
func (b *browser) picture(t *testing.T, name string) {
	t.Helper()
	png, err := chromedp.Run(b.ctx, chromedp.FullScreenshot(100))
	if err != nil || len(png) == 0 {
		t.Fatalf("no picture of %d bytes: %v", len(png), err)
	}
	if err := os.WriteFile(filepath.Join(t.ArtifactDir(), name), png, 0o666); err != nil {
		t.Fatal(err)
	}
}

// fits fails when the page is wider than the screen.
func (b *browser) fits(t *testing.T, l viewport) {
	t.Helper()
	if wide := value[int64](t, b, `document.documentElement.scrollWidth`); wide > l.width {
		t.Errorf("at %d pixels the page is %d wide", l.width, wide)
	}
	// What is wider than the page lies in a box that scrolls, and nothing else does.
	const cut = `[...document.querySelectorAll("body *")].filter(e => !e.closest(".scroll, svg, .skip") && e.getBoundingClientRect().right > innerWidth + 1).map(e => e.outerHTML.slice(0, 120))`
	if wide := value[[]string](t, b, cut); len(wide) > 0 {
		t.Errorf("at %d pixels these are cut: %q", l.width, wide)
	}
}

// contrast lists the texts whose color is too near to what lies behind, as WCAG 2 counts it.
const contrast = `(() => {
	const channels = c => c.match(/[\d.]+/g).map(Number);
	const light = c => channels(c).slice(0, 3).map(v => v / 255).map(v => v <= 0.03928 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4)
		.reduce((sum, v, i) => sum + v * [0.2126, 0.7152, 0.0722][i], 0);
	const behind = e => {
		for (; e; e = e.parentElement) {
			const c = getComputedStyle(e).backgroundColor;
			if ((channels(c)[3] ?? 1) > 0) return c;
		}
		return "rgb(255, 255, 255)";
	};
	return [...document.querySelectorAll("body *")].filter(e => [...e.childNodes].some(n => n.nodeType == 3 && n.data.trim()) && e.tagName != "TITLE" && e.getClientRects().length).map(e => {
		const color = e.namespaceURI.endsWith("svg") ? getComputedStyle(e).fill : getComputedStyle(e).color;
		const [a, b] = [light(color), light(behind(e))].sort((x, y) => y - x);
		return [(a + 0.05) / (b + 0.05), e];
	}).filter(([ratio]) => ratio < 4.5).map(([ratio, e]) => ratio.toFixed(1) + " " + e.outerHTML.slice(0, 80));
})()`

// legible fails when a text has too little contrast.
func (b *browser) legible(t *testing.T, l viewport) {
	t.Helper()
	if pale := value[[]string](t, b, contrast); len(pale) > 0 {
		t.Errorf("%s: %d texts are pale: %q", l.scheme, len(pale), pale[:min(len(pale), 5)])
	}
}

// crowded lists the texts of pictures that lie upon each other, or over an axis, or leave the
// picture.
const crowded = `[...document.querySelectorAll("svg")].flatMap(svg => {
	const all = [...svg.querySelectorAll("text")].map(e => [e.textContent, e.getBBox()]), room = svg.viewBox.baseVal;
	const axis = [...svg.querySelectorAll("path.s-axes")].map(e => e.getBBox()).filter(b => b.width < 1).sort((a, b) => b.height - a.height)[0];
	return all.filter(([, a], i) => a.x < -1 || a.x + a.width > room.width + 1
		|| a.x < axis.x && a.x + a.width > axis.x && a.y > axis.y && a.y + a.height < axis.y + axis.height
		|| all.some(([, b], j) => j > i && a.x < b.x + b.width && b.x < a.x + a.width && a.y < b.y + b.height - 4 && b.y < a.y + a.height - 4)).map(([text]) => text);
})`

// apart fails when the texts of a picture cannot be read for what lies upon them.
func (b *browser) apart(t *testing.T) {
	t.Helper()
	if texts := value[[]string](t, b, crowded); len(texts) > 0 {
		t.Errorf("texts of pictures lie upon something: %q", texts)
	}
}

// readAloud fails when a screen reader does not find its way.
func (b *browser) readAloud(t *testing.T) {
	t.Helper()
	all, err := chromedp.Call(b.ctx, accessibility.GetFullAXTree, accessibility.GetFullAXTreeParams{})
	if err != nil {
		t.Fatal(err)
	}
	count := map[string]int{}
	for _, n := range all.Nodes {
		if n.Ignored || n.Role == nil {
			continue
		}
		role := spoken(n.Role)
		count[role]++
		switch role {
		case "navigation", "region", "image", "heading", "link", "DisclosureTriangle", "columnheader", "rowheader":
			if spoken(n.Name) == "" {
				t.Errorf("a %s has no name", role)
			}
		}
	}
	level := 0
	for _, heading := range value[[]string](t, b, `[...document.querySelectorAll("h1, h2, h3, h4, h5, h6")].map(e => e.tagName[1] + " " + e.textContent)`) {
		next := int(heading[0] - '0')
		if next > level+1 {
			t.Errorf("the heading %q is of a level below %d", heading, level)
		}
		level = next
	}
	for _, role := range []string{"main", "banner", "contentinfo", "navigation"} {
		if count[role] != 1 {
			t.Errorf("%d landmarks are %s", count[role], role)
		}
	}
	if pictures := value[int](t, b, `document.querySelectorAll("svg").length`); count["image"] != pictures {
		t.Errorf("%d of %d pictures are said to be one", count["image"], pictures)
	}
	if count["heading"] < 2 {
		t.Errorf("%d headings", count["heading"])
	}
}

// byKeyboard fails when something cannot be reached, or opened, by keys alone.
func (b *browser) byKeyboard(t *testing.T) {
	t.Helper()
	// An element counts once it has had the focus, and it must show that it has it.
	wanted := value[int](t, b, `(() => {
		window.had = new Set(); window.unseen = [];
		addEventListener("focusin", e => {
			had.add(e.target);
			const s = getComputedStyle(e.target);
			if (s.outlineStyle == "none" || parseFloat(s.outlineWidth) < 1) unseen.push(e.target.outerHTML.slice(0, 80));
		});
		document.activeElement.blur(); scrollTo(0, 0);
		return document.querySelectorAll("a[href], summary, .scroll, [tabindex='0']").length;
	})()`)
	for range wanted + 5 {
		b.do(t, chromedp.KeyEvent("\t"))
	}
	missed := value[[]string](t, b, `[...document.querySelectorAll("a[href], summary, .scroll")].filter(e => e.checkVisibility() && !had.has(e)).map(e => e.outerHTML.slice(0, 80))`)
	if len(missed) > 0 {
		t.Errorf("Tab does not lead to %q", missed)
	}
	if unseen := value[[]string](t, b, `unseen`); len(unseen) > 0 {
		t.Errorf("these do not show that they have the focus: %q", unseen)
	}
	for i := range value[int](t, b, `document.querySelectorAll("summary").length`) {
		summary := fmt.Sprintf(`document.querySelectorAll("summary")[%d]`, i)
		value[bool](t, b, summary+`.focus() || true`)
		b.do(t, chromedp.KeyEvent("\r"))
		if !value[bool](t, b, summary+`.parentElement.open`) {
			t.Errorf("Enter does not open number %d of the details", i)
		}
	}
}

var pdfPage = regexp.MustCompile(`/Type\s*/Page\b`)

// prints fails when the page does not print, or not all of it.
func (b *browser) prints(t *testing.T, name string) {
	t.Helper()
	pdf, err := chromedp.Run(b.ctx, chromedp.PrintToPDF(chromedp.PDFPaper(chromedp.PaperA4)))
	if err != nil {
		t.Fatal(err)
	}
	if pages := len(pdfPage.FindAll(pdf, -1)); !strings.HasPrefix(string(pdf), "%PDF-") || pages == 0 {
		t.Errorf("%d pages in a file of %d bytes", pages, len(pdf))
	}
	if err := os.WriteFile(filepath.Join(t.ArtifactDir(), name+".pdf"), pdf, 0o666); err != nil {
		t.Fatal(err)
	}
	// On paper nothing scrolls: what is wider than the paper is lost.
	if _, err := chromedp.Call(b.ctx, emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{Media: "print"}); err != nil {
		t.Fatal(err)
	}
	const paper = 718 // A4 in pixels without its margins
	b.do(t, chromedp.EmulateViewport(paper, 900))
	b.fits(t, viewport{width: paper})
	if lost := value[[]string](t, b, `[...document.querySelectorAll(".scroll")].filter(e => e.scrollWidth > e.clientWidth + 1).map(e => e.getAttribute("aria-label"))`); len(lost) > 0 {
		t.Errorf("on paper these are cut: %q", lost)
	}
}

// spoken returns a value of the accessibility tree as a text.
func spoken(v *accessibility.Value) string {
	if v == nil {
		return ""
	}
	return strings.Trim(string(v.Value), `"`)
}
