package mist

// The meanings of the fields of the server's pages: sessions, settings, lists, logs.

var sessionFields = with(commsFields, meanings{
	"now":        {Minor: true, Unit: BootSeconds, Zero: "never", About: "when the rest was written"},
	"time":       {Unit: Seconds, About: "connected for"},
	"lastsecond": {Minor: true, Unit: Seconds, About: "media time that was reached"},
	"down":       {Unit: Bytes, About: "received by the server"},
	"up":         {Unit: Bytes, About: "sent by the server"},
	"host":       {Unit: Address, Secret: SecretNever, About: "the other side; a free slot keeps the last one"},
	"stream":     {Refers: ToStream, About: "the stream"},
	"connector":  {About: "the protocol; INPUT: or OUTPUT: before it where it is no viewer"},
	"pktcount":   {Minor: true, About: "packets sent"},
	"pktloss":    {Minor: true, About: "packets lost"},
	"pktretrans": {Minor: true, About: "packets sent again"},
})

var statisticsFields = with(sessionFields, meanings{
	"tags":   {Minor: true, About: "the session's tags"},
	"sessid": {Minor: true, Refers: ToSession, About: "the session"},
})

// SessionModeNames are the bits of what makes two connections one session.
var SessionModeNames = []Name{{8, "stream"}, {4, "address"}, {2, "token"}, {1, "protocol"}}

// TokenModeNames are the bits of how a viewer's token comes and goes.
var TokenModeNames = []Name{{1, "url in"}, {2, "cookie in"}, {4, "url out"}, {8, "cookie out"}}

// StreamInfoNames are what a connection that asks for nothing but information
// counts as.
var StreamInfoNames = []Name{{1, "viewer"}, {2, "output"}, {3, "nothing"}, {4, "unspecified"}}

var sessionMode = Meaning{Unit: BitSet, Names: SessionModeNames, Zero: "none"}

var globalFields = meanings{
	"defaultStream":          {Refers: ToStream, About: "shown where the one that is asked for is not there"},
	"systemBoot":             {Unit: UnixMilliseconds, About: "when the machine started"},
	"sessionViewerMode":      sessionMode.about("what makes viewers one session"),
	"sessionInputMode":       sessionMode.about("what makes inputs one session"),
	"sessionOutputMode":      sessionMode.about("what makes pushes one session"),
	"sessionUnspecifiedMode": sessionMode.about("what makes others one session"),
	"sessionStreamInfoMode":  {Unit: Enum, Names: StreamInfoNames, About: "what asking for information counts as"},
	"tknMode":                {Unit: BitSet, Names: TokenModeNames, Zero: "none", About: "how a viewer's token comes and goes"},
	"udpApi":                 {About: "where the controller listens"},
	"iid":                    {About: "the instance's id"},
	"hrn":                    {About: "the instance's name"},
}

var logsFields = meanings{
	"time": {Unit: UnixSeconds, About: "when"},
	"kind": {About: "how bad: FAIL, ERROR, WARN, INFO, …"},
	"msg":  {Secret: SecretTargets, About: "the message"},
	"strm": {Refers: ToStream, About: "the stream that it is about"},
	"pid":  {Minor: true, Unit: PID, Zero: "none", Refers: ToProcess, About: "who said it"},
	"exe":  {Minor: true, About: "the program"},
	"line": {Minor: true, About: "where in its source"},
}

var accessFields = meanings{
	"time":      {Unit: UnixSeconds, About: "when it ended"},
	"session":   {Minor: true, Refers: ToSession, About: "the first 31 bytes of the session's id"},
	"stream":    {Refers: ToStream, About: "the stream"},
	"connector": {About: "the protocol"},
	"host":      {About: "the other side's address"},
	"duration":  {Unit: Seconds, About: "how long"},
	"up":        {Unit: Bytes, About: "sent by the server"},
	"down":      {Unit: Bytes, About: "received by the server"},
	"tags":      {Minor: true, About: "the session's tags"},
}

var streamsFields = meanings{
	"stream":      {Refers: ToStream, About: "the stream"},
	"status":      {Unit: Enum, Names: StateNames, About: "as MstSTATE has it"},
	"viewers":     {About: "how many"},
	"inputs":      {About: "how many"},
	"outputs":     {About: "pushes, how many"},
	"unspecified": {Minor: true, About: "others, how many"},
	"tags":        {Minor: true, About: "the stream's tags"},
}

var keyListFields = meanings{
	"key":    hidden.about("who has it may push"),
	"stream": {Refers: ToStream, About: "to this stream"},
}

// OnFailNames are what a fork does where a trigger's handler fails.
var OnFailNames = []Name{{0, "legacy"}, {1, "value"}, {2, "deny"}, {3, "keep"}, {4, "offline"}, {5, "configured"}}

var triggersFields = meanings{
	"url":     {About: "program or URL that is called"},
	"sync":    {About: "1: wait for its answer"},
	"streams": {Unit: NameList, About: "for these streams only; none: for all"},
	"params":  {About: "for these parameters only"},
	"default": {About: "the answer where none comes"},
	"onfail":  {Unit: Enum, Names: OnFailNames, About: "what becomes of a trigger that fails; a fork's"},
}

// PermissionNames are the bits of what a key lets its owner do.
var PermissionNames = []Name{{1, "admin"}, {2, "input"}, {4, "output"}}

var jwkFields = meanings{
	"kid":    {About: "the key's id"},
	"kty":    {About: "the key's type"},
	"key":    hidden.about("the key, as JSON"),
	"perms":  {Unit: BitSet, Names: PermissionNames, Zero: "none", About: "what it lets its owner do"},
	"stream": {About: "with these streams, as JSON"},
}

var variablesFields = meanings{
	"name":     {About: "the variable"},
	"target":   {About: "program or URL that gives its value"},
	"interval": {About: "how often it is asked, in ms, up to 3.7 in seconds; 0: once"},
	"lastRun":  {Unit: BootMilliseconds, Zero: "never", About: "when it was last asked"},
	"lastVal":  {About: "the value"},
	"waitTime": {Zero: "default", About: "how long to wait for it, in ms, up to 3.7 in seconds; 0: an interval, and no less than 1 s"},
}

var writersFields = meanings{
	"name":      {About: "the writer"},
	"cmdline":   {About: "its program"},
	"protocols": {Unit: NameList, About: "for URLs that begin so"},
}

var connectorsFields = meanings{
	"cmd": {About: "its settings, as JSON"},
	"pid": {Unit: PID, Zero: "none", Refers: ToProcess, About: "the process that listens"},
}

var udpProxyFields = meanings{
	"local":  {About: "a socket address"},
	"remote": {About: "a socket address"},
	"pid":    {Unit: PID, Zero: "none", Refers: ToProcess, About: "the process that has the port"},
}
