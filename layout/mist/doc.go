// Package mist says what MistServer means by the objects that it puts into
// shared memory: by their names, the records that are in use, the fields, the
// state bytes and the locks.
//
// It is pure: names and bytes in, meanings out. Nothing here opens a file, looks
// at a process or reads a clock; where a meaning depends on the time, the caller
// gives a [Clock].
//
// [ParseName] tells what an object is, [Object.Name] builds its name.
// [Lookup] gives what is known of a RelAccX page or of one nested in it: which of
// its records are in use ([PageInfo.Rows], [PageInfo.Live]), and what each field
// means ([PageInfo.Meaning]). A [Meaning] renders a value for people
// ([Meaning.Text]) and for programs ([Meaning.AppendDecoded]), and hides what is
// secret ([Meaning.Redact], [Meaning.Secrets]). [DecodeState], [DecodePID] and
// [DecodeSemaphore] read what is no page; packets and pushes are package dtsc's.
// [CheckPage], [CheckState], [CheckPID] and [CheckSemaphore] hold objects against
// what is true of healthy ones. A [Template] makes pages as MistServer makes them,
// to the byte.
//
// Everything goes by the names of fields and never by where they lie: MistServer's
// versions differ in that, and a field that is not known here is normal. Its
// meaning is the zero Meaning, which says nothing and hides passwords in URLs.
//
// # Where the facts come from
//
// From the source of MistServer 3.10, and from the pages of living servers, which the
// tests read where they are at hand. shmtool-mistserver(7) has what both say. Not
// tried, but taken from the sources: the semaphores of musl, and of the C library on
// 32-bit machines, and the pages of versions before 3.9.1.
//
// All variables of the package are fixed; everything may be used by many
// goroutines at a time.
package mist
