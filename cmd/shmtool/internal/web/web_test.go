package web

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// An address without a host is this machine's own.
func TestListenOnLoopback(t *testing.T) {
	t.Parallel()
	for _, address := range []string{":0", "127.0.0.1:0"} {
		all, err := Listen(address)
		if err != nil {
			t.Fatal(err)
		}
		for _, l := range all {
			if !strings.HasPrefix(l.Addr().String(), "127.0.0.1:") {
				t.Errorf("%s listens on %s", address, l.Addr())
			}
			_ = l.Close()
		}
	}
	if _, err := Listen("9424"); err == nil {
		t.Error("a port alone is an address")
	}
}

// A process that systemd has not started has no socket of it.
func TestNotActivated(t *testing.T) {
	t.Setenv("LISTEN_PID", "1")
	t.Setenv("LISTEN_FDS", "1")
	if all, err := Activated(); !errors.Is(err, ErrNoSocket) {
		t.Errorf("%v, %v", all, err)
	}
}

// A file is read as Prometheus' exporters read it, and its errors say what is wrong.
func TestRead(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	for text, want := range map[string]string{
		"": "",
		"http_server_config: {http2: false, headers: {X-Frame-Options: deny}}": "",
		"basic_auth_users: {}":                                 "",
		"tls_server_config: {cert_file: a}":                    "cert_file and key_file are required",
		"basic_auth_users: {a: b}":                             `the password of "a" is no bcrypt hash`,
		"http_server_config: {headers: {Server: x}}":           `header "Server" cannot be set`,
		"tls_server_confg: {}":                                 "field tls_server_confg not found",
		"tls_server_config: {cert_file: none, key_file: none}": "none: no such file or directory",
		"\x00": "control characters are not allowed",
		"[":    "did not find",
	} {
		path := filepath.Join(dir, "web.yml")
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		s := Server{ConfigFile: path}
		switch err := s.Prepare(); {
		case want == "" && err != nil:
			t.Errorf("%q: %v", text, err)
		case want != "" && (err == nil || !strings.Contains(err.Error(), want)):
			t.Errorf("%q: %v, want %s", text, err, want)
		}
	}
}
