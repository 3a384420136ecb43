// Package doctortest holds the rules that every remedy keeps, for tests of
// whatever finds one.
package doctortest

import (
	"slices"
	"strconv"
	"strings"
	"testing"
	"unicode"

	"shmtool/cmd/shmtool/internal/finding"
	"shmtool/cmd/shmtool/internal/procs"
	"shmtool/cmd/shmtool/internal/streams"
)

// gentle are codes whose remedy ends nothing: the stream runs, or its pages could
// not be read, or only the encoder can help.
var gentle = []string{
	finding.InputUnsupervised, finding.DeletedMapping, finding.DataPageMissing, finding.InvalidPage, finding.MetaReclaimed,
	finding.TrackStale, finding.NoKeyframe, finding.DataStalled, finding.DataStaleBytes, finding.TrackHidden, finding.UsersFull,
	finding.NamespaceMismatch, finding.VersionsMixed, finding.ControllerDead, finding.ControllerPageMissing, finding.ShmFull,
	finding.Waiting, finding.VoDPagePending, finding.ValueWrapped, finding.ExitPending,
}

// Rules fails the test for each remedy that does not keep to the rules. The
// moment and its findings must be of one look.
func Rules(t testing.TB, m *streams.Moment, table *procs.Table, found []finding.Finding) {
	t.Helper()
	verdicts := map[string][]finding.Finding{}
	for _, f := range found {
		verdicts[f.Stream] = append(verdicts[f.Stream], f)
	}
	for _, f := range found {
		for _, fault := range faults(m, table, &f, finding.Verdict(verdicts[f.Stream])) {
			t.Errorf("%s %s: %s: %q %+v", f.Code, f.Object, fault, f.Remedy, f.Effects)
		}
	}
}

// faults returns the rules that a remedy breaks.
func faults(m *streams.Moment, table *procs.Table, f *finding.Finding, verdict string) (broken []string) {
	must := func(ok bool, rule string) {
		if !ok {
			broken = append(broken, rule)
		}
	}
	must(f.Remedy != "" && !strings.ContainsFunc(f.Remedy, func(r rune) bool { return !unicode.IsPrint(r) }), "is not all text")
	words, ok := Words(f.Remedy)
	must(ok && len(words) > 1, "is no command")
	if len(words) < 2 {
		return broken
	}
	if n := len(m.Reach.Enter); n > 0 && words[0] == m.Reach.Enter[0] {
		must(len(words) > n+1 && slices.Equal(words[:n], m.Reach.Enter) && len(f.Effects) > 0, "enters another namespace")
		words = words[min(n, len(words)-2):]
	} else {
		must(n == 0 || len(f.Effects) == 0, "names PIDs that are others' here")
	}
	named := map[int]bool{}
	for _, e := range f.Effects {
		named[e.PID] = true
		must(e.Role != "" && e.Program != "" && e.Effect != "", "does not say what it does")
		broken = append(broken, processFaults(m, table, f, &e)...)
	}
	lets, ends := false, false
	switch words[0] {
	case "kill":
		pids := words[1:]
		if strings.HasPrefix(pids[0], "-") {
			lets, pids = pids[0] == "-CONT", pids[1:]
			must(lets || words[1] == "-9", "sends an odd signal")
		}
		ends = !lets
		must(len(pids) == len(f.Effects) && len(pids) > 0, "does not say what each process is")
		for _, pid := range pids {
			n, err := strconv.Atoi(pid)
			must(err == nil && named[n], "kills a process that it does not name")
		}
	case "shmtool":
		ends = slices.Contains(words, "--end")
		must(ends == (len(f.Effects) > 0), "does not name what it ends")
		must(!ends || words[1] == "clean", "ends something by another command than clean")
		if i := slices.Index(words, "--stream"); i >= 0 {
			must(i+1 < len(words) && words[i+1] == f.Stream, "is of another stream")
		}
	case "grep":
		reads := !slices.ContainsFunc(words[1:], func(w string) bool {
			return w != "-H" && w != "State" && !strings.HasSuffix(w, "/status")
		})
		must(reads && len(f.Effects) == 0, "does more than read")
	default:
		must(false, "is an odd command")
	}
	must(!ends || !slices.Contains(gentle, f.Code) && !needsNothing(f.Code), "ends a process")
	// Nothing that a source with a blocked time sends gets through.
	must(!ends || verdict == finding.VerdictStuck || f.Code == finding.TimeBlocked, "ends a process of a stream that works")
	must(!ends || !m.Hiding && !m.Server.Spaces, "ends what cannot be seen from here")
	return broken
}

// needsNothing reports whether the reference page on a code says that there is
// nothing to do now.
func needsNothing(code string) bool {
	text, _ := finding.Explain(code)
	_, todo, _ := strings.Cut(text, finding.SectionDo)
	return strings.HasPrefix(strings.TrimSpace(todo), "1. Nothing")
}

// processFaults returns the rules that the effect on one process breaks.
func processFaults(m *streams.Moment, table *procs.Table, f *finding.Finding, e *finding.Effect) (broken []string) {
	p, life := table.Look(e.PID)
	lets := e.Effect == "goes on"
	still := p.State == "T" || p.State == "t"
	switch {
	case life != procs.Alive || e.PID <= 1:
		broken = append(broken, "acts on a process that does not live")
	case !p.OfMist() || p.Name != e.Program:
		broken = append(broken, "acts on a stranger")
	case lets != still && (lets || strings.HasPrefix(f.Remedy, "kill ")):
		broken = append(broken, "sends a signal that does not fit the process's state "+p.State)
	}
	if lets || f.Stream == "" {
		return broken
	}
	i := slices.IndexFunc(m.Streams, func(s *streams.Stream) bool { return s.Name == f.Stream })
	if i < 0 || !uses(m.Streams[i], e.PID) {
		broken = append(broken, "ends a process of another stream")
	}
	return broken
}

// uses reports whether a process has anything to do with a stream.
func uses(s *streams.Stream, pid int) bool {
	is := func(p procs.Process) bool { return p.PID == pid }
	holds := func(h *streams.Holder) bool { return h != nil && is(h.Process) }
	return s.Buffer != nil && is(*s.Buffer) || holds(s.Input) || holds(s.Pull) || slices.ContainsFunc(s.Mappers, is) ||
		slices.ContainsFunc(s.Tracks, func(t *streams.Track) bool { return is(t.Writer) }) ||
		s.Users != nil && slices.ContainsFunc(s.Users.Slots, func(u streams.User) bool { return is(u.Process) })
}

// Words splits a command as a shell does, up to a comment. It knows only what a
// remedy may have in it: bare words, '…', $'…' and \'.
func Words(command string) (words []string, ok bool) {
	var word strings.Builder
	in := false
	end := func() {
		if in {
			words = append(words, word.String())
		}
		word.Reset()
		in = false
	}
	for i := 0; i < len(command); i++ {
		c := command[i]
		switch {
		case c == ' ':
			end()
		case c == '#' && !in:
			return words, true
		case c == '\'' || strings.HasPrefix(command[i:], "$'"):
			text, size := quotation(command[i:])
			if size == 0 {
				return nil, false
			}
			word.WriteString(text)
			in = true
			i += size - 1
		case c == '\\' && i+1 < len(command):
			i++
			word.WriteByte(command[i])
			in = true
		case strings.IndexByte("$`\"*?[]{}()<>|&;!~\\\n", c) >= 0:
			return nil, false
		default:
			word.WriteByte(c)
			in = true
		}
	}
	end()
	return words, true
}

// quotation returns what stands in '…' or $'…', and how long it is with its quotes; 0
// where it does not end.
func quotation(text string) (string, int) {
	if rest, plain := strings.CutPrefix(text, "'"); plain {
		inside, _, ok := strings.Cut(rest, "'")
		if !ok {
			return "", 0
		}
		return inside, len(inside) + 2
	}
	var b strings.Builder
	for i := 2; i < len(text); i++ {
		switch {
		case text[i] == '\'':
			return b.String(), i + 1
		case text[i] != '\\':
			b.WriteByte(text[i])
		case i+3 < len(text) && text[i+1] >= '0' && text[i+1] <= '3':
			n, _ := strconv.ParseUint(text[i+1:i+4], 8, 8)
			b.WriteByte(byte(n))
			i += 3
		case i+1 < len(text):
			b.WriteByte(text[i+1])
			i++
		}
	}
	return "", 0
}
