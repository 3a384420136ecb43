package simulate

import (
	"encoding/hex"
	"fmt"
	"math/rand/v2"

	"shmtool/cmd/shmtool/internal/measure"
	"shmtool/cmd/shmtool/internal/mistserver"
)

// Media is what a source sends: made up, with the sizes and times that an
// encoder's would have.
type Media struct {
	Type  string  `json:"type,omitempty"`
	FPS   int     `json:"fps,omitempty"`
	GOP   int     `json:"gop,omitempty"`   // frames from key to key
	Phase float64 `json:"phase,omitempty"` // of a packet's time by which it is later than others'

	Number int `json:"number,omitempty"` // of the source: the track's id
}

const (
	typeVideo = "video"
	typeAudio = "audio"
	typeMeta  = "meta"

	videoWidth, videoHeight = 320, 180
	keySize, deltaSize      = 24 << 10, 1600 // bytes; a key each 2 s makes it 400 kbit/s

	audioRate    = 48000
	audioSamples = 1024 // of a frame of AAC: 21.33 ms
	audioSize    = 170  // bytes of one: 64 kbit/s
	audioBundle  = 2    // that come at a time, as encoders and their containers bundle them
)

// The data that decoders need first, as ffmpeg makes it for 320x180 baseline and for
// 48 kHz mono, and as MistServer had it in its pages.
const (
	h264Init = "0142c00dffe100176742c00dda05067e7c0440000003004000000ca3c50aa801000468ce3c80"
	aacInit  = "118856e500"
)

// mediaOf returns what the source of a number, from 1, sends: video, audio, metadata,
// and from there on video and audio in turn.
func mediaOf(number, fps, gop int) Media {
	kind, _ := kindOf(number)
	m := Media{Type: kind, FPS: fps, GOP: gop, Number: number}
	m.Phase = rand.New(rand.NewPCG(uint64(number), 1)).Float64()
	return m
}

// kindOf returns the type of a source's track, and which one of that type it is,
// from 0.
func kindOf(number int) (kind string, rank int) {
	switch {
	case number == 3:
		return typeMeta, 0
	case number > 3:
		number-- // as if there were no third
	}
	if number%2 == 0 {
		return typeAudio, number/2 - 1
	}
	return typeVideo, number / 2
}

// reads reports whether a viewer, from 1, reads a source's track: one of each
// type, as MistServer's do, or as many as it takes that each has a reader.
func reads(viewer, viewers, source, tracks int) bool {
	kind, rank := kindOf(source)
	n := 0
	for i := range tracks {
		if k, _ := kindOf(i + 1); k == kind {
			n++
		}
	}
	n = min(n, viewers)
	return n > 0 && rank%n == (viewer-1)%n
}

func (m Media) codec() string {
	switch m.Type {
	case typeVideo:
		return "H264"
	case typeAudio:
		return "AAC"
	}
	return "JSON"
}

// about returns the track for people.
func (m Media) about() string {
	switch m.Type {
	case typeVideo:
		return fmt.Sprintf("video H264 %dx%d %d fps", videoWidth, videoHeight, m.FPS)
	case typeAudio:
		return "audio AAC 48 kHz"
	}
	return "meta JSON"
}

func (m Media) info() mistserver.TrackInfo {
	i := mistserver.TrackInfo{ID: uint32(m.Number), Type: m.Type, Codec: m.codec()}
	switch m.Type {
	case typeVideo:
		i.Init, _ = hex.DecodeString(h264Init)
		i.Width, i.Height = videoWidth, videoHeight
		i.FPKS = uint32(m.FPS) * 1000
	case typeAudio:
		i.Init, _ = hex.DecodeString(aacInit)
		i.Rate, i.Channels, i.SampleSize = audioRate, 1, 16
	}
	return i
}

// micros returns the time of packet n in microseconds.
func (m Media) micros(n uint64) int64 {
	switch m.Type {
	case typeVideo:
		return int64(n * 1e6 / uint64(m.FPS))
	case typeAudio:
		return int64(n * audioSamples * 1e6 / audioRate)
	}
	return int64(n * 1e6) // metadata: once a second
}

// due returns when packet n comes, in nanoseconds of media time: with the last of its
// bundle.
func (m Media) due(n uint64) int64 {
	if m.Type == typeAudio {
		n += audioBundle - 1 - n%audioBundle
	}
	return m.micros(n)*1000 + m.lateness()
}

// lateness returns how much later than the stream's other packets of the same time
// the source's come, in nanoseconds: encoders do not beat as one.
func (m Media) lateness() int64 {
	return int64(m.Phase * float64(m.micros(1)) * 1000)
}

// first returns the number of the source's first packet: not all tracks of a stream
// begin at the same moment, and so not all outgrow their pages at the same. Video
// begins with a key.
func (m Media) first() uint64 {
	if m.Type != typeAudio {
		return 0
	}
	_, rank := kindOf(m.Number)
	return uint64(2*rank) % firstSpread * audioBundle
}

// firstSpread bundles of audio are 6 s: a hundred pages that are made anew take a
// machine with two processors half a second, which no user should have to wait
// for at once.
const firstSpread = 141

// generator makes a source's packets, one after the other.
type generator struct {
	Media
	random  *rand.Rand
	payload []byte // of the packet given out last
	next    uint64
}

func newGenerator(m Media) *generator {
	g := &generator{Media: m, next: m.first(), random: rand.New(rand.NewPCG(uint64(m.Number), 0)), payload: make([]byte, 2*keySize)}
	for i := range g.payload {
		g.payload[i] = byte(g.random.Uint32())
	}
	return g
}

// packet returns the next one, and its number. Its payload has room for a stamp, and
// is good until the next call.
func (g *generator) packet() (mistserver.Packet, uint64) {
	n := g.next
	g.next++
	p := mistserver.Packet{Time: uint64(g.micros(n) / 1000)}
	p.Key = g.Type == typeVideo && n%uint64(g.GOP) == 0
	if g.Type == typeMeta {
		text := fmt.Appendf(g.payload[:measure.StampSize], `{"title":"shmtool simulate","second":%d}`, n)
		p.Payload = text
		return p, n
	}
	p.Payload = g.payload[:max(measure.StampSize, g.size(p.Key))]
	return p, n
}

// size varies by a third to either side, as an encoder's packets do.
func (g *generator) size(key bool) int {
	size := deltaSize
	switch {
	case g.Type == typeAudio:
		size = audioSize
	case key:
		size = keySize
	}
	return size*2/3 + g.random.IntN(size*2/3)
}
