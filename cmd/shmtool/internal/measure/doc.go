// Package measure tells how long it takes until what one process has published is seen by
// another: a clock that processes share, tallies that go from one to another, and the way
// before RelAccX to compare with.
package measure
