package cli

// aliases are words that people type for a command which has another name.
var aliases = map[string]string{"show": "dump", "status": "streams"}

// Aliased returns the name of the command that a word stands for: the word itself, unless it
// is an alias. A command of that name comes first.
func Aliased(word string, all []*Command) string {
	if name, is := aliases[word]; is && !isCommand(word, all) {
		return name
	}
	return word
}
