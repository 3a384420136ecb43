package main

import (
	"path/filepath"
	"strings"
	"testing"

	"shmtool/cmd/shmtool/internal/doctor"
	"shmtool/cmd/shmtool/internal/doctor/doctortest"
	"shmtool/cmd/shmtool/internal/procs"
	"shmtool/cmd/shmtool/internal/streams"
)

// Every remedy for what is found in a snapshot of a real server keeps to the
// rules.
func TestRealRemedies(t *testing.T) {
	t.Parallel()
	for _, archive := range snapshotFiles(t) {
		name := strings.TrimSuffix(filepath.Base(archive), ".tar.gz")
		if strings.HasPrefix(name, "probe-") {
			continue // a single page
		}
		t.Run(name, func(t *testing.T) {
			m := unpack(t, archive)
			shm, proc := filepath.Join(m.dir, "shm"), filepath.Join(m.dir, "proc")
			look, err := streams.Look(shm, procs.Open(proc, shm), nil)
			if err != nil {
				t.Fatal(err)
			}
			doctortest.Rules(t, look, procs.Open(proc, shm), doctor.Judge(nil, look))
		})
	}
}
