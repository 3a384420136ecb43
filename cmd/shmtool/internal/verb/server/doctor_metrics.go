package server

import (
	"shmtool/cmd/shmtool/internal/finding"
	"shmtool/cmd/shmtool/internal/metrics"
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
	m.Gauge("mist_doctor_unseen", "Things that the doctor could not look at.", float64(len(x.unseen())), nil)
}
