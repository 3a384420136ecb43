package main

import (
	"slices"
	"strings"

	"github.com/urfave/cli/v2"
)

// arrange puts a command line in the order that urfave/cli needs: the verb,
// then every flag as one word, then "--" and the arguments. People type flags
// before the verb, between the arguments and behind them; a flag's arity tells
// which words belong to it. Unknown flags are refused here.
//
// "help VERB" is "VERB --help".
func arrange(args []string, all []*command) (ordered []string, verb string, err error) {
	verb, rest, err := cutVerb(args)
	if err != nil || verb == "" {
		return args, "", err
	}
	if verb == "help" {
		if verb, _, err = cutVerb(rest); err != nil || verb == "" {
			return []string{"--help"}, "", err
		}
		rest = []string{"--help"}
	}
	cmd, err := findCommand(all, verb)
	if err != nil {
		return nil, "", err
	}
	flags, arguments, err := sortWords(rest, flagSet(cmd.allFlags()))
	if err != nil {
		return nil, verb, err
	}
	return slices.Concat([]string{verb}, flags, []string{"--"}, arguments), verb, nil
}

// cutVerb takes the verb out of the line: the first word that is neither a
// global flag nor one's value. What stood before it goes behind it.
func cutVerb(args []string) (verb string, rest []string, err error) {
	global := flagSet(globalFlags())
	for i := 0; i < len(args); i++ {
		word := args[i]
		if !isFlag(word) {
			return word, slices.Concat(args[:i], args[i+1:]), nil
		}
		name, _, hasValue := strings.Cut(strings.TrimLeft(word, "-"), "=")
		if takesValue, known := global[name]; known && takesValue && !hasValue {
			i++
		}
	}
	if _, _, err := sortWords(args, global); err != nil {
		return "", nil, err
	}
	return "", args, nil
}

func isFlag(word string) bool { return len(word) > 1 && word[0] == '-' && word != "--" }

// flagSet tells for each name of each flag whether it takes a value.
func flagSet(flags []cli.Flag) map[string]bool {
	set := map[string]bool{"help": false, "h": false, "version": false, "v": false}
	for _, f := range flags {
		_, isBool := f.(*cli.BoolFlag)
		for _, name := range f.Names() {
			set[name] = !isBool
		}
	}
	return set
}

// sortWords parts flags, each made one word, from arguments.
func sortWords(words []string, set map[string]bool) (flags, arguments []string, err error) {
	for len(words) > 0 {
		word := words[0]
		words = words[1:]
		switch {
		case word == "--":
			return flags, append(arguments, words...), nil
		case !isFlag(word):
			arguments = append(arguments, word)
			continue
		case !strings.HasPrefix(word, "--"):
			var cluster []string
			if cluster, words, err = splitCluster(word, words, set); err != nil {
				return nil, nil, err
			}
			flags = append(flags, cluster...)
			continue
		}
		if word, words, err = joinValue(word, words, set); err != nil {
			return nil, nil, err
		}
		flags = append(flags, word)
	}
	return flags, arguments, nil
}

// joinValue makes "--name value" one word.
func joinValue(word string, words []string, set map[string]bool) (string, []string, error) {
	name, _, hasValue := strings.Cut(word[2:], "=")
	takesValue, known := set[name]
	switch {
	case !known || len(name) == 1:
		return "", nil, unknownFlag("--"+name, set)
	case !takesValue || hasValue:
		return word, words, nil
	case len(words) == 0:
		return "", nil, usagef("flag --%s needs a value", name)
	}
	return word + "=" + words[0], words[1:], nil
}

// splitCluster makes "-fn5", "-fn 5" and "-n=5" single flags, one word each.
func splitCluster(word string, words []string, set map[string]bool) ([]string, []string, error) {
	var flags []string
	letters := word[1:]
	for len(letters) > 0 {
		name := letters[:1]
		letters = letters[1:]
		takesValue, known := set[name]
		switch {
		case !known:
			return nil, nil, unknownFlag("-"+name, set)
		case !takesValue:
			flags = append(flags, "-"+name)
			continue
		case letters != "":
			flags = append(flags, "-"+name+"="+strings.TrimPrefix(letters, "="))
			return flags, words, nil
		case len(words) == 0:
			return nil, nil, usagef("flag -%s needs a value", name)
		}
		return append(flags, "-"+name+"="+words[0]), words[1:], nil
	}
	return flags, words, nil
}

func unknownFlag(flag string, set map[string]bool) error {
	var names []string
	for name := range set {
		if len(name) > 1 {
			names = append(names, "--"+name)
		}
	}
	err := usagef("unknown flag %s", flag)
	if near := closest(flag, names); len(near) > 0 {
		return hinted(err, "did you mean "+strings.Join(near, " or ")+"?")
	}
	return err
}

// wantsJSON tells whether errors are to be JSON, before anything else of the
// command line is understood.
func wantsJSON(args []string) bool {
	for i, word := range args {
		switch word {
		case "--":
			return false
		case "-j", "-o=json", "-ojson", "--output=json", "-o=ndjson", "-ondjson", "--output=ndjson":
			return true
		case "-o", "--output":
			if i+1 < len(args) && strings.HasSuffix(args[i+1], "json") {
				return true
			}
		}
	}
	return false
}

// closest are the names that are nearest to what was typed, at most two
// changes away, sorted.
func closest(typed string, names []string) []string {
	best := 3
	var near []string
	slices.Sort(names)
	for _, name := range slices.Compact(names) {
		d := distance(typed, name)
		if d > len(typed)/2 {
			continue
		}
		if d < best {
			best, near = d, nil
		}
		if d == best {
			near = append(near, name)
		}
	}
	return near[:min(len(near), 3)]
}

// distance counts the letters to change, add or take away (Levenshtein).
func distance(a, b string) int {
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		diagonal := row[0]
		row[0] = i + 1
		for j := range len(b) {
			cost := diagonal
			if a[i] != b[j] {
				cost++
			}
			diagonal = row[j+1]
			row[j+1] = min(cost, row[j]+1, diagonal+1)
		}
	}
	return row[len(b)]
}
