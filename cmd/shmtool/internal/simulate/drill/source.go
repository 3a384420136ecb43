package drill

import (
	"os"
	"os/signal"
	"time"

	"shmtool/cmd/shmtool/internal/finding"
	"shmtool/cmd/shmtool/internal/mistserver"
	"shmtool/cmd/shmtool/internal/simulate"
)

// misfeed is what is wrong with the packets of a source.
type misfeed struct {
	code  string
	told  chan os.Signal // that it begins
	begun bool
	done  bool
	large []byte
}

// spoiledSource returns the quirk of a source that has the fault of a code.
func spoiledSource(code string) simulate.Quirk {
	m := &misfeed{code: code, told: make(chan os.Signal, 1)}
	signal.Notify(m.told, simulate.BeginSignal)
	q := simulate.Quirk{
		Describe: func(i *mistserver.TrackInfo) { i.Careless = true },
		Packet: func(t *mistserver.Track, p *mistserver.Packet) error {
			m.spoil(p)
			return m.die(t)
		},
	}
	if code == finding.TrackHidden { // as MistServer's processes do that are told to hide what they are made from
		q.Describe = func(i *mistserver.TrackInfo) { i.Careless, i.From = true, maskedTrack+1 }
		q.Added = func(t *mistserver.Track) error { return t.Mask(maskedTrack, mistserver.ProcessesOnly) }
	}
	return q
}

// maskedTrack is the index of the track that another one is made from.
const maskedTrack = 0

const (
	aheadBy    = time.Hour
	largeFrame = 1 << 20 // bytes: a data page is full after a second or two
)

// spoil makes a packet what a source's is that is wrong. Those of a data page that
// is to become full are without a key frame, which would begin another page.
func (m *misfeed) spoil(p *mistserver.Packet) {
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

// die ends a source inside a reload of its page, once it is told to.
func (m *misfeed) die(t *mistserver.Track) error {
	if !m.begun || m.code != finding.ReloadPending && m.code != finding.PageNotReady {
		return nil
	}
	if err := t.BeginReload(m.code == finding.PageNotReady); err != nil {
		return err
	}
	return suicide()
}
