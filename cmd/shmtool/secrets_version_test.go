package main

import (
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"shmtool/layout"
	"shmtool/layout/mist"
	"shmtool/relaccx"
)

// metaOf is the MstMeta of a version of MistServer: how many slots its list of tracks has
// at first, the type of a track's pid, and what only newer ones have.
func metaOf(slots int, pid, newer string) string {
	return fmt.Sprintf("vod:uint8\nlive:uint8\ntracks:nested[%d]\n  valid:uint8\n  id:uint32\n  type:string:32\n  codec:string:32\n"+
		"  page:string:256\n  lastupdate:uint64\n  pid:%s\n  minkeepaway:uint64\n  sourcetid:uint32\n  encryption:string:256\n  ivec:uint64\n"+
		"  widevine:string:256\n  playready:string:1024\nsource:0x30:512\nmaxkeepaway:uint16\nbufferwindow:uint64\nbootmsoffset:int64\nutcoffset:int64\n%sminfragduration:uint64", slots, pid, newer)
}

const (
	configText = `{"dtsc_data":{"source":"rtsp://admin:%s@10.0.0.1/x","iceservers":[{"urls":"turn:t.example","username":"u","credential":"%s"}],` +
		`"processes":[{"sink":"rtmp://a.example/live/%s"}],"passphrase":"%s"}}`
	logRecord = `{"time":1795356867,"kind":"INFO","msg":"pushing to rtmp://a.example/app/%s from https://me:%s@b.example/"}`
)

// versions are pages with secrets of four versions of MistServer. "%s" is another secret
// each time; those of the tracks are planted in every MstMeta.
var versions = []struct {
	version, meta string
	pages         []struct{ name, schema, record string }
}{
	{"3.0", metaOf(100, "uint32", ""), []struct{ name, schema, record string }{
		{"MstSCnflive", "dtsc_data:dtsc:400", configText},
		{"MstCnns", "cmd:string:128\npid:uint64", `{"cmd":"{\"connector\":\"SRT\",\"passphrase\":\"%s\"}","pid":4}`},
		{"MstStateLogs", "time:uint64\nkind:string:32\nmsg:string:512\nstrm:string:128", logRecord},
	}},
	{"3.3", metaOf(100, "uint32", ""), []struct{ name, schema, record string }{
		{"MstSCnflive", "dtsc_data:dtsc:400", configText},
		{"MstVars", "name:string:32\ntarget:string:512\ninterval:uint32\nlastRun:uint64\nlastVal:string:128\nwaitTime:uint32", `{"name":"x","target":"http://u:%s@h/?token=%s"}`},
		{"MstExtWriters", "name:string:32\ncmdline:string:256\nprotocols:nested:400", `{"name":"s3","cmdline":"/bin/put https://id:%s@s3.example/b"}`},
	}},
	{"3.6", metaOf(4, "uint32", ""), []struct{ name, schema, record string }{
		{"MstProt", "dtsc_data:dtsc:400", `{"dtsc_data":[{"connector":"WebRTC","iceservers":[{"urls":"turn:t.example","username":"u","credential":"%s"}]},{"connector":"TSSRT","passphrase":"%s"}]}`},
		{"MstStat", "status:uint8\npid:uint64\nnow:uint64\ntime:uint64\nlastsecond:uint64\ndown:uint64\nup:uint64\nhost:raw:16\nstream:0x30:100\nconnector:string:20\n" +
			"pktcount:uint64\npktloss:uint64\npktretrans:uint64\ntags:0x30:512\nsessid:string:80", `{"status":1,"pid":9,"tags":"tkn=%s"}`},
		{"MstTRGRPUSH_REWRITE", "url:string:128\nsync:uint8\nstreams:raw:256\nparams:string:128\ndefault:string:128", `{"url":"http://hook:%s@10.0.0.2/x","sync":1}`},
	}},
	{"3.10", metaOf(4, "uint64", "utcsource:uint8\n"), []struct{ name, schema, record string }{
		{"MstSCnflive", "dtsc_data:dtsc:400", configText},
		{"MstStrmKeys", "key:string:256\nstream:string:128", `{"key":"%s","stream":"live"}`},
		{"MstJWK", "kid:string:64\nkty:string:32\nkey:0x30:8192\nperms:uint8\nstream:string:128", `{"kid":"one","kty":"oct","key":"{\"k\":\"%s\"}","perms":6}`},
	}},
}

// secretNumber is a secret as an integer: its bytes are letters.
const secretNumber = "IVSECRET"

// plantTrack adds a track with secrets to a page's list of tracks.
func plantTrack(t *testing.T, path string, secret func() string) {
	t.Helper()
	w, err := relaccx.OpenWriter(path, relaccx.WriterOptions{})
	if err == nil {
		defer w.Close()
		w, err = w.Nested(relaccx.Step{Field: "tracks", Exact: true})
	}
	if err != nil {
		t.Fatal(err)
	}
	rec, err := w.NewRecord()
	if err != nil {
		t.Fatal(err)
	}
	for field, text := range map[string]string{"type": "video", "codec": "H264", "encryption": "CTR128/" + secret(), "widevine": secret(), "playready": secret()} {
		if err := rec.SetText(field, text); err != nil {
			t.Fatal(err)
		}
	}
	if err := rec.SetUint("valid", 255); err != nil {
		t.Fatal(err)
	}
	if err := rec.SetUint("ivec", binary.LittleEndian.Uint64([]byte(secretNumber))); err != nil {
		t.Fatal(err)
	}
	if err := w.Append(rec.Bytes()); err != nil {
		t.Fatal(err)
	}
}

// plantVersion makes the pages of one version, and returns their secrets.
func plantVersion(t *testing.T, dir string, n int) (names, secrets []string) {
	t.Helper()
	v := &versions[n]
	secret := func() string {
		secrets = append(secrets, fmt.Sprintf("S%02dcret%016x", len(secrets), 0x9e3779b97f4a7c15*uint64(len(secrets)+1+100*n)))
		return secrets[len(secrets)-1]
	}
	schema := filepath.Join(dir, "schema")
	create := func(name, text, record string) {
		t.Helper()
		if err := os.WriteFile(schema, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		mustRun(t, runIn(t, dir, "", "create", name, "--records", "2", "--schema", schema))
		for strings.Contains(record, "%s") {
			record = strings.Replace(record, "%s", secret(), 1)
		}
		mustRun(t, runIn(t, dir, record, "append", name))
		names = append(names, name)
	}
	create("MstMetalive", v.meta, `{"source":"push://10.0.0.1@%s"}`)
	plantTrack(t, filepath.Join(dir, "shm", "MstMetalive"), secret)
	for _, p := range v.pages {
		create(p.name, p.schema, p.record)
	}
	number := binary.LittleEndian.Uint64([]byte(secretNumber))
	return names, append(secrets, secretNumber, strconv.FormatUint(number, 10), hex.EncodeToString(binary.BigEndian.AppendUint64(nil, number)))
}

// serverLooks look at all objects together.
var serverLooks = [][]string{
	{"ls", "--all", "-j"},
	{"ls", "-o", "openmetrics"},
	{"streams", "--all"},
	{"streams", "--all", "-j"},
	{"streams", "-o", "openmetrics"},
	{"doctor", "--sample", "0s"},
	{"doctor", "--sample", "0s", "-j"},
	{"doctor", "--sample", "0s", "-o", "nagios"},
	{"check", "-j", "MstMetalive", "other"},
	{"top", "--once", "--interval", "1ms"},
	{"top", "--once", "--interval", "1ms", "-j"},
}

// A page of any version hides its secrets in every format: under its name, under another
// one, as a file, and from standard input.
func TestSecretsOfVersions(t *testing.T) {
	for n := range versions {
		t.Run(versions[n].version, func(t *testing.T) {
			t.Parallel()
			dir := t.TempDir()
			for _, sub := range []string{"shm", "proc"} {
				if err := os.Mkdir(filepath.Join(dir, sub), 0o700); err != nil {
					t.Fatal(err)
				}
			}
			names, secrets := plantVersion(t, dir, n)
			for _, name := range names {
				hidesEverywhere(t, dir, name, secrets)
			}
			for _, look := range serverLooks {
				hidesIn(t, dir, "", look, secrets)
			}
		})
	}
}

// hidesEverywhere looks at a page in every way.
func hidesEverywhere(t *testing.T, dir, name string, secrets []string) {
	t.Helper()
	page, err := os.ReadFile(filepath.Join(dir, "shm", name))
	if err != nil {
		t.Fatal(err)
	}
	for _, path := range []string{"shm/other", "x.shmtool"} {
		if err := os.WriteFile(filepath.Join(dir, path), page, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	for _, from := range []string{name, "other", filepath.Join(dir, "x.shmtool"), "-"} {
		all := looks(from)
		if name == "MstMetalive" {
			all = append(append(all, looks(from+":tracks")...),
				[]string{"dump", from + ":tracks", "-o", "ndjson", "--where", ".ivec | error"},
				[]string{"dump", from + ":tracks", "-o", "ndjson", "--where", ".ivec == 6 or error(.ivec + 1)"},
				[]string{"dump", from + ":tracks", "-o", "ndjson", "--jq", ".ivec, (.ivec + 1)?"})
		}
		for _, look := range all {
			if from != "-" || look[0] == "dump" || look[0] == "check" {
				hidesIn(t, dir, string(page), look, secrets)
			}
		}
	}
	known := false // the look can see secrets: it shows one when it may
	for _, args := range [][]string{{"dump", "-"}, {"dump", "-:tracks"}} {
		r := runIn(t, dir, string(page), append(args, "-o", "ndjson", "--show-secrets")...)
		for _, secret := range secrets {
			known = known || leak(r.stdout, secret) != ""
		}
	}
	if !known {
		t.Errorf("%s shows no secret with --show-secrets", name)
	}
}

// hidesIn runs a command, and searches for all secrets.
func hidesIn(t *testing.T, dir, stdin string, look, secrets []string) {
	t.Helper()
	r := runIn(t, dir, stdin, look...)
	for _, secret := range secrets {
		if part := leak(r.stdout+r.stderr, secret); part != "" {
			t.Errorf("shmtool %s: shows %q of the secret %q", strings.Join(look, " "), part, secret)
		}
	}
}

// An error about a value that is secret does not show it, whatever the page is called.
func TestSecretsInErrorsOfCopies(t *testing.T) {
	dir := t.TempDir()
	if err := os.Mkdir(filepath.Join(dir, "shm"), 0o700); err != nil {
		t.Fatal(err)
	}
	const secret = "Esecret4711-0123456789"
	shape, err := layout.ParseSchema("key:string:256\nstream:string:128")
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"MstStrmKeys", "other"} {
		w, err := relaccx.Create(filepath.Join(dir, "shm", name), layout.Shape{Schema: shape, RecordCount: 2}, relaccx.CreateOptions{})
		if err != nil {
			t.Fatal(err)
		}
		if err := w.Close(); err != nil {
			t.Fatal(err)
		}
		mustRun(t, runIn(t, dir, "", "append", name, "key="+secret, "stream=live"))
		long := secret + strings.Repeat("x", 300)
		for _, args := range [][]string{
			{"resize", name, "--field", "key:string:8"},
			{"resize", name, "--field", "key:uint8"},
			{"set", name, "0", "key=" + long},
			{"append", name, "key=" + long},
			{"dump", name, "--where", ".key | tonumber > 1"},
			{"dump", name, "--jq", ".records[0].key | error"},
			{"dump", name, "--jq", ".records[0].key | tonumber"},
		} {
			r := runIn(t, dir, "", args...)
			if r.code == 0 {
				t.Errorf("%v: exit code 0", args)
			}
			if part := leak(r.stdout+r.stderr, secret); part != "" {
				t.Errorf("%v shows %q:\n%s", args[:2], part, r.stderr)
			}
		}
	}
	if mist.Recognize(shape) != mist.KindKeys.Page() {
		t.Error("a copy of MstStrmKeys is not known")
	}
}
