package server

import (
	"fmt"
	"io"
	"strings"

	"shmtool/cmd/shmtool/internal/fail"
	"shmtool/cmd/shmtool/internal/finding"
	"shmtool/cmd/shmtool/internal/units"
	"shmtool/cmd/shmtool/internal/world"
	"shmtool/layout/mist"
)

// nagiosState is the state of what a monitor watches: a word and an exit code.
type nagiosState struct {
	word string
	code fail.Status
}

// The states that a monitoring plugin may report.
var (
	nagiosOK       = nagiosState{"OK", 0}
	nagiosWarning  = nagiosState{"WARNING", 1}
	nagiosCritical = nagiosState{"CRITICAL", 2}
	nagiosUnknown  = nagiosState{"UNKNOWN", 3}
)

// monitored returns the exit code for a monitor, to which 1, 2, and 3 are a warning, a
// critical state, and an unknown one. Report tells it an error as an unknown state.
func (x *examination) monitored() error {
	if state := nagiosStateOf(x); state != nagiosOK {
		return state.code
	}
	return nil
}

// printNagios prints an examination for a monitor.
func (x *examination) printNagios(w io.Writer) error {
	_, err := io.WriteString(w, nagiosText(nagiosStateOf(x), x))
	return err
}

// nagiosStateOf returns the state by the findings that are shown: --where may leave some
// out.
func nagiosStateOf(x *examination) nagiosState {
	switch verdict := finding.Verdict(x.found); {
	case verdict == finding.VerdictStuck:
		return nagiosCritical
	case verdict == finding.VerdictWarning:
		return nagiosWarning
	case x.unread():
		return nagiosUnknown
	}
	return nagiosOK
}

// nagiosText returns a line with the worst finding and figures, and a line for each
// finding, as monitoring plugins print them.
func nagiosText(state nagiosState, x *examination) string {
	counts := map[string]int{}
	for _, s := range x.all() {
		counts[x.verdict(s)]++
	}
	var b strings.Builder
	fmt.Fprintf(&b, "%s: %s | streams=%d ok=%d warning=%d stuck=%d findings=%d unseen=%d\n", state.word, world.OneLine(nagiosSummary(state, x)),
		len(x.all()), counts[finding.VerdictOK], counts[finding.VerdictWarning], counts[finding.VerdictStuck], len(x.found), len(x.unseen()))
	for i := range x.found {
		b.WriteString(nagiosFinding(&x.found[i]) + "\n")
	}
	return b.String()
}

func nagiosSummary(state nagiosState, x *examination) string {
	switch {
	case len(x.found) > 0:
		text := nagiosFinding(&x.found[0])
		if more := len(x.found) - 1; more > 0 {
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

// nagiosFinding returns a finding as one line.
func nagiosFinding(f *finding.Finding) string {
	text := f.Code + ": " + mist.EscapeName(f.Message)
	if f.Stream != "" {
		text = mist.EscapeName(f.Stream) + ": " + text
	}
	return world.OneLine(text)
}
