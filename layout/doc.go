// Package layout says what the bytes of a RelAccX page mean: its 36-byte
// header, its field descriptors, its records, and the text form of a schema.
//
// It is pure. Nothing here opens a file, maps memory, reads a clock or knows
// who else looks at the page; everything works on byte slices that the caller
// owns, and no slice is kept. Package relaccx puts these rules to work on
// living pages.
//
// Bytes that come from a page are never trusted: a decoder returns a *FormatError that
// names the byte at which the page goes wrong, never panics, and allocates for the
// descriptors that are there, not for what a page claims.
//
// The format is told in relaccx(5), whose section names stand in the comments
// here as "relaccx(5), Header" and so on.
package layout
