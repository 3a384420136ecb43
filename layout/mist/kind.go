package mist

// Kind is what an object of MistServer is for. Its values are what users see
// and scripts compare.
type Kind string

// The kinds, by the name pattern that each has.
const (
	KindMeta       Kind = "meta"          // MstMeta<stream>: the stream and its track list
	KindTrack      Kind = "track"         // MstTrak<stream>@<pid>-<index>
	KindData       Kind = "data"          // MstData<stream>@<index>_<first key>: packets, no RelAccX
	KindUsers      Kind = "users"         // MstUser<stream>: who reads and feeds it
	KindState      Kind = "state"         // MstSTATE<stream>: two bytes
	KindInputPID   Kind = "input-pid"     // MstIPID<stream>: the input's parent process
	KindPullPID    Kind = "pull-pid"      // MstPPID<stream>
	KindConfig     Kind = "config"        // MstSCnf<stream>
	KindSession    Kind = "session"       // MstSession<id>
	KindStatistics Kind = "statistics"    // MstStat
	KindGlobal     Kind = "global"        // MstGlobalConfig
	KindLogs       Kind = "logs"          // MstStateLogs
	KindAccess     Kind = "access-log"    // MstStateAccs
	KindStreams    Kind = "streams"       // MstStateStreams
	KindCapability Kind = "capability"    // MstCapa
	KindProtocols  Kind = "protocols"     // MstProt
	KindProxies    Kind = "proxies"       // MstProx
	KindKeys       Kind = "stream-keys"   // MstStrmKeys
	KindTriggers   Kind = "triggers"      // MstTRGR<type>
	KindVariables  Kind = "variables"     // MstVars
	KindWriters    Kind = "writers"       // MstExtWriters
	KindJWK        Kind = "jwk"           // MstJWK
	KindConnectors Kind = "connectors"    // MstCnns
	KindUDPProxy   Kind = "udp-proxy"     // MstUDPProxy<address>, on Windows only
	KindPush       Kind = "push"          // MstPush: no RelAccX
	KindProcess    Kind = "process-state" // MstProcState_<pid>, a fork's: no RelAccX
	KindPressure   Kind = "node-pressure" // MstNodePressure, a fork's: no RelAccX
	KindAttempt    Kind = "start-attempt" // MstAttRes_<pid>_<stream>, a fork's: one byte
	KindCameras    Kind = "cameras"       // MstCameras, a fork's
	KindOld        Kind = "mist-2.x"      // MstSTRM<stream> and others of MistServer 2.x: no RelAccX
	KindSemaphore  Kind = "semaphore"     // sem.MstSem…, or MstSem… with musl
	KindTemporary  Kind = "temporary"     // sem. with six letters, or tmp-N: a semaphore until it has its name
)

// Owner is the process that writes an object, by its part in MistServer.
type Owner string

// The owners. When several processes write the object, it is the process that makes and
// removes it.
const (
	OwnerNobody     Owner = ""           // the first process that needs it: a short lock
	OwnerInput      Owner = "input"      // the stream's input; of a live stream, its buffer
	OwnerAngel      Owner = "angel"      // the input's parent, which starts it again
	OwnerPuller     Owner = "puller"     // the parent of an input that pulls the stream
	OwnerSource     Owner = "source"     // the process that feeds a track
	OwnerSession    Owner = "session"    // the session's MistSession
	OwnerController Owner = "controller" // MistController
	OwnerConnector  Owner = "connector"  // the process that listens
	OwnerProcess    Owner = "process"    // the one whose PID is in the name
)

// naming is what follows the prefix of a kind's names.
type naming uint8

const (
	bare      naming = iota // nothing
	ofStream                // the stream
	ofID                    // something else that names one of many
	ofTrack                 // <stream>@<pid>-<index>
	ofData                  // <stream>@<index>_<first key>
	ofPID                   // <pid>
	ofAttempt               // <pid>_<stream>
	ofOld                   // one of oldNames
	ofLock                  // the locks have a table of their own
)

type kindInfo struct {
	kind   Kind
	prefix string
	naming naming
	owner  Owner
	page   bool // RelAccX
}

// kinds are in the order in which a stream's objects are listed.
var kinds = [...]kindInfo{
	{KindMeta, "MstMeta", ofStream, OwnerInput, true},
	{KindTrack, "MstTrak", ofTrack, OwnerSource, true},
	{KindData, "MstData", ofData, OwnerSource, false},
	{KindUsers, "MstUser", ofStream, OwnerInput, true},
	{KindState, "MstSTATE", ofStream, OwnerInput, false},
	{KindInputPID, "MstIPID", ofStream, OwnerAngel, false},
	{KindPullPID, "MstPPID", ofStream, OwnerPuller, false},
	{KindConfig, "MstSCnf", ofStream, OwnerController, true},
	{KindSession, "MstSession", ofID, OwnerSession, true},
	{KindStatistics, "MstStat", bare, OwnerController, true},
	{KindGlobal, "MstGlobalConfig", bare, OwnerController, true},
	{KindLogs, "MstStateLogs", bare, OwnerController, true},
	{KindAccess, "MstStateAccs", bare, OwnerController, true},
	{KindStreams, "MstStateStreams", bare, OwnerController, true},
	{KindCapability, "MstCapa", bare, OwnerController, true},
	{KindProtocols, "MstProt", bare, OwnerController, true},
	{KindProxies, "MstProx", bare, OwnerController, true},
	{KindKeys, "MstStrmKeys", bare, OwnerController, true},
	{KindTriggers, "MstTRGR", ofID, OwnerController, true},
	{KindVariables, "MstVars", bare, OwnerController, true},
	{KindWriters, "MstExtWriters", bare, OwnerController, true},
	{KindJWK, "MstJWK", bare, OwnerController, true},
	{KindConnectors, "MstCnns", bare, OwnerController, true},
	{KindUDPProxy, "MstUDPProxy", ofID, OwnerConnector, true},
	{KindPush, "MstPush", bare, OwnerController, false},
	{KindCameras, "MstCameras", bare, OwnerController, true},
	{KindPressure, "MstNodePressure", bare, OwnerController, false},
	{KindProcess, "MstProcState_", ofPID, OwnerProcess, false},
	{KindAttempt, "MstAttRes_", ofAttempt, OwnerProcess, false},
	{KindOld, namePrefix, ofOld, OwnerNobody, false},
	{KindSemaphore, "", ofLock, OwnerNobody, false},
	{KindTemporary, "", ofLock, OwnerNobody, false},
}

// Kinds returns all kinds, in the order in which objects are listed.
func Kinds() []Kind {
	all := make([]Kind, len(kinds))
	for i := range kinds {
		all[i] = kinds[i].kind
	}
	return all
}

// info returns the kind's entry, or one that says nothing.
func (k Kind) info() *kindInfo {
	for i := range kinds {
		if kinds[i].kind == k {
			return &kinds[i]
		}
	}
	return &kindInfo{}
}

// order returns the kind's place in a listing; what is no kind comes last.
func (k Kind) order() int {
	for i := range kinds {
		if kinds[i].kind == k {
			return i
		}
	}
	return len(kinds)
}

// IsPage reports whether objects of the kind are RelAccX pages.
func (k Kind) IsPage() bool { return k.info().page }

// Sequenced reports whether the writer of such objects changes them under a sequence
// number, which stands at SequenceOffset.
func (k Kind) Sequenced() bool { return k == KindProcess || k == KindPressure }

// Owner returns which process writes objects of the kind. The owner of a semaphore
// depends on its lock; see [Object.Owner].
func (k Kind) Owner() Owner { return k.info().owner }

// ByController reports whether the controller writes objects of the kind.
func (k Kind) ByController() bool { return k.Owner() == OwnerController }
