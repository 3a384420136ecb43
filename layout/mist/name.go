package mist

import (
	"strconv"
	"strings"
)

// Kind is what an object of MistServer is for.
type Kind string

// The kinds, by the name pattern that each has.
const (
	KindMeta       Kind = "meta"        // MstMeta<stream>: the stream and its track list
	KindTrack      Kind = "track"       // MstTrak<stream>@<pid>-<index>
	KindData       Kind = "data"        // MstData<stream>@<index>_<first key>: packets, no RelAccX
	KindUsers      Kind = "users"       // MstUser<stream>: who reads and feeds it
	KindState      Kind = "state"       // MstSTATE<stream>: two bytes
	KindInputPID   Kind = "input-pid"   // MstIPID<stream>: the input's parent process
	KindPullPID    Kind = "pull-pid"    // MstPPID<stream>
	KindConfig     Kind = "config"      // MstSCnf<stream>
	KindSession    Kind = "session"     // MstSession<id>
	KindStatistics Kind = "statistics"  // MstStat
	KindGlobal     Kind = "global"      // MstGlobalConfig
	KindLogs       Kind = "logs"        // MstStateLogs
	KindAccess     Kind = "access-log"  // MstStateAccs
	KindStreams    Kind = "streams"     // MstStateStreams
	KindCapability Kind = "capability"  // MstCapa
	KindProtocols  Kind = "protocols"   // MstProt
	KindProxies    Kind = "proxies"     // MstProx
	KindKeys       Kind = "stream-keys" // MstStrmKeys
	KindTriggers   Kind = "triggers"    // MstTRGR<type>
	KindVariables  Kind = "variables"   // MstVars
	KindWriters    Kind = "writers"     // MstExtWriters
	KindJWK        Kind = "jwk"         // MstJWK
	KindConnectors Kind = "connectors"  // MstCnns
	KindUDPProxy   Kind = "udp-proxy"   // MstUDPProxy<address>
	KindPush       Kind = "push"        // MstPush: no RelAccX
	KindSemaphore  Kind = "semaphore"   // sem.MstSem…, or MstSem… with musl
)

// Object is what an object's name says.
type Object struct {
	Kind   Kind
	Stream string // of the kinds that belong to a stream; else the session or type
	PID    int    // of a track: the process that made it
	Index  int    // of a track or data page: the track's index in the list
	Key    uint64 // of a data page: number of its first key
}

// prefixes are tried from the longest to the shortest where one begins with
// another.
var prefixes = []struct {
	text string
	kind Kind
	bare bool // nothing may follow
}{
	{"sem.Mst", KindSemaphore, false},
	{"MstSem", KindSemaphore, false},
	{"MstMeta", KindMeta, false},
	{"MstTrak", KindTrack, false},
	{"MstData", KindData, false},
	{"MstUser", KindUsers, false},
	{"MstStateLogs", KindLogs, true},
	{"MstStateAccs", KindAccess, true},
	{"MstStateStreams", KindStreams, true},
	{"MstSTATE", KindState, false},
	{"MstStat", KindStatistics, true},
	{"MstIPID", KindInputPID, false},
	{"MstPPID", KindPullPID, false},
	{"MstSCnf", KindConfig, false},
	{"MstSession", KindSession, false},
	{"MstGlobalConfig", KindGlobal, true},
	{"MstCapa", KindCapability, true},
	{"MstProt", KindProtocols, true},
	{"MstProx", KindProxies, true},
	{"MstStrmKeys", KindKeys, true},
	{"MstTRGR", KindTriggers, false},
	{"MstVars", KindVariables, true},
	{"MstExtWriters", KindWriters, true},
	{"MstJWK", KindJWK, true},
	{"MstCnns", KindConnectors, true},
	{"MstUDPProxy", KindUDPProxy, false},
	{"MstPush", KindPush, true},
}

// ParseName tells what MistServer means by an object's name, with or without
// its leading slash. Streams may hold any character but a slash, an "@" too, so
// what follows them is split off at the last one.
func ParseName(name string) (Object, bool) {
	name = strings.TrimPrefix(name, "/")
	for _, p := range prefixes {
		rest, ok := strings.CutPrefix(name, p.text)
		if !ok || p.bare && rest != "" {
			continue
		}
		return parseRest(Object{Kind: p.kind, Stream: rest})
	}
	return Object{}, false
}

func parseRest(o Object) (Object, bool) {
	separator := map[Kind]string{KindTrack: "-", KindData: "_"}[o.Kind]
	if separator == "" {
		return o, true
	}
	at := strings.LastIndexByte(o.Stream, '@')
	if at < 0 {
		return Object{}, false
	}
	left, right, found := strings.Cut(o.Stream[at+1:], separator)
	a, errA := strconv.ParseUint(left, 10, 32)
	b, errB := strconv.ParseUint(right, 10, 32)
	if !found || errA != nil || errB != nil {
		return Object{}, false
	}
	o.Stream = o.Stream[:at]
	if o.Kind == KindTrack {
		o.PID, o.Index = int(a), int(b)
	} else {
		o.Index, o.Key = int(a), b
	}
	return o, true
}

// IsPage reports whether objects of the kind are RelAccX pages.
func (k Kind) IsPage() bool {
	switch k {
	case KindData, KindState, KindInputPID, KindPullPID, KindPush, KindSemaphore:
		return false
	}
	return true
}

// ByController reports whether the controller writes objects of the kind.
func (k Kind) ByController() bool {
	switch k {
	case KindMeta, KindTrack, KindData, KindUsers, KindState, KindInputPID, KindPullPID, KindSession, KindSemaphore, KindUDPProxy:
		return false
	}
	return true
}
