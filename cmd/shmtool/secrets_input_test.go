package main

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"shmtool/cmd/shmtool/internal/fail"
)

// Errors name no secret, and nothing that was hidden is written.
func TestSecretsInErrors(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	if err := os.Mkdir(filepath.Join(dir, "shm"), 0o777); err != nil {
		t.Fatal(err)
	}
	const secret = "Esecret4711-0123456789"
	url := "rtmp://user:" + secret + "@host/app/stream"
	mustRun(t, runIn(t, dir, "", "create", "MstStrmKeys", "--records", "4", "--field", "key:string:16", "--field", "stream:string:16"))
	mustRun(t, runIn(t, dir, "", "create", "log", "--records", "4", "--field", "msg:string:16", "--field", "n:uint8", "--field", "d:dtsc:8"))
	quoted, _ := json.Marshal(url)
	for _, c := range []struct {
		stdin string
		args  []string
	}{
		{"", []string{"append", "MstStrmKeys", "key=" + secret}},
		{"", []string{"append", "MstStrmKeys", "key=" + secret, "-j"}},
		{"", []string{"append", "log", "msg=" + url}},
		{"", []string{"append", "log", "n=" + url}},
		{"", []string{"append", "log", `d={"a":` + string(quoted) + `}`}},
		{"", []string{"append", "log", `d={"passphrase":"` + secret + `",`}},
		{`{"key":"` + secret + `"}`, []string{"append", "MstStrmKeys"}},
		{`{"key":"` + secret + `"}`, []string{"append", "MstStrmKeys", "--skip-bad"}},
		{"key,stream\n" + secret + ",x\n", []string{"append", "MstStrmKeys", "-j"}},
		{`{"msg":` + string(quoted) + `}`, []string{"append", "log"}},
		{`{"n":` + string(quoted) + `}`, []string{"append", "log"}},
		{`{"msg":{"x":` + string(quoted) + `}}`, []string{"append", "log"}},
		{`{"d":{"x":` + string(quoted) + `}`, []string{"append", "log"}},
	} {
		r := runIn(t, dir, c.stdin, c.args...)
		if r.code == fail.ExitOK {
			t.Errorf("%v: exit code 0", c.args)
		}
		if part := leak(r.stdout+r.stderr, secret); part != "" {
			t.Errorf("%v shows %q:\n%s", c.args, part, r.stderr)
		}
	}
	for _, args := range [][]string{{"append", "MstStrmKeys", "key=" + secret, "--show-secrets"}, {"append", "log", "msg=" + url, "--show-secrets"}} {
		if r := runIn(t, dir, "", args...); leak(r.stderr, secret) == "" {
			t.Errorf("%v shows no secret:\n%s", args, r.stderr)
		}
	}
	for _, args := range [][]string{
		{"append", "MstStrmKeys", "key=***"},
		{"append", "log", "msg=x://u:***@h"},
		{"append", "log", `d={"pass":"***"}`},
	} {
		if r := runIn(t, dir, "", args...); r.code != fail.ExitUsage || !strings.Contains(r.stderr, "is hidden") {
			t.Errorf("%v: exit code %d, %s", args, r.code, r.stderr)
		}
	}
}

// *** is refused only where it stands for a secret, and --show-secrets stores it
// there, too.
func TestMarksAreAppended(t *testing.T) {
	dir := t.TempDir()
	if err := os.Mkdir(filepath.Join(dir, "shm"), 0o777); err != nil {
		t.Fatal(err)
	}
	mustRun(t, runIn(t, dir, "", "create", "MstStrmKeys", "--records", "4", "--field", "key:string:16", "--field", "stream:string:16"))
	mustRun(t, runIn(t, dir, "", "create", "log", "--records", "4", "--field", "msg:string:32", "--field", "d:dtsc:32"))
	for _, c := range []struct {
		stdin string
		args  []string
		want  string
	}{
		{"", []string{"append", "log", "msg=***", `d={"a":"***"}`}, `{"#":0,"msg":"***","d":{"a":"***"}}`},
		{"msg\n***\n", []string{"append", "log"}, `{"#":1,"msg":"***",`},
		{`{"msg":"x://u:***@h"}`, []string{"append", "log", "--show-secrets"}, `{"#":2,"msg":"x://u:***@h",`},
		{"", []string{"set", "log", "2", `d={"pass":"***"}`, "--show-secrets"}, `{"#":2,"msg":"x://u:***@h","d":{"pass":"***"}}`},
		{"", []string{"append", "MstStrmKeys", "stream=***"}, `{"#":0,"key":"","stream":"***"}`},
		{`{"key":"***"}`, []string{"append", "MstStrmKeys", "--show-secrets"}, `{"#":1,"key":"***","stream":""}`},
	} {
		mustRun(t, runIn(t, dir, c.stdin, c.args...))
		page := c.args[1]
		r := runIn(t, dir, "", "dump", page, "-o", "ndjson", "--last", "1", "--show-secrets")
		if !strings.HasPrefix(r.stdout, c.want) {
			t.Errorf("%v\n got %s\nwant %s", c.args, r.stdout, c.want)
		}
	}
}

// A secret is known by its field's name also on a page that is called anything,
// and of a version that nothing is known of.
func TestSecretsByFieldName(t *testing.T) {
	dir := t.TempDir()
	for _, sub := range []string{"shm", "proc"} {
		if err := os.Mkdir(filepath.Join(dir, sub), 0o700); err != nil {
			t.Fatal(err)
		}
	}
	secrets := []string{"encryption", "widevine", "playready", "key", "passphrase", "buydrm"}
	args := []string{"create", "copy", "--records", "2", "--field", "news:uint8", "--field", "inner:nested:512"}
	row := []string{"append", "copy", "news=1"}
	for _, name := range secrets {
		args = append(args, "--field", name+":string:256")
		row = append(row, name+"=GEHEIM")
	}
	for _, command := range [][]string{args, row} {
		if r := runIn(t, dir, "", command...); r.code != 0 {
			t.Fatal(r.stderr)
		}
	}
	page, err := os.ReadFile(filepath.Join(dir, "shm", "copy"))
	if err != nil {
		t.Fatal(err)
	}
	for _, format := range []string{"table", "json", "ndjson", "csv", "hex"} {
		for _, from := range []string{"copy", "-"} {
			r := runIn(t, dir, string(page), "dump", from, "-o", format)
			if r.code != 0 || strings.Contains(r.stdout+r.stderr, "GEHEIM") {
				t.Errorf("dump %s -o %s shows a secret, or fails: exit code %d, %s", from, format, r.code, r.stderr)
			}
			if r := runIn(t, dir, string(page), "dump", from, "-o", format, "--show-secrets"); format != "hex" && strings.Count(r.stdout, "GEHEIM") != len(secrets) {
				t.Errorf("dump %s -o %s --show-secrets: %s", from, format, r.stdout)
			}
		}
	}
	if r := runIn(t, dir, "", "create", "mine", "--records", "2", "--field", "key:string:16"); r.code != 0 {
		t.Fatal(r.stderr)
	}
	if r := runIn(t, dir, "", "append", "mine", "key=red"); r.code != 0 {
		t.Fatal(r.stderr)
	}
	if r := runIn(t, dir, "", "dump", "mine", "-o", "ndjson"); !strings.Contains(r.stdout, `"key":"red"`) {
		t.Errorf("a key of a page of one's own is hidden: %s", r.stdout)
	}
}
