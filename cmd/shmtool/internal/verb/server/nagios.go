package server

import (
	"fmt"
	"strings"

	"shmtool/cmd/shmtool/internal/cli"
	"shmtool/cmd/shmtool/internal/fail"
	"shmtool/cmd/shmtool/internal/finding"
	"shmtool/cmd/shmtool/internal/units"
	"shmtool/cmd/shmtool/internal/world"
	"shmtool/layout/mist"
)

// nagiosState is what a monitor takes for the state of what it watches: a word
// and an exit code.
type nagiosState struct {
	word string
	code fail.Status
}

// The states that a monitoring plugin may tell of.
var (
	nagiosOK       = nagiosState{"OK", 0}
	nagiosWarning  = nagiosState{"WARNING", 1}
	nagiosCritical = nagiosState{"CRITICAL", 2}
	nagiosUnknown  = nagiosState{"UNKNOWN", 3}
)

// nagios prints an examination for a monitor: to it the exit codes 1, 2 and 3 are
// a warning, critical, and not known. What went wrong is reported to it as not
// known, too: see report.
func nagios(c *cli.Call, to string, x *examination) error {
	state := nagiosStateOf(x)
	err := c.To(to, func(c *cli.Call) error {
		_, err := c.Out.WriteString(nagiosText(state, x))
		return err
	})
	if err != nil || state == nagiosOK {
		return err
	}
	return state.code
}

// nagiosStateOf is by the findings that are wanted, so that a monitor may leave
// some out.
func nagiosStateOf(x *examination) nagiosState {
	switch verdict := finding.Verdict(x.Found); {
	case verdict == finding.VerdictStuck:
		return nagiosCritical
	case verdict == finding.VerdictWarning:
		return nagiosWarning
	case x.unread():
		return nagiosUnknown
	}
	return nagiosOK
}

// nagiosText is a line with the worst of it and figures, and a line for each
// finding, as monitoring plugins print them.
func nagiosText(state nagiosState, x *examination) string {
	counts := map[string]int{}
	for _, s := range x.all() {
		counts[x.verdict(s)]++
	}
	var b strings.Builder
	fmt.Fprintf(&b, "%s: %s | streams=%d ok=%d warning=%d stuck=%d findings=%d unseen=%d\n", state.word, world.OneLine(nagiosSummary(state, x)),
		len(x.all()), counts[finding.VerdictOK], counts[finding.VerdictWarning], counts[finding.VerdictStuck], len(x.Found), len(x.unseen()))
	for i := range x.Found {
		b.WriteString(nagiosFinding(&x.Found[i]) + "\n")
	}
	return b.String()
}

func nagiosSummary(state nagiosState, x *examination) string {
	switch {
	case len(x.Found) > 0:
		text := nagiosFinding(&x.Found[0])
		if more := len(x.Found) - 1; more > 0 {
			text += fmt.Sprintf(" (and %d more)", more)
		}
		return text
	case state == nagiosUnknown:
		return x.unseen()[len(x.unseen())-1]
	case len(x.hidden) > 0:
		return "--where leaves out " + units.Counted(uint64(len(x.hidden)), "finding", "findings")
	case len(x.all()) == 0:
		return "no streams"
	case len(x.all()) == 1:
		return "the stream is well"
	}
	return "streams are well"
}

// nagiosFinding is a finding in a line.
func nagiosFinding(f *finding.Finding) string {
	text := f.Code + ": " + mist.EscapeName(f.Message)
	if f.Stream != "" {
		text = mist.EscapeName(f.Stream) + ": " + text
	}
	return world.OneLine(text)
}
