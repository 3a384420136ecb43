package mist

import (
	"crypto/sha256"
	"encoding/hex"
	"testing"

	"shmtool/layout"
)

// The hashes are those of pages that MistServer's own library made.
func TestTemplatesBuildMistServersBytes(t *testing.T) {
	for kind, want := range map[Kind]string{
		KindMeta:       "df9ef074eaace3b120a50d7c7bf115da88e3695ab95b1e475d7126d740dc2b14",
		KindTrack:      "028f820b8d6da82cc2bd5faea84b08c6e514c8ce27ca31db701c94155fc7e700",
		KindUsers:      "e09f7116383ff562ef27f3dadf8efb4960a868a05790248514d587eb6242eff8",
		KindStatistics: "7d255816ad92c5b70773e0c50eeb4d503f7428018952c01740c59e572af9e22c",
	} {
		template, ok := kind.Template()
		if !ok {
			t.Fatalf("%s has no template", kind)
		}
		page := make([]byte, template.Size)
		if err := template.Build(page, layout.StatusReady); err != nil {
			t.Fatal(err)
		}
		if sum := sha256.Sum256(page); hex.EncodeToString(sum[:]) != want {
			t.Errorf("%s hashes %x, MistServer's %s", kind, sum, want)
		}
	}
}

func TestConfigTemplateBuildsMistServersBytes(t *testing.T) {
	packed := "\xe0\x00\x03DVR\x01\x00\x00\x00\x00\x00\x00\xc3\x50\x00\x06source\x02\x00\x00\x00\x07push://\x00\x00\xee"
	template := ConfigTemplate(uint32(len(packed)))
	page := make([]byte, template.Size)
	if err := template.Build(page, layout.StatusReady); err != nil {
		t.Fatal(err)
	}
	h, err := template.Header()
	if err != nil {
		t.Fatal(err)
	}
	copy(page[h.Offset:], packed)
	const want = "39b31cea9d1b34575fcf340607c6449d79192cd94a0b1a17b989c11b12b18afb"
	if sum := sha256.Sum256(page); hex.EncodeToString(sum[:]) != want {
		t.Errorf("page hashes %x, MistServer's %s", sum, want)
	}
}

// Where records begin, how large they are and how many fit, as seen on pages of
// MistServer's own.
func TestTemplateShapes(t *testing.T) {
	tests := []struct {
		kind     Kind
		offset   uint16
		record   uint32
		capacity uint32 // of the memory that it reckons with
		memory   int
	}{
		{KindUsers, 64, 25, 20968, 524288},
		{KindStatistics, 157, 801, 20945, 16777216},
		{KindSession, 140, 209, 5016, 1048576},
		{KindGlobal, 193, 504, 7, 4096},
		{KindLogs, 75, 784, 1337, 1048576},
		{KindAccess, 102, 540, 1941, 1048576},
		{KindStreams, 97, 673, 1557, 1048576},
		{KindKeys, 49, 384, 2730, 1048576},
		{KindTriggers, 73, 641, 51, 32768},
		{KindJWK, 68, 8417, 996, 8388608},
		{KindVariables, 88, 688, 95, 65536},
		{KindWriters, 62, 544, 1927, 1048576},
		{KindConnectors, 46, 520, 251, 131072},
	}
	for _, tt := range tests {
		template, ok := tt.kind.Template()
		if !ok {
			t.Errorf("%s has no template", tt.kind)
			continue
		}
		h, err := template.Header()
		if err != nil {
			t.Fatal(err)
		}
		if h.Offset != tt.offset || h.RecordSize != tt.record {
			t.Errorf("%s: records of %d bytes at %d, want %d at %d", tt.kind, h.RecordSize, h.Offset, tt.record, tt.offset)
		}
		fit := uint32((tt.memory - int(h.Offset)) / int(h.RecordSize))
		if fit != tt.capacity || template.RecordCount > 1 && template.RecordCount != tt.capacity {
			t.Errorf("%s: %d records fit, template has %d, want %d", tt.kind, fit, template.RecordCount, tt.capacity)
		}
		if want := max(tt.memory, template.Size); template.Size != want {
			t.Errorf("%s: %d bytes", tt.kind, template.Size)
		}
	}
	if len(tests) != len(templates) {
		t.Errorf("%d templates, %d tested", len(templates), len(tests))
	}
}

func TestTrackTemplates(t *testing.T) {
	tests := []struct {
		name     string
		template Template
		size     int
		offset   uint16
	}{
		{"default", TrackTemplate(DefaultTrackRoom), 1067595, 211},
		{"keys doubled", TrackTemplate(TrackRoom{60, 120, 1800, 10}), 1069995, 211},
		{"parts doubled", TrackTemplate(TrackRoom{60, 60, 3600, 10}), 1081995, 211},
		{"parts of 5 bytes of size", TrackTemplate(TrackRoom{60, 60, 14400, 10}), 1168395, 213},
		{"raw", RawTrackTemplate(115200), 207 + 1049070 + 115208*90, 181},
		{"raw, small", RawTrackTemplate(100), 207 + 1049070 + 108*90, 179},
		{"2 tracks", MetaTemplate(2), 4638, 147},
		{"4 tracks", MetaTemplate(DefaultTracks), 8432, 147},
	}
	for _, tt := range tests {
		page := make([]byte, tt.template.Size)
		if err := tt.template.Build(page, layout.StatusReady); err != nil {
			t.Errorf("%s: %v", tt.name, err)
			continue
		}
		h, err := layout.DecodeHeader(page)
		if err != nil {
			t.Fatal(err)
		}
		if len(page) != tt.size || h.Offset != tt.offset {
			t.Errorf("%s: %d bytes, records at %d, want %d and %d", tt.name, len(page), h.Offset, tt.size, tt.offset)
		}
		for _, f := range layout.CheckPage(page, h) {
			if f.Severity > layout.Note {
				t.Errorf("%s: %+v", tt.name, f)
			}
		}
	}
}

func TestTemplateErrors(t *testing.T) {
	broken := Template{Schema: "x"}
	if _, err := broken.Header(); err == nil {
		t.Error("a schema that does not parse has a header")
	}
	if err := broken.Build(nil, 0); err == nil {
		t.Error("a schema that does not parse is built")
	}
	if err := MetaTemplate(4).Build(make([]byte, 100), 0); err == nil {
		t.Error("a page is built into less than it takes")
	}
	if _, ok := KindConfig.Template(); ok {
		t.Error("settings are all alike")
	}
}
