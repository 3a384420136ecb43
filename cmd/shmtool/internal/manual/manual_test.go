package manual

import (
	"os"
	"os/exec"
	"regexp"
	"strings"
	"testing"
)

// Each topic has a text, and each of its names leads to it alone.
func TestTopics(t *testing.T) {
	known := map[string]string{}
	for _, topic := range Topics() {
		text, ok := Find(topic.Name)
		if !ok || strings.Count(text, "\n") < 5 || strings.HasPrefix(text, "\n") {
			t.Errorf("%s: %q", topic.Name, text)
		}
		for _, title := range topic.sections {
			if section(*topic.page, title) == "" {
				t.Errorf("%s: there is no section %s", topic.Name, title)
			}
		}
		for _, name := range append(topic.others, topic.Name) {
			if known[name] != "" {
				t.Errorf("%s is %s and %s", name, known[name], topic.Name)
			}
			known[name] = topic.Name
			if got, _ := Find(name); got != text {
				t.Errorf("%s is not %s", name, topic.Name)
			}
		}
	}
	if _, ok := Find("nosuch"); ok {
		t.Error("there is a text on nothing")
	}
}

var bold = regexp.MustCompile(".\b")

// The texts are those of the pages in man/, word by word; how mandoc breaks lines differs
// between its versions.
func TestTextsAreThePages(t *testing.T) {
	mandoc, err := exec.LookPath("mandoc")
	if err != nil {
		t.Skip("mandoc is not installed")
	}
	const root = "../../../../"
	for page, text := range map[string]string{"shmtool.1": shmtoolPage, "relaccx.5": relaccxPage, "shmtool-mistserver.7": mistserverPage} {
		if _, err := os.Stat(root + "man/" + page); err != nil {
			t.Fatal(err)
		}
		rendered, err := exec.Command(mandoc, "-T", "utf8", "-O", "width=80,indent=2", root+"man/"+page).Output()
		if err != nil {
			t.Fatal(err)
		}
		whole := words(bold.ReplaceAllString(string(rendered), ""))
		for title := range sectionsOf(text) {
			if want := words(section(text, title)); !strings.Contains(whole, " "+want+" ") {
				t.Errorf("%s: section %s has changed: run .ci/manual", page, title)
			}
		}
	}
}

// sectionsOf yields the titles of a text.
func sectionsOf(text string) func(yield func(title string) bool) {
	return func(yield func(title string) bool) {
		for line := range strings.Lines(text) {
			if title := strings.TrimSuffix(line, "\n"); title != "" && title[0] != ' ' && !yield(title) {
				return
			}
		}
	}
}

func words(text string) string { return strings.Join(strings.Fields(text), " ") }
