package simulate

import (
	"errors"
	"slices"
	"time"

	"shmtool/cmd/shmtool/internal/fail"
	"shmtool/cmd/shmtool/internal/finding"
	"shmtool/cmd/shmtool/internal/simulate"
	"shmtool/cmd/shmtool/internal/simulate/drill"
)

// drilled returns the options of a simulation that reproduces the failure of a code.
func drilled(code string, o simulate.Options) (simulate.Options, error) {
	o, err := drill.Of(code, o)
	if errors.Is(err, drill.ErrUnknown) {
		return o, fail.Hinted(fail.Usagef("--fault: %w", err), fail.Among(code, finding.Names(drilledCodes()), finding.ListHint))
	}
	return o, fail.As(fail.Usage, err)
}

// drilledCodes returns the codes that simulate can reproduce.
func drilledCodes() []finding.KnownCode {
	return slices.DeleteFunc(finding.Known(), func(c finding.KnownCode) bool { return !slices.Contains(drill.Codes(), c.Name) })
}

// drillTime is how long the failure lasts that --fault reproduces, without --for.
const drillTime = 30 * time.Second
