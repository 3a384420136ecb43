//go:build linux && amd64 && !elsewhere

package faults

import (
	"errors"
	"runtime"
	"sync/atomic"
	"syscall"
	"testing"
	"unsafe"

	"golang.org/x/sys/unix"

	"shmtool/cmd/shmtool/internal/sandbox"
)

// A listener is asked by the kernel before each of some system calls of the processes that it
// starts, and answers instead of the kernel.
type listener struct {
	fd     int
	thread int         // that starts the processes, and is asked about as well
	start  chan func() // called on that thread
	closed atomic.Bool
	answer func(call) reply
}

// reply is what a process gets that waits for the answer to its call; the zero reply lets the
// kernel make the call.
type reply struct {
	made  bool          // for the kernel, with the error
	errno syscall.Errno // 0: it succeeds
	none  bool          // the process has ended, and waits for no answer
}

// asked and answer are the kernel's struct seccomp_notif and struct seccomp_notif_resp.
type asked struct {
	id           uint64
	thread       uint32
	_            uint32
	number       int32
	architecture uint32
	instruction  uint64
	arguments    [6]uint64
}

type answer struct {
	id    uint64
	value int64
	err   int32
	flags uint32
}

const (
	receive = 0xc0502100 // SECCOMP_IOCTL_NOTIF_RECV
	respond = 0xc0182101 // SECCOMP_IOCTL_NOTIF_SEND
	goOn    = 1          // SECCOMP_USER_NOTIF_FLAG_CONTINUE
)

// newListener returns one. The test is skipped where the kernel gives none.
func newListener(t *testing.T, rules []sandbox.Rule, answer func(call) reply) *listener {
	t.Helper()
	l := &listener{start: make(chan func()), answer: answer}
	ready := make(chan error)
	go func() {
		runtime.LockOSThread() // for ever: the thread ends with the goroutine
		var err error
		l.thread = unix.Gettid()
		l.fd, err = sandbox.Listen(rules)
		ready <- err
		for do := range l.start {
			do()
		}
	}()
	if err := <-ready; err != nil {
		t.Skip(err)
	}
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		l.serve()
	}()
	t.Cleanup(func() {
		close(l.start)
		l.closed.Store(true)
		<-ended
		_ = unix.Close(l.fd)
	})
	return l
}

// serve answers the kernel until the listener is closed.
func (l *listener) serve() {
	for !l.closed.Load() {
		poll := []unix.PollFd{{Fd: int32(l.fd), Events: unix.POLLIN}}
		if _, err := unix.Poll(poll, 100); err != nil && !errors.Is(err, unix.EINTR) {
			panic(err)
		}
		if poll[0].Revents&unix.POLLIN == 0 {
			continue
		}
		var q asked
		if _, _, errno := unix.Syscall(unix.SYS_IOCTL, uintptr(l.fd), receive, uintptr(unsafe.Pointer(&q))); errno != 0 {
			continue // the process died meanwhile
		}
		a := answer{id: q.id, flags: goOn}
		if int(q.thread) != l.thread {
			r := l.answer(call{uintptr(q.number), q.arguments, q.thread})
			if r.none {
				continue
			}
			if r.made {
				a.flags, a.err = 0, -int32(r.errno)
			}
		}
		_, _, _ = unix.Syscall(unix.SYS_IOCTL, uintptr(l.fd), respond, uintptr(unsafe.Pointer(&a)))
	}
}
