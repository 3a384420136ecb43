package mist

import (
	"slices"
	"testing"
)

func TestCompareRemoval(t *testing.T) {
	want := []string{
		"MstMetalive", "MstDatalive@0_0", "MstDatalive@0_12", "MstDatalive@1_0", "MstTraklive@9-0", "MstTraklive@9-1", "MstUserlive",
		"MstSTATElive", "MstIPIDlive", "MstPPIDlive", "MstSCnflive",
		"sem.MstSemTRKSlive", "sem.MstSemUserlive", "sem.MstSemPull_live", "sem.MstSemInptlive",
	}
	var all []Object
	for _, name := range want {
		o, ok := ParseName(name)
		if !ok || o.Kind != KindSemaphore && !o.Kind.BelongsToStream() {
			t.Fatalf("%s: %+v", name, o)
		}
		all = append([]Object{o}, all...)
	}
	slices.SortFunc(all, CompareRemoval)
	for i, o := range all {
		if o.Name() != want[i] {
			t.Errorf("%d: %s, want %s", i, o.Name(), want[i])
		}
	}
	if KindGlobal.BelongsToStream() || KindPush.BelongsToStream() {
		t.Error("the controller's pages are of one stream")
	}
}
