package simulate

import (
	"encoding/hex"
	"fmt"
	"math/rand/v2"

	"shmtool/cmd/shmtool/internal/live"
)

// media is what a source sends: made up, with the sizes and times that an
// encoder's would have.
type media struct {
	Type  string  `json:"type,omitempty"`
	FPS   int     `json:"fps,omitempty"`
	GOP   int     `json:"gop,omitempty"`   // frames from key to key
	Phase float64 `json:"phase,omitempty"` // of a packet's time by which it is later than others'
	Seed  uint64  `json:"seed,omitempty"`
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
)

// What decoders need to know first, as ffmpeg makes it for 320x180 baseline and
// for 48 kHz mono, and as MistServer had it in its pages.
const (
	h264Init = "0142c00dffe100176742c00dda05067e7c0440000003004000000ca3c50aa801000468ce3c80"
	aacInit  = "118856e500"
)

// mediaOf is what the source of a number, from 1, sends: video, audio, metadata,
// and from there on video and audio in turn.
func mediaOf(number, fps, gop int) media {
	m := media{Type: typeVideo, FPS: fps, GOP: gop, Seed: uint64(number)}
	switch {
	case number == 3:
		m.Type = typeMeta
	case number < 3 && number%2 == 0, number > 3 && number%2 == 1:
		m.Type = typeAudio
	}
	m.Phase = rand.New(rand.NewPCG(m.Seed, 1)).Float64()
	return m
}

func (m media) codec() string {
	switch m.Type {
	case typeVideo:
		return "H264"
	case typeAudio:
		return "AAC"
	}
	return "JSON"
}

// about is the track for people.
func (m media) about() string {
	switch m.Type {
	case typeVideo:
		return fmt.Sprintf("video H264 %dx%d %d fps", videoWidth, videoHeight, m.FPS)
	case typeAudio:
		return "audio AAC 48 kHz"
	}
	return "meta JSON"
}

func (m media) info() live.TrackInfo {
	i := live.TrackInfo{Type: m.Type, Codec: m.codec()}
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

// micros is the time of packet n in microseconds.
func (m media) micros(n uint64) int64 {
	switch m.Type {
	case typeVideo:
		return int64(n * 1e6 / uint64(m.FPS))
	case typeAudio:
		return int64(n * audioSamples * 1e6 / audioRate)
	}
	return int64(n * 1e6) // metadata: once a second
}

// lateness is how much later than the stream's other packets of the same time
// the source's come, in nanoseconds: encoders do not beat as one.
func (m media) lateness() int64 {
	return int64(m.Phase * float64(m.micros(1)) * 1000)
}

// generator makes a source's packets, one after the other.
type generator struct {
	media
	random  *rand.Rand
	payload []byte // of the packet given out last
	next    uint64
}

func newGenerator(m media) *generator {
	g := &generator{media: m, random: rand.New(rand.NewPCG(m.Seed, 0)), payload: make([]byte, 2*keySize)}
	for i := range g.payload {
		g.payload[i] = byte(g.random.Uint32())
	}
	return g
}

// packet is the next one, and its number. Its payload has room for a stamp, and
// is good until the next call.
func (g *generator) packet() (live.Packet, uint64) {
	n := g.next
	g.next++
	p := live.Packet{Time: uint64(g.micros(n) / 1000)}
	p.Key = g.Type == typeVideo && n%uint64(g.GOP) == 0
	if g.Type == typeMeta {
		text := fmt.Appendf(g.payload[:stampSize], `{"title":"shmtool simulate","second":%d}`, n)
		p.Payload = text
		return p, n
	}
	p.Payload = g.payload[:max(stampSize, g.size(p.Key))]
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
