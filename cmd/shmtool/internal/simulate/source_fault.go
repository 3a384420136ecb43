package simulate

import (
	"os"
	"os/signal"
	"syscall"
	"time"

	"shmtool/cmd/shmtool/internal/finding"
	"shmtool/cmd/shmtool/internal/mistserver"
)

// misfeed is what is wrong with the packets of a source, in a drill.
type misfeed struct {
	code  string
	told  chan os.Signal // that it begins
	begun bool
	done  bool
	large []byte
}

// beginSignal tells a source to begin with what it does wrong.
const beginSignal = syscall.SIGUSR1

// misfeed returns nil for a source that does nothing wrong.
func (p part) misfeed() *misfeed {
	if p.Fault == "" {
		return nil
	}
	m := &misfeed{code: p.Fault, told: make(chan os.Signal, 1)}
	signal.Notify(m.told, beginSignal)
	return m
}

const (
	aheadBy    = time.Hour
	largeFrame = 1 << 20 // bytes: a data page is full after a second or two
)

// spoil makes a packet what a source's is that is wrong. Those of a data page that
// is to become full are without a key frame, which would begin another page.
func (m *misfeed) spoil(p *mistserver.Packet) {
	if m == nil {
		return
	}
	select {
	case <-m.told:
		m.begun = true
	default:
	}
	switch {
	case m.code == finding.NoKeyframe:
		p.Key = false
	case !m.begun:
	case m.code == finding.TimeBlocked && !m.done:
		p.Time += uint64(aheadBy.Milliseconds())
		m.done = true
	case m.code == finding.TimeApart:
		p.Time += uint64(clockRound.Milliseconds())
	case m.code == finding.DataStalled:
		if m.large == nil {
			m.large = make([]byte, largeFrame)
		}
		p.Key, p.Payload = false, m.large
	}
}

// info returns what the source says of its track.
func (p part) info() mistserver.TrackInfo {
	i := p.Media.info()
	i.Careless = p.Fault != ""
	if p.Fault == finding.TrackHidden {
		i.From = maskedTrack + 1
	}
	return i
}

// maskedTrack is the index of the track that another one is made from.
const maskedTrack = 0

// mask hides the track that this one is made from, as MistServer's processes do
// that are told to.
func (p part) mask(t *mistserver.Track) error {
	if p.Fault != finding.TrackHidden {
		return nil
	}
	return t.Mask(maskedTrack, mistserver.ProcessesOnly)
}
