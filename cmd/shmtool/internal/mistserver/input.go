package mistserver

import (
	"errors"
	"fmt"
	"io/fs"
	"os"

	"shmtool/layout/mist"
	"shmtool/relaccx/semaphore"
)

// Input is the part of an input's parent, which MistServer calls the angel: it
// holds MstSemInpt as long as it lives, and MstIPID says who it is.
type Input struct {
	place  Place
	stream string
	lock   *semaphore.Semaphore
	state  *os.File
}

// LockInput takes MstSemInpt and makes MstSTATE (init) and MstIPID. pid is the
// input's; 0 is this process. fs.ErrExist, naming it, when the stream has an object
// already.
func LockInput(p Place, stream string, pid int) (*Input, error) {
	if err := p.refuseStream(stream); err != nil {
		return nil, err
	}
	if pid == 0 {
		pid = os.Getpid()
	}
	// It is made held, so that no process comes between.
	lock, err := semaphore.Create(p.path(lockOf(stream, mist.LockInput)), 0, p.mode())
	if err != nil {
		return nil, err
	}
	i := &Input{place: p, stream: stream, lock: lock}
	i.state, err = p.createFile(stateOf(stream), mist.State{State: mist.StateInit}.Encode())
	if err != nil {
		return nil, errors.Join(err, i.unlock())
	}
	id, err := p.createFile(inputOf(stream), mist.EncodePID(uint64(pid)))
	if err != nil {
		return nil, errors.Join(err, p.remove(stateOf(stream)), i.state.Close(), i.unlock())
	}
	return i, id.Close()
}

// refuseStream returns fs.ErrExist when there is an object of the stream other than
// its configuration.
func (p Place) refuseStream(stream string) error {
	names, err := Objects(p, stream)
	for _, name := range names {
		if o, _ := mist.ParseName(name); o.Kind != mist.KindConfig {
			return fmt.Errorf("stream %q: object %q: %w", stream, name, fs.ErrExist)
		}
	}
	return err
}

func (i *Input) unlock() error { return errors.Join(i.lock.Remove(), i.lock.Close()) }

// SetState writes MstSTATE.
func (i *Input) SetState(s mist.StreamState, progress uint8) error {
	return writeState(i.state, i.stream, s, progress)
}

// SetState writes a stream's MstSTATE, as the input's child does. fs.ErrNotExist
// when there is none.
func SetState(p Place, stream string, s mist.StreamState, progress uint8) error {
	f, err := os.OpenFile(p.path(stateOf(stream)), os.O_RDWR, 0)
	if err != nil {
		return named("set", stateOf(stream), err)
	}
	return errors.Join(writeState(f, stream, s, progress), f.Close())
}

func writeState(f *os.File, stream string, s mist.StreamState, progress uint8) error {
	_, err := f.WriteAt(mist.State{State: s, Progress: progress}.Encode(), 0)
	if err != nil {
		return named("set", stateOf(stream), err)
	}
	return nil
}

// readState returns what MstSTATE says; a stream without one is off.
func readState(p Place, stream string) (mist.StreamState, error) {
	b, err := os.ReadFile(p.path(stateOf(stream)))
	if errors.Is(err, fs.ErrNotExist) {
		return mist.StateOff, nil
	}
	if err != nil {
		return mist.StateOff, named("read", stateOf(stream), err)
	}
	s, err := mist.DecodeState(b)
	return s.State, err
}

// Close removes MstSTATE, MstIPID and the semaphore, which is not given back: it
// is no more.
func (i *Input) Close() error {
	return errors.Join(
		i.place.remove(stateOf(i.stream)), i.state.Close(),
		i.place.remove(inputOf(i.stream)),
		i.unlock())
}
