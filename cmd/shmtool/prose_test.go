package main

import (
	"regexp"
	"strings"
	"testing"

	"shmtool/cmd/shmtool/internal/cli"
)

// bannedWords name no actor, or have a plainer form: also, no longer, must be.
var bannedWords = regexp.MustCompile(`(?i)\b(nobody|somebody|whoever)\b|\bany more\b|, too\b|\bthat is to be\b|\bsuch as it is\b`)

// Help and README are for people in a hurry, who may not be native speakers.
func TestPlainWords(t *testing.T) {
	texts := map[string]string{"README.md": readFile(t, "README.md")}
	for _, page := range manPages(t) {
		texts["man/"+page] = readFile(t, "man/"+page)
	}
	for name, text := range texts {
		if found := badLine.FindAllString(text, -1); found != nil {
			t.Errorf("%s begins sentences %q", name, found)
		}
	}
	for _, c := range commands() {
		help := []string{c.Usage, c.About}
		help = append(help, c.Examples...)
		for _, f := range c.Flags {
			_, about := cli.About(f)
			help = append(help, about)
		}
		texts[c.Name+" --help"] = strings.Join(help, "\n")
	}
	for name, text := range texts {
		if found := bannedWords.FindAllString(strings.Join(strings.Fields(text), " "), -1); found != nil {
			t.Errorf("%s says %q", name, found)
		}
	}
}
