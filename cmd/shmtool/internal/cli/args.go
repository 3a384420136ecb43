package cli

import (
	"slices"
	"strings"

	"shmtool/cmd/shmtool/internal/fail"
	"shmtool/cmd/shmtool/internal/out"
	"shmtool/layout/mist"
)

// Arrange puts a command line in the order that urfave/cli needs: the verb,
// then every flag as one word, then "--" and the arguments. People type flags
// before the verb, between the arguments and behind them; a flag's arity tells
// which words belong to it. Unknown flags are refused here.
//
// "help VERB" is "VERB --help". "help TOPIC" stays as it is. An alias becomes the verb that it
// stands for.
func Arrange(args []string, all []*Command) (ordered []string, verb string, err error) {
	verb, rest, err := cutVerb(args, all)
	if err != nil || verb == "" {
		return args, "", err
	}
	if verb == "help" {
		if verb, _, err = cutVerb(rest, all); err != nil || verb == "" {
			return []string{"--help"}, "", err
		}
		verb = Aliased(verb, all)
		if !isCommand(verb, all) {
			_, err := topic(verb, all)
			return []string{topicVerb, verb}, topicVerb, err
		}
		rest = []string{"--help"}
	}
	verb = Aliased(verb, all)
	cmd, err := Find(all, verb)
	if err != nil {
		return nil, "", err
	}
	flags, arguments, err := sortWords(rest, flagSet(cmd.AllFlags()))
	if err != nil {
		return nil, verb, err
	}
	if slices.Contains(flags, "--help") || slices.Contains(flags, "-h") {
		return []string{verb, "--help"}, verb, nil // cli takes an argument for a topic
	}
	return slices.Concat([]string{verb}, flags, []string{"--"}, arguments), verb, nil
}

// cutVerb takes the verb out of the line: the first word that is neither a flag nor one's
// value. It puts the words before the verb after it.
func cutVerb(args []string, all []*Command) (verb string, rest []string, err error) {
	for i := 0; i < len(args); i++ {
		if !IsFlag(args[i]) {
			return args[i], slices.Concat(args[:i], args[i+1:]), nil
		}
		if i+1 < len(args) && valueFollows(args[i], args[i+1], all) {
			i++
		}
	}
	set := flagSet(GlobalFlags())
	set["version"], set["v"] = false, false // without a verb only
	if _, _, err := sortWords(args, set); err != nil {
		return "", nil, err
	}
	return "", args, nil
}

// valueFollows reports whether the word behind a flag is its value, as far as
// that can be told before the verb is known. Flags of some commands take a value
// and have none with others: a verb behind one is the verb.
func valueFollows(word, next string, all []*Command) bool {
	without, with := false, false
	for _, cmd := range all {
		takesValue, known := wantsWord(word, flagSet(cmd.AllFlags()))
		with, without = with || known && takesValue, without || known && !takesValue
	}
	if with && without {
		return !isCommand(next, all)
	}
	return with
}

// wantsWord reports whether a flag, or the last one of a cluster, needs the next
// word for its value, and whether it is known at all.
func wantsWord(word string, set map[string]bool) (takesValue, known bool) {
	if name, long := strings.CutPrefix(word, "--"); long {
		name, _, hasValue := strings.Cut(name, "=")
		takesValue, known = set[name]
		return takesValue && !hasValue, known
	}
	for i := 1; i < len(word); i++ {
		if takesValue, known = set[word[i:i+1]]; takesValue || !known {
			return takesValue && i == len(word)-1, known
		}
	}
	return false, known
}

// IsFlag: neither "-", standard input, nor "-:FIELD", a page nested in that.
func IsFlag(word string) bool {
	return len(word) > 1 && word[0] == '-' && word != "--" && word[1] != ':'
}

// flagSet tells for each name of each flag whether it takes a value.
func flagSet(flags []Flag) map[string]bool {
	set := map[string]bool{"help": false, "h": false}
	for _, f := range flags {
		_, isBool := f.(*BoolFlag)
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
		case !IsFlag(word):
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
	case hasValue && (name == "help" || name == "version"):
		return "", nil, fail.Usagef("flag --%s takes no value", name)
	case !takesValue || hasValue:
		return word, words, nil
	case len(words) == 0:
		return "", nil, fail.Usagef("flag --%s needs a value", name)
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
		case !takesValue && strings.HasPrefix(letters, "="):
			return nil, nil, fail.Usagef("flag -%s takes no value", name)
		case !takesValue:
			flags = append(flags, "-"+name)
			continue
		case letters != "":
			flags = append(flags, "-"+name+"="+strings.TrimPrefix(letters, "="))
			return flags, words, nil
		case len(words) == 0:
			return nil, nil, fail.Usagef("flag -%s needs a value", name)
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
	return fail.Hinted(fail.Usagef("unknown flag %s", mist.EscapeText(flag)), fail.DidYouMean(flag, names))
}

// wantsJSON tells whether errors are to be JSON: surely from words that are
// arranged, as far as can be told from those that could not be.
func wantsJSON(args []string) bool {
	return slices.ContainsFunc(outputsOf(args), func(format string) bool { return strings.HasSuffix(format, "json") })
}

// outputsOf returns the formats that a line asks for, as far as can be told.
func outputsOf(args []string) (formats []string) {
	for i, word := range args {
		switch {
		case word == "--":
			return formats
		case word == "-j", word == "--json":
			formats = append(formats, out.JSON)
		case word == "-o", word == "--output":
			formats = append(formats, args[i+1:min(i+2, len(args))]...)
		default:
			format, long := strings.CutPrefix(word, "--output=")
			short := false
			if !long {
				format, short = strings.CutPrefix(word, "-o")
			}
			if long || short {
				formats = append(formats, strings.TrimPrefix(format, "="))
			}
		}
	}
	return formats
}
