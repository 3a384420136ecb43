package layout

import "slices"

// FindingCode is a kind of finding.
type FindingCode struct {
	Name     string
	Severity Severity // on a page of which nothing is known
	Means    string   // what is so, in one line
}

var findingCodes = []FindingCode{
	{CodeInvalidPage, Error, "a rule of the format is broken: the page cannot be read"},
	{CodeUnknownStatus, Warning, "a status bit is set that means nothing"},
	{CodeOddInteger, Warning, "an integer is 5, 6, 7 or over 8 bytes wide: MistServer reads 0"},
	{CodeNotReady, Note, "the ready bit is not set: the writer has not finished the page"},
	{CodeReloadSet, Note, "readers are told to open the name again"},
	{CodeExitSet, Note, "the writer is done with the page"},
	{CodeDeletedOver, Note, "more records are withdrawn than were published"},
	{CodeSpanOver, Note, "more records are available than there are slots"},
	{CodePresentDiffers, Note, "present is not endpos - deleted"},
	{CodeStartDiffers, Note, "startpos is not deleted modulo 2^32"},
	{CodeOpenString, Note, "a string has no zero byte: MistServer reads on behind it"},
	{CodeUnknownFamily, Note, "a type code is of no known family: the field is shown as bytes"},
}

// FindingCodes are the codes of [CheckPage], the worst first. The slice is the
// caller's.
func FindingCodes() []FindingCode { return slices.Clone(findingCodes) }

// severityOf is how bad a code is.
func severityOf(code string) Severity {
	i := slices.IndexFunc(findingCodes, func(c FindingCode) bool { return c.Name == code })
	return findingCodes[i].Severity
}
