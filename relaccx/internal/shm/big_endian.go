//go:build armbe || arm64be || m68k || mips || mips64 || mips64p32 || ppc || ppc64 || s390 || s390x || shbe || sparc || sparc64

package shm

// RelAccX stores numbers with their lowest byte first, and the futexes of pages and
// semaphores are numbers of the CPU. A CPU that stores the highest byte first would
// sleep and wake on the wrong values, so shmtool does not build for it.
var _ = shmtool_needs_a_little_endian_CPU
