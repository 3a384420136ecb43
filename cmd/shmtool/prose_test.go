package main

import (
	"regexp"
	"strings"
	"testing"

	"github.com/urfave/cli/v2"
)

// bannedWords name no actor, or have a plainer form: also, no longer, must be.
var bannedWords = regexp.MustCompile(`(?i)\b(nobody|somebody|whoever)\b|\bany more\b|, too\b|\bthat is to be\b|\bsuch as it is\b`)

// Help and README are for people in a hurry, who may not be native speakers.
func TestPlainWords(t *testing.T) {
	readme, format := readFile(t, "README.md"), readFile(t, "man/relaccx.5")
	texts := map[string]string{"README.md": readme, "man/relaccx.5": format}
	for name, text := range texts {
		if found := badLine.FindAllString(text, -1); found != nil {
			t.Errorf("%s begins sentences %q", name, found)
		}
	}
	for _, c := range commands() {
		help := []string{c.usage, c.about}
		help = append(help, c.examples...)
		for _, f := range c.flags {
			if f, ok := f.(cli.DocGenerationFlag); ok {
				help = append(help, f.GetUsage())
			}
		}
		texts[c.name+" --help"] = strings.Join(help, "\n")
	}
	for name, text := range texts {
		if found := bannedWords.FindAllString(strings.Join(strings.Fields(text), " "), -1); found != nil {
			t.Errorf("%s says %q", name, found)
		}
	}
}
