package redact

import (
	"bytes"
	"path/filepath"
	"slices"
	"strings"

	"shmtool/layout/mist"
)

// process returns the texts of a process, by the names of their files, without what is
// private. Files that are not known are left out, and so is the environment.
func (r *Redactor) process(files map[string][]byte) map[string][]byte {
	out := map[string][]byte{}
	ofMist := r.isOurs(files)
	for name, text := range files {
		switch {
		case name == "stat":
			out[name] = r.stat(text)
		case name == "comm":
			out[name] = r.program(text)
		case name == "status":
			out[name] = r.status(text)
		case name == "maps":
			out[name] = r.maps(text)
		case name == "cmdline":
			out[name] = r.commandLine(text, ofMist)
		case filepath.Base(name) == "syscall":
			out[name] = figures(text)
		}
	}
	return out
}

// isOurs reports whether a process is one of MistServer, or of shmtool: its command line
// is judged by.
func (r *Redactor) isOurs(files map[string][]byte) bool {
	open, end := bytes.IndexByte(files["stat"], '('), bytes.LastIndexByte(files["stat"], ')')
	name := files["comm"]
	if open >= 0 && open < end {
		name = files["stat"][open+1 : end]
	}
	args := bytes.Split(files["cmdline"], []byte{0})
	return isOurName(name) || slices.ContainsFunc(args, func(arg []byte) bool { return string(arg) == "--simulation" }) ||
		len(args) > 1 && string(args[1]) == "simulated"
}

func isOurName(name []byte) bool {
	return bytes.HasPrefix(name, []byte("Mist")) || bytes.HasPrefix(name, []byte("shmtool"))
}

// program returns the name of a program. A process may call itself as it likes.
func (r *Redactor) program(name []byte) []byte {
	trimmed := bytes.TrimRight(name, "\n")
	if isOurName(trimmed) && len(bytes.Trim(trimmed, letters+"0123456789._-")) == 0 {
		return bytes.Clone(name)
	}
	return r.text(name, nil)
}

// stat returns the line "42 (name) S 1 …".
func (r *Redactor) stat(text []byte) []byte {
	open, end := bytes.IndexByte(text, '('), bytes.LastIndexByte(text, ')')
	if open < 0 || end < open {
		return figures(text)
	}
	out := slices.Concat(figures(text[:open]), []byte("("), r.program(text[open+1:end]), []byte(")"))
	return append(out, figures(text[end+1:])...)
}

// status returns the lines of figures, and that of the name.
func (r *Redactor) status(text []byte) []byte {
	var out []byte
	for line := range bytes.Lines(text) {
		key, value, _ := bytes.Cut(line, []byte(":"))
		if len(bytes.Trim(key, letters+"_")) > 0 {
			key = blanked(key)
		}
		out = append(out, key...)
		if len(key) == len(line) {
			continue
		}
		out = append(out, ':')
		switch string(key) {
		case "Name":
			out = append(out, '\t')
			out = append(out, r.program(bytes.TrimPrefix(value, []byte("\t")))...)
		default:
			out = append(out, figures(value)...)
		}
	}
	return out
}

// figures returns a text of numbers: words that are longer than a flag's, and no number,
// are replaced.
func figures(text []byte) []byte {
	out := bytes.Clone(text)
	for from, to := range runs(text) {
		word := text[from:to]
		number := bytes.TrimPrefix(word, []byte("0x"))
		if !isWord(word) && !(len(number) <= 20 && spanOf(number, isHexDigit) == len(number)) {
			copy(out[from:], blanked(word))
		}
	}
	return out
}

// maps returns the lines of maps: their paths end in names of objects.
func (r *Redactor) maps(text []byte) []byte {
	var out []byte
	for line := range bytes.Lines(text) {
		slash := bytes.IndexByte(line, '/')
		if slash < 0 {
			out = append(out, r.text(line, nil)...)
			continue
		}
		out = append(out, figures(line[:slash])...)
		out = append(out, r.objectPath(line[slash:])...)
	}
	return out
}

// objectPath returns the path of an object, with what Linux adds when it is deleted.
func (r *Redactor) objectPath(path []byte) []byte {
	text := string(path)
	rest := ""
	for _, end := range []string{"\n", " (deleted)"} {
		if cut, found := strings.CutSuffix(text, end); found {
			text, rest = cut, end+rest
		}
	}
	folder, name := filepath.Split(text)
	if _, known := mist.ParseName(name); !known && !mist.UnknownName(name) {
		return []byte(r.path(text) + rest)
	}
	return []byte(r.path(folder) + r.Name(name) + rest)
}

// path returns a path, of which only harmless names stay.
func (r *Redactor) path(path string) string { return string(r.text([]byte(path), nil)) }

// commandLine returns the words of a command line, which each end with a zero byte. Only
// the program itself stays where it is not MistServer's.
func (r *Redactor) commandLine(text []byte, ofMist bool) []byte {
	args := bytes.Split(text, []byte{0})
	flag := ""
	for i, arg := range args {
		name := flag
		flag = ""
		switch {
		case i == 0:
			args[i] = r.argumentZero(arg)
		case !ofMist:
			args[i] = r.replacedAll(arg)
		case isFlag(arg):
			flag = strings.TrimLeft(string(arg), "-")
		case isPrivateMember(name):
			r.learn(arg)
			args[i] = r.replacedAll(arg)
		case r.isStream[string(arg)]:
		default:
			args[i] = r.text(arg, nil)
		}
	}
	return bytes.Join(args, []byte{0})
}

// argumentZero returns the path of a program.
func (r *Redactor) argumentZero(arg []byte) []byte {
	at := bytes.LastIndexByte(arg, '/') + 1
	return append(r.text(arg[:at], nil), r.program(arg[at:])...)
}

// isFlag reports whether an argument is a flag alone.
func isFlag(arg []byte) bool {
	name := bytes.TrimLeft(arg, "-")
	return len(name) > 0 && len(arg)-len(name) >= 1 && len(arg)-len(name) <= 2 && len(name) <= 24 && len(bytes.Trim(name, letters+"_-")) == 0
}
