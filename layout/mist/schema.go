package mist

// The fields of MistServer's pages in the order in which it adds them, which is
// the order of their bytes, as layout.ParseSchema reads them. They are what
// MistServer 3.10 makes; for reading, a page's own descriptors count.

// metaSchema takes the number of track slots.
const metaSchema = `vod:uint8
live:uint8
tracks:nested[%d]
  valid:uint8
  id:uint32
  type:string:32
  codec:string:32
  page:string:256
  lastupdate:uint64
  pid:uint64
  minkeepaway:uint64
  sourcetid:uint32
  encryption:string:256
  ivec:uint64
  widevine:string:256
  playready:string:1024
source:0x30:512
maxkeepaway:uint16
bufferwindow:uint64
bootmsoffset:int64
utcoffset:int64
utcsource:uint8
minfragduration:uint64
`

// trackSchema takes the record counts of parts, keys, fragments and pages.
const trackSchema = `id:uint32
type:string:8
codec:string:8
firstms:uint64
lastms:uint64
nowms:uint64
bps:uint32
maxbps:uint32
lang:string:4
init:raw:1M
rate:uint16
size:uint16
channels:uint16
width:uint32
height:uint32
fpks:uint16
efpks:uint16
missedFrags:uint32
parts:nested[%d]
  size:uint32
  duration:uint16
  offset:int16
keys:nested[%d]
  firstpart:uint64
  bpos:uint64
  duration:uint32
  number:uint32
  parts:uint32
  time:uint64
  size:uint32
fragments:nested[%d]
  duration:uint32
  keys:uint16
  firstkey:uint32
  size:uint32
pages:nested[%d]
  firstkey:uint32
  keycount:uint32
  parts:uint32
  size:uint32
  avail:uint32
  firsttime:uint64
  lastkeytime:uint64
`

// rawTrackSchema takes the record count and the bytes of frames, and the bytes
// of a frame.
const rawTrackSchema = `id:uint32
type:string:8
codec:string:8
firstms:uint64
lastms:uint64
nowms:uint64
bps:uint32
maxbps:uint32
lang:string:4
init:raw:1
rate:uint16
size:uint16
channels:uint16
width:uint32
height:uint32
fpks:uint16
efpks:uint16
missedFrags:uint32
frames:nested[%d]:%d
  time:uint64
  data:raw:%d
`

const commsSchema = `status:uint8
pid:uint64
`

const usersSchema = commsSchema + `track:uint64
keynum:uint64
`

const sessionSchema = commsSchema + `now:uint64
time:uint64
lastsecond:uint64
down:uint64
up:uint64
host:raw:16
stream:0x30:100
connector:string:20
pktcount:uint64
pktloss:uint64
pktretrans:uint64
`

const statisticsSchema = sessionSchema + `tags:0x30:512
sessid:string:80
`

const globalSchema = `defaultStream:string:128
systemBoot:uint64
sessionViewerMode:uint64
sessionInputMode:uint64
sessionOutputMode:uint64
sessionUnspecifiedMode:uint64
sessionStreamInfoMode:uint64
tknMode:uint64
udpApi:string:128
iid:string:64
hrn:string:128
`

const logsSchema = `time:uint64
kind:string:32
msg:string:512
strm:string:128
pid:uint64
exe:string:32
line:string:64
`

const accessSchema = `time:uint64
session:string:32
stream:string:128
connector:string:32
host:string:64
duration:uint32
up:uint64
down:uint64
tags:string:256
`

const streamsSchema = `stream:string:128
status:uint8
viewers:uint64
inputs:uint64
outputs:uint64
unspecified:uint64
tags:string:512
`

const keysSchema = `key:string:256
stream:string:128
`

const triggersSchema = `url:string:128
sync:uint8
streams:raw:256
params:string:128
default:string:128
`

const jwkSchema = `kid:string:64
kty:string:32
key:0x30:8192
perms:uint8
stream:string:128
`

const variablesSchema = `name:string:32
target:string:512
interval:uint32
lastRun:uint64
lastVal:string:128
waitTime:uint32
`

const writersSchema = `name:string:32
cmdline:string:256
protocols:raw:256
`

const connectorsSchema = `cmd:string:512
pid:uint64
`
