// Package web serves HTTP as Prometheus' exporters do: with TLS and passwords from a file
// of their form, and on sockets of systemd. Their toolkit would do the same, and takes
// every start of shmtool a millisecond: it and client_golang make metrics of themselves
// when a program begins, whatever it then does.
package web

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"time"

	"github.com/coreos/go-systemd/v22/activation"
)

// loopback is where a server listens whose address has no host: what it tells is for
// strangers only where the operator says so.
const loopback = "127.0.0.1"

// Listen listens on an address.
func Listen(address string) ([]net.Listener, error) {
	host, port, err := net.SplitHostPort(address)
	if err != nil {
		return nil, err
	}
	if host == "" {
		host = loopback
	}
	l, err := net.Listen("tcp", net.JoinHostPort(host, port))
	if err != nil {
		return nil, err
	}
	return []net.Listener{l}, nil
}

// ErrNoSocket says that systemd has given none.
var ErrNoSocket = errors.New("systemd has given no socket")

// Activated returns the sockets that systemd has opened for this process.
func Activated() ([]net.Listener, error) {
	given, err := activation.Listeners()
	if err != nil {
		return nil, err
	}
	var all []net.Listener
	for _, l := range given {
		if l != nil { // else it is no socket that listens
			all = append(all, l)
		}
	}
	if len(all) == 0 {
		return nil, ErrNoSocket
	}
	return all, nil
}

// The limits against clients that are slow, or send no end.
const (
	headTime  = 5 * time.Second
	readTime  = 10 * time.Second
	idleTime  = 2 * time.Minute
	headBytes = 16 << 10
	lastTime  = 700 * time.Millisecond // for answers that are under way when the server ends
)

// Server is an HTTP server.
type Server struct {
	Handler    http.Handler
	ConfigFile string        // "" is no file
	WriteTime  time.Duration // within which a client must have taken an answer
	Log        io.Writer     // for what clients do wrong

	server http.Server
	tls    bool
}

// Prepare reads the file, so that an error in it is told before the server begins.
func (s *Server) Prepare() error {
	c, err := Read(s.ConfigFile)
	if err != nil {
		return err
	}
	conf, err := c.tls()
	if err != nil {
		return err
	}
	handler := s.Handler
	if s.ConfigFile != "" {
		handler = &guard{path: s.ConfigFile, next: handler}
	}
	s.tls = conf != nil
	s.server = http.Server{
		Handler: handler, TLSConfig: conf, ErrorLog: log.New(s.Log, "", 0), MaxHeaderBytes: headBytes,
		ReadHeaderTimeout: headTime, ReadTimeout: readTime, WriteTimeout: s.WriteTime, IdleTimeout: idleTime,
	}
	if c.HTTP.HTTP2 != nil && !*c.HTTP.HTTP2 {
		s.server.Protocols = new(http.Protocols)
		s.server.Protocols.SetHTTP1(true)
	}
	return nil
}

// URL returns where a listener is reached.
func (s *Server) URL(l net.Listener) string {
	if s.tls {
		return fmt.Sprintf("https://%s/", l.Addr())
	}
	return fmt.Sprintf("http://%s/", l.Addr())
}

// Serve serves until ctx ends, and then lets answers end that are under way.
func (s *Server) Serve(ctx context.Context, listeners []net.Listener) error {
	failed := make(chan error, len(listeners))
	for _, l := range listeners {
		go func() {
			if s.tls {
				failed <- s.server.ServeTLS(l, "", "")
			} else {
				failed <- s.server.Serve(l)
			}
		}()
	}
	var err error
	select {
	case <-ctx.Done():
	case err = <-failed:
	}
	last, cancel := context.WithTimeout(context.WithoutCancel(ctx), lastTime)
	defer cancel()
	if s.server.Shutdown(last) != nil {
		_ = s.server.Close() // a client that takes nothing keeps no server
	}
	return err
}
