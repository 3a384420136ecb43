package write

import (
	"fmt"
	"io"
	"io/fs"
	"os"
	"strconv"
	"strings"

	"shmtool/cmd/shmtool/internal/cli"
	"shmtool/cmd/shmtool/internal/fail"
	"shmtool/cmd/shmtool/internal/world"
	"shmtool/layout"
)

// fieldFlag returns the flag that describes a field.
func fieldFlag() cli.Flag {
	return &cli.StringSliceFlag{Name: "field", Usage: "add a field, `NAME:TYPE[:SIZE]`; may be repeated. Types: " + strings.Join(layout.TypeNames(), " ") + ", or a code such as 0x33"}
}

func parseFields(texts []string) ([]layout.Field, error) {
	var fields []layout.Field
	for _, text := range texts {
		f, err := layout.ParseField(text)
		if err != nil {
			return nil, fail.Hinted(fail.As(fail.Usage, fmt.Errorf("--field: %w", err)), nearType(text))
		}
		fields = append(fields, f)
	}
	return fields, nil
}

// nearType returns a hint with the type that may have been meant in the description of a field.
func nearType(text string) string {
	_, typed, _ := strings.Cut(text, ":")
	typed, _, _ = strings.Cut(typed, ":")
	typed, _, _ = strings.Cut(typed, "[")
	return fail.DidYouMean(typed, layout.TypeNames())
}

// recordsFlag returns the flag that says how many records a page has room for.
func recordsFlag() cli.Flag {
	return &cli.UintFlag{Name: "records", Usage: "give the page room for `N` records"}
}

// recordCount returns the value of --records, 0 when it was not given.
func recordCount(c *cli.Call) (uint32, error) {
	n := c.Uint("records")
	if !c.IsSet("records") {
		return 0, nil
	}
	if n == 0 || uint(uint32(n)) != n {
		return 0, fail.Invalid("--records", n, "a number from 1 to 4294967295")
	}
	return uint32(n), nil
}

// readSchema reads a schema file, or standard input for "-".
func readSchema(w *world.World, name string) (*layout.Schema, error) {
	var text []byte
	var err error
	if name == "-" {
		text, err = io.ReadAll(w.In)
	} else {
		text, err = os.ReadFile(name)
	}
	if err != nil {
		return nil, fail.As(fail.BadInput, fmt.Errorf("schema %q: %w", name, fail.Bare(err)))
	}
	s, err := layout.ParseSchema(string(text))
	if err != nil {
		return nil, fail.As(fail.BadInput, fmt.Errorf("schema %q: %w", name, err))
	}
	return s, nil
}

func parseMode(text string) (fs.FileMode, error) {
	mode, err := strconv.ParseUint(text, 8, 32)
	if err != nil || mode > 0o777 {
		return 0, fail.Invalid("--mode", text, "an octal mode such as 0600")
	}
	return fs.FileMode(mode), nil
}
