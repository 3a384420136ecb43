// Package streams reads a directory of shared memory and the processes around
// it into a picture of MistServer's streams: what belongs to each, what its
// pages say, who of its processes lives, and what is wrong with it.
//
// look.go and page.go read; everything else works on what they found. A Moment
// holds bare facts: a rule that needs two looks at a stream holds two Moments
// against each other. What could not be read is a Problem of its stream, and
// never ends the rest.
package streams
