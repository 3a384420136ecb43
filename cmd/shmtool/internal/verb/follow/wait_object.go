package follow

import (
	"shmtool/cmd/shmtool/internal/fail"
	"shmtool/cmd/shmtool/internal/object"
	"shmtool/layout/mist"
	"shmtool/relaccx"
)

// ofObject returns the condition on an object of MistServer's that is no page. Only a
// stream's state can be ready; the first bytes of others say nothing of that.
func ofObject(what string, o mist.Object, kind *object.Kind) (waitCondition, error) {
	if what == "ready" && o.Kind == mist.KindState {
		return waitCondition{is: stateReady, byName: true, why: stateText}, nil
	}
	accepted := "use --for exists or --for gone"
	if o.Kind == mist.KindState {
		accepted = "use --for exists, --for gone, or --for ready"
	}
	return waitCondition{}, fail.Hinted(fail.Usagef("--for %s needs a page, and %s is %s", what, mist.EscapeName(o.Name()), kind.Noun), accepted)
}

// stateReady reports whether a stream's state is ready.
func stateReady(t object.Target, _ *relaccx.Page) (bool, error) {
	s, err := object.StateOf(t)
	return err == nil && s.State == mist.StateReady, cured(err)
}

// stateText says what a stream's state is.
func stateText(t object.Target) string {
	s, err := object.StateOf(t)
	switch {
	case err != nil:
		return ""
	case s.State == mist.StateOffline:
		return "its state is offline: " + mist.OfflineMeans
	}
	return "its state is " + s.State.String()
}
