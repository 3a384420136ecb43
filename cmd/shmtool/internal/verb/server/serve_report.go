package server

import (
	"bytes"
	"context"
	"net/http"
	"net/url"

	"shmtool/cmd/shmtool/internal/pages"
	"shmtool/cmd/shmtool/internal/pattern"
	"shmtool/cmd/shmtool/internal/report"
)

// report answers with a report on a stream, as the command report writes it.
func (s *site) report(w http.ResponseWriter, r *http.Request) {
	name := r.PathValue("stream")
	there, err := pages.StreamNames(s.world)
	if err != nil {
		s.fails(w, s.world.NoDirectory(err))
		return
	}
	if !s.options.streams.Wanted(name) || !there[name] {
		http.Error(w, "there is no such stream", http.StatusNotFound)
		return
	}
	if !s.reporting.TryLock() {
		w.Header().Set("Retry-After", "2")
		http.Error(w, "another report is under way", http.StatusServiceUnavailable)
		return
	}
	ctx, cancel := context.WithTimeout(r.Context(), s.limit(r))
	defer cancel()
	type result struct {
		page bytes.Buffer
		err  error
	}
	done := make(chan *result, 1)
	go func() { // a look that hangs is left alone
		of := new(result)
		in, err := reportOptions{streams: pages.Streams{pattern.Pattern{Text: name, Exact: true}}}.input(ctx, s.world, s.world.ShmDir)
		if err == nil {
			err = report.Write(&of.page, in)
		}
		of.err = err
		s.reporting.Unlock() // before the answer, behind which the client may ask for the next one
		done <- of
	}()
	select {
	case <-ctx.Done():
		s.fails(w, errLookLate)
	case of := <-done:
		if of.err != nil {
			s.fails(w, of.err)
			return
		}
		w.Header().Set("Content-Type", "text/html; charset=utf-8")
		_, _ = w.Write(of.page.Bytes()) // a client that goes away wants no more
	}
}

// reportLink returns where the report on a stream is.
func reportLink(name string) string { return "/report/" + url.PathEscape(name) }
