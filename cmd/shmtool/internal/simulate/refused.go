package simulate

import "fmt"

// RefusedError is a stream that a simulation must not make, since an object of
// it is there, or a page of a controller's that it can neither make nor join.
type RefusedError struct {
	Stream string    // "" when it is about the controller
	Object string    // "" when it is another simulation's stream
	Other  *Manifest // the simulation that made it; nil when none did
	Err    error     // why the controller's page cannot be joined
}

func (e *RefusedError) Error() string {
	switch {
	case e.Stream == "":
		return e.Err.Error()
	case e.Other == nil:
		return fmt.Sprintf("stream %q is none of a simulation's, and has %s", e.Stream, e.Object)
	case e.Other.Alive:
		return fmt.Sprintf("stream %q is simulated by process %d already", e.Stream, e.Other.PID)
	}
	return fmt.Sprintf("stream %q was left behind by a simulation that was killed, process %d", e.Stream, e.Other.PID)
}

// Unwrap returns what was wrong with the controller's page.
func (e *RefusedError) Unwrap() error { return e.Err }
