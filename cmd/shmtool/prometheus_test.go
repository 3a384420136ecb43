package main

import (
	"encoding/json"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"syscall"
	"testing"
)

// prometheus is a Prometheus server that scrapes every second.
type prometheus struct {
	t   *testing.T
	url string
	out buffer
}

// startPrometheus starts a Prometheus server for a target, with the alerts of examples.
// They fire within seconds.
func startPrometheus(t *testing.T, target string, args ...string) *prometheus {
	t.Helper()
	dir := t.TempDir()
	rules := regexp.MustCompile(`for: [0-9]+[sm]`).ReplaceAllString(example(t, "alerts"), "for: 1s")
	config := fmt.Sprintf("global: {scrape_interval: 1s, scrape_timeout: 1s, evaluation_interval: 1s}\nrule_files: [alerts.yml]\n"+
		"scrape_configs: [{job_name: shmtool, static_configs: [{targets: ['%s']}]}]\n", target)
	for name, text := range map[string]string{"alerts.yml": rules, "prometheus.yml": config} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	p := &prometheus{t: t, url: "http://" + freeAddress(t)}
	args = append(args, "--config.file=prometheus.yml", "--storage.tsdb.path=data", "--web.listen-address="+strings.TrimPrefix(p.url, "http://"))
	cmd := exec.Command(program(t, "prometheus"), args...)
	cmd.Dir, cmd.Stdout, cmd.Stderr = dir, &p.out, &p.out
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = cmd.Process.Kill()
		_ = cmd.Wait()
	})
	return p
}

// freeAddress returns an address of this machine that nobody listened on a moment ago.
func freeAddress(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return l.Addr().String()
}

// finds reports whether a query has a result now.
func (p *prometheus) finds(query string) bool {
	answer, err := http.Get(p.url + "/api/v1/query?query=" + url.QueryEscape(query))
	if err != nil {
		return false // it does not listen yet
	}
	defer answer.Body.Close()
	var r struct{ Data struct{ Result []any } }
	return json.NewDecoder(answer.Body).Decode(&r) == nil && len(r.Data.Result) > 0
}

func (p *prometheus) until(query string, is bool) {
	p.t.Helper()
	eventually(p.t, func() bool { return p.finds(query) == is }, func() string {
		return fmt.Sprintf("%s is never %v:\n%s", query, is, p.out.String())
	})
}

// A Prometheus server sees a stream through serve. Alerts fire when its buffer is told to
// stand still and when it is killed, and clear when the stream is whole again.
func TestServePrometheus(t *testing.T) {
	skipShort(t)
	program(t, "prometheus")
	stream, shm := ownStream("alerted"), t.TempDir()
	simulation := launchWith(t, shm, "simulate", "--stream", stream, "--for", "0", "--backlog", "2s", "--gop", "5")
	s := serve(t, shm)
	p := startPrometheus(t, strings.TrimSuffix(strings.TrimPrefix(s.url, "http://"), "/"))
	of := fmt.Sprintf(`stream="%s"`, stream)
	p.until(fmt.Sprintf(`mist_stream_verdict{%s,verdict="ok"} == 1`, of), true)
	p.until(fmt.Sprintf(`mist_track_part_interval_seconds_count{%s} > 0`, of), true)
	firing := fmt.Sprintf(`ALERTS{alertname="MistStreamStuck",alertstate="firing",%s}`, of)
	p.until(firing, false)

	buffer := bufferOf(t, shm, stream)
	signal := func(sig syscall.Signal) {
		t.Helper()
		if err := syscall.Kill(buffer, sig); err != nil {
			t.Fatal(err)
		}
	}
	stands := fmt.Sprintf(`ALERTS{alertname="MistProcessStopped",alertstate="firing",%s}`, of)
	signal(syscall.SIGSTOP)
	p.until(stands, true)
	signal(syscall.SIGCONT)
	p.until(stands, false)
	p.until(firing, false)

	signal(syscall.SIGKILL)
	p.until(firing, true)

	_ = simulation.cmd.Process.Signal(os.Interrupt)
	simulation.done()
	p.until(firing, false)
	launchWith(t, shm, "simulate", "--stream", stream, "--for", "0", "--backlog", "2s", "--gop", "5")
	p.until(fmt.Sprintf(`mist_stream_verdict{%s,verdict="ok"} == 1`, of), true)
	p.until(firing, false)
	s.ends(t)
}

// A Prometheus server that scrapes native histograms gets them, with all other metrics. Each
// query of the dashboard finds something about a stream that is well, but for those that ask
// for what is wrong.
func TestServeNativeHistograms(t *testing.T) {
	skipShort(t)
	program(t, "prometheus")
	stream, shm := ownStream("native"), t.TempDir()
	launchWith(t, shm, "simulate", "--stream", stream, "--for", "0", "--backlog", "2s", "--gop", "5")
	s := serve(t, shm)
	p := startPrometheus(t, strings.TrimSuffix(strings.TrimPrefix(s.url, "http://"), "/"), "--enable-feature=native-histograms")
	of := fmt.Sprintf(`stream="%s"`, stream)
	p.until(fmt.Sprintf(`mist_stream_verdict{%s,verdict="ok"} == 1`, of), true)
	native := fmt.Sprintf(`rate(mist_track_part_interval_seconds{%s,type="video"}[1m])`, of)
	p.until(fmt.Sprintf(`histogram_count(%s) > 0`, native), true)
	p.until(fmt.Sprintf(`histogram_quantile(0.5, %s) > 0.035 < 0.045`, native), true) // 25 frames a second
	p.until(fmt.Sprintf(`mist_track_part_interval_seconds_bucket{%s}`, of), false)
	asked := 0
	for _, expr := range dashboardQueries(t) {
		if strings.Contains(expr, "findings") || strings.Contains(expr, "dvr") || strings.Contains(expr, "sessions") {
			continue // there is none
		}
		p.until(expr, true)
		asked++
	}
	if asked < 15 {
		t.Errorf("only %d queries; this test has gone blind", asked)
	}
}

// bufferOf returns the PID of the process that keeps a stream.
func bufferOf(t *testing.T, shm, stream string) int {
	t.Helper()
	text := shmtool(t, shm, "streams", stream, "--proc-dir", "/proc", "--jq", ".rows[0].buffer_pid")
	pid, err := strconv.Atoi(strings.TrimSpace(text))
	if err != nil {
		t.Fatal(err)
	}
	return pid
}
