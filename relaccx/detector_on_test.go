//go:build race

package relaccx

const raceDetector = true
