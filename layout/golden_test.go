package layout

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
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

// Hashes of whole pages that MistServer's own library made.
const (
	metaHash  = "df9ef074eaace3b120a50d7c7bf115da88e3695ab95b1e475d7126d740dc2b14"
	trakHash  = "028f820b8d6da82cc2bd5faea84b08c6e514c8ce27ca31db701c94155fc7e700"
	userHash  = "e09f7116383ff562ef27f3dadf8efb4960a868a05790248514d587eb6242eff8"
	statHash  = "7d255816ad92c5b70773e0c50eeb4d503f7428018952c01740c59e572af9e22c"
	kindsHash = "8c1e11f4941348fdc28c0828af862de42e05f65a72791f2032f6e7fa72f9ddad"
	scnfHash  = "39b31cea9d1b34575fcf340607c6449d79192cd94a0b1a17b989c11b12b18afb"
)

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
		{"MstMeta", mstMetaSchema, 8432, 1, 1, 1, metaHash},
		{"MstTrak", mstTrakSchema, 1067595, 1, 1, 1, trakHash},
		{"MstUser", mstUserSchema, 524288, 20968, 1, 0, userHash},
		{"MstStat", mstStatSchema, 16777216, 20945, 1, 0, statHash},
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

// Two more of MistServer's pages, with values in them: all kinds of integers,
// and a DTSC value. 0x101 in a byte is what its own writer made of it.
func TestPutWritesMistServersBytes(t *testing.T) {
	kinds := func(s *Schema, record []byte) error {
		return errors.Join(
			s.Lookup("u1").PutLow(record, 0x101), s.Lookup("u2").PutUint(record, 0x1234), s.Lookup("u3").PutUint(record, 0x123456),
			s.Lookup("u4").PutUint(record, 0x12345678), s.Lookup("u8").PutUint(record, 0x1122334455667788),
			s.Lookup("i3").PutInt(record, -1), s.Lookup("i8").PutInt(record, -2), s.Lookup("s").PutText(record, "hello"),
		)
	}
	settings := func(s *Schema, record []byte) error {
		return s.Lookup("dtsc_data").PutBytes(record, []byte("\xe0\x00\x03DVR\x01\x00\x00\x00\x00\x00\x00\xc3\x50\x00\x06source\x02\x00\x00\x00\x07push://\x00\x00\xee"))
	}
	tests := []struct {
		name    string
		schema  string
		size    int
		records uint32
		present uint32
		put     func(*Schema, []byte) error
		want    string
	}{
		{"kinds", "u1:uint8\nu2:uint16\nu3:0x10:3\nu4:uint32\nu8:uint64\ni3:0x20:3\ni8:int64\ns:string:200", 1024, 2, 1, kinds, kindsHash},
		{"MstSCnf", "dtsc_data:dtsc:38", 138, 1, 0, settings, scnfHash},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			shape := Shape{mustSchema(t, tt.schema), tt.records}
			page := make([]byte, tt.size)
			if err := shape.Build(page, StatusReady); err != nil {
				t.Fatal(err)
			}
			h := mustHeader(t, page)
			h.EndPos, h.Present = 1, tt.present
			h.Encode(page)
			if err := tt.put(shape.Schema, recordAt(page, h, 0)); err != nil {
				t.Fatal(err)
			}
			if sum := sha256.Sum256(page); hex.EncodeToString(sum[:]) != tt.want {
				t.Errorf("page hashes %x, MistServer's %s", sum, tt.want)
			}
		})
	}
}
