package layout

import (
	"crypto/sha256"
	"encoding/hex"
	"testing"
)

const mstMetaSchema = `
vod:uint8
live:uint8
tracks:nested[4]
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

const mstTrakSchema = `
id:uint32
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
parts:nested[1800]
  size:uint32
  duration:uint16
  offset:int16
keys:nested[60]
  firstpart:uint64
  bpos:uint64
  duration:uint32
  number:uint32
  parts:uint32
  time:uint64
  size:uint32
fragments:nested[60]
  duration:uint32
  keys:uint16
  firstkey:uint32
  size:uint32
pages:nested[10]
  firstkey:uint32
  keycount:uint32
  parts:uint32
  size:uint32
  avail:uint32
  firsttime:uint64
  lastkeytime:uint64
`

const mstUserSchema = `
status:uint8
pid:uint64
track:uint64
keynum:uint64
`

const mstStatSchema = `
status:uint8
pid:uint64
now:uint64
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
tags:0x30:512
sessid:string:80
`

// The hashes are those of pages that MistServer's own library made.
func TestShapeBuildsMistServersBytes(t *testing.T) {
	tests := []struct {
		name    string
		schema  string
		size    int
		records uint32
		endpos  uint64
		present uint32
		want    string
	}{
		{"MstMeta", mstMetaSchema, 8432, 1, 1, 1, "df9ef074eaace3b120a50d7c7bf115da88e3695ab95b1e475d7126d740dc2b14"},
		{"MstTrak", mstTrakSchema, 1067595, 1, 1, 1, "028f820b8d6da82cc2bd5faea84b08c6e514c8ce27ca31db701c94155fc7e700"},
		{"MstUser", mstUserSchema, 524288, 20968, 1, 0, "e09f7116383ff562ef27f3dadf8efb4960a868a05790248514d587eb6242eff8"},
		{"MstStat", mstStatSchema, 16777216, 20945, 1, 0, "7d255816ad92c5b70773e0c50eeb4d503f7428018952c01740c59e572af9e22c"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			schema, err := ParseSchema(tt.schema)
			if err != nil {
				t.Fatal(err)
			}
			page := make([]byte, tt.size)
			shape := Shape{schema, tt.records}
			if err := shape.Build(page, 0); err != nil {
				t.Fatal(err)
			}
			h := shape.Header()
			h.Status, h.EndPos, h.Present = StatusReady, tt.endpos, tt.present
			h.Encode(page)
			if sum := sha256.Sum256(page); hex.EncodeToString(sum[:]) != tt.want {
				t.Errorf("page hashes %x, MistServer's %s", sum, tt.want)
			}
		})
	}
}
