package simulate

import (
	"context"
	"os"
	"os/signal"

	"shmtool/cmd/shmtool/internal/kernel"
	"shmtool/cmd/shmtool/internal/mistserver"
)

// Quirk is what a part does otherwise than MistServer's process does. A field that
// is nil or false changes nothing.
type Quirk struct {
	// Run replaces the work of the part's role. It calls ready once it has begun.
	Run func(ctx context.Context, ready func(count int)) error

	Describe func(*mistserver.TrackInfo)                       // changes what a source says of its track
	Added    func(*mistserver.Track) error                     // follows a source's adding of its track
	Packet   func(*mistserver.Track, *mistserver.Packet) error // changes a packet before a source stamps and sends it
	Begin    func(*mistserver.Buffer) error                    // runs in a buffer that gets BeginSignal
	Restarts bool                                              // an angel starts another buffer after one that has crashed, once
}

// BeginSignal tells a buffer to call its quirk's Begin.
const BeginSignal = kernel.SIGUSR1

// toldToBegin returns a channel that BeginSignal comes from, nil if the quirk has no
// Begin.
func (q Quirk) toldToBegin() <-chan os.Signal {
	if q.Begin == nil {
		return nil
	}
	told := make(chan os.Signal, 1)
	signal.Notify(told, BeginSignal)
	return told
}
