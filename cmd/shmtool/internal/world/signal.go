package world

import (
	"os"
	"syscall"
	"time"

	"shmtool/cmd/shmtool/internal/kernel"
)

// DieOf ends the process by a signal, as if nothing had caught it.
func DieOf(sig os.Signal) {
	if sig == syscall.SIGPIPE {
		_, _ = os.Stdout.Write([]byte("\n")) // the runtime takes the signal only from a pipe
		return
	}
	kernel.Die(sig)
	time.Sleep(time.Second)
}
