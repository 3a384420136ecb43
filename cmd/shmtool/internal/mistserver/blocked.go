package mistserver

import (
	"context"
	"errors"
	"io/fs"
	"time"

	"shmtool/cmd/shmtool/internal/pause"
	"shmtool/relaccx"
)

// BlockedError is a page of a controller's that is there, and that is no
// simulation's to join.
type BlockedError struct {
	Object string // its name
	Err    error  // why not
}

// Error names the page, and what is wrong with it or with the other one.
func (e *BlockedError) Error() string {
	text := e.Object + " is none of a simulation's: "
	var page *relaccx.PageError
	switch {
	case !errors.As(e.Err, &page):
		return text + e.Err.Error()
	case errors.Is(e.Err, fs.ErrNotExist):
		return text + "there is no " + page.Page + " beside it"
	case page.Page != e.Object:
		return text + page.Page + " beside it: " + page.Err.Error()
	}
	return text + page.Err.Error()
}

// Unwrap returns the cause.
func (e *BlockedError) Unwrap() error { return e.Err }

// controllerTime is how long another simulation may take to make, or to remove, the
// two pages of a controller.
const controllerTime = time.Second

// StartOrJoinController does what StartController does, or JoinController where the
// pages are there. ErrForeign where they are a MistServer's, a *BlockedError where
// one is there that no simulation can join.
func StartOrJoinController(ctx context.Context, p Place) (c *Controller, joined bool, err error) {
	until := time.Now().Add(controllerTime)
	for {
		c, err = StartController(p)
		if !errors.Is(err, fs.ErrExist) {
			return c, false, err
		}
		blocked := &BlockedError{}
		var page *relaccx.PageError
		if errors.As(err, &page) {
			blocked.Object = page.Page
		}
		c, err = JoinController(p)
		changing := errors.Is(err, fs.ErrNotExist) || errors.Is(err, relaccx.ErrNotReady)
		switch {
		case err == nil:
			return c, true, nil
		case errors.Is(err, ErrForeign), errors.Is(err, fs.ErrPermission):
			return nil, false, err
		case !changing || time.Now().After(until):
			blocked.Err = err
			return nil, false, blocked
		}
		if err := pause.For(ctx, openFirst); err != nil {
			return nil, false, err
		}
	}
}
