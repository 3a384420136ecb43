package main

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"shmtool/cmd/shmtool/internal/cli"
	"shmtool/cmd/shmtool/internal/fail"
)

// typedLines are lines with the words that the shell runs once Tab has completed them. HOME
// stands for the home of the one who types.
var typedLines = []struct{ line, want string }{
	{`shmtool du`, `dump`},
	{`shmtool dump odd`, `dump|odd name`},
	{`shmtool dump 'odd`, `dump|odd name`},
	{`shmtool dump "odd n`, `dump|odd name`},
	{`shmtool dump odd\ n`, `dump|odd name`},
	{`shmtool dump 'odd'`, `dump|odd name`},
	{`shmtool get 'odd name' n`, `get|odd name|n`},
	{`shmtool dump it`, `dump|it's`},
	{`shmtool dump 'it`, `dump|it's`},
	{`shmtool dump "it`, `dump|it's`},
	{`shmtool dump back`, `dump|back\slash`},
	{`shmtool dump "back`, `dump|back\slash`},
	{`shmtool dump 'dou`, `dump|dou"ble`},
	{`shmtool dump "dou`, `dump|dou"ble`},
	{`shmtool dump '$(`, `dump|$(touch x)*;`},
	{`shmtool dump \$`, `dump|$(touch x)*;`},
	{`shmtool dump ün`, `dump|ünï`},
	{`shmtool dump -- -da`, `dump|--|-dash`},
	{`shmtool dump col:o`, `dump|col:on@at=x`},
	{`shmtool dump col:on@`, `dump|col:on@at=x`},
	{`shmtool dump "col:on@at=`, `dump|col:on@at=x`},
	{`shmtool dump MstTraklive@412-0:k`, `dump|MstTraklive@412-0:keys`},
	{`shmtool dump log --fields time,te`, `dump|log|--fields|time,text`},
	{`shmtool dump log --fields=time,te`, `dump|log|--fields=time,text`},
	{`shmtool ls --fields 'name,all`, `ls|--fields|name,allocated`},
	{`shmtool append log key=1 te`, `append|log|key=1|text=`},
	{`shmtool clean --stream odd`, `clean|--stream|odd one`},
	{`shmtool doctor odd`, `doctor|odd one`},
	{`shmtool record log -w so`, `record|log|-w|some file.mcap`},
	{`shmtool streams --to so`, `streams|--to|some file.mcap`},
	{`shmtool ls --moment=so`, `ls|--moment=some file.mcap`},
	{`shmtool ls --moment fo`, `ls|--moment|folder/`},
	{`shmtool ls --moment ~/so`, `ls|--moment|HOME/some file.mcap`},
	{`shmtool dump --output=nd`, `dump|--output=ndjson`},
}

// typingShells are shells with what they read first: shmtool's completion, and the function
// that tells the words of a line.
var typingShells = []struct{ name, needs, file, text, args string }{
	{"bash", "", "rc", "source <(shmtool completion bash)\n" + tellWords, "bash --rcfile HOME/rc -i"},
	{"bash", "/usr/share/bash-completion/bash_completion", "rc", "source /usr/share/bash-completion/bash_completion\nsource <(shmtool completion bash)\n" + tellWords, "bash --rcfile HOME/rc -i"},
	{"zsh", "", ".zshrc", "autoload -Uz compinit; compinit -u -D; bindkey -e\nsource <(shmtool completion zsh)\n" + tellWords, "zsh -d -i"},
	{"fish", "", "fish/config.fish", `shmtool completion fish | source
function words; set -l n $argv[1]; printf "%s|" $argv[3..-1] > $n.part; mv $n.part $n; end`, "fish -i"},
}

const tellWords = `words() { local n=$1; shift 2; printf "%s|" "$@" > "$n.part"; mv "$n.part" "$n"; }`

// Real shells complete what is typed at them: names with quotes, blanks and what the shells
// take for their own, inside of open quotes as well, lists, streams and files.
func TestTypedCompletion(t *testing.T) {
	skipShort(t)
	t.Parallel()
	dir := completionDir(t)
	for _, name := range []string{"it's", `back\slash`, `dou"ble`, "$(touch x)*;", "ünï", "-dash", "col:on@at=x"} {
		if r := runIn(t, dir, "", "create", "--records", "1", "--field", "n:uint8", "--", name); r.code != fail.ExitOK {
			t.Fatal(r.stderr)
		}
	}
	if err := os.WriteFile(filepath.Join(dir, "shm", "MstSTATEodd one"), []byte("1234"), 0o666); err != nil {
		t.Fatal(err)
	}
	for _, sh := range typingShells {
		t.Run(strings.TrimSuffix(sh.name+" "+filepath.Base(sh.needs), " ."), func(t *testing.T) {
			t.Parallel()
			if _, err := exec.LookPath(sh.name); err != nil {
				t.Skip(sh.name + " is not installed")
			}
			if _, err := os.Stat(sh.needs); sh.needs != "" && err != nil {
				t.Skip(sh.needs + " is not installed")
			}
			home := typingHome(t, sh.file, sh.text)
			typeLines(t, dir, home, strings.Fields(strings.ReplaceAll(sh.args, "HOME", home)))
		})
	}
}

// typingHome returns a home with a shell's own file, and files to complete.
func typingHome(t *testing.T, file, text string) string {
	t.Helper()
	home := t.TempDir()
	const known = "fish/generated_completions/x" // fish makes this folder of all manuals, and goes on when the test has ended
	for _, name := range []string{file, "some file.mcap", "folder/x", ".hidden", known} {
		path := filepath.Join(home, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o777); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o666); err != nil {
			t.Fatal(err)
		}
	}
	return home
}

// typeLines types each line and Tab, puts before it the function that tells its words, and
// waits for the file that this writes.
func typeLines(t *testing.T, dir, home string, args []string) {
	t.Helper()
	env := []string{
		"-C", home, cli.ShmDirVariable + "=" + filepath.Join(dir, "shm"), "HOME=" + home, "ZDOTDIR=" + home,
		"XDG_CONFIG_HOME=" + home, "XDG_DATA_HOME=" + home, "XDG_CACHE_HOME=" + home, "TERM=xterm", "LC_ALL=C.UTF-8",
	}
	tm := programOnTerminal(t, "env", 200, 24, append(env, args...)...)
	for i, l := range typedLines {
		const startOfLine = "\x01"
		tm.press(fmt.Sprintf("%s\t%swords %d \r", l.line, startOfLine, i))
		var words []byte
		eventually(t, func() (told bool) {
			var err error
			words, err = os.ReadFile(filepath.Join(home, fmt.Sprint(i)))
			return err == nil
		}, func() string { return fmt.Sprintf("%s: nothing came: %q", l.line, tm.out.String()) })
		if got, want := string(words), strings.ReplaceAll(l.want, "HOME", home)+"|"; got != want {
			t.Errorf("%s: %q, want %q", l.line, got, want)
		}
	}
}
