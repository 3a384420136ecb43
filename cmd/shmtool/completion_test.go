package main

import (
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"shmtool/cmd/shmtool/internal/cli"
	"shmtool/cmd/shmtool/internal/complete"
	"shmtool/cmd/shmtool/internal/fail"
)

// completionDir is a shared memory directory with something to complete.
func completionDir(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	shm := filepath.Join(dir, "shm")
	if err := os.MkdirAll(filepath.Join(shm, "folder"), 0o777); err != nil {
		t.Fatal(err)
	}
	for _, args := range [][]string{
		{"create", "log", "--records", "4", "--field", "time:uint64", "--field", "text:string", "--field", "key:uint8"},
		{"create", "MstTraklive@412-0", "--records", "1", "--field", "id:uint32", "--field", "keys:nested:100", "--field", "parts:nested:100"},
		{"create", "odd name", "--records", "1", "--field", "n:uint8"},
	} {
		if r := runIn(t, dir, "", args...); r.code != fail.ExitOK {
			t.Fatal(r.stderr)
		}
	}
	for _, name := range []string{"MstSTATElive", "MstSTATElive+a", "MstDatalive@0_0", "sem.MstSemInptlive", "new\nline"} {
		if err := os.WriteFile(filepath.Join(shm, name), []byte("1234"), 0o666); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

var completions = []struct {
	line string // up to the cursor; words are parted by one blank
	want string
}{
	{"du", "dump"},
	{"re", "report record replay resize"},
	{"help ta", "tail"},
	{"help exi", "exit-codes"},
	{"nosuch ", ""},
	{"dump l", "log"},
	{"dump Mst", "MstDatalive@0_0 MstSTATElive MstSTATElive+a MstTraklive@412-0"},
	{"dump sem", "sem.MstSemInptlive"},
	{"check sem", "sem.MstSemInptlive"},
	{"dump new", ""}, // a name that would be two lines
	{"tail MstS", ""},
	{"append Mst", "MstTraklive@412-0"},
	{"check log l", ""}, // it is there already
	{"dump /l", "/log"},
	{"dump MstTraklive@412-0:", "MstTraklive@412-0:keys MstTraklive@412-0:parts"},
	{"dump MstTraklive@412-0:k", "MstTraklive@412-0:keys"},
	{"dump log --sl", "--slots"},
	{"dump --output=nd", "--output=ndjson"},
	{"dump -o h", "hex"},
	{"ls -o h", ""},
	{"--color=n", "--color=never"},
	{"dump --color n", "never"},
	{"dump log -- --sl", ""},
	{"dump log --fields t", "time text"},
	{"dump --fields x log --fields +t", "+time +text"},
	{"dump log --fields time,t", "time,text"},
	{"dump MstDatalive@0_0 --fields pay", "payload_bytes"},
	{"ls --fields all", "allocated"},
	{"ls --stream live+", "live+a"},
	{"doctor live+", "live+a"},
	{"streams live+", "live+a"},
	{"get log t", "time text"},
	{"get nosuch t", ""},
	{"append log k", "key="},
	{"append log key=1 ", "time= text="},
	{"append log --time t", "time text"},
	{"append log --full ", "drop fail wait"},
	{"set log 0 te", "text="},
	{"mark log e", "exit"},
	{"mark log exit ", ""},
	{"wait log --for re", "ready reload record="},
	{"create x --field n:uint1", "n:uint16"},
	{"create x --like lo", "log"},
	{"resize log --drop k", "key"},
	{"completion f", "fish"},
	{"explain writer", "writer_dead"},
	{"explain writer_dead writer", ""},
	{"explain --fields se", "severity"},
}

// What may stand at the cursor.
func TestComplete(t *testing.T) {
	dir := completionDir(t)
	for _, c := range completions {
		r := runIn(t, dir, "", append([]string{complete.Verb}, strings.Split(c.line, " ")...)...)
		var got []string
		for line := range strings.Lines(r.stdout) {
			text, _, _ := strings.Cut(line, "\t")
			got = append(got, text)
		}
		if want := strings.Fields(c.want); r.code != fail.ExitOK || r.stderr != "" || !slices.Equal(got, want) {
			t.Errorf("%q: %q, want %q; exit code %d, %s", c.line, got, want, r.code, r.stderr)
		}
	}
}

// Paths are completed where one is typed, and another directory is looked into
// where the line names one.
func TestCompletePaths(t *testing.T) {
	dir := completionDir(t)
	for typed, want := range map[string]string{
		dir + "/shm/lo": dir + "/shm/log",
		dir + "/shm/fo": dir + "/shm/folder/",
	} {
		for _, args := range [][]string{{"dump"}, {"create", "x", "--schema"}, {"save", "log"}} {
			r := runIn(t, dir, "", slices.Concat([]string{complete.Verb}, args, []string{typed})...)
			if r.stdout != want+"\t\n" {
				t.Errorf("%v %s: %q", args, typed, r.stdout)
			}
		}
	}
	if r := runIn(t, t.TempDir(), "", complete.Verb, "--shm-dir", dir+"/shm", "dump", "lo"); r.stdout != "log\t\n" {
		t.Errorf("another directory: %q", r.stdout)
	}
	if r := runIn(t, t.TempDir(), "", complete.Verb, "--moment", dir, "dump", "lo"); r.stdout != "log\t\n" {
		t.Errorf("a moment: %q", r.stdout)
	}
	if r := runIn(t, dir, "", complete.Verb, "save", "--all", dir+"/s"); r.stdout != dir+"/shm/\t\n" {
		t.Errorf("a folder for a moment: %q", r.stdout)
	}
	if r := runIn(t, dir, "", complete.Verb, "ls", "--moment="+dir+"/shm/lo"); r.stdout != "--moment="+dir+"/shm/log\t\n" {
		t.Errorf("a moment's path: %q", r.stdout)
	}
}

// The words that completion knows of a flag are those that its help names.
func TestCompletionWords(t *testing.T) {
	for _, c := range commands() {
		for _, f := range c.AllFlags() {
			f, ok := f.(*cli.WordFlag)
			if !ok {
				continue
			}
			for _, w := range f.Words {
				if !strings.Contains(f.GetUsage(), w) {
					t.Errorf("%s --%s: %q is not in its help %q", c.Name, f.Names()[0], w, f.GetUsage())
				}
			}
		}
	}
}

// shell runs a script with a shell that must be there, and shmtool in its path.
func shell(t *testing.T, dir, name, script string, args ...string) string {
	t.Helper()
	path, err := exec.LookPath(name)
	if err != nil {
		t.Skip(name + " is not installed")
	}
	program, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	bin := t.TempDir()
	if err := os.Symlink(program, filepath.Join(bin, "shmtool")); err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(path, append(args, script)...)
	cmd.Dir = dir
	cmd.Env = append(os.Environ(), "PATH="+bin+":"+os.Getenv("PATH"), cli.ShmDirVariable+"="+filepath.Join(dir, "shm"), "HOME="+bin)
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Fatalf("%s: %v\n%s", name, err, out)
	}
	return string(out)
}

// bash itself, with the words as it parts them, and the text that it would
// replace: seen in one that was typed at.
func TestBashCompletion(t *testing.T) {
	skipShort(t)
	t.Parallel()
	dir := completionDir(t)
	for _, c := range []struct {
		line  string
		words string // of COMP_WORDS, as bash source
		typed string // what is replaced
		want  string
	}{
		{"shmtool du", `shmtool du`, "du", `dump`},
		{"shmtool ", `shmtool ''`, "", `explain`},
		{"shmtool dump MstT", `shmtool dump MstT`, "MstT", `MstTraklive@412-0`},
		{"shmtool dump MstTraklive@4", `shmtool dump MstTraklive @ 4`, "@4", `@412-0`},
		{"shmtool dump MstTraklive@", `shmtool dump MstTraklive @`, "@", `@412-0`},
		{"shmtool dump MstTraklive@412-0:", `shmtool dump MstTraklive @ 412-0 :`, "", `keys parts`},
		{"shmtool dump MstTraklive@412-0:ke", `shmtool dump MstTraklive @ 412-0 : ke`, "ke", `keys`},
		{"shmtool dump --output=nd", `shmtool dump --output = nd`, "nd", `ndjson`},
		{"shmtool dump --output=", `shmtool dump --output =`, "", `table json ndjson csv hex rax schema`},
		{"shmtool dump  log --fields  t", `shmtool dump log --fields t`, "t", `time text`},
		{"shmtool append log k", `shmtool append log k`, "k", `key=`},
		{"shmtool append log key=1 te", `shmtool append log key = 1 te`, "te", `text=`},
		{"shmtool create x --field n:uint1", `shmtool create x --field n : uint1`, "uint1", `uint16`},
		{"shmtool dump odd", `shmtool dump odd`, "odd", `odd\ name`},
		{"shmtool ls --where '.a > 1' --fields rc", `shmtool ls --where "'.a > 1'" --fields rc`, "rc", `rcount`},
	} {
		got := shell(t, dir, "bash", `source <(shmtool completion bash)
COMP_LINE=`+quoteShell(c.line)+`; COMP_POINT=${#COMP_LINE}
COMP_WORDS=(`+c.words+`); COMP_CWORD=$((${#COMP_WORDS[@]} - 1))
complete -p shmtool >/dev/null || exit
_shmtool shmtool `+quoteShell(c.typed)+`
echo "${COMPREPLY[*]}"`, "--norc", "--noprofile", "-c")
		if c.line == "shmtool " {
			got, _, _ = strings.Cut(strings.TrimPrefix(got, "doctor "), " ")
		}
		if strings.TrimSuffix(got, "\n") != c.want {
			t.Errorf("%q: %q, want %q", c.line, got, c.want)
		}
	}
	// In the middle of the line, what follows the cursor does not count.
	got := shell(t, dir, "bash", `source <(shmtool completion bash)
COMP_LINE='shmtool dump loxyz --slots'; COMP_POINT=15 COMP_WORDS=(shmtool dump loxyz --slots) COMP_CWORD=2
_shmtool shmtool lo; echo "${COMPREPLY[*]}"`, "--norc", "--noprofile", "-c")
	if got != "log\n" {
		t.Errorf("in the middle: %q", got)
	}
}

func quoteShell(s string) string { return "'" + strings.ReplaceAll(s, "'", `'\''`) + "'" }

// fish asks its own completion.
func TestFishCompletion(t *testing.T) {
	skipShort(t)
	dir := completionDir(t)
	got := shell(t, dir, "fish", `shmtool completion fish | source
complete -C 'shmtool du'; complete -C 'shmtool dump MstTraklive@412-0:ke'; complete -C 'shmtool append log te'`, "--no-config", "-c")
	dump, err := cli.Find(commands(), "dump")
	if err != nil {
		t.Fatal(err)
	}
	want := "dump\t" + dump.Usage + "\nMstTraklive@412-0:keys\tnested page\ntext=\tstring\n"
	if got != want {
		t.Errorf("%q, want %q", got, want)
	}
}

// zsh calls the function with its words; compadd prints what it is given.
func TestZshCompletion(t *testing.T) {
	skipShort(t)
	dir := completionDir(t)
	got := shell(t, dir, "zsh", `compdef() { print -r -- "compdef $*"; }
source <(shmtool completion zsh)
compadd() { print -r -- "$@[-1]: ${(P)@[-1]}"; }
ask() { words=(shmtool "$@") CURRENT=$(($# + 1)) PREFIX=$@[-1]; _shmtool; }
ask du; ask dump MstTraklive@412-0:ke; ask append log te; ask dump odd`, "-f", "-c")
	want := "compdef _shmtool shmtool\nnames: dump\nnames: MstTraklive@412-0:keys\nopen: text=\nnames: odd name\n"
	if got != want {
		t.Errorf("%q, want %q", got, want)
	}
}
