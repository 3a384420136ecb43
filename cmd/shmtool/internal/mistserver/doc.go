// Package mistserver does to shared memory what MistServer's processes do, so that
// any machine can have a stream that behaves like MistServer's. Its types are the
// controller, the input (the parent process, and its child, the buffer), the sources
// and the viewers. Each belongs in a process of its own; tests run several in one.
//
// The objects have MistServer's names. Unless a comment says otherwise, they have
// MistServer's bytes, in MistServer's order of stores (shmtool-mistserver(7)). These
// differences are on purpose:
//
//   - a page that is reloaded is whole under its name at every moment
//     (relaccx.Writer.Reload); MistServer's is missing for a while;
//   - a track's record stands in the list with all of its fields at once;
//   - a lock that a dead process holds delays the buffer, and does not hang it;
//   - a data page whose first key is not counted yet is not swept away.
//
// Only one goroutine may use a value at a time.
package mistserver
