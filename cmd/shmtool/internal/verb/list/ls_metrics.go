package list

import (
	"math"

	"shmtool/cmd/shmtool/internal/metrics"
)

// The names of metrics are a contract: shmtool(1), METRICS, lists them. A label contains
// only names, and so no secret.

var pageStatuses = []string{"ready", "exit", "reload"}

// objectMetrics adds the metrics of an object.
func objectMetrics(s *metrics.Set, o *sight) {
	labels := metrics.Labels{"page", o.Name, "kind", o.Kind, "stream", o.Of.Stream}
	s.Gauge("shmtool_object_size_bytes", "Size of a shared memory object.", float64(o.Info.Size()), labels)
	s.Gauge("shmtool_object_allocated_bytes", "Memory that a shared memory object takes.", float64(o.File.Allocated), labels)
	if o.mapped {
		s.Gauge("shmtool_object_readers", "Processes that map a shared memory object.", float64(len(o.readers)), labels)
	}
	if o.age != nil {
		s.Gauge("shmtool_object_age_seconds", "Time since a shared memory object was made.", math.Trunc(o.age.Seconds()), labels)
	}
	if !o.writer.Hidden {
		s.Gauge("shmtool_object_writer_alive", "Whether a living process is known that writes the object.", metrics.Truth(o.writer.PID != 0), labels)
	}
	if !o.IsPage || o.Unread != nil {
		return
	}
	h := o.Header
	s.Counter("relaccx_page_records_total", "Records that were published on a page.", h.EndPos, labels)
	s.Counter("relaccx_page_records_deleted_total", "Records that were withdrawn from a page.", h.Deleted, labels)
	s.Gauge("relaccx_page_records_present", "Records on a page, as its writer counts them.", float64(h.Present), labels)
	s.Gauge("relaccx_page_records_room", "Records that a page has room for.", float64(h.RecordCount), labels)
	for i, on := range []bool{h.Status.Ready(), h.Status.Exit(), h.Status.Reload()} {
		with := append(labels[:len(labels):len(labels)], "status", pageStatuses[i])
		s.Gauge("relaccx_page_status", "Whether a status bit of a page is set.", metrics.Truth(on), with)
	}
}
