package read

import (
	"slices"
	"testing"

	"shmtool/layout"
	"shmtool/layout/mist"
)

// A page that is nested in an unused row need not be ready.
func TestCheckUnusedRows(t *testing.T) {
	found := []layout.Finding{
		{Code: layout.CodeNotReady, Path: ":protocols@0"},
		{Code: layout.CodeNotReady, Path: ":protocols@1"},
		{Code: layout.CodeNotReady, Path: ":streams@2:inner@0"},
		{Code: layout.CodeInvalidPage, Path: ":streams@2"},
		{Code: layout.CodeNotReady},
	}
	want := []layout.Finding{found[0], found[3], found[4]}
	if got := withoutUnused(slices.Clone(found), layout.Window{First: 0, End: 1}); !slices.Equal(got, want) {
		t.Errorf("%+v, want %+v", got, want)
	}
}

// An external writer with more protocols than an old MistServer makes room for is a
// note; any other invalid page stays an error.
func TestCheckOverrunOfProtocols(t *testing.T) {
	bad := layout.Finding{Code: layout.CodeInvalidPage, Severity: layout.Error, Path: ":protocols@0", Message: "records run past the end of the page: rcount: 6"}
	other := bad
	other.Message = "field_offset is below the header: 3"
	whole := layout.Finding{Code: layout.CodeInvalidPage, Severity: layout.Error}
	for _, tt := range []struct {
		page string
		f    layout.Finding
		want layout.Severity
	}{{"MstExtWriters", bad, layout.Note}, {"MstExtWriters", other, layout.Error}, {"MstExtWriters", whole, layout.Error}, {"MstCameras", bad, layout.Error}} {
		if got := overrun(mist.Lookup(tt.page), []layout.Finding{tt.f})[0].Severity; got != tt.want {
			t.Errorf("%s%s: %v, want %v", tt.page, tt.f.Path, got, tt.want)
		}
	}
}
