// Command generate writes the file that package licenses embeds: go generate ./... runs it.
package main

import (
	"bytes"
	"fmt"
	"os"

	"shmtool/cmd/shmtool/internal/licenses/collect"
)

func main() {
	if err := generate(os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, "generate:", err)
		os.Exit(1)
	}
}

func generate(args []string) error {
	if len(args) != 1 {
		return fmt.Errorf("takes one FILE, and got %d arguments", len(args))
	}
	all, err := collect.Collect()
	if err != nil {
		return err
	}
	var b bytes.Buffer
	if err := all.Pack(&b); err != nil {
		return err
	}
	return os.WriteFile(args[0], b.Bytes(), 0o644)
}
