package main

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"io"
	"math/big"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	dto "github.com/prometheus/client_model/go"
	"golang.org/x/crypto/bcrypt"
)

// served is a shmtool serve in a process of its own, beside a stream that is played.
type served struct {
	*process
	shm, url string
}

var servedURL = regexp.MustCompile(`listening on (https?://\S+/)`)

// serve starts serve for a directory, on a port that is free, in the sandbox where the
// kernel has it.
func serve(t *testing.T, shm string, args ...string) *served {
	t.Helper()
	s := &served{shm: shm}
	s.process = launchWith(t, shm, append([]string{"serve", "--listen", ":0"}, args...)...)
	s.until("an address", func() bool {
		m := servedURL.FindStringSubmatch(s.err.String())
		if m != nil {
			s.url = m[1]
		}
		return m != nil
	})
	return s
}

// launchWith is launch with the processes that there are.
func launchWith(t *testing.T, shm string, args ...string) *process {
	t.Helper()
	return launch(t, shm, append(args, "--proc-dir", "/proc")...)
}

// get returns an answer.
func (s *served) get(path string, header ...string) (*http.Response, string) {
	s.t.Helper()
	r, err := http.NewRequestWithContext(s.t.Context(), http.MethodGet, s.url+path, nil)
	if err != nil {
		s.t.Fatal(err)
	}
	for i := 0; i < len(header); i += 2 {
		r.Header.Set(header[i], header[i+1])
	}
	answer, err := http.DefaultClient.Do(r)
	if err != nil {
		s.t.Fatal(err)
	}
	defer answer.Body.Close()
	body, err := io.ReadAll(answer.Body)
	if err != nil {
		s.t.Fatal(err)
	}
	return answer, string(body)
}

const wantsOpenMetrics = "application/openmetrics-text;version=1.0.0,text/plain;version=0.0.4;q=0.5,*/*;q=0.1"

// serve gives Prometheus what it asks for, and ends in good order.
func TestServe(t *testing.T) {
	stream, shm := ownStream("serve"), t.TempDir()
	launchWith(t, shm, "simulate", "--stream", stream, "--for", "0", "--backlog", "2s", "--gop", "5")
	s := serve(t, shm, "--enable-snapshot", "--sandbox", sandboxWord(t))
	var families map[string]*dto.MetricFamily
	s.until("intervals of packets", func() bool {
		answer, text := s.get("metrics", "Accept", wantsOpenMetrics)
		if answer.StatusCode != http.StatusOK || answer.Header.Get("Content-Type") != "application/openmetrics-text; version=1.0.0; charset=utf-8" {
			t.Fatalf("%v\n%s", answer, text)
		}
		families = parseMetrics(t, text)
		f := families["mist_track_part_interval_seconds"]
		return f != nil && f.Metric[0].GetHistogram().GetSampleCount() > 10
	})
	for _, m := range families["mist_track_parts_lost"].GetMetric() {
		if m.GetCounter().GetValue() != 0 {
			t.Errorf("lost: %v", m)
		}
	}
	listed := listedMetrics(t)
	for name, f := range families {
		if f.GetType() == dto.MetricType_COUNTER && !strings.HasSuffix(name, "_total") {
			name += "_total"
		}
		if !strings.Contains(listed, "\n"+name+"\n") {
			t.Errorf("METRICS does not list %s", name)
		}
	}
	if answer, text := s.get("metrics"); !strings.HasPrefix(answer.Header.Get("Content-Type"), "text/plain; version=0.0.4") || strings.Contains(text, "# EOF") {
		t.Errorf("%v\n%s", answer, text)
	}
	if answer, text := s.get("healthz"); answer.StatusCode != http.StatusOK || text != "ok\n" {
		t.Errorf("%v %q", answer, text)
	}
	if answer, text := s.get(""); answer.StatusCode != http.StatusOK || !strings.Contains(text, `<a href="/snapshot">`) {
		t.Errorf("%v %q", answer, text)
	}
	if answer, text := s.get("report/" + stream); answer.StatusCode != http.StatusOK || !strings.Contains(text, "<html") || !strings.Contains(text, stream) {
		t.Errorf("%v %q", answer, text)
	}
	if answer, _ := s.get("report/none"); answer.StatusCode != http.StatusNotFound {
		t.Errorf("%v", answer)
	}
	if answer, _ := s.get("none"); answer.StatusCode != http.StatusNotFound {
		t.Errorf("%v", answer)
	}
	_, archive := s.get("snapshot")
	path := filepath.Join(t.TempDir(), "s.tar.gz")
	if err := os.WriteFile(path, []byte(archive), 0o600); err != nil {
		t.Fatal(err)
	}
	if r := runIn(t, t.TempDir(), "", "streams", "--names", "--moment", path); r.code != 0 || r.stdout == "" {
		t.Errorf("the snapshot: %v", r)
	}
	s.ends(t)
}

// ends asks serve to end, and expects that it does.
func (s *served) ends(t *testing.T) {
	t.Helper()
	http.DefaultClient.CloseIdleConnections()
	if err := s.cmd.Process.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	if status := s.done(); status.Signal() != syscall.SIGTERM {
		t.Errorf("it ended by %v\n%s", status, s.err.String())
	}
}

// sandboxWord returns the value of --sandbox that this kernel can do.
func sandboxWord(t *testing.T) string {
	t.Helper()
	if exec.Command(looksName, "--version").Run() != nil {
		return "off"
	}
	return "on"
}

// listedMetrics returns the metrics that the manual lists, each in a line.
func listedMetrics(t *testing.T) string {
	t.Helper()
	text := "\n"
	for _, line := range section(t, manSections(t, "shmtool.1"), "METRICS").lines {
		if name, ok := strings.CutPrefix(line, ".Li "); ok {
			text += name + "\n"
		}
	}
	return text
}

// Many clients at once, slow ones and such that say nothing keep nobody else from an
// answer.
func TestServeManyClients(t *testing.T) {
	shm := t.TempDir()
	s := serve(t, shm)
	host := strings.TrimSuffix(strings.TrimPrefix(s.url, "http://"), "/")
	for _, head := range []string{"", "GET /metrics HTTP/1.1\r\nHost: x\r\n"} {
		for range 20 {
			c, err := net.Dial("tcp", host)
			if err != nil {
				t.Fatal(err)
			}
			t.Cleanup(func() { _ = c.Close() })
			if _, err := io.WriteString(c, head); err != nil {
				t.Fatal(err)
			}
		}
	}
	var clients sync.WaitGroup
	for range 200 {
		clients.Go(func() {
			answer, err := http.Get(s.url + "metrics")
			if err == nil {
				_, err = io.Copy(io.Discard, answer.Body)
				err = errors.Join(err, answer.Body.Close())
			}
			if err != nil || answer.StatusCode != http.StatusOK {
				t.Errorf("%v, %v", answer, err)
			}
		})
	}
	clients.Wait()
	if err := os.RemoveAll(shm); err != nil {
		t.Fatal(err)
	}
	s.until("an error", func() bool {
		answer, text := s.get("metrics")
		return answer.StatusCode == http.StatusServiceUnavailable && strings.Contains(text, "no such file or directory")
	})
	if answer, _ := s.get("healthz"); answer.StatusCode != http.StatusServiceUnavailable {
		t.Errorf("%v", answer)
	}
	s.ends(t)
}

// A file of Prometheus' exporters brings TLS and passwords, and a new password needs no new
// start.
func TestServeGuarded(t *testing.T) {
	dir := t.TempDir()
	pool := certify(t, dir)
	config := filepath.Join(dir, "web.yml")
	password := func(word string) {
		hash, err := bcrypt.GenerateFromPassword([]byte(word), bcrypt.MinCost)
		if err != nil {
			t.Fatal(err)
		}
		text := "tls_server_config: {cert_file: cert.pem, key_file: key.pem, min_version: TLS13}\n" +
			"http_server_config: {headers: {X-Frame-Options: sameorigin}}\nbasic_auth_users: {prometheus: " + string(hash) + "}\n"
		if err := os.WriteFile(config, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	password("one")
	s := serve(t, t.TempDir(), "--web.config.file", config)
	client := &http.Client{Transport: &http.Transport{TLSClientConfig: &tls.Config{RootCAs: pool}}}
	defer client.CloseIdleConnections()
	ask := func(user, word string) int {
		r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, s.url+"healthz", nil)
		if err != nil {
			t.Fatal(err)
		}
		if user != "" {
			r.SetBasicAuth(user, word)
		}
		answer, err := client.Do(r)
		if err != nil {
			t.Fatal(err)
		}
		defer answer.Body.Close()
		return answer.StatusCode
	}
	expect := func(user, word string, want int) {
		t.Helper()
		if got := ask(user, word); got != want {
			t.Errorf("%s %s: status %d, want %d", user, word, got, want)
		}
	}
	expect("", "", http.StatusUnauthorized)
	expect("prometheus", "two", http.StatusUnauthorized)
	expect("other", "one", http.StatusUnauthorized)
	expect("prometheus", "one", http.StatusOK)
	expect("prometheus", "one", http.StatusOK)
	password("two")
	expect("prometheus", "one", http.StatusUnauthorized)
	expect("prometheus", "two", http.StatusOK)
}

// certify makes a certificate of 127.0.0.1 in a folder.
func certify(t *testing.T, dir string) *x509.CertPool {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{SerialNumber: big.NewInt(1), NotAfter: time.Now().Add(time.Hour), IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)}}
	cert, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		t.Fatal(err)
	}
	secret, err := x509.MarshalECPrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	for name, block := range map[string]*pem.Block{"cert.pem": {Type: "CERTIFICATE", Bytes: cert}, "key.pem": {Type: "EC PRIVATE KEY", Bytes: secret}} {
		if err := os.WriteFile(filepath.Join(dir, name), pem.EncodeToMemory(block), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	parsed, err := x509.ParseCertificate(cert)
	if err != nil {
		t.Fatal(err)
	}
	pool := x509.NewCertPool()
	pool.AddCert(parsed)
	return pool
}
