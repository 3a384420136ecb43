package finding

import (
	"regexp"
	"strconv"
	"strings"
	"sync"
)

// Machine is what decides which commands of a reference page work on it.
type Machine struct {
	Musl      bool // semaphores have musl's names, without "sem."
	NoSystemd bool // no systemctl
	BusyBox   bool // ps is BusyBox's, which knows fewer columns and no -p
}

// Fit returns a page whose commands are those of the machine. Prose stays as it is, but a
// numbered step goes when its commands do.
func (m Machine) Fit(page string) string {
	var fit strings.Builder
	dropped := 0
	for _, block := range blocks(page) {
		number, rest, step := stepOf(block)
		if m.NoSystemd && strings.Contains(block, commandIndent+"systemctl ") {
			if step {
				dropped++
			}
			continue
		}
		if !step && !strings.HasPrefix(block, " ") {
			dropped = 0 // another list
		}
		if step && dropped > 0 {
			block = strconv.Itoa(number-dropped) + ". " + rest
		}
		for line := range strings.Lines(block) {
			fit.WriteString(m.command(line))
		}
	}
	return fit.String()
}

const commandIndent = "    "

var stepStart = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(`^(\d)\. `) })

func stepOf(block string) (number int, rest string, ok bool) {
	found := stepStart().FindString(block)
	if found == "" {
		return 0, "", false
	}
	return int(found[0] - '0'), block[len(found):], true
}

// blocks splits a page into numbered steps, and lines that belong to none.
func blocks(page string) (all []string) {
	inStep := false
	for line := range strings.Lines(page) {
		continues := inStep && strings.HasPrefix(line, "   ")
		inStep = continues || stepStart().MatchString(line)
		if continues {
			all[len(all)-1] += line
			continue
		}
		all = append(all, line)
	}
	return all
}

// command returns a line as the machine takes it, when it is a command. A comment behind it
// stays in its column.
func (m Machine) command(line string) string {
	if !strings.HasPrefix(line, commandIndent) {
		return line
	}
	command, comment, commented := strings.Cut(line, "  # ")
	column := len(command)
	command = strings.TrimRight(command, " ")
	if m.Musl {
		withoutPrefix := strings.NewReplacer("sem.Mst", "Mst", `sem\.Mst|MstSem`, "MstSem")
		command, comment = withoutPrefix.Replace(command), withoutPrefix.Replace(comment)
	}
	if m.BusyBox {
		command = busyBox(command)
	}
	if !commented {
		return command
	}
	return command + strings.Repeat(" ", max(0, column-len(command))) + "  # " + comment
}

var (
	psColumns = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(`\bps (?:-o|axo) ([a-z,]+)( -p PID)?`) })
	psParent  = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(`\bps --ppid PID -o ([a-z,]+)`) })
)

// busyBox returns a command with BusyBox's ps.
func busyBox(command string) string {
	command = psParent().ReplaceAllStringFunc(command, func(ps string) string {
		return "ps -o ppid," + knownColumns(psParent().FindStringSubmatch(ps)[1]) + " | grep -w PID"
	})
	return psColumns().ReplaceAllStringFunc(command, func(ps string) string {
		words := psColumns().FindStringSubmatch(ps)
		ps = "ps -o " + knownColumns(words[1])
		if words[2] != "" {
			ps += " | grep -w PID"
		}
		return ps
	})
}

// knownColumns returns the columns that BusyBox's ps has, in place of those asked for.
func knownColumns(columns string) string {
	return strings.NewReplacer("lstart,", "", "wchan,", "").Replace(columns)
}
