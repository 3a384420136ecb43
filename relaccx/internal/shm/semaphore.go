package shm

import (
	"math"
	"sync/atomic"
	"time"
	"unsafe"
)

// Semaphore is the living part of a semaphore as the 64-bit glibc has it: one
// word of 64 bits, its value in the low half and how many wait in the high
// one. The low half is what is slept on. Partners of each operation are those
// of the same name here and glibc's sem_wait, sem_trywait and sem_post in other
// processes; all of them change the word by compare-and-swap or addition.
type Semaphore struct{ word *atomic.Uint64 }

const (
	oneWaiter    = 1 << 32
	valueMask    = oneWaiter - 1
	semaphoreMax = math.MaxInt32 // SEM_VALUE_MAX
)

// SemaphoreAt returns the semaphore at the start of mapped, which begins at a page of
// memory and has at least 8 bytes.
func SemaphoreAt(mapped []byte) Semaphore {
	_ = mapped[7]
	return Semaphore{(*atomic.Uint64)(unsafe.Pointer(unsafe.SliceData(mapped)))}
}

// Load returns one look at both halves.
func (s Semaphore) Load() (value, waiters uint32) {
	v := s.word.Load()
	return uint32(v), uint32(v >> 32)
}

// Take takes one from the value, and reports whether it could: not from 0.
func (s Semaphore) Take() bool { return s.take(1) }

// TakeListed returns Take for a caller that Enlist has made a waiter. When it succeeds,
// the caller stops being a waiter in the same step.
func (s Semaphore) TakeListed() bool { return s.take(1 + oneWaiter) }

func (s Semaphore) take(less uint64) bool {
	for {
		v := s.word.Load()
		if v&valueMask == 0 {
			return false
		}
		if s.word.CompareAndSwap(v, v-less) {
			return true
		}
	}
}

// Enlist makes the caller one that posts are told to.
func (s Semaphore) Enlist() { s.word.Add(oneWaiter) }

// Leave ends Enlist without the semaphore. A wake-up that was meant for the
// caller goes to the next one.
func (s Semaphore) Leave() {
	v := s.word.Add(^uint64(oneWaiter - 1))
	if v&valueMask != 0 && v>>32 != 0 {
		s.wake()
	}
}

// Sleep waits until a process posts, at most for timeout, unless the value is not 0. The
// caller looks again in any case.
func (s Semaphore) Sleep(timeout time.Duration) {
	_, _ = sleepOn(unsafe.Pointer(s.word), 0, timeout)
}

// Stir ends the Sleep of all who sleep, and gives nothing back.
func (s Semaphore) Stir() {
	wakeSleepers(unsafe.Pointer(s.word), everybody)
}

// Post adds one to the value and wakes one that waits. It is false, and
// nothing is changed, when the value can grow no more.
func (s Semaphore) Post() bool {
	for {
		v := s.word.Load()
		if v&valueMask >= semaphoreMax {
			return false
		}
		if !s.word.CompareAndSwap(v, v+1) {
			continue
		}
		if v>>32 != 0 {
			s.wake()
		}
		return true
	}
}

func (s Semaphore) wake() {
	wakeSleepers(unsafe.Pointer(s.word), 1)
}
