// Package simulate makes a live stream as MistServer would make it, in real
// processes: the one that calls Run is the controller, and starts for every
// stream an angel, which starts the buffer, for every track a source, and the
// viewers. Package mistserver does what they do to shared memory. This package
// decides which there are and when they start and end, and reports what they saw.
//
// All of them are the program itself, executed once more with the words
// "simulated ROLE" and what to do in an environment variable (see IsPart). A
// part has two files of its simulation: it writes lines of JSON to one, and of
// the other, the lifeline, it sees the end when the simulation's process has
// died, however that happened. It then goes on for a while, as MistServer's
// processes do without their controller, and ends.
//
// # Whose objects
//
// A simulation puts a manifest, .simulation-ID, beside its objects and
// holds its lock while it lives. Streams that no manifest names are never
// touched. A manifest whose lock is free was left behind by a simulation that
// was killed: Clean ends the processes of that ID and removes what it made.
//
// # Faults
//
// Any part may be killed; the others go on as MistServer's would. The buffer
// finds the dead source or viewer by its PID, the buffer lives on without its
// angel, and an angel whose buffer has crashed keeps the input's lock and
// waits. MistServer's angel would start the buffer again, which re-claims the
// stream's page and spoils it; here the scene stays as it is, to be looked at.
//
// A Drill brings a stream into one state, and keeps it there. Its Stage sees the
// simulation as a Scene, and its parts may have a Quirk. Package drill has them.
package simulate
