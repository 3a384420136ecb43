package finding

import (
	"shmtool/layout"
	"shmtool/layout/mist"
)

// formatCodes are what is found on any page, whoever made it. A note of those
// about counters is a warning where MistServer keeps them in step.
var formatCodes = []Code{
	{layout.CodeInvalidPage, Error, "a rule of the format is broken: nobody can read the page"},
	{layout.CodeUnknownStatus, Warning, "a status bit is set that means nothing"},
	{layout.CodeOddInteger, Warning, "an integer of a width that MistServer reads as 0"},
	{layout.CodeNotReady, Note, "the page is not ready"},
	{layout.CodeReloadSet, Note, "readers are told to reload"},
	{layout.CodeExitSet, Note, "the writer is done"},
	{layout.CodeDeletedOver, Note, "more records are withdrawn than published"},
	{layout.CodeSpanOver, Note, "more records are available than there are slots"},
	{layout.CodePresentDiffers, Note, "present is not endpos - deleted"},
	{layout.CodeStartDiffers, Note, "startpos is not deleted modulo 2^32"},
	{layout.CodeOpenString, Note, "a string without a zero byte"},
	{layout.CodeUnknownFamily, Note, "a type code of no known family"},
}

// CheckCodes are all codes of the check of an object: those of any page, then
// those of MistServer's objects, of which the doctor has some, too.
func CheckCodes() []Code {
	all := append([]Code(nil), formatCodes...)
	for _, c := range mist.CheckCodes() {
		all = append(all, Code{c.Name, Severity(c.Severity), c.Means})
	}
	return all
}
