package object

import (
	"shmtool/cmd/shmtool/internal/out"
	"shmtool/dump"
	"shmtool/layout"
	"shmtool/layout/mist"
)

// oldKind is what MistServer 2.x makes. It is named, and left alone: its bytes are not
// looked at, because nothing says which of them are secret.
var oldKind = &Kind{
	Noun:  "an object of MistServer 2.x",
	names: []mist.Kind{mist.KindOld},
	view: func(o *Object, _ *out.Printer, _ Selection) (*content, error) {
		facts := append(o.head(),
			dump.Fact{Name: "about", Value: mist.OldMeans},
			dump.Fact{Name: "bytes", Value: o.info.Size()})
		part := dump.HexPart{Size: int(o.info.Size()), Name: "unknown", Value: mist.OldMeans}
		return &content{document: &dump.Facts{Schema: "shmtool.mist-2.x/1", Facts: facts}, parts: partsOf([]dump.HexPart{part})}, nil
	},
	check: func(*Object) ([]layout.Finding, string, error) { return nil, ": its metadata is not RelAccX", nil },
}
