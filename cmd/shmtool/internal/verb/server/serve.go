package server

import (
	"context"
	"errors"
	"fmt"
	"net"
	"time"

	"shmtool/cmd/shmtool/internal/cli"
	"shmtool/cmd/shmtool/internal/fail"
	"shmtool/cmd/shmtool/internal/pages"
	"shmtool/cmd/shmtool/internal/web"
	"shmtool/cmd/shmtool/internal/world"
)

// listenUsually is where serve listens unless told otherwise.
const listenUsually = "127.0.0.1:9424"

// serveOptions is what a command line of serve asks for.
type serveOptions struct {
	streams  pages.Streams
	address  string
	config   string
	socket   bool // systemd opens it
	snapshot bool
	secrets  bool
	timeout  time.Duration
}

// Serve returns the command that a Prometheus server asks for metrics.
func Serve() *cli.Command {
	return &cli.Command{
		Name:  "serve",
		Args:  "[STREAM…]",
		Usage: "serve metrics of streams to Prometheus",
		About: `serve answers HTTP requests until interrupted. It looks at the streams when a request
comes: requests that come together share one look, and a look is given again for half a
second. A look that takes longer than --timeout is an error, and the next request looks
anew.

  /metrics        what streams and doctor find, in the format that the client
                  asks for, and the intervals, losses and reloads of each track
                  since serve began
  /report/STREAM  the HTML file that report writes
  /healthz        "ok" while serve can look
  /snapshot       a snapshot as save --all --redact writes it; only with
                  --enable-snapshot

serve is for this machine alone unless --listen names another host. With
--web.config.file it uses TLS and passwords, in the form of Prometheus' exporters.
shmtool examples prints alerts, a dashboard and a unit of systemd to begin with.`,
		Examples: []string{
			"shmtool serve",
			"shmtool serve --listen :9999 'live*'",
			"shmtool serve --listen 0.0.0.0:9424 --web.config.file /etc/shmtool/web.yml",
			"shmtool serve --web.systemd-socket",
			"curl http://127.0.0.1:9424/metrics",
		},
		Access:   cli.Follows,
		Confines: true,
		Flags: []cli.Flag{
			&cli.StringFlag{Name: "listen", Value: listenUsually, Usage: "listen on `ADDRESS`; without a host it is 127.0.0.1"},
			&cli.StringFlag{Name: "web.config.file", Usage: "take TLS and passwords from `FILE`, as Prometheus' exporters do"},
			&cli.BoolFlag{Name: "web.systemd-socket", Usage: "listen on the sockets that systemd opens"},
			&cli.DurationFlag{Name: "timeout", Value: 10 * time.Second, Usage: "give up a look after `TIME`"},
			&cli.BoolFlag{Name: "enable-snapshot", Usage: "also serve /snapshot"},
			cli.SecretsFlag("do not redact what /snapshot gives"),
		},
		Run: runServe,
	}
}

func serveOptionsOf(c *cli.Call) (o serveOptions, err error) {
	if o.streams, err = pages.NewStreams(c.World, c.Args); err != nil {
		return o, err
	}
	o.address, o.config, o.socket = c.String("listen"), c.String("web.config.file"), c.Bool("web.systemd-socket")
	o.snapshot, o.secrets, o.timeout = c.Bool("enable-snapshot"), c.Secrets, c.Duration("timeout")
	if o.socket && c.IsSet("listen") {
		return o, fail.Usagef("specify at most one of --listen and --web.systemd-socket")
	}
	return o, c.Positive("timeout")
}

func runServe(ctx context.Context, c *cli.Call) error {
	o, err := serveOptionsOf(c)
	if err != nil {
		return err
	}
	s := &site{world: c.World, options: o, watcher: newWatcher(c.World, o.streams, o.timeout)}
	server := &web.Server{
		Handler: s.handler(), ConfigFile: o.config, WriteTime: o.timeout + takingTime,
		Log: &complaints{c.World},
	}
	if err := server.Prepare(); err != nil {
		return fail.As(fail.BadInput, fmt.Errorf("--web.config.file %q: %w", o.config, fail.Bare(err)))
	}
	listeners, err := o.listen()
	if err != nil {
		return err
	}
	if err := c.Confine(o.snapshot); err != nil { // from here on nothing asks for another socket
		return err
	}
	for _, l := range listeners {
		c.Warn("listening on %s", server.URL(l))
	}
	go func() { _, _ = s.watcher.see(ctx) }() // the first who asks then needs no second look
	return server.Serve(ctx, listeners)
}

// takingTime is how long a client may take for an answer that is ready.
const takingTime = 20 * time.Second

func (o *serveOptions) listen() ([]net.Listener, error) {
	if o.socket {
		all, err := web.Activated()
		if errors.Is(err, web.ErrNoSocket) {
			err = fail.Hinted(fail.As(fail.Usage, err), "use --listen, or start serve by a socket unit: shmtool examples unit")
		}
		return all, err
	}
	all, err := web.Listen(o.address)
	var address *net.AddrError
	switch {
	case errors.As(err, &address):
		return nil, fail.Invalid("--listen", o.address, "an address as 127.0.0.1:9424 or :9424")
	case err != nil:
		return nil, fail.As(fail.Refused, fmt.Errorf("--listen %s: %w", o.address, fail.Bare(err)))
	}
	return all, nil
}

// complaints says on standard error what clients do wrong.
type complaints struct{ to *world.World }

func (c *complaints) Write(line []byte) (int, error) {
	c.to.Warn("%s", world.OneLine(string(line)))
	return len(line), nil
}
