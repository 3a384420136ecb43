package server

import (
	"context"
	"embed"
	"slices"
	"strings"

	"shmtool/cmd/shmtool/internal/cli"
	"shmtool/cmd/shmtool/internal/fail"
)

//go:embed examples
var exampleFiles embed.FS

// examples are the files that examples prints, by the word that asks for them.
var examples = []struct{ word, file string }{
	{"alerts", "alerts.yml"},
	{"dashboard", "dashboard.json"},
	{"unit", "unit.service"},
	{"nagios", "nagios.cfg"},
	{"logrotate", "logrotate.conf"},
}

// Examples returns the command that prints files to start from.
func Examples() *cli.Command {
	return &cli.Command{
		Name:  "examples",
		Args:  "alerts|dashboard|unit|nagios|logrotate",
		Usage: "print a file to start from for monitoring",
		About: `examples prints a file to change for your server:

  alerts     rules for Prometheus, on what serve tells it
  dashboard  a dashboard for Grafana, to import
  unit       a unit of systemd that runs serve in a sandbox, and its socket
  nagios     commands and services for Nagios, Icinga and Naemon
  logrotate  how to rotate what streams --watch appends to a file`,
		Examples: []string{
			"shmtool examples alerts > /etc/prometheus/shmtool.yml",
			"shmtool examples dashboard > shmtool.json",
			"shmtool examples unit > /etc/systemd/system/shmtool.service",
		},
		Access: cli.Apart,
		Run:    runExamples,
	}
}

func runExamples(_ context.Context, c *cli.Call) error {
	var words []string
	for _, e := range examples {
		words = append(words, e.word)
	}
	accepted := strings.Join(words[:len(words)-1], ", ") + ", or " + words[len(words)-1]
	switch i := slices.Index(words, c.Arg(0)); {
	case len(c.Args) == 0:
		return fail.Usagef("requires one of %s", accepted)
	case len(c.Args) > 1:
		return fail.Usagef("unexpected argument %q: takes one of %s", c.Args[1], accepted)
	case i < 0:
		return fail.Usagef("unknown example %q: use %s", c.Args[0], accepted)
	default:
		text, err := exampleFiles.ReadFile("examples/" + examples[i].file)
		if err != nil {
			return err
		}
		_, err = c.Out.Write(text)
		return err
	}
}
