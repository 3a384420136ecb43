// Package live is what MistServer's processes do to a stream's shared memory, so
// that a stream which behaves like MistServer's can be had on any machine: the
// controller, the input (its parent, and the buffer that is its child), the
// sources and the viewers. Each part is a type here, and belongs in a process of its
// own; tests run several of them in one.
//
// The objects have MistServer's names and, where it is not said otherwise,
// MistServer's bytes in MistServer's order of stores: relaccx(5), MistServer. What
// differs, on purpose:
//
//   - a page that is reloaded is whole under its name at every moment
//     (relaccx.Writer.Reload), where MistServer's is missing for a while;
//   - a track's record stands in the list with all of its fields at once;
//   - a lock that a dead process holds delays the buffer, and does not hang it;
//   - a data page whose first key is not counted yet is not swept away.
//
// A value is used by one goroutine at a time.
package live
