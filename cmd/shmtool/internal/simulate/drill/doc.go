// Package drill has a drill for each code of the doctor: it brings a stream of a
// simulation into that state, by the real thing wherever one machine can do it, and
// keeps it there.
//
// A drill has two sides. The function Of changes the options of a simulation, and gives
// it a stage that runs in the simulation's own process once all viewers read. Quirk is what the
// simulation's other processes do otherwise, by the fault that their part names.
package drill
