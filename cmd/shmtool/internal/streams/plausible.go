package streams

import "math"

// wrappedRates are the rates of audio that do not fit into 16 bits, by what is left
// of them.
var wrappedRates = map[uint64]uint64{
	96000 & 0xFFFF: 96000, 88200 & 0xFFFF: 88200, 176400 & 0xFFFF: 176400, 192000 & 0xFFFF: 192000,
}

// TrueRate returns the sampling rate, and whether the page holds only the rest of
// it: its field has 16 bits.
func (t *Track) TrueRate() (hz uint64, wrapped bool) {
	if rate, is := wrappedRates[t.Page.Rate]; is && t.TypeName() == "audio" {
		return rate, true
	}
	return t.Page.Rate, false
}

// IsVideo reports whether the track has pictures, and so frames per second.
func (t *Track) IsVideo() bool { return t.TypeName() == "video" }

// TrueFPKS returns the frames of a video in 1000 seconds, and whether the page
// holds only the rest of that: its field has 16 bits. It is told by the frames that
// there are. A track that is no video has none: the fork FrameWorks measures packets per
// second for every track.
func (t *Track) TrueFPKS() (fpks uint64, wrapped bool) {
	p := t.Page
	if !t.IsVideo() {
		return 0, false
	}
	if !p.Parts.Known || p.LastMS <= p.FirstMS || p.Parts.Available() < 100 {
		return p.FPKS, false
	}
	const modulus = 1 << 16
	measured := float64(p.Parts.Available()-1) * 1e6 / float64(p.LastMS-p.FirstMS)
	for likely := p.FPKS + modulus; float64(likely) < measured*1.05; likely += modulus {
		if math.Abs(measured-float64(likely)) < measured*0.05 {
			return likely, true
		}
	}
	return p.FPKS, false
}

// maxPicture is the most pixels in a row or a column that a picture may have: no
// codec that MistServer knows goes beyond.
const maxPicture = 16384

// implausible names the fields of a track whose values cannot be true: MistServer
// has been seen to leave memory of its own in them.
func (p *TrackPage) implausible() []string {
	names := []string{}
	if p.Width > maxPicture {
		names = append(names, "width")
	}
	if p.Height > maxPicture {
		names = append(names, "height")
	}
	return names
}
