package server

import (
	"shmtool/cmd/shmtool/internal/finding"
	"shmtool/cmd/shmtool/internal/metrics"
	"shmtool/cmd/shmtool/internal/streams"
	"shmtool/layout/mist"
)

// findingMetrics adds the metrics of an examination.
func findingMetrics(m *metrics.Set, x *examination) {
	counts := map[[2]string]int{}
	names := []string{""}
	for _, f := range x.found {
		counts[[2]string{f.Stream, f.Code}]++
	}
	for _, s := range x.all() {
		names = append(names, s.Name)
		m.State("mist_doctor_verdict", "Whether a stream works: 1 for the verdict on it.", "verdict",
			[]string{finding.VerdictOK, finding.VerdictWarning, finding.VerdictStuck, verdictUnknown}, x.verdict(s), metrics.Labels{"stream", s.Name})
	}
	for _, c := range finding.Codes() {
		of := metrics.Labels{"code", c.Name, "severity", c.Severity.String()}
		for _, name := range names {
			if n := counts[[2]string{name, c.Name}]; n > 0 || name == "" {
				m.Gauge("mist_doctor_findings", "Findings of the doctor; those without a stream are about the server.", float64(n), append(of[:len(of):len(of)], "stream", mist.EscapeName(name)))
			}
		}
	}
	serverMetrics(m, x.moment)
	m.Gauge("mist_doctor_unseen", "Things that the doctor could not look at.", float64(len(x.unseen())), nil)
}

// serverMetrics adds the metrics of what belongs to no stream.
func serverMetrics(m *metrics.Set, at *streams.Moment) {
	s := &at.Server
	if !at.Hiding {
		m.Gauge("mist_server_processes", "Living processes of MistServer.", float64(s.Processes), nil)
		m.Gauge("mist_server_controller_alive", "Whether MistServer's controller lives.", metrics.Truth(s.Controller != nil), nil)
	}
	if s.Space != nil {
		m.Gauge("mist_shm_size_bytes", "Size of the file system of the shared memory.", float64(s.Space.Size), nil)
		m.Gauge("mist_shm_free_bytes", "Free memory in the file system of the shared memory.", float64(s.Space.Free), nil)
	}
}
