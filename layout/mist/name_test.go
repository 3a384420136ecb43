package mist

import (
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// names are objects and what they are called.
var names = []struct {
	name string
	want Object
}{
	{"MstMetalive", Object{Kind: KindMeta, Stream: "live"}},
	{"MstTraklive@412-0", Object{Kind: KindTrack, Stream: "live", PID: 412}},
	{"MstTrakvodmkv@23182-17", Object{Kind: KindTrack, Stream: "vodmkv", PID: 23182, Index: 17}},
	{"MstDatalive@1_61", Object{Kind: KindData, Stream: "live", Index: 1, Key: 61}},
	{"MstUserlive", Object{Kind: KindUsers, Stream: "live"}},
	{"MstSTATElive", Object{Kind: KindState, Stream: "live"}},
	{"MstIPIDlive", Object{Kind: KindInputPID, Stream: "live"}},
	{"MstPPIDlive", Object{Kind: KindPullPID, Stream: "live"}},
	{"MstSCnflive", Object{Kind: KindConfig, Stream: "live"}},
	{"MstSessionI0e6ab9", Object{Kind: KindSession, ID: "I0e6ab9"}},
	{"MstStat", Object{Kind: KindStatistics}},
	{"MstGlobalConfig", Object{Kind: KindGlobal}},
	{"MstStateLogs", Object{Kind: KindLogs}},
	{"MstStateAccs", Object{Kind: KindAccess}},
	{"MstStateStreams", Object{Kind: KindStreams}},
	{"MstCapa", Object{Kind: KindCapability}},
	{"MstProt", Object{Kind: KindProtocols}},
	{"MstProx", Object{Kind: KindProxies}},
	{"MstStrmKeys", Object{Kind: KindKeys}},
	{"MstTRGRSTREAM_BUFFER", Object{Kind: KindTriggers, ID: "STREAM_BUFFER"}},
	{"MstVars", Object{Kind: KindVariables}},
	{"MstExtWriters", Object{Kind: KindWriters}},
	{"MstJWK", Object{Kind: KindJWK}},
	{"MstCnns", Object{Kind: KindConnectors}},
	{"MstUDPProxy1.2.3.4", Object{Kind: KindUDPProxy, ID: "1.2.3.4"}},
	{"MstPush", Object{Kind: KindPush}},
	{"MstProcState_248", Object{Kind: KindProcess, PID: 248}},
	{"MstNodePressure", Object{Kind: KindPressure}},
	{"MstAttRes_77_gone", Object{Kind: KindAttempt, PID: 77, Stream: "gone"}},
	{"MstAttRes_77_live+a_b", Object{Kind: KindAttempt, PID: 77, Stream: "live+a_b"}},
	{"MstCameras", Object{Kind: KindCameras}},

	{"MstSTRMlive", Object{Kind: KindOld, ID: "STRM", Stream: "live"}},
	{"MstTRIDlive+a@b@1", Object{Kind: KindOld, ID: "TRID", Stream: "live+a@b", Index: 1}},
	{"MstTRAKlive@12", Object{Kind: KindOld, ID: "TRAK", Stream: "live", Index: 12}},
	{"MstDATAlive@1_61", Object{Kind: KindOld, ID: "DATA", Stream: "live", Index: 1, Key: 61}},
	{"MstUSERlive", Object{Kind: KindOld, ID: "USER", Stream: "live"}},
	{"MstSTAT", Object{Kind: KindOld, ID: "STAT"}},
	{"MstConf", Object{Kind: KindOld, ID: "Conf"}},
	{"MstTRIGSTREAM_READY", Object{Kind: KindOld, ID: "TRIGSTREAM_READY"}},

	// Streams with what MistServer leaves in their names.
	{"MstTraklive+a@b@412-0", Object{Kind: KindTrack, Stream: "live+a@b", PID: 412}},
	{"MstTraklive+@1-2@3-4", Object{Kind: KindTrack, Stream: "live+@1-2", PID: 3, Index: 4}},
	{"MstDatalive+x@7_7@1_2", Object{Kind: KindData, Stream: "live+x@7_7", Index: 1, Key: 2}},
	{"MstUserlive+a b\"c'd", Object{Kind: KindUsers, Stream: "live+a b\"c'd"}},
	{"MstMetalive+\u00e4\u4e16:keys", Object{Kind: KindMeta, Stream: "live+\u00e4\u4e16:keys"}},
	{"MstMeta+", Object{Kind: KindMeta, Stream: "+"}},
	{"MstUserSTATE", Object{Kind: KindUsers, Stream: "STATE"}},
	{"MstMetaMstMeta", Object{Kind: KindMeta, Stream: "MstMeta"}},
	{"MstMeta\xff\x00"[:8], Object{Kind: KindMeta, Stream: "\xff"}},

	{"sem.MstSemInptlive", Object{Kind: KindSemaphore, Stream: "live", Lock: LockInput, Form: FormGlibc}},
	{"sem.MstSemPull_live", Object{Kind: KindSemaphore, Stream: "live", Lock: LockPull, Form: FormGlibc}},
	{"sem.MstSemTRKSlive", Object{Kind: KindSemaphore, Stream: "live", Lock: LockTracks, Form: FormGlibc}},
	{"sem.MstSemUserlive+a@1-2", Object{Kind: KindSemaphore, Stream: "live+a@1-2", Lock: LockUsers, Form: FormGlibc}},
	{"sem.MstSemStat", Object{Kind: KindSemaphore, Lock: LockStatistics, Form: FormGlibc}},
	{"sem.MstSemSessI0e6ab9", Object{Kind: KindSemaphore, ID: "I0e6ab9", Lock: LockSession, Form: FormGlibc}},
	{"sem.MstSemSessCache", Object{Kind: KindSemaphore, Lock: LockSessionCache, Form: FormGlibc}},
	{"sem.MstSemLIVE", Object{Kind: KindSemaphore, Lock: LockLive, Form: FormGlibc}},
	{"sem.MstSemlive", Object{Kind: KindSemaphore, ID: "Semlive", Form: FormGlibc}},
	{"sem.MstSemInpt", Object{Kind: KindSemaphore, ID: "SemInpt", Form: FormGlibc}},
	{"sem.MstElse", Object{Kind: KindSemaphore, ID: "Else", Form: FormGlibc}},
	{"MstSemInptlive", Object{Kind: KindSemaphore, Stream: "live", Lock: LockInput, Form: FormMusl}},
	{"MstSemStat", Object{Kind: KindSemaphore, Lock: LockStatistics, Form: FormMusl}},
	{"MstSemElse", Object{Kind: KindSemaphore, ID: "SemElse", Form: FormMusl}},

	{"sem.MstInptlive", Object{Kind: KindSemaphore, Stream: "live", Lock: LockInput, Form: FormGlibc, Old: true}},
	{"sem.MstPull_live", Object{Kind: KindSemaphore, Stream: "live", Lock: LockPull, Form: FormGlibc, Old: true}},
	{"sem.MstTRKSlive", Object{Kind: KindSemaphore, Stream: "live", Lock: LockTracks, Form: FormGlibc, Old: true}},
	{"sem.MstUserlive", Object{Kind: KindSemaphore, Stream: "live", Lock: LockUsers, Form: FormGlibc, Old: true}},
	{"sem.MstStat", Object{Kind: KindSemaphore, Lock: LockStatistics, Form: FormGlibc, Old: true}},
	{"sem.MstSessI0e6ab9", Object{Kind: KindSemaphore, ID: "I0e6ab9", Lock: LockSession, Form: FormGlibc, Old: true}},
	{"MstInptlive", Object{Kind: KindSemaphore, Stream: "live", Lock: LockInput, Form: FormMusl, Old: true}},
	{"MstTRKSlive", Object{Kind: KindSemaphore, Stream: "live", Lock: LockTracks, Form: FormMusl, Old: true}},

	{"sem.aB3xYz", Object{Kind: KindTemporary, ID: "aB3xYz", Form: FormGlibc}},
	{"tmp-123456789", Object{Kind: KindTemporary, ID: "123456789", Form: FormMusl}},
}

func TestParseName(t *testing.T) {
	for _, tt := range names {
		got, ok := ParseName("/" + tt.name)
		if !ok {
			t.Errorf("%q is no name of MistServer's", tt.name)
			continue
		}
		if diff := cmp.Diff(tt.want, got); diff != "" {
			t.Errorf("%q (-want +got):\n%s", tt.name, diff)
		}
		if name := got.Name(); name != tt.name {
			t.Errorf("%q is built as %q", tt.name, name)
		}
	}
}

func TestParseNameRefuses(t *testing.T) {
	for _, name := range []string{
		"", "/", "log", "Mst", "MstX", "MstProbeMix", "mstMetalive", "MstMeta", "MstUser", "MstTRGR", "MstStatistics", "MstStateX", "MstCapa2",
		"MstTrak", "MstTraklive", "MstTraklive@1", "MstTraklive@1_2", "MstTraklive@-1-2", "MstTraklive@1-", "MstTraklive@a-b", "MstTrak@1-2",
		"MstTraklive@01-2", "MstTraklive@1-+2", "MstTraklive@1-99999999999", "MstDatalive@1-2", "MstDatalive@1_02", "MstMetaa/b", "MstMetaa\x00b",
		"//MstMetalive", "sem.log", "sem.", "sem.abcdefg", "sem.abc-ef", "tmp-", "tmp-x", "MstShmem", "MstSemaphore/",
	} {
		if o, ok := ParseName(name); ok {
			t.Errorf("%q is taken for %+v", name, o)
		}
	}
}

func TestNameOfParts(t *testing.T) {
	for want, o := range map[string]Object{
		"":                   {},
		"sem.MstSemInptlive": {Kind: KindSemaphore, Lock: LockInput, Stream: "live", ID: "passed over"},
		"sem.MstSemStat":     {Kind: KindSemaphore, Lock: LockStatistics, Stream: "passed over"},
		"MstStat":            {Kind: KindStatistics, Stream: "passed over"},
	} {
		if got := o.Name(); got != want {
			t.Errorf("%+v is built as %q, want %q", o, got, want)
		}
	}
}

func TestOwners(t *testing.T) {
	for name, want := range map[string]Owner{
		"MstMetalive": OwnerInput, "MstTraklive@1-0": OwnerSource, "MstDatalive@0_0": OwnerSource, "MstUserlive": OwnerInput, "MstSTATElive": OwnerInput,
		"MstIPIDlive": OwnerAngel, "MstPPIDlive": OwnerPuller, "MstSCnflive": OwnerController, "MstSession1": OwnerSession, "MstStat": OwnerController,
		"MstPush": OwnerController, "sem.MstSemInptlive": OwnerAngel, "sem.MstSemPull_live": OwnerPuller, "sem.MstSemTRKSlive": OwnerNobody, "tmp-1": OwnerNobody,
	} {
		o, _ := ParseName(name)
		if got := o.Owner(); got != want {
			t.Errorf("%s is written by %q, want %q", name, got, want)
		}
		if o.Kind.ByController() != (want == OwnerController) {
			t.Errorf("%s: by the controller: %v", name, o.Kind.ByController())
		}
	}
	if Kind("").ByController() || Kind("").IsPage() || Kind("").Owner() != OwnerNobody {
		t.Error("what is no kind has an owner, or is a page")
	}
}

func TestLocks(t *testing.T) {
	for lock, want := range map[Lock]bool{
		LockInput: true, LockPull: true, LockTracks: false, LockUsers: false, LockStatistics: false, LockSession: false, LockUnknown: false,
	} {
		if lock.ForLife() != want {
			t.Errorf("%q is held for life: %v", lock, !want)
		}
		if (lock.About() == "") != (lock == LockUnknown) {
			t.Errorf("%q: about %q", lock, lock.About())
		}
	}
}

func TestCompare(t *testing.T) {
	want := []string{
		"MstStat", "MstPush", "sem.MstSemStat", "MstMetalive", "MstTraklive@9-0", "MstTraklive@8-1", "MstTraklive@8-10", "MstDatalive@0_0", "MstDatalive@0_61",
		"MstDatalive@1_7", "MstUserlive", "MstSTATElive", "MstIPIDlive", "MstSCnflive", "sem.MstSemInptlive", "sem.MstSemTRKSlive", "MstMetavod",
	}
	got := slices.Clone(want)
	slices.Sort(got)
	slices.SortFunc(got, func(a, b string) int {
		left, _ := ParseName(a)
		right, _ := ParseName(b)
		return Compare(left, right)
	})
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("order (-want +got):\n%s", diff)
	}
	if all := Kinds(); len(all) != len(kinds) || all[0] != KindMeta {
		t.Errorf("kinds: %v", all)
	}
}

func TestBaseName(t *testing.T) {
	for stream, want := range map[string]string{"live": "live", "live+a": "live", "live a": "live", "live+a b": "live", "": "", "+x": ""} {
		if got := BaseName(stream); got != want {
			t.Errorf("%q is configured as %q, want %q", stream, got, want)
		}
	}
}

func TestEscapeName(t *testing.T) {
	for name, want := range map[string]string{
		"MstMetalive": "MstMetalive", "MstMetalive+a b@c\"d": "MstMetalive+a b@c\"d", "\u00e4\u4e16": "\u00e4\u4e16", "a\nb": `a\nb`, `a\nb`: `a\\nb`,
		"a\x1b[31m\"b": `a\x1b[31m"b`, "\xff": `\xff`, "\u202e": `\u202e`, "": "", "\u00a0": `\u00a0`,
	} {
		if got := EscapeName(name); got != want {
			t.Errorf("%q is shown as %q, want %q", name, got, want)
		}
	}
}

// A name that is understood is built again byte for byte, and says the same.
func FuzzParseName(f *testing.F) {
	for _, tt := range names {
		f.Add(tt.name)
	}
	f.Add("MstTraklive@00-1")
	f.Fuzz(func(t *testing.T, name string) {
		o, ok := ParseName(name)
		if !ok {
			if o != (Object{}) {
				t.Errorf("%q is refused, but %+v", name, o)
			}
			return
		}
		built := o.Name()
		if built != strings.TrimPrefix(name, "/") {
			t.Errorf("%q is built as %q", name, built)
		}
		if again, ok := ParseName(built); !ok || again != o {
			t.Errorf("%q says %+v, then %+v", name, o, again)
		}
		if shown := EscapeName(name); strings.ContainsAny(shown, "\n\x1b\x00") {
			t.Errorf("%q is shown as %q", name, shown)
		}
	})
}

// What is escaped already, or harmless, stays as it is.
func TestEscapeText(t *testing.T) {
	for text, want := range map[string]string{
		"": "", "live": "live", `a\b \x1b`: `a\b \x1b`, "ü 日本 '\ufffd": "ü 日本 '\ufffd",
		"a\x1b[2J\n\u0085\u202e\xffz\xe6": `a\x1b[2J\n\u0085\u202e\xffz\xe6`,
	} {
		if got := EscapeText(text); got != want {
			t.Errorf("%q becomes %q, want %q", text, got, want)
		}
	}
}
