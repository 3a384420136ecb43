package doctor

import (
	"slices"
	"testing"

	"shmtool/cmd/shmtool/internal/finding"
	"shmtool/cmd/shmtool/internal/streams/streamstest"
	"shmtool/layout"
)

// What befalls a track of metadata, and no picture or sound, does not stop the stream.
func TestBesideMedia(t *testing.T) {
	overfull := func(p *streamstest.Page) {
		p.Nested("parts").Change(func(h *layout.Header) { h.Present = h.RecordCount + 1 }).Ring(100, 100+1801)
	}
	for _, tt := range []struct {
		name  string
		kinds [2]string // of tracks 0 and 1
		fault func(w *streamstest.World, pages [2]*streamstest.Page)
		want  string
	}{
		{"data page of metadata removed", [2]string{"video", "meta"}, func(w *streamstest.World, _ [2]*streamstest.Page) {
			w.Remove("MstDatalive@1_4")
		}, finding.VerdictWarning},
		{"of subtitles", [2]string{"video", "subtitle"}, func(w *streamstest.World, _ [2]*streamstest.Page) {
			w.Remove("MstDatalive@1_4")
		}, finding.VerdictWarning},
		{"of sound", [2]string{"video", "audio"}, func(w *streamstest.World, _ [2]*streamstest.Page) {
			w.Remove("MstDatalive@1_4")
		}, finding.VerdictStuck},
		{"of all tracks", [2]string{"video", "meta"}, func(w *streamstest.World, _ [2]*streamstest.Page) {
			w.Remove("MstDatalive@0_4")
			w.Remove("MstDatalive@1_4")
			w.Object("MstDataother@0_0", make([]byte, 4096)) // else packets are not known to be there
		}, finding.VerdictStuck},
		{"of metadata that is alone", [2]string{"meta", "meta"}, func(w *streamstest.World, _ [2]*streamstest.Page) {
			w.Remove("MstDatalive@1_4")
		}, finding.VerdictStuck},
		{"metadata overwritten", [2]string{"video", "meta"}, func(_ *streamstest.World, pages [2]*streamstest.Page) { overfull(pages[1]) }, finding.VerdictWarning},
		{"a picture overwritten", [2]string{"video", "meta"}, func(_ *streamstest.World, pages [2]*streamstest.Page) { overfull(pages[0]) }, finding.VerdictStuck},
		{"source of both dead", [2]string{"video", "meta"}, func(w *streamstest.World, _ [2]*streamstest.Page) {
			w.Kill(streamstest.SourcePID)
		}, finding.VerdictStuck},
	} {
		t.Run(tt.name, func(t *testing.T) {
			w := streamstest.NewWorld(t)
			meta, _ := w.Sample("live")
			var pages [2]*streamstest.Page
			for i, kind := range tt.kinds {
				meta.Nested("tracks").Set(uint64(i), "type", kind)
				pages[i] = w.SampleTrack("live", i, streamstest.SourcePID, kind, "X")
			}
			tt.fault(w, pages)
			w.Object("MstMetalive", meta.Bytes)
			for i, page := range pages {
				w.Object(streamstest.TrackName("live", streamstest.SourcePID, i), page.Bytes)
			}
			found := Judge(nil, moment(w, false))
			found = slices.DeleteFunc(found, func(f finding.Finding) bool { return f.Stream != "live" })
			if got := finding.Verdict(found); got != tt.want || len(found) == 0 {
				t.Errorf("%s: %+v", got, found)
			}
		})
	}
}
