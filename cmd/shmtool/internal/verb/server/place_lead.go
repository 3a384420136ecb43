package server

import (
	"regexp"
	"sync"

	"shmtool/cmd/shmtool/internal/finding"
)

// ownCommand begins the remedies that are shmtool's own commands, with what they name
// besides a place, in the PID namespace of the processes.
var ownCommand = sync.OnceValue(func() *regexp.Regexp {
	return regexp.MustCompile(`^(?:nsenter -t \d+ -p )?shmtool (clean|dump|rm|check|set|ls)\b`)
})

// leadHere adds to the remedies the flags that lead to the place that was examined.
func leadHere(placeFlags string, found []finding.Finding) {
	for i := range found {
		if at := ownCommand().FindStringIndex(found[i].Remedy); at != nil {
			found[i].Remedy = found[i].Remedy[:at[1]] + placeFlags + found[i].Remedy[at[1]:]
		}
	}
}
