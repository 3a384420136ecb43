package cli

import (
	"os"
	"reflect"
	"strings"
	"testing"
)

// The linker tells a version where there is no git to ask, by the name that .ci/packages has.
func TestVersionOfTheLinker(t *testing.T) {
	packages, err := os.ReadFile("../../../../.ci/packages")
	if err != nil {
		t.Fatal(err)
	}
	if flag := " -X " + reflect.TypeFor[Command]().PkgPath() + ".version=v$version"; !strings.Contains(string(packages), flag) {
		t.Errorf(".ci/packages has no %q", flag)
	}
	version = "v1.2.3"
	defer func() { version = "" }()
	if got := Version(); got != version {
		t.Errorf("the version is %q", got)
	}
}
