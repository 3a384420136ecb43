package main

import (
	"errors"
	"fmt"
	"strings"

	"shmtool/cmd/shmtool/internal/finding"
	"shmtool/layout/mist"
)

// The exit codes of a monitoring plugin besides 0 and 1, which is a warning.
const (
	nagiosCritical = 2
	nagiosUnknown  = 3
)

var nagiosWords = map[string]string{finding.VerdictOK: "OK", finding.VerdictWarning: "WARNING", finding.VerdictStuck: "CRITICAL"}

// nagios prints an examination, or why there is none, for a monitor: to it the
// exit codes 1, 2 and 3 are a warning, critical, and not known.
func (e *env) nagios(x *examination, err error) error {
	if err != nil {
		fmt.Fprintf(e.out, "UNKNOWN: %s\n", oneLine(e.redacted(nil, err.Error())))
		return exitStatus(nagiosUnknown)
	}
	if _, err := e.out.WriteString(nagiosText(x)); err != nil {
		return err
	}
	err = x.status()
	switch {
	case finding.Verdict(x.found) == finding.VerdictStuck:
		return exitStatus(nagiosCritical)
	case errors.Is(err, exitStatus(exitPermission)):
		return exitStatus(nagiosUnknown)
	}
	return err
}

// nagiosText is a line with the worst of it and figures, and a line for each
// finding, as monitoring plugins print them.
func nagiosText(x *examination) string {
	counts := map[string]int{}
	for _, s := range x.all() {
		counts[x.verdict(s)]++
	}
	word, text := nagiosWords[finding.Verdict(x.found)], "streams are well"
	switch n := len(x.all()); {
	case word == nagiosWords[finding.VerdictOK] && counts[verdictUnknown] > 0:
		word, text = "UNKNOWN", x.unseen()[len(x.unseen())-1]
	case n == 0:
		text = "no streams"
	case n == 1:
		text = "the stream is well"
	}
	if len(x.found) > 0 {
		text = nagiosFinding(&x.found[0])
		if more := len(x.found) - 1; more > 0 {
			text += fmt.Sprintf(" (and %d more)", more)
		}
	}
	var b strings.Builder
	fmt.Fprintf(&b, "%s: %s | streams=%d ok=%d warning=%d stuck=%d findings=%d unseen=%d\n", word, oneLine(text),
		len(x.all()), counts[finding.VerdictOK], counts[finding.VerdictWarning], counts[finding.VerdictStuck], len(x.found), len(x.unseen()))
	for i := range x.found {
		b.WriteString(nagiosFinding(&x.found[i]) + "\n")
	}
	return b.String()
}

// oneLine is a text in which nothing ends the line, or begins the figures.
func oneLine(text string) string {
	return strings.NewReplacer("|", "/", "\n", " ").Replace(text)
}

// nagiosFinding is a finding in a line.
func nagiosFinding(f *finding.Finding) string {
	text := f.Code + ": " + mist.EscapeName(f.Message)
	if f.Stream != "" {
		text = mist.EscapeName(f.Stream) + ": " + text
	}
	return oneLine(text)
}
