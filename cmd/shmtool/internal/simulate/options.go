package simulate

import (
	"fmt"
	"strings"
	"time"

	"shmtool/cmd/shmtool/internal/mistserver"
)

// Options are what a simulation is to be.
type Options struct {
	ShmDir   string
	Streams  []string
	Tracks   int           // of each stream
	Viewers  int           // of each stream
	FPS      int           // of video tracks
	GOP      int           // frames from key to key
	DVR      time.Duration // how much the buffer keeps
	Backlog  time.Duration // how much the sources have when they begin
	Idle     time.Duration // after which a track without packets is removed
	Resume   bool          // tracks outlive their sources
	Duration time.Duration // from when all viewers watch; 0: until told
	Drill    Drill         // a failure to bring about; zero: none
}

// The bounds of Options.
const (
	MaxTracks  = 1000
	MaxViewers = 1000
	MaxFPS     = 240
	maxGOP     = 20000 // of frames of deltaSize, in a data page that others fill up to where it flips
	maxStream  = 100   // bytes of a name: what MistServer's own fields have room for
)

// Check says what of the options cannot be.
func (o Options) Check() error {
	switch {
	case o.Tracks < 1 || o.Tracks > MaxTracks:
		return fmt.Errorf("a stream has 1 to %d tracks, not %d", MaxTracks, o.Tracks)
	case o.Viewers < 0 || o.Viewers > MaxViewers:
		return fmt.Errorf("a stream has 0 to %d viewers, not %d", MaxViewers, o.Viewers)
	case o.FPS < 1 || o.FPS > MaxFPS:
		return fmt.Errorf("video has 1 to %d frames a second, not %d", MaxFPS, o.FPS)
	case o.GOP < 1:
		return fmt.Errorf("from key frame to key frame there is at least 1 frame, not %d", o.GOP)
	case o.longestGOP() > maxGOP:
		return fmt.Errorf("a data page has room for %d frames from key to key, and --gop %d comes to more", maxGOP, o.GOP)
	case o.DVR < time.Second:
		return fmt.Errorf("--dvr %v: MistServer's window is at least 1s", o.DVR)
	case o.Idle < time.Second:
		return fmt.Errorf("--idle %v: MistServer's idle time is at least 1s", o.Idle)
	case o.Backlog < 0 || o.Backlog > time.Hour:
		return fmt.Errorf("--backlog %v: a source begins with 0s to 1h of packets", o.Backlog)
	case o.Duration < 0:
		return fmt.Errorf("--for %v is below 0", o.Duration)
	case o.Drill.After < 0:
		return fmt.Errorf("--fault-after %v is below 0", o.Drill.After)
	}
	for i, stream := range o.Streams {
		if err := checkStream(stream, o.Streams[:i]); err != nil {
			return err
		}
	}
	return nil
}

// longestGOP returns how many frames come from key to key in the time that is known.
func (o Options) longestGOP() int {
	return min(o.GOP, int((o.Backlog+o.Drill.After+o.Duration).Seconds()*float64(o.FPS)))
}

func checkStream(stream string, before []string) error {
	switch {
	case stream == "" || len(stream) > maxStream:
		return fmt.Errorf("stream %q: a name has 1 to %d bytes", stream, maxStream)
	case strings.ContainsAny(stream, "/\x00"):
		return fmt.Errorf("stream %q: a name has no slash in it", stream)
	}
	for _, other := range before {
		if stream == other {
			return fmt.Errorf("stream %q is named twice", stream)
		}
	}
	return nil
}

// Settings returns the settings of each stream.
func (o Options) Settings() mistserver.Settings {
	return mistserver.Settings{
		Source: pushSource, BufferTime: o.DVR, IdleTime: o.Idle, Resume: o.Resume, AlwaysOn: true,
	}
}

// pushSource is the source of a stream that encoders are pushed to from here.
const pushSource = "push://127.0.0.1"

// poll returns how often a viewer looks: as often as MistServer's, unless all of them
// together would have no time for anything else.
func (o Options) poll() time.Duration {
	viewers := time.Duration(len(o.Streams) * o.Viewers)
	return min(20*time.Millisecond, max(5*time.Millisecond, viewers*400*time.Microsecond))
}
