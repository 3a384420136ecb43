package follow

import (
	"time"

	"shmtool/cmd/shmtool/internal/meter"
	"shmtool/cmd/shmtool/internal/metrics"
)

// rateMetrics adds the metrics of a page that was measured.
func rateMetrics(s *metrics.Set, r *rateRow) {
	of := metrics.Labels{"page", r.Page}
	s.Gauge("shmtool_rate_records_per_second", "Records a second that came on a page.", r.PerSecond, of)
	s.Gauge("shmtool_rate_bytes_per_second", "Bytes of records a second that came on a page.", r.BytesPerSecond, of)
	s.Counter("shmtool_rate_records_total", "Records that were seen since measuring began.", r.Total, of)
	s.Counter("shmtool_rate_records_lost_total", "Records that were withdrawn before they were seen.", r.AllLost, of)
	s.Gauge("shmtool_rate_silence_seconds", "Time since a record came, or since measuring began.", r.Silent.Seconds(), of)
	if r.Writer.Pid != 0 && r.Writer.Known {
		s.Gauge("shmtool_rate_writer_alive", "Whether the process that writes a page lives.", metrics.Truth(r.Writer.alive), of)
	}
	if r.Interval.Count > 0 {
		spreadMetrics(s, "shmtool_rate_interval", "Time between two records of a page", r.Interval, of)
	}
	if r.Delay.Count > 0 {
		spreadMetrics(s, "shmtool_rate_delay", "Time between what a record says and when it was seen", r.Delay, of)
	}
}

func spreadMetrics(s *metrics.Set, name, help string, d meter.Spread, of metrics.Labels) {
	for _, at := range []struct {
		name string
		d    time.Duration
	}{{"p50", d.P50}, {"p99", d.P99}, {"max", d.Max}} {
		s.Gauge(name+"_seconds", help+".", at.d.Seconds(), append(of[:len(of):len(of)], "stat", at.name))
	}
	s.Gauge(name+"_stddev_seconds", help+": standard deviation.", d.Sdev.Seconds(), of)
}
