package server

import (
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"time"

	"shmtool/cmd/shmtool/internal/cli"
	"shmtool/cmd/shmtool/internal/pages"
	"shmtool/cmd/shmtool/internal/snapshot"
)

const (
	sendTime     = 5 * time.Minute // within which a client must have taken a snapshot
	snapshotName = "snapshot.tar.gz"
)

// snapshot saves all objects, and gives them to a client. They are redacted unless serve
// was told to show secrets.
func (s *site) snapshot(w http.ResponseWriter, r *http.Request) {
	if !s.saving.TryLock() {
		w.Header().Set("Retry-After", "10")
		http.Error(w, "another snapshot is under way", http.StatusServiceUnavailable)
		return
	}
	defer s.saving.Unlock()
	// When the answer cannot be given more time, it ends as any other.
	_ = http.NewResponseController(w).SetWriteDeadline(time.Now().Add(sendTime))
	names, err := s.names()
	if err != nil {
		s.fails(w, s.world.NoDirectory(err))
		return
	}
	if len(names) == 0 && len(s.options.streams) > 0 { // it would be of all streams
		http.Error(w, "none of the chosen streams is there", http.StatusNotFound)
		return
	}
	dir, err := os.MkdirTemp("", "shmtool-serve-*")
	if err != nil {
		s.fails(w, err)
		return
	}
	defer os.RemoveAll(dir)
	path := filepath.Join(dir, snapshotName)
	_, _, err = snapshot.Save(r.Context(), path, snapshot.Options{
		ShmDir: s.world.ShmDir, ProcDir: s.world.ProcDir, Streams: names, Version: cli.Version(), Redact: !s.options.secrets,
	})
	if err != nil {
		s.fails(w, err)
		return
	}
	f, err := os.Open(path)
	if err != nil {
		s.fails(w, err)
		return
	}
	defer f.Close()
	w.Header().Set("Content-Type", "application/gzip")
	w.Header().Set("Content-Disposition", `attachment; filename="`+snapshotName+`"`)
	http.ServeContent(w, r, snapshotName, time.Time{}, f)
}

// names returns the streams that were chosen and are there; none where all are.
func (s *site) names() (names []string, err error) {
	if len(s.options.streams) == 0 {
		return nil, nil
	}
	there, err := pages.StreamNames(s.world)
	for name := range there {
		if s.options.streams.Wanted(name) {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	return names, err
}
