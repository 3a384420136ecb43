package semaphore

import (
	"context"
	"errors"
	"fmt"
	"os"
	"runtime"
	"strings"
	"syscall"
	"testing"
	"time"
)

// A waiter sleeps on until its context ends or another process posts: shmtool doctor takes a
// process that is awake for one that does not wait for the lock.
func TestSemaphoreSleepsOn(t *testing.T) {
	sem, _ := newSemaphore(t, 0)
	ctx, cancel := context.WithCancel(t.Context())
	ended, thread := make(chan error), make(chan int, 1)
	go func() {
		runtime.LockOSThread()
		thread <- syscall.Gettid()
		ended <- sem.Wait(ctx)
	}()
	status := fmt.Sprintf("/proc/self/task/%d/status", <-thread)
	untilWaiters(t, sem, 1)
	before := sleepsOf(t, status)
	time.Sleep(300 * time.Millisecond)
	if n := sleepsOf(t, status) - before; n > 1 { // the first sleep may come only now
		t.Errorf("it woke up %d times", n)
	}
	cancel()
	if err := <-ended; !errors.Is(err, context.Canceled) {
		t.Errorf("cancelled: %v", err)
	}
	wantValue(t, sem, 0, 0)
}

// sleepsOf returns how often a thread has gone to sleep, by its status file.
func sleepsOf(t *testing.T, status string) int {
	t.Helper()
	text, err := os.ReadFile(status)
	_, after, _ := strings.Cut(string(text), "\nvoluntary_ctxt_switches:")
	var n int
	if _, scan := fmt.Sscan(after, &n); err != nil || scan != nil {
		t.Fatal(err, scan)
	}
	return n
}
