package bench

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"regexp"
	"syscall"
	"time"

	"shmtool/cmd/shmtool/internal/pause"
)

const (
	scrapes = 5
	// scrapeEvery is longer than serve gives the same look again.
	scrapeEvery = 600 * time.Millisecond
)

// servesAt is what serve says when it listens.
var servesAt = regexp.MustCompile(`http://\S+/`)

// scraping measures a serve that a Prometheus server asks for metrics of many streams.
func scraping(ctx context.Context, s *site) (_ []*sample, err error) {
	dir, err := s.streams(ctx)
	if err != nil {
		return nil, err
	}
	cmd := s.command(ctx, "--shm-dir", dir, "--proc-dir", s.procDir, "serve", "--listen", "127.0.0.1:0")
	said, err := cmd.StderrPipe()
	if err != nil {
		return nil, err
	}
	if err := cmd.Start(); err != nil {
		return nil, err
	}
	defer func() {
		_ = cmd.Process.Signal(syscall.SIGINT)
		_ = cmd.Wait() // a signal ends it
	}()
	first, err := bufio.NewReader(said).ReadString('\n')
	url := servesAt.FindString(first)
	if err != nil || url == "" {
		return nil, errors.Join(err, fmt.Errorf("serve says %q", first))
	}
	one := &sample{}
	var last usage
	begun := time.Now()
	for i := range scrapes + 1 { // the first opens all pages
		if err := scrape(ctx, url+"metrics"); err != nil {
			return nil, err
		}
		_ = pause.For(ctx, scrapeEvery)
		now, err := usageOf(cmd.Process.Pid)
		if err != nil {
			return nil, err
		}
		if i > 0 {
			one.costs = append(one.costs, float64(now.ran-last.ran)/perMillisecond)
			one.n++
			one.cpu = percent(now.ran-last.ran, time.Since(begun)/time.Duration(i+1))
		}
		last = now
	}
	one.note = fmt.Sprintf("processor time; %.2g %% of a core at a scrape every 15 s", median(one.costs)/150)
	return []*sample{one}, nil
}

// scrape asks as a Prometheus server does.
func scrape(ctx context.Context, url string) error {
	ask, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return err
	}
	ask.Header.Set("Accept", "application/openmetrics-text;version=1.0.0,text/plain;version=0.0.4;q=0.5")
	ask.Header.Set("Accept-Encoding", "gzip")
	answer, err := http.DefaultClient.Do(ask)
	if err != nil {
		return err
	}
	defer answer.Body.Close()
	n, err := io.Copy(io.Discard, answer.Body)
	if err == nil && (answer.StatusCode != http.StatusOK || n == 0) {
		err = fmt.Errorf("%s: status %s, %d bytes", url, answer.Status, n)
	}
	return err
}
