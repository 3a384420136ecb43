// Package recording puts what happens on pages into files, and makes the pages
// again from them.
//
// The files are MCAP, which other programs can also open. A page has two channels.
// The one named as the page holds its records, as JSON by a JSON Schema; a page
// that is reloaded with other fields goes on in another channel of the same
// name. A record whose JSON does not tell all of its bytes (what lies behind the
// end of a string, packed values, nested pages) has them under "#raw" as well.
// The channel named as the page with "#events" behind it holds everything else,
// each a Note: first what the page was when the recording began.
//
// The order of the messages in the file is the order of what happened. Every
// file can be read alone: one that follows on another begins with what all its
// pages are by then. A chunk is closed at least every second, so that a process
// that is killed loses no more than that.
package recording
