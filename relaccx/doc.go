// Package relaccx reads and writes living RelAccX pages: the shared memory
// through which the processes of a MistServer tell each other about streams.
//
// # The protocol
//
// One process writes a page, any number read it, and no reader locks anything. Records
// are numbered from 0 for the life of the stream; number n is available while deleted <=
// n < endpos, and lives in slot n modulo the ring's length.
//
//   - The writer publishes: a record's bytes first, then endpos above it. A reader that
//     sees endpos past a record sees all of its bytes.
//   - The writer withdraws: deleted above the record first, then other bytes in its slot.
//     A reader that copied a record, and finds deleted still not above it afterwards, has
//     a whole copy. Reader does this for every record.
//   - The writer reloads, because a field must grow: a new page is put under the name,
//     then the reload bit is set on the old one. A reader that sees the bit finishes what
//     is available and opens the name again; record numbers go on. Writer.Reload and
//     Follower do this.
//   - The writer exits: readers finish what is available and leave.
//
// A writer may die at any moment, and another program, MistServer, writes the
// same pages by looser rules; so a reader takes nothing that it sees for
// granted. Reads that lost a race are errors, never wrong values; a page that
// is cut short under a reader is ErrTruncated, never a signal.
//
// # Several writers
//
// A Writer holds a lock on its page's object, which readers do not need. One that
// lives long shares it: Writer.Yield, between two records now and then, gives the
// lock to a writer that waits in OpenWriter; ReleaseLock gives it away while there is
// nothing to write, and Yield takes it back. Yield moves on to the page that has the name afterwards,
// when the other writer has reloaded it. relaccx(5) tells how writers ask.
//
// # The types
//
// Open maps a Page, and Page.Reader reads its records by number. Follow returns a
// Follower, which waits for the records to come; a Group follows many pages. Create and
// OpenWriter return a Writer, which appends, edits, and reloads. A Lease reads values in
// place, without a copy. Fields are *layout.Field: look one up once by name, then use it
// on the bytes of each record.
//
// By default a page is read as a ring, by the counters of its header. Most pages of
// MistServer are tables instead; Reader.WithRules reads them by MistServer's rules.
//
// Package layout has the format itself, and relaccx(5) describes it in prose. Package
// datapage reads the data pages of tracks, and package semaphore takes the locks of
// MistServer's processes.
package relaccx
