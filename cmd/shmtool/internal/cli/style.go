package cli

import (
	"slices"

	"shmtool/cmd/shmtool/internal/out"
	"shmtool/cmd/shmtool/internal/world"
)

// wantsNagios tells whether errors are for a monitor: where it asks a command that
// has an answer for it, or what it asks is none, as far as can be told.
func wantsNagios(args []string, verb string, all []*Command) bool {
	formats := outputsOf(args)
	if len(formats) == 0 || formats[len(formats)-1] != out.Nagios {
		return false
	}
	cmd, err := Find(all, verb)
	return err != nil || slices.Contains(cmd.Formats, out.Nagios)
}

// ErrorStyle returns how errors are to be told: surely from words that Arrange has put in
// order, as far as can be told from those that it could not.
func ErrorStyle(words, ordered []string, verb string, all []*Command) world.Style {
	switch {
	case wantsJSON(words) || wantsJSON(ordered):
		return world.JSON
	case wantsNagios(words, verb, all) || wantsNagios(ordered, verb, all):
		return world.Nagios
	}
	return world.Plain
}
