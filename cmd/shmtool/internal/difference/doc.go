// Package difference tells two states of one thing apart: of a page, of an object that is
// no page, and of a server with its streams.
package difference
