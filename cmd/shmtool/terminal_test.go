package main

import (
	"bytes"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"unicode"

	"shmtool/cmd/shmtool/internal/cli"
	"shmtool/cmd/shmtool/internal/complete"
	"shmtool/cmd/shmtool/internal/streams/streamstest"
	"shmtool/cmd/shmtool/internal/world"
	"shmtool/layout/mist"
)

// evil acts on a terminal in every way that a name can: it sets a title, clears,
// ends the line, and turns the text round.
const evil = "x\x1b]0;t\x07\x1b[2J\n\r\u0085\u009b31m\u202e\u2066y"

// evilWorld has a stream, objects, fields, values and processes of evil names.
func evilWorld(t *testing.T) *streamstest.World {
	t.Helper()
	w := streamstest.NewWorld(t)
	meta, video := w.Sample(evil)
	meta.Nested("tracks").Set(0, "codec", evil[:9]).Set(0, "type", evil[:7]).Set(0, "lastupdate", 10)
	meta.Set(0, "source", "rtsp://"+evil)
	w.Object("MstMeta"+evil, meta.Bytes)
	w.Object(streamstest.TrackName(evil, streamstest.SourcePID, 0), video.Set(0, "codec", "\x1b]0;").Bytes)
	w.Kill(streamstest.AngelPID)
	w.Kill(streamstest.BufferPID)
	w.Process(streamstest.ViewerPID, 1, "Mist\x1b]\n\x07", "S", "MistOutHTTP", evil)
	schema := "t:uint64\n" + strconv.Quote(evil) + ":string:64\n"
	page := streamstest.NewPage(t, mist.Template{Schema: schema, Size: 4096, RecordCount: 4, EndPos: 1, Present: 1})
	w.Object("p"+evil, page.Set(0, evil, evil).Bytes)
	w.Object("MstSTATEodd\x1b]", []byte{1})
	return w
}

// colors are all that a table may say to a terminal.
var colors = regexp.MustCompile(`\x1b\[[0-9;]*m`)

// whatActs is the first line of a text that would act on a terminal by more than
// its colours, or "".
func whatActs(text string) string {
	for line := range strings.Lines(colors.ReplaceAllString(text, "")) {
		line = strings.TrimSuffix(line, "\n")
		if strings.ContainsFunc(line, func(r rune) bool { return r != '\t' && !unicode.IsPrint(r) || r == unicode.ReplacementChar }) {
			return line
		}
	}
	return ""
}

// On a terminal, nothing acts that others have named: not in any format, message,
// hint, remedy or completion. In a pipe, names are exact.
func TestNothingActsOnATerminal(t *testing.T) {
	t.Parallel()
	const (
		page   = "p" + evil
		stream = evil
	)
	tables := [][]string{
		{"ls"},
		{"ls", "--all"},
		{"ls", "--stream", stream, "--all"},
		{"ls", page},
		{"streams"},
		{"streams", "--all"},
		{"streams", stream},
		{"doctor"},
		{"doctor", stream},
		{"clean"},
		{"clean", "--all"},
		{"clean", "--stream", stream},
		{"top", "--once"},
		{"dump", page},
		{"dump", page, "--header"},
		{"dump", page, "--schema"},
		{"dump", page, "--slots"},
		{"dump", "MstMeta" + stream},
		{"dump", "MstMeta" + stream + ":tracks"},
		{"dump", "MstUser" + stream},
		{"dump", "MstSTATE" + stream},
		{"dump", "MstIPID" + stream},
		{"dump", "sem.MstSemInpt" + stream},
		{"dump", streamstest.TrackName(stream, streamstest.SourcePID, 0)},
		{"tail", page},
		{"tail", "p*"},
		{"rate", page, "--count", "1", "--interval", "1ms"},
		{"check", page},
		{"check", "MstMeta" + stream},
		{"check", "MstSTATEodd\x1b]"},
		{"diff", page, "MstMeta" + stream},
		{"explain"},
		{"explain", stream},
		{"explain", "writer_dead"},
		{"dump", page + "q"},
		{"dump", "p"},
		{"ls", "nosuch" + evil},
		{"doctor", evil + "z"},
		{"streams", evil + "z"},
		{"dump", "--" + evil},
		{"dump", page, "--fields", evil + "z"},
		{"dump", page, "--where", evil},
		{"tail", page + ":" + evil},
		{"check", "nosuch" + evil},
	}
	var commands [][]string
	for _, c := range tables {
		commands = append(commands, c)
		for _, more := range [][]string{{"-o", "csv"}, {"-j"}, {"-o", "ndjson"}, {"--names"}, {"--fields", "nosuch"}, {"--color", "always"}, {"--wide"}} {
			if more = append(slices.Clone(c), more...); c[0] == "doctor" {
				more = append(more, "--sample", "0s") // it looks twice once, without more
			}
			commands = append(commands, more)
		}
	}
	for _, more := range []string{"hex", "rax", "schema"} {
		commands = append(commands, []string{"dump", page, "-o", more}, []string{"dump", "MstMeta" + stream, "-o", more}, []string{"dump", "MstSTATE" + stream, "-o", more})
	}
	for _, more := range []string{"nagios", "openmetrics", "prometheus"} {
		commands = append(commands, []string{"doctor", "-o", more}, []string{"streams", "-o", more})
	}
	commands = append(commands,
		[]string{"ls", "-o", "openmetrics"}, []string{"get", page, evil}, []string{"get", page, "t"}, []string{"get", page, "nosuch"}, []string{"get", page + "q", "t"},
		[]string{"dump", page, "--jq", ".records[0]|to_entries[]|.value"}, []string{"dump", page, "--jq", "." + evil},
		[]string{"wait", page, "--for", "gone", "--timeout", "1ms"}, []string{"wait", page, "--for", evil}, []string{"save", page, filepath.Join(t.TempDir(), "no", evil)},
		[]string{"rm", "--dry-run", page}, []string{"rm", "--dry-run", "MstMeta" + stream}, []string{"resize", "--dry-run", page, "--records", "9", "--drop", evil},
		[]string{"resize", "--dry-run", page, "--field", strconv.Quote(evil+"z") + ":uint8"},
		[]string{"delete", "--dry-run", page, "--all"}, []string{"append", page, evil + "=1", "u=2"}, []string{"append", page + "z", "t=1"}, []string{"set", page, "7", "t=1"},
		[]string{"create", page, "--records", "1", "--field", "a:uint8"}, []string{"create", "new", "--records", "1", "--field", evil}, []string{"mark", page, evil},
		[]string{"replay", evil}, []string{"record", "nosuch" + evil, "-w", filepath.Join(t.TempDir(), evil), "--for", "1ms"}, []string{"completion", evil},
		[]string{"simulate", "--fault", evil}, []string{evil}, []string{"simulate", "--clean"},
		[]string{complete.Verb, "dump", ""}, []string{complete.Verb, "dump", page + ":"}, []string{complete.Verb, "doctor", ""}, []string{complete.Verb, "get", page, ""},
		[]string{complete.Verb, "ls", "--stream", ""},
	)
	w := evilWorld(t)
	for _, args := range commands {
		var stdout, stderr bytes.Buffer
		e := world.New(strings.NewReader(""), &stdout, &stderr, func(name string) string {
			return map[string]string{cli.ShmDirVariable: w.Shm, cli.ProcDirVariable: w.Proc}[name]
		})
		e.Terminal, e.Width = true, 200
		run(t.Context(), e, args)
		for what, text := range map[string]string{"output": stdout.String(), "error": stderr.String()} {
			if line := whatActs(text); line != "" {
				t.Errorf("%q: the %s acts on a terminal: %q", args, what, line)
			}
		}
		for line := range strings.Lines(stderr.String()) {
			if !strings.HasPrefix(line, "shmtool") && !strings.HasPrefix(line, `{"error":`) && !strings.HasPrefix(line, " ") {
				t.Errorf("%q: a line of its own: %q", args, line)
			}
		}
	}
	if r := runIn(t, filepath.Dir(linked(t, w)), "", "ls", "--names"); !strings.Contains("\n"+r.stdout, "\n"+page+"\n") {
		t.Errorf("in a pipe the name is %q, %s", r.stdout, r.stderr)
	}
}

// linked is the shared memory of a world in a folder as runIn has it.
func linked(t *testing.T, w *streamstest.World) string {
	dir := t.TempDir()
	for name, to := range map[string]string{"shm": w.Shm, "proc": w.Proc} {
		if err := os.Symlink(to, filepath.Join(dir, name)); err != nil {
			t.Fatal(err)
		}
	}
	return filepath.Join(dir, "shm")
}
