//go:build race

package main

// raceDetector says whether the tests run under it, where they take ten times as
// long.
const raceDetector = true
