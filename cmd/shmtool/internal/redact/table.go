package redact

import (
	"shmtool/layout"
	"shmtool/layout/mist"
)

// treatment is what becomes of the value of a field. The zero treatment is that of a
// field that nothing is said about.
type treatment uint8

const (
	blanks   treatment = iota // zeros
	keeps                     // as it is: it is the same on every server
	texts                     // a text: harmless words stay
	secrets                   // replaced as a whole, and looked for in all other texts
	names                     // the name of a stream
	pages                     // the name of an object
	address                   // the binary address of a host
	socket                    // the binary address of a socket
	packed                    // a packed value: its texts are treated, by the names of its members
	lists                     // a list of names
	initData                  // bytes behind their length, which alone is kept
)

// fields are the treatments of the fields of a page, by name. Numbers are kept without
// being in it; all others are blank without it.
type fields map[string]treatment

// numbers marks a page that has nothing but numbers.
var numbers = fields{}

// treatments are those of all kinds of pages, and of the pages nested in them by the
// names of their fields. The test goes through mist.Kinds.
var treatments = map[mist.Kind]map[string]fields{
	mist.KindMeta: {
		"":       {"source": texts},
		"tracks": {"type": texts, "codec": texts, "page": pages, "encryption": secrets, "ivec": blanks, "widevine": secrets, "playready": secrets},
	},
	mist.KindTrack: {
		"":      {"type": texts, "codec": texts, "lang": texts, "init": initData},
		"parts": numbers, "keys": numbers, "fragments": numbers, "pages": numbers,
		"frames": {"data": blanks},
	},
	mist.KindUsers:      {"": numbers},
	mist.KindSession:    {"": {"host": address, "stream": names, "connector": texts}},
	mist.KindStatistics: {"": {"host": address, "stream": names, "connector": texts, "tags": texts, "sessid": texts}},
	mist.KindConfig:     {"": {"dtsc_data": packed}},
	mist.KindCapability: {"": {"dtsc_data": packed}},
	mist.KindProtocols:  {"": {"dtsc_data": packed}},
	mist.KindProxies:    {"": {"proxy_data": blanks}},
	mist.KindGlobal:     {"": {"defaultStream": names, "udpApi": texts, "iid": secrets, "hrn": secrets}},
	mist.KindLogs:       {"": {"kind": texts, "msg": texts, "strm": names, "exe": texts, "line": texts}},
	mist.KindAccess:     {"": {"session": texts, "stream": names, "connector": texts, "host": texts, "tags": texts}},
	mist.KindStreams:    {"": {"stream": names, "tags": texts}},
	mist.KindKeys:       {"": {"key": secrets, "stream": names}},
	mist.KindTriggers:   {"": {"url": texts, "streams": lists, "params": texts, "default": texts}},
	mist.KindJWK:        {"": {"kid": secrets, "kty": texts, "key": secrets, "stream": texts}},
	mist.KindVariables:  {"": {"name": texts, "target": texts, "lastVal": secrets}},
	mist.KindWriters:    {"": {"name": texts, "cmdline": texts, "protocols": lists}},
	mist.KindConnectors: {"": {"cmd": texts}},
	mist.KindCameras: {
		"":          {"id": secrets, "name": secrets, "status": texts, "host": secrets, "protocol": texts, "webControlUrl": texts, "serialNumber": secrets},
		"protocols": {"type": texts, "username": secrets, "password": secrets},
		"streams":   {"uri": texts},
	},
	mist.KindUDPProxy: {"": {"local": socket, "remote": socket}},
}

// others are the kinds that are no pages, with what makes a copy of their bytes. Kinds
// that are in neither table are blank.
var others = map[mist.Kind]func(r *Redactor, dst, src []byte){
	mist.KindData:      (*Redactor).packets,
	mist.KindState:     func(_ *Redactor, dst, src []byte) { copyFirst(dst, src, stateSizes...) },
	mist.KindInputPID:  func(_ *Redactor, dst, src []byte) { copyFirst(dst, src, mist.PIDSize) },
	mist.KindPullPID:   func(_ *Redactor, dst, src []byte) { copyFirst(dst, src, mist.PIDSize) },
	mist.KindPush:      (*Redactor).pushes,
	mist.KindProcess:   (*Redactor).processState,
	mist.KindPressure:  func(_ *Redactor, dst, src []byte) { copyFirst(dst, src, mist.PressureSize) },
	mist.KindAttempt:   func(_ *Redactor, dst, src []byte) { copyFirst(dst, src, mist.AttemptSize) },
	mist.KindOld:       func(*Redactor, []byte, []byte) {}, // blank: nothing is known of the bytes
	mist.KindSemaphore: semaphore,
	mist.KindTemporary: semaphore,
}

// treatmentOf returns the treatment of a field of a page, which is nil where it is not
// known.
func treatmentOf(info *mist.PageInfo, f *layout.Field) treatment {
	if info == nil {
		return blanks
	}
	table, known := treatments[info.Kind][info.Path]
	if !known {
		return blanks
	}
	if t, said := table[f.Name]; said {
		return t
	}
	if _, said := info.Meaning(f.Name); said && (f.Kind() == layout.Uint || f.Kind() == layout.Int) {
		return keeps
	}
	return blanks
}
