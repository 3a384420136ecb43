package server

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"regexp"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"shmtool/cmd/shmtool/internal/metrics"
	"shmtool/cmd/shmtool/internal/pages"
	"shmtool/cmd/shmtool/internal/streams"
	"shmtool/cmd/shmtool/internal/streams/streamstest"
	"shmtool/cmd/shmtool/internal/world"
)

// sampleWatcher returns a watcher of a stream that is well, whose looks are all fresh ones.
func sampleWatcher(t *testing.T) (*watcher, *streamstest.World) {
	t.Helper()
	sample := streamstest.NewWorld(t)
	sample.Sample("live")
	w := world.New(nil, nil, nil, os.Getenv)
	w.ShmDir, w.ProcDir = sample.Shm, sample.Proc
	watching := newWatcher(w, nil, 0)
	watching.fresh = 0
	return watching, sample
}

// Who asks while a look is under way gets that one.
func TestWatcherShares(t *testing.T) {
	t.Parallel()
	w, _ := sampleWatcher(t)
	look, looks, gate := w.look, atomic.Int32{}, make(chan struct{})
	w.look = func() (*streams.Moment, error) {
		looks.Add(1)
		<-gate
		return look()
	}
	w.fresh = time.Hour // who comes late gets it again
	var asking sync.WaitGroup
	seen := make([]*sighting, 50)
	for i := range seen {
		asking.Go(func() { seen[i], _ = w.see(t.Context()) })
	}
	close(gate)
	asking.Wait()
	for _, s := range seen {
		if s == nil || s != seen[0] {
			t.Fatalf("%v, %v", s, seen[0])
		}
	}
	if n := looks.Load(); n != 1 {
		t.Errorf("%d looks", n)
	}
}

// A look that hangs ends with who asked. The next who asks gets another, until many hang.
func TestWatcherOutlivesHanging(t *testing.T) {
	t.Parallel()
	w, _ := sampleWatcher(t)
	look, gate := w.look, make(chan struct{})
	hanging, hang := atomic.Bool{}, atomic.Int32{}
	w.look = func() (*streams.Moment, error) {
		if hanging.Load() {
			hang.Add(1)
			<-gate
		}
		return look()
	}
	gone, cancel := context.WithCancel(t.Context())
	cancel()
	for n := int32(1); n <= manyHang; n++ {
		hanging.Store(true)
		if _, err := w.see(gone); !errors.Is(err, errLookLate) {
			t.Fatal(err)
		}
		for hang.Load() < n { // it is about to
			time.Sleep(time.Millisecond)
		}
		if n == manyHang {
			break
		}
		hanging.Store(false)
		if s, err := w.see(t.Context()); err != nil || s == nil {
			t.Fatalf("%v, %v", s, err)
		}
	}
	if _, err := w.see(t.Context()); !errors.Is(err, errLookHang) {
		t.Error(err)
	}
	close(gate)
	for w.hanging() > 0 {
		time.Sleep(time.Millisecond)
	}
	if s, err := w.see(t.Context()); err != nil || s == nil {
		t.Errorf("%v, %v", s, err)
	}
}

// Both formats have what streams and doctor say, packed or not.
func TestWatcherTells(t *testing.T) {
	t.Parallel()
	w, _ := sampleWatcher(t)
	s, err := w.see(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	for format, want := range map[metrics.Format]string{
		metrics.Prometheus:  "# TYPE mist_track_reloads_total counter\n",
		metrics.OpenMetrics: "# TYPE mist_track_reloads counter\n",
	} {
		plain, err := s.text(format, false)
		if err != nil {
			t.Fatal(err)
		}
		for _, line := range []string{want, "mist_doctor_verdict{stream=\"live\",verdict=\"ok\"} ", "mist_stream_tracks{stream=\"live\"} "} {
			if !strings.Contains(string(plain), line) {
				t.Errorf("%q is not in\n%s", line, plain)
			}
		}
		if packed, err := s.text(format, true); err != nil || len(packed) == 0 || len(packed) >= len(plain) {
			t.Errorf("%d bytes of %d, %v", len(packed), len(plain), err)
		}
	}
}

// Names of streams are foreign: a page has them escaped, and their links lead to them.
func TestSiteEscapes(t *testing.T) {
	t.Parallel()
	w, sample := sampleWatcher(t)
	const evil = "<b>\"a/../?\xff\x1b"
	sample.Sample(strings.ReplaceAll(evil, "/", "+"))
	s := &site{world: w.world, watcher: w, options: serveOptions{timeout: time.Minute}}
	ask := func(path string) (int, string) {
		answer := httptest.NewRecorder()
		s.handler().ServeHTTP(answer, httptest.NewRequest(http.MethodGet, path, nil))
		return answer.Code, answer.Body.String()
	}
	_, page := ask("/")
	links := regexp.MustCompile(`<a href="(/report/[^"]*)">([^<]*)</a>`).FindAllStringSubmatch(page, -1)
	if len(links) != 2 || strings.Contains(page, "<b>") || strings.Contains(page, "\x1b") {
		t.Fatalf("%q", page)
	}
	for _, link := range links {
		if code, page := ask(link[1]); code != http.StatusOK || strings.Contains(page, "<b>") {
			t.Errorf("%s: %d, %q", link[1], code, page)
		}
	}
}

// A client that has its report may ask for the next one at once: it was told now and then that
// another one was under way.
func TestReportsInTurn(t *testing.T) {
	t.Parallel()
	w, _ := sampleWatcher(t)
	s := &site{world: w.world, watcher: w, options: serveOptions{timeout: time.Minute}}
	for range 50 {
		answer := httptest.NewRecorder()
		s.handler().ServeHTTP(answer, httptest.NewRequest(http.MethodGet, "/report/live", nil))
		if answer.Code != http.StatusOK {
			t.Fatalf("%d, %q", answer.Code, answer.Body)
		}
	}
}

// What streams leave behind is dropped: many that come and go take no memory.
func TestWatcherForgets(t *testing.T) {
	t.Parallel()
	w, sample := sampleWatcher(t)
	if _, err := w.see(t.Context()); err != nil {
		t.Fatal(err)
	}
	if len(w.tracks) == 0 {
		t.Fatal("no track is known")
	}
	entries, err := os.ReadDir(sample.Shm)
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range entries {
		sample.Remove(e.Name())
	}
	for range 5 {
		if _, err := w.see(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	if len(w.tracks) > 0 || len(w.looks) > 2 {
		t.Errorf("%d tracks and %d looks are kept", len(w.tracks), len(w.looks))
	}
}

// A look is compared with the newest that tells all, and with none that is old.
func TestWatcherCompares(t *testing.T) {
	t.Parallel()
	w, _ := sampleWatcher(t)
	begun := time.Now()
	after := func(d time.Duration) time.Time { return begun.Add(d) }
	moments := map[*streams.Moment]string{nil: "none"}
	for i, at := range []time.Duration{0, 200 * time.Millisecond, 2 * time.Second, 3 * time.Second} {
		m := new(streams.Moment)
		moments[m] = fmt.Sprint(i)
		w.add(&timed{after(at), m})
	}
	for _, c := range []struct {
		at   time.Duration
		want string
	}{{500 * time.Millisecond, "none"}, {3500 * time.Millisecond, "0"}, {5 * time.Second, "0"}, {6500 * time.Millisecond, "2"}, {time.Minute, "3"}, {time.Hour, "none"}} {
		if got := moments[w.before(after(c.at))]; got != c.want {
			t.Errorf("after %v: %s, want %s", c.at, got, c.want)
		}
	}
}

// A client gets the format that it wants the most, of those that there are.
func TestFormatFor(t *testing.T) {
	t.Parallel()
	const proto = "application/vnd.google.protobuf;proto=io.prometheus.client.MetricFamily;encoding="
	for accepts, want := range map[string]metrics.Format{
		"":    metrics.Prometheus,
		"*/*": metrics.Prometheus,
		"application/openmetrics-text;version=1.0.0;q=0.5,application/openmetrics-text;version=0.0.1;q=0.4,text/plain;version=0.0.4;q=0.3,*/*;q=0.2": metrics.OpenMetrics,
		proto + "delimited,application/openmetrics-text;version=1.0.0;q=0.8,text/plain;version=0.0.4;q=0.5":                                          metrics.Protobuf,
		proto + "delimited;q=0.1,text/plain;q=0.5": metrics.Prometheus,
		proto + "text,text/plain;q=0.5":            metrics.Prometheus,
		"application/vnd.google.protobuf":          metrics.Prometheus,
		"text/html,*/*;q=0.8":                      metrics.Prometheus,
	} {
		if got := formatFor(accepts); got != want {
			t.Errorf("%q: %s, want %s", accepts, got, want)
		}
	}
}

// A directory that cannot be listed is no directory without streams.
func TestServeCannotList(t *testing.T) {
	t.Parallel()
	w, sample := sampleWatcher(t)
	chosen, err := pages.NewStreams(w.world, []string{"live"})
	if err != nil {
		t.Fatal(err)
	}
	s := &site{world: w.world, watcher: w, options: serveOptions{timeout: time.Minute, snapshot: true, streams: chosen}}
	for _, path := range []string{"/", "/report/live", "/snapshot"} {
		for dir, want := range map[string]int{sample.Shm: http.StatusOK, sample.Shm + "/missing": http.StatusServiceUnavailable} {
			w.world.ShmDir = dir
			answer := httptest.NewRecorder()
			s.handler().ServeHTTP(answer, httptest.NewRequest(http.MethodGet, path, nil))
			if answer.Code != want {
				t.Errorf("%s of %s: %d %s", path, dir, answer.Code, answer.Body)
			}
		}
	}
}
