package cli

// aliases are words that people type for a command which has another name.
var aliases = map[string]string{"show": "dump", "status": "streams"}

// meant has words that people type for what a command does. They run nothing: shmtool
// answers with the command, because some of these commands end processes.
var meant = map[string]string{
	"why": "doctor", "diagnose": "doctor", "debug": "doctor", "health": "doctor", "fix": "doctor", "repair": "doctor",
	"stop": "clean", "kill": "clean", "end": "clean", "restart": "clean",
	"list": "ls", "cat": "dump", "print": "dump", "read": "dump", "follow": "tail", "compare": "diff",
	"snapshot": "save", "dashboard": "top", "monitor": "serve", "metrics": "serve", "exporter": "serve",
	"write": "append", "remove": "rm",
}

// Aliased returns the name of the command that a word stands for: the word itself, unless it
// is an alias. A command of that name comes first.
func Aliased(word string, all []*Command) string {
	if name, is := aliases[word]; is && !isCommand(word, all) {
		return name
	}
	return word
}
