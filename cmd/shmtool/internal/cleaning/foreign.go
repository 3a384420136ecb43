package cleaning

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"syscall"
	"time"

	"shmtool/cmd/shmtool/internal/kernel"
	"shmtool/cmd/shmtool/internal/objectfile"
	"shmtool/cmd/shmtool/internal/pause"
	"shmtool/relaccx"
)

// probes is how often an object is looked at that a process has which is not to be
// seen. Each look at the processes takes milliseconds, and a process that has just
// ended, or that opened an object for a moment, is not met three times.
const probes = 3

// foreign names an object of the directory that a process has open which does not
// show in the table: one of another PID namespace, or of another machine. It is ""
// when there is none, or where the system does not tell. The kernel refuses a lease
// while any process at all has an object open for writing, whatever namespace that
// process is in.
func (o *Options) foreign(ctx context.Context, s *survey) (string, error) {
	suspects, err := o.openUnseen(s, nil)
	for range probes - 1 {
		if err != nil || len(suspects) == 0 {
			return "", err
		}
		if pause.For(ctx, 10*time.Millisecond) != nil {
			return "", ctx.Err()
		}
		now := *s
		now.holdings = s.table.Holdings(interesting)
		if err := s.table.Unread(); err != nil {
			return "", err
		}
		suspects, err = o.openUnseen(&now, suspects)
	}
	for _, name := range suspects {
		return name, err
	}
	return "", err
}

// openUnseen returns the objects that a process has open for writing while no
// process that can be seen has them; among those of before, unless that is nil.
func (o *Options) openUnseen(s *survey, before map[relaccx.Identity]string) (map[relaccx.Identity]string, error) {
	entries, err := os.ReadDir(o.ShmDir)
	if err != nil {
		return nil, err
	}
	found := map[relaccx.Identity]string{}
	for _, entry := range entries {
		f, ok := named(entry.Name())
		if !ok || f.sim != "" {
			continue
		}
		there, err := f.stat(o.ShmDir)
		if err != nil {
			return nil, err
		}
		if !there {
			continue
		}
		if _, suspect := before[f.identity]; before != nil && !suspect {
			continue
		}
		if len(s.holdings.Of(f.identity, f.name)) > 0 {
			continue
		}
		open, err := f.openElsewhere(o.ShmDir)
		if err != nil {
			return nil, err
		}
		if open {
			found[f.identity] = f.name
		}
	}
	return found, nil
}

// openElsewhere reports whether a process has the object open for writing. It is not known
// of an object that you may not read.
func (f *file) openElsewhere(dir string) (bool, error) {
	r, err := objectfile.Open(filepath.Join(dir, f.name))
	switch {
	case kernel.Broken(err):
		return false, err
	case err != nil:
		return false, nil
	}
	defer r.Close() // and with it the lease
	_, err = lease(r)
	return errors.Is(err, errOpened), nil
}

// errOpened: another process has the object open for writing.
var errOpened = errors.New("another process has it open")

// lease asks the system to hold off every process that opens the object for writing,
// as every process of MistServer does, the readers among them. It is false where the
// system does not give leases, and errOpened when a process has the object open for
// writing already. shmtool, which only reads, is not held off.
func lease(f *os.File) (bool, error) {
	err := kernel.Lease(f)
	if errors.Is(err, syscall.EAGAIN) {
		return false, errOpened
	}
	return err == nil, nil
}

// wanted reports whether a process waits to open what we have leased.
func wanted(f *os.File) bool {
	return !kernel.Leased(f)
}
