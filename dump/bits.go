package dump

import "strconv"

// Bits returns a rate in bytes a second as bits a second for people, 800, 64.0k or
// 1.25M, or in full when plain is set. For 0, which is not known, it returns "".
func Bits(bytesPerSecond uint64, plain bool) string {
	bits := float64(bytesPerSecond) * 8
	switch {
	case bytesPerSecond == 0:
		return ""
	case plain || bits < 1e3:
		return strconv.FormatFloat(bits, 'f', 0, 64)
	case bits < 1e6:
		return strconv.FormatFloat(bits/1e3, 'f', 1, 64) + "k"
	case bits < 1e9:
		return strconv.FormatFloat(bits/1e6, 'f', 2, 64) + "M"
	}
	return strconv.FormatFloat(bits/1e9, 'f', 2, 64) + "G"
}
