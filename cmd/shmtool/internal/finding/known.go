package finding

import "slices"

// KnownCode is a code that doctor or check tells of.
type KnownCode struct {
	Code
	By []string // commands that tell it
}

// Known returns all codes: the doctor's, and those that only check tells.
func Known() []KnownCode {
	const doctor, check = "doctor", "check"
	var codes []KnownCode
	for _, c := range Codes() {
		codes = append(codes, KnownCode{c, []string{doctor}})
	}
	for _, c := range CheckCodes() {
		if i := slices.IndexFunc(codes, func(k KnownCode) bool { return k.Name == c.Name }); i >= 0 {
			codes[i].By = append(codes[i].By, check)
			continue
		}
		codes = append(codes, KnownCode{c, []string{check}})
	}
	return codes
}

// Names returns the names of codes.
func Names(codes []KnownCode) []string {
	names := make([]string, len(codes))
	for i, c := range codes {
		names[i] = c.Name
	}
	return names
}

// ListHint is the hint for a code that none is like.
const ListHint = "shmtool explain lists the codes"
