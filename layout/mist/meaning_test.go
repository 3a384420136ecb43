package mist

import (
	"encoding/json"
	"math"
	"strings"
	"testing"
	"time"

	"shmtool/layout"
)

// clock stands at 2026-11-22T14:18:38.711Z, 1632 seconds after boot.
var clock = Clock{Now: 1795357118711 * int64(time.Millisecond), Uptime: 1632 * time.Second}

func field(t *testing.T, page, field string, path ...string) Meaning {
	t.Helper()
	m, known := Lookup(page, path...).Meaning(field)
	if !known {
		t.Fatalf("%s %v has no field %q", page, path, field)
	}
	return m
}

// What the fields of every page mean. An empty text or decoded form is none.
func TestNumbers(t *testing.T) {
	meta := func(name string) Meaning { return field(t, "MstMetalive", name) }
	tracks := func(name string) Meaning { return field(t, "MstMetalive", name, "tracks") }
	track := func(name string) Meaning { return field(t, "MstTraklive@1-0", name) }
	nested := func(path, name string) Meaning { return field(t, "MstTraklive@1-0", name, path) }
	stat := func(name string) Meaning { return field(t, "MstStat", name) }
	global := func(name string) Meaning { return field(t, "MstGlobalConfig", name) }
	tests := []struct {
		name    string
		meaning Meaning
		value   Value
		text    string
		decoded string
	}{
		{"lastupdate", tracks("lastupdate"), Number(1620, 8), "12s ago", `"2026-11-22T14:18:26.711000000Z"`},
		{"lastupdate to come", tracks("lastupdate"), Number(1700, 8), "in 1m8s", `"2026-11-22T14:19:46.711000000Z"`},
		{"lastupdate never", tracks("lastupdate"), Number(0, 8), "never", `"never"`},
		{"lastupdate far", tracks("lastupdate"), Number(math.MaxUint64, 8), "", ""},
		{"valid all", tracks("valid"), Number(255, 1), "all", `["viewers","pushes","processes"]`},
		{"valid some", tracks("valid"), Number(5, 1), "viewers,processes", `["viewers","processes"]`},
		{"valid odd", tracks("valid"), Number(0xFC, 1), "processes,0xF8", `["processes","0xf8"]`},
		{"valid none", tracks("valid"), Number(0, 1), "none", `[]`},
		{"sourcetid none", tracks("sourcetid"), Number(0xFFFFFFFF, 4), "none", `"none"`},
		{"sourcetid", tracks("sourcetid"), Number(1, 4), "", ""},
		{"sourcetid wider", tracks("sourcetid"), Number(0xFFFFFFFF, 8), "", ""},
		{"pid 0", tracks("pid"), Number(0, 8), "unclaimed", `"unclaimed"`},
		{"pid", tracks("pid"), Number(4711, 8), "", ""},
		{"minkeepaway", tracks("minkeepaway"), Number(35, 8), "", ""},
		{"maxkeepaway", meta("maxkeepaway"), Number(45000, 2), "45s", ""},
		{"bufferwindow", meta("bufferwindow"), Number(28501, 8), "28.501s", ""},
		{"bufferwindow far", meta("bufferwindow"), Number(math.MaxUint64, 8), "", ""},
		{"bootmsoffset", meta("bootmsoffset"), Number(1355852, 8), "2026-11-22T14:14:02.563Z", `"2026-11-22T14:14:02.563000000Z"`},
		{"bootmsoffset negative", meta("bootmsoffset"), Number(-uint64Of(1000), 8), "2026-11-22T13:51:25.711Z", `"2026-11-22T13:51:25.711000000Z"`},
		{"bootmsoffset 0", meta("bootmsoffset"), Number(0, 8), "", ""},
		{"bootmsoffset least", meta("bootmsoffset"), Number(1<<63, 8), "", ""},
		{"utcoffset", meta("utcoffset"), Number(1795356842563, 8), "2026-11-22T14:14:02.563Z", `"2026-11-22T14:14:02.563000000Z"`},
		{"utcoffset 0", meta("utcoffset"), Number(0, 8), "unknown", `"unknown"`},
		{"utcoffset negative", meta("utcoffset"), Number(-uint64Of(5), 8), "", ""},
		{"utcsource", meta("utcsource"), Number(2, 1), "protocol", `"protocol"`},
		{"utcsource 0", meta("utcsource"), Number(0, 1), "unknown", `"unknown"`},
		{"utcsource odd", meta("utcsource"), Number(9, 1), "", ""},
		{"minfragduration 0", meta("minfragduration"), Number(0, 8), "default 1.9s", `"default 1.9s"`},
		{"vod", meta("vod"), Number(1, 1), "", ""},
		{"fpks", track("fpks"), Number(29970, 2), "29.97 fps", "29.97"},
		{"fpks whole", track("fpks"), Number(25000, 2), "25 fps", "25"},
		{"fpks slow", track("fpks"), Number(5, 2), "0.005 fps", "0.005"},
		{"fpks 0", track("fpks"), Number(0, 2), "", "0"},
		{"bps", track("bps"), Number(30000, 4), "240.0 kbit/s", ""},
		{"bps fast", track("bps"), Number(1250000, 4), "10.00 Mbit/s", ""},
		{"bps slow", track("bps"), Number(3, 4), "24 bit/s", ""},
		{"bps 0", track("bps"), Number(0, 4), "", ""},
		{"rate", track("rate"), Number(44100, 2), "44.1 kHz", ""},
		{"lastms", track("lastms"), Number(3723500, 8), "1h2m3.5s", ""},
		{"avail 0", nested("pages", "avail"), Number(0, 4), "not in memory", `"not in memory"`},
		{"size", nested("pages", "size"), Number(41943040, 4), "40.0 MiB", ""},
		{"size huge", nested("pages", "size"), Number(3<<30, 8), "3.0 GiB", ""},
		{"size small", nested("parts", "size"), Number(1043, 4), "", ""},
		{"duration open", nested("fragments", "duration"), Number(0, 4), "open", `"open"`},
		{"duration", nested("fragments", "duration"), Number(2048, 4), "2.048s", ""},
		{"status", stat("status"), Number(0xC1, 1), "source,donottrack,active", `["source","donottrack","active"]`},
		{"status odd", stat("status"), Number(0x83, 1), "source,active,0x02", `["source","active","0x02"]`},
		{"status every", stat("status"), Number(0xFF, 1), "source,donottrack,disconnect,reqdisconnect,nokill,active,0x06", `["source","donottrack","disconnect","reqdisconnect","nokill","active","0x06"]`},
		{"status free", stat("status"), Number(0, 1), "free", `[]`},
		{"now", stat("now"), Number(1384, 8), "4m8s ago", `"2026-11-22T14:14:30.711000000Z"`},
		{"time", stat("time"), Number(7, 8), "7s", ""},
		{"time long", stat("time"), Number(200000, 8), "2d7h", ""},
		{"time longer", stat("time"), Number(12000, 8), "3h20m", ""},
		{"time 0", stat("time"), Number(0, 8), "", ""},
		{"keynum", field(t, "MstUserlive", "keynum"), Number(24, 8), "", ""},
		{"keynum waiting", field(t, "MstUserlive", "keynum"), Number(math.MaxUint64, 8), "waiting", `"waiting"`},
		{"systemBoot", global("systemBoot"), Number(1795355486711, 8), "2026-11-22T13:51:26.711Z", `"2026-11-22T13:51:26.711000000Z"`},
		{"sessionViewerMode", global("sessionViewerMode"), Number(14, 8), "stream,address,token", `["stream","address","token"]`},
		{"sessionStreamInfoMode", global("sessionStreamInfoMode"), Number(1, 8), "viewer", `"viewer"`},
		{"tknMode", global("tknMode"), Number(15, 8), "url in,cookie in,url out,cookie out", `["url in","cookie in","url out","cookie out"]`},
		{"logs time", field(t, "MstStateLogs", "time"), Number(1795356821, 8), "2026-11-22T14:13:41Z", `"2026-11-22T14:13:41.000000000Z"`},
		{"logs time far", field(t, "MstStateLogs", "time"), Number(1<<60, 8), "", ""},
		{"streams status", field(t, "MstStateStreams", "status"), Number(4, 1), "ready", `"ready"`},
		{"perms", field(t, "MstJWK", "perms"), Number(6, 1), "input,output", `["input","output"]`},
		{"lastRun", field(t, "MstVars", "lastRun"), Number(1381126, 8), "4m10s ago", `"2026-11-22T14:14:27.837000000Z"`},
		{"lastRun of 3.7", field(t, "MstVars", "lastRun"), Number(1795356670, 8), "7m28s ago", `"2026-11-22T14:11:10.000000000Z"`},
		{"lastRun never", field(t, "MstVars", "lastRun"), Number(0, 8), "never", `"never"`},
		{"unknown", Meaning{}, Number(1795356821, 8), "", ""},
	}
	for _, tt := range tests {
		text, ok := tt.meaning.Text(tt.value, clock)
		if text != tt.text || ok != (tt.text != "") {
			t.Errorf("%s: %q %v, want %q", tt.name, text, ok, tt.text)
		}
		checkDecoded(t, tt.name, tt.meaning, tt.value, tt.decoded)
	}
}

func uint64Of(v int64) uint64 { return uint64(v) }

func checkDecoded(t *testing.T, name string, m Meaning, v Value, want string) {
	t.Helper()
	b, ok := m.AppendDecoded([]byte("x"), v, clock)
	if got := string(b); got != "x"+want || ok != (want != "") {
		t.Errorf("%s: decoded %s %v, want %s", name, got, ok, want)
	}
	if ok && !json.Valid(b[1:]) {
		t.Errorf("%s: %s is no JSON", name, b[1:])
	}
}

func TestBytes(t *testing.T) {
	host, init, list := field(t, "MstStat", "host"), field(t, "MstTraklive@1-0", "init"), field(t, "MstExtWriters", "protocols")
	tests := []struct {
		name    string
		meaning Meaning
		value   string
		text    string
		decoded string
	}{
		{"IPv4", host, "\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\xff\xff\x7f\x00\x00\x01", "127.0.0.1", `"127.0.0.1"`},
		{"IPv6", host, "\x20\x01\x0d\xb8\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x01", "2001:db8::1", `"2001:db8::1"`},
		{"this machine", host, "\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x01", "::1", `"::1"`},
		{"no host", host, strings.Repeat("\x00", 16), "none", `"none"`},
		{"4 bytes", host, "\x7f\x00\x00\x01", "127.0.0.1", `"127.0.0.1"`},
		{"5 bytes", host, "12345", "", ""},
		{"init", init, "\x00\x05\x11\x88\x56\xe5\x00\x00\x00", "5 bytes", `{"hex":"118856e500"}`},
		{"init empty", init, "\x00\x00\x00", "0 bytes", `{"hex":""}`},
		{"init too long", init, "\x00\x05\x11", "", ""},
		{"init of raw video", init, "\x00", "", ""},
		{"list", list, "\x05\x00\x00\x00probe\x06\x00\x00\x00probe2\x00\x00\x00\x00\x00\x00\x00\x00", "probe,probe2", `["probe","probe2"]`},
		{"list full", list, "\x05\x00\x00\x00probe", "probe", `["probe"]`},
		{"list cut", list, "\x05\x00\x00\x00probe\xff\x00\x00\x00pro", "probe", `["probe"]`},
		{"list odd", list, "\x04\x00\x00\x00a\n\"\\\x02\x00\x00\x00\xff\xfe", `a\n"\\,\xff\xfe`, `["a\u000a\"\\",{"hex":"fffe"}]`},
		{"list empty", list, "\x00\x00\x00\x00", "none", `[]`},
		{"unknown", Meaning{}, "abc", "", ""},
		{"number of a wrong type", field(t, "MstStat", "now"), "abc", "", ""},
	}
	for _, tt := range tests {
		text, ok := tt.meaning.Text(Data([]byte(tt.value)), clock)
		if text != tt.text || ok != (tt.text != "") {
			t.Errorf("%s: %q %v, want %q", tt.name, text, ok, tt.text)
		}
		checkDecoded(t, tt.name, tt.meaning, Data([]byte(tt.value)), tt.decoded)
	}
	if text, ok := host.Text(Number(1, 8), clock); ok {
		t.Errorf("a number is the host %q", text)
	}
}

// Without a clock, a time is told in its unit, with a word why, and JSON leaves it out.
func TestNoClock(t *testing.T) {
	for name, m := range map[string]Meaning{"lastupdate": field(t, "MstMetalive", "lastupdate", "tracks"), "bootmsoffset": field(t, "MstMetalive", "bootmsoffset")} {
		if text, ok := m.Text(Number(5, 8), Clock{}); !ok || !strings.HasSuffix(text, "s since an unknown boot") {
			t.Errorf("%s: %q", name, text)
		}
		if b, ok := m.AppendDecoded(nil, Number(5, 8), Clock{}); ok {
			t.Errorf("%s: %s", name, b)
		}
	}
	at := ClockAt(clock.Now, 1795355486711)
	if text, _ := field(t, "MstStat", "now").Text(Number(1384, 8), at); text != "4m8s ago" {
		t.Errorf("by the page's boot: %q", text)
	}
}

func TestValueOf(t *testing.T) {
	s, err := layout.ParseSchema("a:uint8\nb:int16\nc:string:4\nd:raw:2\ne:dtsc:1")
	if err != nil {
		t.Fatal(err)
	}
	record := []byte("\xff\xfe\xffab\x00xyz\x07")
	want := []Value{Number(255, 1), Number(math.MaxUint64-1, 2), Data([]byte("ab")), Data([]byte("yz")), Data([]byte("\x07"))}
	for i := range s.Fields() {
		got := ValueOf(&s.Fields()[i], record)
		if got.number != want[i].number || got.size != want[i].size || got.numeric != want[i].numeric || string(got.bytes) != string(want[i].bytes) {
			t.Errorf("%s: %+v, want %+v", s.Fields()[i].Name, got, want[i])
		}
	}
}

func TestUnitNames(t *testing.T) {
	for u := Milliseconds; u <= NameList; u++ {
		if u.String() == "" {
			t.Errorf("unit %d has no name", u)
		}
	}
}
