package mist

import (
	"testing"

	"shmtool/layout"
)

// Every page that MistServer makes is known by its fields, and none that somebody
// else made.
func TestRecognize(t *testing.T) {
	for _, k := range Kinds() {
		template, ok := k.Template()
		if !ok {
			continue
		}
		s, err := layout.ParseSchema(template.Schema)
		if err != nil {
			t.Fatal(err)
		}
		if p := Recognize(s); p == nil || p.Kind != k || p.Path != "" {
			t.Errorf("%s: recognized as %+v", k, p)
		}
	}
	config, _ := layout.ParseSchema(ConfigTemplate(99).Schema)
	if p := Recognize(config); p == nil || p.Kind != KindConfig {
		t.Errorf("a configuration is recognized as %+v", p)
	}
	for _, text := range []string{"status:uint8", "key:string:16\nstream:string:16", "x:uint8", "dtsc_data:uint64", "cmd:string:16\npid:uint64", "time:uint64\nkind:uint8\nmsg:string:512"} {
		s, err := layout.ParseSchema(text)
		if err != nil {
			t.Fatal(err)
		}
		if p := Recognize(s); p != nil {
			t.Errorf("%q is recognized as %s", text, p.Kind)
		}
	}
}

// layouts are the pages of every version of MistServer, by the first that made them so.
var layouts = []struct {
	since string
	kind  Kind
	text  string
}{
	{"3.0", KindMeta, "vod:uint8\nlive:uint8\ntracks:nested:189300\nsource:0x30:512\nmaxkeepaway:uint16\nbufferwindow:uint64\nbootmsoffset:int64\nutcoffset:int64\nminfragduration:uint64"},
	{"3.0", KindTrack, "id:uint32\ntype:string:8\ncodec:string:8\nfirstms:uint64\nlastms:uint64\nbps:uint32\nmaxbps:uint32\nlang:string:4\ninit:raw:1M\nrate:uint16\nsize:uint16\nchannels:uint16\nwidth:uint32\nheight:uint32\nfpks:uint16\nmissedFrags:uint32\nparts:nested:14460\nkeys:nested:2610\nfragments:nested:908\npages:nested:452"},
	{"3.4", KindTrack, "id:uint32\ntype:string:8\ncodec:string:8\nfirstms:uint64\nlastms:uint64\nnowms:uint64\nframes:nested:9000"},
	{"3.0", KindUsers, usersSchema},
	{"3.0", KindStatistics, "status:uint8\npid:uint64\nsync:uint8\nnow:uint64\ntime:uint64\nlastsecond:uint64\ndown:uint64\nup:uint64\nhost:raw:16\nstream:0x30:100\nconnector:string:20\ncrc:uint32\npktcount:uint64\npktloss:uint64\npktretrans:uint64"},
	{"3.2", KindSession, sessionSchema},
	{"3.2", KindStatistics, statisticsSchema},
	{"2.18", KindGlobal, "defaultStream:string:128"},
	{"3.0", KindGlobal, "defaultStream:string:128\nsystemBoot:uint64"},
	{"2.14", KindLogs, "time:uint64\nkind:string:32\nmsg:string:512"},
	{"2.16", KindLogs, "time:uint64\nkind:string:32\nmsg:string:512\nstrm:string:128"},
	{"2.14", KindAccess, accessSchema},
	{"2.14", KindStreams, "stream:string:128\nstatus:uint8\nviewers:uint64\ninputs:uint64\noutputs:uint64"},
	{"3.2", KindStreams, "stream:string:128\nstatus:uint8\nviewers:uint64\ninputs:uint64\noutputs:uint64\nunspecified:uint64"},
	{"2.12", KindConnectors, "cmd:string:128\npid:uint64"},
	{"3.2", KindVariables, variablesSchema},
	{"3.2", KindWriters, "name:string:32\ncmdline:string:256\nprotocols:nested:400"},
	{"3.6", KindWriters, writersSchema},
	{"3.0", KindTriggers, triggersSchema},
	{"3.7", KindKeys, keysSchema},
	{"3.9", KindJWK, jwkSchema},
	{"3.6", KindUDPProxy, "local:0x30:28\nremote:0x30:28\npid:uint64"},
	{"2.16", KindProxies, "proxy_data:0x30:40"},
	{"a fork's", KindCameras, "id:string:64\nname:string:128\nprotocols:nested:900\nstreams:nested:900\nwebControlUrl:string:256"},
}

// A page of any version, and of one to come that has a field more, is known by its fields.
func TestRecognizeVersions(t *testing.T) {
	for _, l := range layouts {
		for _, more := range []string{"", "\nnewInTheNextVersion:uint32"} {
			s, err := layout.ParseSchema(l.text + more)
			if err != nil {
				t.Fatal(err)
			}
			if p := Recognize(s); p != l.kind.Page() {
				t.Errorf("%s since %s%s: recognized as %+v", l.kind, l.since, more, p)
			}
		}
	}
}
