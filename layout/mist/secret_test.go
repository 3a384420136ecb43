package mist

import (
	"fmt"
	neturl "net/url"
	"strings"
	"testing"

	"shmtool/layout"
)

func TestRedact(t *testing.T) {
	text, targets := Meaning{}, Meaning{Secret: SecretTargets}
	tests := []struct {
		meaning Meaning
		value   string
		want    string
	}{
		// What has no secret stays as it is.
		{targets, "", ""},
		{targets, "live", "live"},
		{targets, "push://127.0.0.1", "push://127.0.0.1"},
		{targets, "/srv/mist/media/vod.mp4", "/srv/mist/media/vod.mp4"},
		{targets, "udp://[::ffff:127.0.0.1]:4242/", "udp://[::ffff:127.0.0.1]:4242/"},
		{targets, "tsudp://239.0.0.1:1234/eth0", "tsudp://239.0.0.1:1234/eth0"},
		{targets, "tsudp://::1:1234", "tsudp://::1:1234"},
		{targets, "srt://:9000?mode=listener", "srt://:9000?mode=listener"},
		{targets, "http://host:8080/stream@720p/index.m3u8", "http://host:8080/stream@720p/index.m3u8"},
		{targets, "see http://127.0.0.1:8080, or ask a@b", "see http://127.0.0.1:8080, or ask a@b"},
		{targets, "balance:http://host:80?fallback=push://", "balance:http://host:80?fallback=push://"},
		{targets, "rtsp://user@host/x", "rtsp://user@host/x"},
		{targets, "push://INTERNAL_ONLY:/a/b.ts", "push://INTERNAL_ONLY:/a/b.ts"},
		{targets, "push://INTERNAL_ONLY:ts-exec:ffmpeg -v quiet -i /a/b@c.ts -f mpegts -", "push://INTERNAL_ONLY:ts-exec:ffmpeg -v quiet -i /a/b@c.ts -f mpegts -"},
		{targets, "push://INTERNAL_ONLY:av:/dev/video0", "push://INTERNAL_ONLY:av:/dev/video0"},
		{targets, "av:/dev/video0", "av:/dev/video0"},
		{targets, "file://C:/x", "file://C:/x"},
		{targets, `{"connector":"HTTP","interface":"127.0.0.1","port":8080}`, `{"connector":"HTTP","interface":"127.0.0.1","port":8080}`},
		{targets, "a=b; c: d 100% \x02", "a=b; c: d 100% \x02"},
		{targets, "rtsp://user:@host/x", "rtsp://user:@host/x"},
		{targets, "key=5 token=6", "key=5 token=6"},
		{targets, "http://h/?keys=5&mytkn=x", "http://h/?keys=5&mytkn=x"},

		// Passwords of URLs, anywhere.
		{text, "rtsp://user:geheim@host:554/x", "rtsp://user:***@host:554/x"},
		{text, "RTSP://user:ge:he@im@host/x?a=b@c", "RTSP://user:***@host/x?a=b@c"},
		{text, "rtsp://:geheim@host", "rtsp://:***@host"},
		{text, "rtsp://user:geheim@[::1]:554/x", "rtsp://user:***@[::1]:554/x"},
		{text, "s3+https://KEY:geheim@host/bucket", "s3+https://KEY:***@host/bucket"},
		{text, "push://INTERNAL_ONLY:rtsp://user:geheim@host/x", "push://INTERNAL_ONLY:rtsp://user:***@host/x"},
		{text, "ts-exec:ffmpeg -i rtsp://u:geheim@h/x -i http://v:geheim@i/y -f mpegts -", "ts-exec:ffmpeg -i rtsp://u:***@h/x -i http://v:***@i/y -f mpegts -"},
		{text, "push://INTERNAL_ONLY:ts-exec:ffmpeg -v 5 -i rtsp://u:geheim@h/x -", "push://INTERNAL_ONLY:ts-exec:ffmpeg -v 5 -i rtsp://u:***@h/x -"},
		{text, `x "http://u:geheim@h/" y`, `x "http://u:***@h/" y`},
		{text, `{"source":"rtsp:\/\/u:geheim@h\/x"}`, `{"source":"rtsp:\/\/u:***@h\/x"}`},
		{text, "http://h/?url=rtsp%3A%2F%2Fu%3Ageheim%40i%2Fx&y=1", "http://h/?url=rtsp%3A%2F%2Fu%3A***%40i%2Fx&y=1"},
		{text, "http://a:geheim@h,http://b:geheim@i", "http://a:***@h,http://b:***@i"},
		{text, "rtsp://u:ge/he?im@h/x", "rtsp://u:***@h/x"}, // not as it should be written, but secret
		{text, "rtsp://u:ge he'im@h/x", "rtsp://u:***@h/x"}, // likewise
		{text, "rtsp://user:gehe", "rtsp://user:***"},       // cut off
		{text, "rtsp://user:gehe/x and more", "rtsp://user:***/x and more"},
		{text, "push://host@geheim", "push://host@***"},
		{text, "push://@geheim/x?y", "push://@***"},
		{text, "push://a:geheim@geheim", "push://a:***@***"},

		// Tokens and passwords among parameters.
		{text, "http://h/x?tkn=geheim&y=1", "http://h/x?tkn=***&y=1"},
		{text, "Cookie: tkn=geheim; a=b", "Cookie: tkn=***; a=b"},
		{text, "srt://h:1?mode=caller&passphrase=geheim&latency=1", "srt://h:1?mode=caller&passphrase=***&latency=1"},
		{text, "dtsc://h/x?PASS=geheim#y", "dtsc://h/x?PASS=***#y"},
		{text, "http://h/x?key=geheim", "http://h/x?key=***"},
		{text, "dtsch://h/live?pw=geheim&x=1", "dtsch://h/live?pw=***&x=1"},
		{text, "dtsc://h/live?pw=geheim", "dtsc://h/live?pw=***"},
		{text, "MistInMP4 --buydrm x", "MistInMP4 --buydrm x"},
		{text, "http://h/x?tkn=", "http://h/x?tkn="},

		// Members of JSON.
		{text, `{"connector":"TSSRT","passphrase":"geh\"eim","port":1}`, `{"connector":"TSSRT","passphrase":"***","port":1}`},
		{
			text, `[{"urls":"turn:t.example","username":"u","credential":"geheim","credentialType":"password"}]`,
			`[{"urls":"turn:t.example","username":"u","credential":"***","credentialType":"password"}]`,
		},
		{text, `{"buydrm":"geheim"}`, `{"buydrm":"***"}`},
		{text, `{"password" : "geheim"}`, `{"password" : "***"}`},
		{text, `{"x":"{\"password\":\"geheim\",\"y\":1}"}`, `{"x":"{\"password\":\"***\",\"y\":1}"}`},
		{text, `{"access_token":12345,"token":null,"secret":{"a":1}}`, `{"access_token":***,"token":null,"secret":{"a":1}}`},
		{text, `{"password":"gehe`, `{"password":"***`},
		{text, `{"passwort":"offen"}`, `{"passwort":"offen"}`},

		// Members of a packed value.
		{text, "\xe0\x00\x04pass\x02\x00\x00\x00\x06geheim\x00\x01a\x02\x00\x00\x00\x01b\x00\x00\xee", "\xe0\x00\x04pass\x02\x00\x00\x00\x06***\x00\x01a\x02\x00\x00\x00\x01b\x00\x00\xee"},
		{text, "\xe0\x00\x0acredential\x02\x00\x00\x00\x06geheim\x00\x00\xee", "\xe0\x00\x0acredential\x02\x00\x00\x00\x06***\x00\x00\xee"},
		{text, "\x00\x04pass\x02\x00\x00\xff\xffgeheim", "\x00\x04pass\x02\x00\x00\xff\xff***"},
		{text, "\xe0\x00\x04pass\x01\x00\x00\x00\x00\x00\x00\x04\xd2\x00\x01a\x03\x00\x00\xee", "\xe0\x00\x04pass\x01***\x00\x01a\x03\x00\x00\xee"},
		{targets, "\x00\x04sink\x02\x00\x00\x00\x2drtmp://a.example/live/geheim\x00\x00\xee", "\x00\x04sink\x02\x00\x00\x00\x2drtmp://a.example/live/***\x00\x00\xee"},
		{text, "\x00\x06source\x02\x00\x00\x00\x61push://h@geheim\x00\x00\xee", "\x00\x06source\x02\x00\x00\x00\x61push://h@***\x00\x00\xee"},
		{text, "\x00\x04pass\x04\x00\x01", "\x00\x04pass\x04***"},
		{text, "\x00\x04pass\x02\x00", "\x00\x04pass\x02\x00"},
		{text, "\x00\x06source\x02\x00\x00\x00\x13rtsp://u:geheim@h/x\x00\x00\xee", "\x00\x06source\x02\x00\x00\x00\x13rtsp://u:***@h/x\x00\x00\xee"},

		// Stream keys, in targets of pushes alone.
		{text, "rtmp://host/live/geheim", "rtmp://host/live/geheim"},
		{targets, "rtmp://host/live/geheim", "rtmp://host/live/***"},
		{targets, "rtmps://u:geheim@host:443/app/geheim?a=geheim&b=geheim", "rtmps://u:***@host:443/app/***?a=***&b=***"},
		{targets, "rtmp://host/geheim", "rtmp://host/***"},
		{targets, "rtmp://host/geheim/live", "rtmp://host/***/***"}, // MistServer takes a password there
		{targets, "rtmp://host/live2/inst/geheim/", "rtmp://host/live2/***/***/"},
		{targets, "rtmp://host/", "rtmp://host/"},
		{targets, "pushing to rtmp://host/live/geheim now", "pushing to rtmp://host/live/*** now"},
		{targets, `{"target":"rtmp:\/\/host\/live\/geheim"}`, `{"target":"rtmp:\/\/host\/live\/***"}`},
		{targets, "http://h/?to=rtmp%3A%2F%2Fi%2Flive%2Fgeheim&x=1", "http://h/?to=rtmp%3A%2F%2Fi%2Flive%2F***&x=1"},
		{targets, "srt://h:1?streamid=geheim&x=1", "srt://h:1?streamid=***&x=1"},
		{text, "srt://h:1?streamid=offen", "srt://h:1?streamid=offen"},

		// Stream keys in the message about a push.
		{targets, "About to push stream live out. Host: h, port: 1935, app: live, stream: geheim", "About to push stream live out. Host: h, port: 1935, app: live, stream: ***"},
		{targets, "x: About to push stream a, app: b out. Host: h, port: 1, app: live2/geheim, stream: ge, stream: heim\nnext", "x: About to push stream a, app: ***, stream: ***\nnext"},
		{targets, "About to push stream live out. Host: h, port: 1, app: live2/geheim, stream: geheim", "About to push stream live out. Host: h, port: 1, app: live2/***, stream: ***"},
		{targets, "About to push stream live out. Host: h, port: 1, app: geheim, stream: geheim", "About to push stream live out. Host: h, port: 1, app: ***, stream: ***"},
		{targets, "About to push stream live out. Host: h, port: 1, app: gehe", "About to push stream live out. Host: h, port: 1, app: ***"},
		{targets, "About to push stream live out. Host: h, port: 4200, target stream: other", "About to push stream live out. Host: h, port: 4200, target stream: other"},
		{targets, "Adding an application: A, app: x, stream: y", "Adding an application: A, app: x, stream: y"},

		// All, and nothing.
		{hidden, "geheim", "***"},
		{hidden, "", ""},
		{Meaning{Secret: SecretNever}, "push://[host][@password] rtsp://[user][:password][@hostname]", "push://[host][@password] rtsp://[user][:password][@hostname]"},
	}
	for _, tt := range tests {
		got := tt.meaning.Redact(tt.value)
		if got != tt.want {
			t.Errorf("%q\n got %q\nwant %q", tt.value, got, tt.want)
		}
		if again := tt.meaning.Redact(got); again != got {
			t.Errorf("%q is %q, then %q", tt.value, got, again)
		}
		if tt.meaning.Hidden(got) != (got != tt.value) {
			t.Errorf("%q holds what was hidden: %v", got, !tt.meaning.Hidden(got))
		}
		if tt.value != tt.want && tt.meaning.Hidden(tt.value) {
			t.Errorf("%q holds what was hidden", tt.value)
		}
	}
}

// The mark alone is what has been hidden only where a whole field is.
func TestMarkAlone(t *testing.T) {
	for secrecy, want := range map[Secrecy]bool{SecretAll: true, SecretText: false, SecretTargets: false, SecretNever: false} {
		if got := (Meaning{Secret: secrecy}).Hidden(Mark); got != want {
			t.Errorf("secrecy %d: hidden %v", secrecy, got)
		}
	}
}

func TestSecretsOfBytes(t *testing.T) {
	tests := []struct {
		meaning Meaning
		value   string
		want    string
	}{
		{hidden, "key\x00old key\x00\x00", "[{0 11}]"},
		{hidden, "\x00\x00", "[]"},
		{Meaning{}, "x\x00rtsp://u:old@h\x00", "[{11 14}]"}, // old bytes behind a string's end
		{Meaning{}, "http://a:b@c?tkn=d", "[{9 10} {17 18}]"},
		{Meaning{Secret: SecretNever}, "rtsp://u:p@h", "[]"},
	}
	for _, tt := range tests {
		if got := fmt.Sprint(tt.meaning.Secrets([]byte(tt.value))); got != tt.want {
			t.Errorf("%q: %s, want %s", tt.value, got, tt.want)
		}
	}
}

func TestMember(t *testing.T) {
	for name, want := range map[string]string{"passphrase": "***", "Access_Token": "***", "source": "geheim", "encryption": "***", "key": "geheim"} {
		if got := Member(name).Redact("geheim"); got != want {
			t.Errorf("%s: %q", name, got)
		}
	}
	if got := Member("target").Redact("rtmp://h/live/geheim"); got != "rtmp://h/live/***" {
		t.Errorf("a target is shown as %q", got)
	}
}

// The fields whose values are secret, and those where a secret may be a part.
func TestSecretFields(t *testing.T) {
	tests := []struct {
		page, field string
		path        []string
		want        Secrecy
	}{
		{"MstStrmKeys", "key", nil, SecretAll},
		{"MstJWK", "key", nil, SecretAll},
		{"MstMetalive", "encryption", []string{"tracks"}, SecretAll},
		{"MstMetalive", "widevine", []string{"tracks"}, SecretAll},
		{"MstMetalive", "playready", []string{"tracks"}, SecretAll},
		{"MstMetalive", "source", nil, SecretText},
		{"MstTraklive@1-0", "key", nil, SecretText},
		{"MstSCnflive", "dtsc_data", nil, SecretTargets},
		{"MstStateLogs", "msg", nil, SecretTargets},
		{"MstCapa", "dtsc_data", nil, SecretNever},
		{"MstStat", "sessid", nil, SecretText},
	}
	for _, tt := range tests {
		m, _ := Lookup(tt.page, tt.path...).Meaning(tt.field)
		if m.Secret != tt.want {
			t.Errorf("%s %s: secrecy %d, want %d", tt.page, tt.field, m.Secret, tt.want)
		}
	}
}

// Whatever a page holds, the time that it takes grows with its bytes: a search
// that begins anew at each of a million of them would not come to its end before
// the test binary's own time is out.
func TestRedactIsLinear(t *testing.T) {
	for _, part := range []string{"://", "tkn=", `"pass":"`, "\x00\x04pass\x02\x00\x00\x00\x00", "%3a%2f%2f", ":", "=", "rtmp://", "@", `\`, `":`, "a://b:c", "rtmp://a/", "/", "&a="} {
		text := strings.Repeat(part, 1<<20/len(part))
		for _, begins := range []string{"", "rtmp://a:b", `"pass":"`, "rtmp:%2f%2f"} {
			if got := Redact(begins + text); got == "" {
				t.Errorf("%q and its like become nothing", part)
			}
		}
	}
}

// The password of a URL does not get through, wherever it stands and whatever it
// is; and to redact twice is to redact once.
func FuzzRedact(f *testing.F) {
	f.Add("rtsp", "user", "geheim", "host", "before ", "/after", false)
	f.Add("push", "", "p@ss:w", "h", `{"a":"`, `"}`, true)
	f.Add("rtmp", "u", "a/b", "h:1", "ffmpeg -i ", "/live/key?x=y", false)
	f.Add("http", "u", "12/34", "h", "http://x/?u=", " http://y@z", false)
	f.Add("s3+https", "a", "tkn=x&", "h", "rtsp://", "?tkn=a;", true)
	f.Fuzz(func(t *testing.T, scheme, user, password, host, before, after string, raw bool) {
		if !isOnly(scheme, isLetterOrDigit) || strings.ContainsAny(host, "/?#@\"\x00 ") {
			t.Skip()
		}
		const open, shut = "gEhEiM", "mIeHeG"
		secret := open + password + shut
		written := neturl.UserPassword(user, secret).String()
		if raw { // as people write it, who do not know better
			if strings.ContainsAny(user, " :") || strings.Contains(password, " ") && strings.Contains(user+password, "@") || strings.ContainsAny(user+password, "/?#\"\x7f") || strings.ContainsFunc(user+password, func(r rune) bool { return r < ' ' }) {
				t.Skip()
			}
			written = user + ":" + secret
		}
		if strings.Contains(before+user+host+after, open) || strings.Contains(before+user+host+after, shut) {
			t.Skip()
		}
		text := before + scheme + "://" + written + "@" + host + after
		for _, m := range []Meaning{{}, {Secret: SecretTargets}} {
			for _, got := range []string{m.redactOnce(text), m.Redact(text)} {
				if strings.Contains(got, open) || strings.Contains(got, shut) {
					t.Errorf("%q leaks:\n%q", text, got)
				}
			}
			got := m.Redact(text)
			if !MayHold(before+after) && len(m.Secrets([]byte(before+after))) > 0 {
				t.Errorf("%q has secrets that a quick look does not see", before+after)
			}
			if again := m.Redact(got); again != got {
				t.Errorf("%q is\n%q, then\n%q", text, got, again)
			}
		}
	})
}

// The quick look sees what a secret has beside it wherever it stands.
func TestMayHold(t *testing.T) {
	for _, mark := range []string{"//", `\/`, "=", "%", `"`, "\x01", "\x02", "\x04", pushMessage} {
		for before := range 20 {
			for after := range 10 {
				text := strings.Repeat("x", before) + mark + strings.Repeat("y", after)
				if !MayHold(text) || !MayHold([]byte(text)) {
					t.Errorf("%q is not seen", text)
				}
			}
		}
	}
	for _, text := range []string{"", "a", "/", `\`, "a/b/c/d/e/f/g/h/i", strings.Repeat("of no secret ", 9), "About to push no stream", "AAAAAAAAAAAAAAAAAAAAAAAA"} {
		if MayHold(text) {
			t.Errorf("%q may hold a secret", text)
		}
	}
}

// Bytes are hidden as texts are, and come back themselves where nothing is.
func TestRedactBytes(t *testing.T) {
	for _, c := range []struct {
		m          Meaning
		text, want string
	}{
		{Meaning{}, "x://u:geheim@h\x00\x00", "x://u:***@h"},
		{Meaning{}, "x://h/a=b\x00", "x://h/a=b\x00"},
		{Meaning{Secret: SecretAll}, "geheim\x00", "***"},
		{Meaning{Secret: SecretAll}, "\x00\x00", "\x00\x00"},
		{Meaning{Secret: SecretNever}, "x://u:p@h", "x://u:p@h"},
	} {
		if got := c.m.RedactBytes([]byte(c.text)); string(got) != c.want {
			t.Errorf("%q is %q, want %q", c.text, got, c.want)
		}
	}
}

// What a page is known for, and whether a page of other fields is one.
func TestFits(t *testing.T) {
	schema := func(text string) *layout.Schema {
		s, err := layout.ParseSchema(text)
		if err != nil {
			t.Fatal(err)
		}
		return s
	}
	for _, c := range []struct {
		name, schema string
		fits         bool
	}{
		{"MstUserlive", "status:uint8\n", true}, {"MstUserlive", "pid:uint8\nnew:uint8\n", true}, {"MstUserlive", "n:uint8\n", false}, {"page", "status:uint8\n", false},
	} {
		if got := Lookup(c.name).Fits(schema(c.schema)); got != c.fits {
			t.Errorf("%s with %q: %v", c.name, c.schema, got)
		}
	}
	for name, want := range map[string]bool{"MstStrmKeys": true, "MstMetalive": true, "MstUserlive": false, "page": false} {
		if got := Lookup(name).HoldsKeys(); got != want {
			t.Errorf("%s holds keys: %v", name, got)
		}
	}
	if !Lookup("MstMetalive").Hides("playready") || Lookup("MstMetalive").Hides("source") || Lookup("page").Hides("key") {
		t.Error("the wrong fields are hidden")
	}
}
