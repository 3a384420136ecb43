package cli

import (
	"slices"
	"strconv"
	"strings"

	"shmtool/cmd/shmtool/internal/fail"

	urfave "github.com/urfave/cli/v2"
)

// The kinds of flags.
type (
	Flag            = urfave.Flag
	BoolFlag        = urfave.BoolFlag
	StringFlag      = urfave.StringFlag
	StringSliceFlag = urfave.StringSliceFlag
	IntFlag         = urfave.IntFlag
	UintFlag        = urfave.UintFlag
	Uint64Flag      = urfave.Uint64Flag
	Float64Flag     = urfave.Float64Flag
	DurationFlag    = urfave.DurationFlag
)

// WordFlag is a flag with a few words that it takes: its check, its help and its
// completion are made of one list.
type WordFlag struct {
	textFlag
	Words []string
	Open  bool // it also takes other values, which the command itself checks
}

type textFlag interface {
	Flag
	urfave.DocGenerationFlag
	urfave.VisibleFlag
}

// Enum returns a flag that takes one of a few words. Usage begins the line of the help;
// the words, unless it names them, follow.
func Enum(name, value, usage string, words ...string) *WordFlag {
	if !strings.Contains(usage, words[len(words)-1]) {
		usage += " " + list(words)
	}
	return &WordFlag{textFlag: &StringFlag{Name: name, Value: value, Usage: usage}, Words: words}
}

// Suggest returns a flag whose completion offers a few words among all that it takes.
func Suggest(f textFlag, words ...string) *WordFlag {
	return &WordFlag{textFlag: f, Words: words, Open: true}
}

// check refuses a value that is none of the words.
func (f *WordFlag) check(c *urfave.Context) error {
	name := f.Names()[0]
	if f.Open || !c.IsSet(name) || slices.Contains(f.Words, c.String(name)) {
		return nil
	}
	return fail.InvalidWord("--"+name, c.String(name), f.Words, list(f.Words))
}

// list writes words as a text has them: "a, b, or c".
func list(words []string) string {
	last := len(words) - 1
	switch last {
	case 0:
		return words[0]
	case 1:
		return words[0] + " or " + words[1]
	}
	return strings.Join(words[:last], ", ") + ", or " + words[last]
}

// valueError says in our words that package flag could not read a flag's value:
// `invalid value "x" for flag -n: parse error`.
func valueError(err error, flags []Flag) error {
	text := strings.TrimPrefix(strings.TrimPrefix(err.Error(), "invalid value "), "invalid boolean value ")
	value, quoteErr := strconv.QuotedPrefix(text)
	_, name, found := strings.Cut(text[len(value):], "for ")
	name, _, _ = strings.Cut(strings.TrimPrefix(strings.TrimPrefix(name, "flag "), "-"), ":")
	if quoteErr != nil || !found {
		return fail.As(fail.Usage, err)
	}
	for _, f := range flags {
		if slices.Contains(f.Names(), name) {
			return fail.Usagef("%s %s is not %s", strings.Repeat("-", min(len(name), 2))+name, value, valueKind(f))
		}
	}
	return fail.As(fail.Usage, err)
}

// valueKind says what a flag's value must be.
func valueKind(f Flag) string {
	switch f.(type) {
	case *BoolFlag:
		return "true or false"
	case *DurationFlag:
		return "a duration such as 1.5s or 250ms"
	case *UintFlag, *Uint64Flag:
		return "a number from 0 up"
	case *IntFlag:
		return "a whole number"
	case *Float64Flag:
		return "a number"
	}
	return "what it takes"
}

// flagText returns what a help says of a flag: its names with its placeholder, and what it
// does, with its default where it has one that says something.
func flagText(f Flag) (text, does string) {
	d, ok := f.(urfave.DocGenerationFlag)
	if !ok {
		return "", ""
	}
	placeholder, usage := cutPlaceholder(d.GetUsage())
	var names []string
	for _, name := range f.Names() {
		names = append(names, strings.Repeat("-", min(len(name), 2))+name)
	}
	text = strings.Join(names, ", ")
	if d.TakesValue() {
		text += " " + placeholder
	}
	if v := d.GetValue(); d.TakesValue() && !slices.Contains([]string{"", "0", "0s", "[]"}, v) {
		usage += " (default: " + v + ")"
	}
	return text, usage
}

// cutPlaceholder finds the word in backquotes that stands for a flag's value.
func cutPlaceholder(usage string) (placeholder, text string) {
	before, rest, _ := strings.Cut(usage, "`")
	word, after, found := strings.Cut(rest, "`")
	if !found {
		return "VALUE", usage
	}
	return word, before + word + after
}

// About returns the word that stands for a flag's value, and what the flag does.
func About(f Flag) (placeholder, text string) {
	d, ok := f.(urfave.DocGenerationFlag)
	if !ok {
		return "", ""
	}
	return cutPlaceholder(d.GetUsage())
}
