package finding

import (
	"shmtool/layout"
	"shmtool/layout/mist"
)

// formatCodes are what is found on any page, of any program. A note of those
// about counters is a warning where MistServer keeps them in step.
var formatCodes = []Code{
	{Name: layout.CodeInvalidPage, Severity: Error, Means: "a rule of the format is broken: no program can read the page"},
	{Name: layout.CodeUnknownStatus, Severity: Warning, Means: "a status bit is set that means nothing"},
	{Name: layout.CodeOddInteger, Severity: Warning, Means: "an integer of a width that MistServer reads as 0"},
	{Name: layout.CodeNotReady, Severity: Note, Means: "the page is not ready"},
	{Name: layout.CodeReloadSet, Severity: Note, Means: "readers are told to reload"},
	{Name: layout.CodeExitSet, Severity: Note, Means: "the writer is done"},
	{Name: layout.CodeDeletedOver, Severity: Note, Means: "more records are withdrawn than published"},
	{Name: layout.CodeSpanOver, Severity: Note, Means: "more records are available than there are slots"},
	{Name: layout.CodePresentDiffers, Severity: Note, Means: "present is not endpos - deleted"},
	{Name: layout.CodeStartDiffers, Severity: Note, Means: "startpos is not deleted modulo 2^32"},
	{Name: layout.CodeOpenString, Severity: Note, Means: "a string without a zero byte"},
	{Name: layout.CodeUnknownFamily, Severity: Note, Means: "a type code of no known family"},
}

// CheckCodes returns all codes of the check of an object: those of any page, then
// those of MistServer's objects; the doctor also has some of them.
func CheckCodes() []Code {
	all := append([]Code(nil), formatCodes...)
	for _, c := range mist.CheckCodes() {
		all = append(all, Code{Name: c.Name, Severity: Severity(c.Severity), Means: c.Means})
	}
	return all
}
