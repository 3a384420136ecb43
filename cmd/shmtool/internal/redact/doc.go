// Package redact makes of a snapshot one that can be sent to a stranger: it replaces what
// is private, and keeps sizes, structure, and the verdict of doctor.
//
// It begins with zeros and copies what is known to be harmless, so that what it does not
// know is blank: an object of an unknown kind, an unknown field, a record that is not in
// use, the bytes behind the end of a string, a payload. A text keeps its punctuation, the
// names of streams, short numbers and the words of a vocabulary; every other word is
// replaced by one of the same length. The same word has the same replacement in the whole
// snapshot, and so has an IP address, in binary and in text. The replacements come from a
// key that is drawn for each snapshot and forgotten.
//
// table.go says for each field of each kind how it is treated. A kind or a field that is
// not in it is blank. folder.go goes through a snapshot twice: the first pass only learns
// secrets, which the second also finds where nothing else tells that they are some.
package redact
