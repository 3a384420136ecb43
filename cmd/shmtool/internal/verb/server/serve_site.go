package server

import (
	"context"
	"fmt"
	"html"
	"maps"
	"net/http"
	"os"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/munnerz/goautoneg"

	"shmtool/cmd/shmtool/internal/metrics"
	"shmtool/cmd/shmtool/internal/pages"
	"shmtool/cmd/shmtool/internal/world"
	"shmtool/layout/mist"
)

// site answers requests.
type site struct {
	world     *world.World
	options   serveOptions
	watcher   *watcher
	saving    sync.Mutex // held while a snapshot is made and sent: one at a time
	reporting sync.Mutex // held while a report is made
}

// handler returns what serve answers with.
func (s *site) handler() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /{$}", s.landing)
	mux.HandleFunc("GET /metrics", s.metrics)
	mux.HandleFunc("GET /healthz", s.health)
	mux.HandleFunc("GET /report/{stream...}", s.report)
	if s.options.snapshot {
		mux.HandleFunc("GET /snapshot", s.snapshot)
	}
	return secured(mux)
}

// secured adds what keeps a browser from doing more with an answer than to show it.
func secured(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		h := w.Header()
		h.Set("X-Content-Type-Options", "nosniff")
		h.Set("X-Frame-Options", "deny")
		h.Set("Referrer-Policy", "no-referrer")
		h.Set("Cache-Control", "no-store")
		if h.Get("Content-Security-Policy") == "" { // else --web.config.file sets it
			h.Set("Content-Security-Policy", "default-src 'none'; style-src 'unsafe-inline'")
		}
		next.ServeHTTP(w, r)
	})
}

// early is how much before a scrape's own end serve gives up, so that its error arrives; a
// tenth of a short scrape.
const early = 500 * time.Millisecond

// limit returns how long a look may take for a request: as long as --timeout says, or as
// the Prometheus server that asks.
func (s *site) limit(r *http.Request) time.Duration {
	seconds, err := strconv.ParseFloat(r.Header.Get("X-Prometheus-Scrape-Timeout-Seconds"), 64)
	if err != nil || seconds < 1 || seconds > s.options.timeout.Seconds() {
		return s.options.timeout
	}
	scrape := time.Duration(seconds * float64(time.Second))
	return scrape - min(early, scrape/10)
}

func (s *site) metrics(w http.ResponseWriter, r *http.Request) {
	ctx, cancel := context.WithTimeout(r.Context(), s.limit(r))
	defer cancel()
	seen, err := s.watcher.see(ctx)
	if err != nil {
		s.fails(w, err)
		return
	}
	format := formatFor(r.Header.Get("Accept"))
	packed := takesGzip(r.Header.Get("Accept-Encoding"))
	text, err := seen.text(format, packed)
	if err != nil {
		s.fails(w, err)
		return
	}
	h := w.Header()
	h.Set("Content-Type", format.ContentType())
	h.Set("Content-Length", strconv.Itoa(len(text)))
	h.Set("Vary", "Accept, Accept-Encoding")
	if packed {
		h.Set("Content-Encoding", "gzip")
	}
	_, _ = w.Write(text) // a client that goes away wants no more
}

// formatFor returns the format that a client wants the most.
func formatFor(accepts string) metrics.Format {
	for _, a := range goautoneg.ParseAccept(accepts) { // in the order of what the client prefers
		switch kind := a.Type + "/" + a.SubType; {
		case kind == metrics.ProtobufType && isPart(metrics.ProtobufParams(), a.Params):
			return metrics.Protobuf
		case kind == "application/openmetrics-text":
			return metrics.OpenMetrics
		case kind == "text/plain" || kind == "text/*" || kind == "*/*":
			return metrics.Prometheus
		}
	}
	return metrics.Prometheus
}

// isPart reports whether all values of part are in all.
func isPart(part, all map[string]string) bool {
	for name, v := range part {
		if all[name] != v {
			return false
		}
	}
	return true
}

// takesGzip reports whether a client takes an answer that is packed.
func takesGzip(accepts string) bool {
	for word := range strings.SplitSeq(accepts, ",") {
		name, quality, _ := strings.Cut(strings.TrimSpace(word), ";")
		if strings.TrimSpace(name) == "gzip" {
			return strings.ReplaceAll(quality, " ", "") != "q=0"
		}
	}
	return false
}

// fails tells a client what went wrong, without control characters from names.
func (s *site) fails(w http.ResponseWriter, err error) {
	http.Error(w, mist.EscapeText(s.world.Redacted(err, err.Error())), http.StatusServiceUnavailable)
}

func (s *site) health(w http.ResponseWriter, _ *http.Request) {
	if _, err := os.Stat(s.world.ShmDir); err != nil {
		s.fails(w, s.world.NoDirectory(err))
		return
	}
	if s.watcher.hanging() >= manyHang {
		s.fails(w, errLookHang)
		return
	}
	fmt.Fprintln(w, "ok")
}

// landing links to what there is, and to a report on each stream.
func (s *site) landing(w http.ResponseWriter, _ *http.Request) {
	links := []string{"/metrics", "/healthz"}
	if s.options.snapshot {
		links = append(links, "/snapshot")
	}
	there, err := pages.StreamNames(s.world)
	if err != nil {
		s.fails(w, s.world.NoDirectory(err))
		return
	}
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	fmt.Fprint(w, landingHead)
	for _, link := range links {
		fmt.Fprintf(w, "<li><a href=\"%s\">%s</a></li>\n", link, link)
	}
	for _, name := range slices.Sorted(maps.Keys(there)) {
		if s.options.streams.Wanted(name) {
			fmt.Fprintf(w, "<li><a href=\"%s\">report on %s</a></li>\n", reportLink(name), html.EscapeString(mist.EscapeName(name)))
		}
	}
	fmt.Fprint(w, landingEnd)
}

const (
	landingHead = `<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>shmtool</title>
<style>:root { color-scheme: light dark } body { font: 1rem/1.5 sans-serif; margin: 2rem }</style>
</head>
<body>
<main>
<h1>shmtool</h1>
<p>Streams of MistServer, as their shared memory shows them.</p>
<ul>
`
	landingEnd = `</ul>
</main>
</body>
</html>
`
)
