package simulate

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"time"

	"shmtool/cmd/shmtool/internal/live"
	"shmtool/relaccx"
)

// startController makes the controller's pages, or joins those of another
// simulation. A MistServer's are left alone: its streams are none of ours.
func (s *simulation) startController(ctx context.Context) error {
	control, what, err := openController(ctx, live.Place{Dir: s.o.ShmDir})
	if err != nil {
		return err
	}
	s.control = control
	if control != nil {
		for _, name := range s.o.Streams {
			if err := control.Configure(name, s.o.settings().JSON(name)); err != nil {
				return err
			}
		}
	}
	s.event(Event{Kind: EventStarted, Role: "controller", PID: os.Getpid(), Text: what})
	return nil
}

// controllerTime is how long another simulation may take to make, or to remove, the
// two pages of a controller.
const controllerTime = time.Second

// openController gives the controller, nil beside a MistServer's, and says which it
// is. A *RefusedError where one of its pages is there that nobody can join.
func openController(ctx context.Context, p live.Place) (c *live.Controller, what string, err error) {
	for until := time.Now().Add(controllerTime); ; wait(ctx, tick/10) {
		c, err = live.StartController(p)
		if !errors.Is(err, fs.ErrExist) {
			return c, "made MstGlobalConfig and MstStateLogs", err
		}
		there := pageOf(err)
		c, err = live.JoinController(p)
		changing := errors.Is(err, fs.ErrNotExist) || errors.Is(err, relaccx.ErrNotReady)
		switch {
		case err == nil:
			return c, "joined the controller's pages of another simulation", nil
		case errors.Is(err, live.ErrForeign):
			return nil, "beside a MistServer: its controller's pages are left alone", nil
		case errors.Is(err, fs.ErrPermission) || ctx.Err() != nil:
			return nil, "", err
		case !changing || time.Now().After(until):
			return nil, "", &RefusedError{Object: there, Err: err}
		}
	}
}

// pageOf is the page that an error is about.
func pageOf(err error) string {
	var page *relaccx.PageError
	if errors.As(err, &page) {
		return page.Page
	}
	return ""
}
