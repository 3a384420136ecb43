package simulate

import (
	"context"
	"errors"
	"os"

	"shmtool/cmd/shmtool/internal/mistserver"
)

// startController makes the controller's pages, or joins those of another
// simulation. A MistServer's are left alone: its streams are none of ours.
func (s *simulation) startController(ctx context.Context) error {
	control, joined, err := mistserver.StartOrJoinController(ctx, mistserver.Place{Dir: s.o.ShmDir})
	what := "made MstGlobalConfig and MstStateLogs"
	var blocked *mistserver.BlockedError
	switch {
	case errors.As(err, &blocked):
		return &RefusedError{Object: blocked.Object, Err: blocked}
	case errors.Is(err, mistserver.ErrForeign):
		what = "beside a MistServer: its controller's pages are left alone"
	case err != nil:
		return err
	case joined:
		what = "joined the controller's pages of another simulation"
	}
	if s.control = control; control != nil {
		for _, name := range s.o.Streams {
			if err := control.Configure(name, s.o.Settings().JSON(name)); err != nil {
				return err
			}
		}
	}
	s.event(Event{Kind: EventStarted, Role: "controller", PID: os.Getpid(), Text: what})
	return nil
}
