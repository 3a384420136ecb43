package mist

// The meanings of the fields of a stream's pages: MstMeta, MstTrak, MstUser.

// ValidNames are the bits of a track's valid: who may use it.
var ValidNames = []Name{{1, "viewers"}, {2, "pushes"}, {4, "processes"}}

// UTCSourceNames are whence a stream knows the time of day.
var UTCSourceNames = []Name{{0, "unknown"}, {1, "receive time"}, {2, "protocol"}, {3, "QR code"}}

var (
	mediaTime = Meaning{Unit: MediaTime}
	hidden    = Meaning{Secret: SecretAll}
)

// about returns a meaning with its line.
func (m Meaning) about(line string) Meaning {
	m.About = line
	return m
}

var metaFields = meanings{
	"vod":             {About: "1: all of it is there from the beginning"},
	"live":            {About: "1: it grows"},
	"tracks":          {About: "the track list; a track keeps its index as long as the stream lives"},
	"source":          {About: "whence the input has it"},
	"maxkeepaway":     {Unit: Milliseconds, About: "the most that viewers stay behind"},
	"bufferwindow":    {Unit: Milliseconds, About: "first to last packet of all tracks"},
	"bootmsoffset":    {Unit: BootOffset, About: "boot time at media time 0"},
	"utcoffset":       {Unit: UnixMilliseconds, Zero: "unknown", About: "time of day at media time 0"},
	"utcsource":       {Unit: Enum, Names: UTCSourceNames, About: "whence utcoffset is known"},
	"minfragduration": {Unit: Milliseconds, Zero: "default 1.9s", About: "the least that a fragment lasts"},
}

var tracksFields = meanings{
	"valid":       {Unit: BitSet, Names: ValidNames, All: "all", Zero: "none", About: "who may use the track; 0: removed, or not yet there"},
	"id":          {About: "the track's number in its source"},
	"type":        {About: "video, audio, subtitle or meta"},
	"codec":       {About: "its whole name"},
	"page":        {Refers: ToPage, About: "the track's page"},
	"lastupdate":  {Unit: BootSeconds, Zero: "never", About: "when its source last wrote"},
	"pid":         {Unit: PID, Zero: "unclaimed", Refers: ToProcess, About: "its source"},
	"minkeepaway": {Minor: true, Unit: Milliseconds, About: "how long viewers should stay behind"},
	"sourcetid":   {Minor: true, Ones: "none", Refers: ToTrack, About: "the track that it was made from"},
	"encryption":  hidden.about("scheme, key id and key").minor(),
	"ivec":        hidden.about("the base of the encryption's initialization vector").minor(),
	"widevine":    hidden.about("Widevine header").minor(),
	"playready":   hidden.about("PlayReady header").minor(),
}

var trackFields = meanings{
	"id":          {About: "the track's number in its source"},
	"type":        {About: "video, audio, subtitl or meta: 7 bytes"},
	"codec":       {About: "the first 7 bytes of its name"},
	"firstms":     mediaTime.about("the first key that is there"),
	"lastms":      mediaTime.about("the last packet"),
	"nowms":       mediaTime.about("up to when it is known that nothing is missing"),
	"bps":         {Unit: BytesPerSecond, About: "on average"},
	"maxbps":      {Unit: BytesPerSecond, About: "of the largest fragment"},
	"lang":        {About: "ISO 639 code"},
	"init":        {Unit: InitData, Secret: SecretNever, About: "what a decoder needs first"},
	"rate":        {Unit: Hertz, About: "audio samples; 16 bits, so that 96000 reads 30464"},
	"size":        {About: "bits a sample"},
	"channels":    {About: "of audio"},
	"width":       {About: "pixels"},
	"height":      {About: "pixels"},
	"fpks":        {Unit: FrameRate, Only: "video", About: "as the source says; 16 bits, so that 120 fps reads 54464"},
	"efpks":       {Unit: FrameRate, Only: "video", About: "as measured; of other tracks than video it says nothing"},
	"missedFrags": {About: "fragments removed so far"},
	"parts":       {About: "one record a packet"},
	"keys":        {About: "one record a key frame, or 2047 ms of other tracks"},
	"fragments":   {About: "one record a fragment: keys that are sent together"},
	"pages":       {About: "one record a MstData"},
	"frames":      {About: "one record a frame of raw video"},
}

var partsFields = meanings{
	"size":     {Unit: Bytes, About: "of the payload"},
	"duration": {Unit: Milliseconds, About: "of the newest, a guess"},
	"offset":   {About: "ms from decoding to showing it"},
}

var keysFields = meanings{
	"firstpart": {Refers: ToPart, About: "its first part"},
	"bpos":      {About: "byte in the source's file"},
	"duration":  {Unit: Milliseconds, About: "of the newest, still growing"},
	"number":    {About: "its own number"},
	"parts":     {About: "how many, so far"},
	"time":      mediaTime.about("of its first packet"),
	"size":      {Unit: Bytes, About: "of its packets, headers and all"},
}

var fragmentsFields = meanings{
	"duration": {Unit: Milliseconds, Zero: "open", About: "0 until the next begins"},
	"keys":     {About: "how many, so far"},
	"firstkey": {Refers: ToKey, About: "its first key"},
	"size":     {Unit: Bytes, About: "of the payloads"},
}

var pagesFields = meanings{
	"firstkey":    {Refers: ToData, About: "its first key, after which its MstData is named"},
	"keycount":    {About: "how many keys, so far"},
	"parts":       {About: "how many; live, 0 until the page is finished"},
	"size":        {Unit: Bytes, About: "of its MstData"},
	"avail":       {Unit: Bytes, Zero: "not in memory", About: "how much is written"},
	"firsttime":   mediaTime.about("of its first packet"),
	"lastkeytime": mediaTime.about("of its last key"),
}

var framesFields = meanings{
	"time": mediaTime.about("when the frame is shown"),
	"data": {Secret: SecretNever, About: "the frame"},
}

// UserNames are the bits of a user's status.
var UserNames = []Name{
	{0x80, "source"}, {0x40, "donottrack"}, {0x20, "disconnect"}, {0x10, "reqdisconnect"}, {0x08, "nokill"}, {0x01, "active"},
}

// Bits of the status of MstUser, MstSession and MstStat.
const (
	UserSource        = 0x80 // feeds a track
	UserDoNotTrack    = 0x40 // counts as no activity
	UserDisconnect    = 0x20 // is gone
	UserReqDisconnect = 0x10 // is told to go
	UserNoKill        = 0x08 // must not be killed for it
	UserActive        = 0x01 // has the slot
)

var commsFields = meanings{
	"status": {Unit: BitSet, Names: UserNames, Hex: true, Zero: "free", About: "who has the slot; 0: no process"},
	"pid":    {Unit: PID, Zero: "none", Refers: ToProcess, About: "the process that has the slot"},
}

var usersFields = with(commsFields, meanings{
	"track":  {Refers: ToTrack, About: "index of the track that it reads or feeds"},
	"keynum": {Ones: "waiting", Refers: ToKey, About: "the key that it reads; of raw video, the frame"},
})
