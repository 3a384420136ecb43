package streams

import (
	"fmt"
	"strings"
)

// FormatText returns the size of the picture, or how the sound is sampled.
func (r *TrackRow) FormatText() string {
	var parts []string
	if r.Width > 0 || r.Height > 0 {
		size := fmt.Sprintf("%dx%d", r.Width, r.Height)
		if len(r.Implausible) > 0 {
			size += " implausible"
		}
		parts = append(parts, size)
	}
	if r.Rate > 0 {
		rate := strings.TrimSuffix(fmt.Sprintf("%.1f", float64(r.Rate)/1000), ".0") + " kHz"
		if r.RateWrapped {
			rate += " wrapped"
		}
		parts = append(parts, rate)
	}
	if r.Channels > 0 {
		parts = append(parts, fmt.Sprintf("%dch", r.Channels))
	}
	return strings.Join(parts, " ")
}

// FPSText returns the announced frame rate, or the measured one.
func (r *TrackRow) FPSText() string {
	fps := r.FramesPerSecond()
	if fps == 0 {
		return ""
	}
	text := strings.TrimRight(strings.TrimRight(fmt.Sprintf("%.2f", fps), "0"), ".")
	if r.FPSWrapped {
		text += " wrapped"
	}
	return text
}

// PositionText returns a media time in hours, minutes, and seconds: 0:00:23.960.
func PositionText(ms uint64) string {
	return fmt.Sprintf("%d:%02d:%02d.%03d", ms/3_600_000, ms/60_000%60, ms/1000%60, ms%1000)
}
