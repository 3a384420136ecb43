package finding

import (
	"embed"
	"strings"
)

// explanations has a page of text for every code that a command tells, the
// doctor's and those of check, in a file of its name.
//
//go:embed explain/*.txt
var explanations embed.FS

// The sections of a page, in their order. The first line of a page stands before
// them and says all of it in a sentence; SectionTry is missing where no simulation
// can show the code.
const (
	SectionWhat  = "WHAT IT IS"
	SectionCause = "HOW IT COMES ABOUT"
	SectionSee   = "HOW TO SEE IT BY HAND"
	SectionDo    = "WHAT TO DO"
	SectionNot   = "WHAT NOT TO DO"
	SectionTry   = "TRY IT"
)

// Sections returns those that every page has.
func Sections() []string {
	return []string{SectionWhat, SectionCause, SectionSee, SectionDo, SectionNot}
}

// Explain returns the page on a code: lines of at most 80 columns, with words in
// capitals where the reader's own belong.
func Explain(code string) (text string, ok bool) {
	b, err := explanations.ReadFile("explain/" + code + ".txt")
	return string(b), err == nil
}

// Explained returns the codes that have a page.
func Explained() []string {
	entries, err := explanations.ReadDir("explain")
	if err != nil {
		panic(err) // it is in the program
	}
	var codes []string
	for _, e := range entries {
		codes = append(codes, strings.TrimSuffix(e.Name(), ".txt"))
	}
	return codes
}
