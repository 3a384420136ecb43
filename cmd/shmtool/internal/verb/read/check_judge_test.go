package read

import (
	"slices"
	"testing"

	"shmtool/layout"
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
