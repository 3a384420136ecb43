package cli

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"unicode/utf8"

	"shmtool/cmd/shmtool/internal/fail"
	"shmtool/cmd/shmtool/internal/manual"
)

// helpWidth is the most columns of a line of help, but for examples: a terminal has 80.
const helpWidth = 80

const appAbout = `Each command's --help begins with examples. Flags may stand before or after the page.
A PAGE is a name in /dev/shm, a path with a slash or a leading dot, or - for standard
input; PAGE:FIELD[@REC] is a page nested in it. macOS, FreeBSD and Windows have no such
memory: there, shmtool looks at snapshots and page files.`

const exitCodes = `EXIT CODES:
  0 done  1 findings  2 usage or wrong input  3 no such page, record or field
  4 not a valid page  5 refused because of the page's state  6 timeout
  7 no permission  8 done, but with loss  70 anything unforeseen
`

// helpOfAll returns the help of the program.
func helpOfAll(all []*Command) string {
	var b strings.Builder
	b.WriteString("shmtool: look at, follow, make and repair RelAccX pages, the shared memory of\nMistServer\n\n")
	b.WriteString("USAGE:\n  shmtool COMMAND [FLAGS] [ARGUMENTS]\n")
	task := ""
	for _, cmd := range all {
		if cmd.Task != task {
			task = cmd.Task
			b.WriteString("\nTO " + strings.ToUpper(task) + ":\n")
		}
		fmt.Fprintf(&b, "  %-12s%s\n", cmd.Name, cmd.Usage)
	}
	b.WriteString("\n" + flow(appAbout) + "\n\nFLAGS OF ALL COMMANDS:\n")
	b.WriteString(flagLines(append(GlobalFlags(), helpFlag, &BoolFlag{Name: "version", Aliases: []string{"v"}, Usage: "print the version"})))
	b.WriteString("\nTOPICS, explained by shmtool help TOPIC:\n")
	for _, line := range wrap(strings.Join(topicNames(), " "), helpWidth-2) {
		b.WriteString("  " + line + "\n")
	}
	return b.String() + "\n" + exitCodes
}

// topicVerb is the verb of "help TOPIC".
const topicVerb = "help"

// topic returns the text on a topic.
func topic(name string, all []*Command) (string, error) {
	if text, ok := manual.Find(name); ok {
		return text, nil
	}
	names := topicNames()
	for _, cmd := range all {
		names = append(names, cmd.Name)
	}
	hint := cmp.Or(fail.DidYouMean(name, names), "run shmtool --help to list them")
	if strings.Contains(name, "_") {
		hint = "run shmtool explain CODE to read about a code"
	}
	return "", fail.Hinted(fail.Usagef("no such command or topic: %q", name), hint)
}

func topicNames() []string {
	var names []string
	for _, t := range manual.Topics() {
		names = append(names, t.Name)
	}
	return names
}

var helpFlag = &BoolFlag{Name: "help", Aliases: []string{"h"}, Usage: "show help"}

// help returns the help of the command. It begins with what people look for: how the
// command is called, and examples. The flags that all commands have are named only.
func (cmd *Command) help() string {
	var b strings.Builder
	b.WriteString(flow("shmtool "+cmd.Name+": "+cmd.Usage) + "\n\nUSAGE:\n")
	for i, line := range wrap("shmtool "+cmd.Name+" [FLAGS] "+cmd.Args, helpWidth-6) {
		fmt.Fprintf(&b, "%*s%s\n", 2+4*min(i, 1), "", line)
	}
	if len(cmd.Examples) > 0 {
		fmt.Fprintf(&b, "\nEXAMPLES:\n  %s\n", strings.Join(cmd.Examples, "\n  "))
	}
	b.WriteString("\n" + cmd.Access.harm() + "\n")
	if cmd.About != "" {
		b.WriteString("\n" + flow(cmd.About) + "\n")
	}
	if len(cmd.Flags) > 0 {
		b.WriteString("\nFLAGS:\n" + flagLines(cmd.Flags))
	}
	b.WriteString("\nFLAGS OF OUTPUT:\n" + flagLines(cmd.printFlags()))
	var common []string
	for _, f := range append(GlobalFlags(), helpFlag) {
		common = append(common, "--"+f.Names()[0])
	}
	return b.String() + "\n" + flow("FLAGS OF ALL COMMANDS, explained by shmtool --help:\n"+strings.Join(common, " ")) + "\n"
}

// harm says what a command may do to what it looks at.
func (a Access) harm() string {
	if a.Writes() {
		return "[rw] It writes."
	}
	return "[ro] It only looks: it maps pages read-only and can harm nothing."
}

// flow fits paragraphs to the width of help. Lines that begin with a blank, a table's, stay
// as they are.
func flow(text string) string {
	var lines []string
	for _, paragraph := range strings.Split(text, "\n\n") {
		if len(lines) > 0 {
			lines = append(lines, "")
		}
		var words []string
		flush := func() {
			if len(words) > 0 {
				lines = append(lines, strings.Join(wrap(strings.Join(words, " "), helpWidth), "\n"))
			}
			words = nil
		}
		for line := range strings.SplitSeq(paragraph, "\n") {
			if strings.HasPrefix(line, " ") {
				flush()
				lines = append(lines, line)
				continue
			}
			words = append(words, line)
		}
		flush()
	}
	return strings.Join(lines, "\n")
}

// wrap parts a text into lines at its blanks alone: those of libraries part --shm-dir.
func wrap(text string, width int) (lines []string) {
	line := ""
	for _, word := range strings.Fields(text) {
		if line != "" && utf8.RuneCountInString(line)+1+utf8.RuneCountInString(word) > width {
			lines, line = append(lines, line), ""
		}
		line = strings.TrimPrefix(line+" "+word, " ")
	}
	return append(lines, line)
}

// flagColumn is the most columns that a flag has before what it does is said below it.
const flagColumn = 24

// flagLines returns the lines of a help that explain flags, all aligned.
func flagLines(flags []Flag) string {
	column := 0
	for _, f := range flags {
		names, _ := flagText(f)
		column = max(column, min(flagColumn, utf8.RuneCountInString(names)))
	}
	var b strings.Builder
	for _, f := range flags {
		names, does := flagText(f)
		lines := wrap(does, helpWidth-column-4)
		if utf8.RuneCountInString(names) > column {
			lines = slices.Insert(lines, 0, "")
		}
		for i, line := range lines {
			if i > 0 {
				names = ""
			}
			b.WriteString(strings.TrimRight(fmt.Sprintf("  %-*s  %s", column, names, line), " ") + "\n")
		}
	}
	return b.String()
}
