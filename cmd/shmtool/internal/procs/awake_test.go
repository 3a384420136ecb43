package procs

import (
	"path/filepath"
	"testing"
	"time"

	"shmtool/layout"
	"shmtool/layout/mist"
)

// The times of files are those of the wall clock. What they say of how long a machine had been
// up is right after the clock was set, or the machine has slept, and never too early.
func TestUptimeAt(t *testing.T) {
	const hour, minute = time.Hour, time.Minute
	boot := time.Date(2026, 11, 30, 8, 0, 0, 0, time.UTC) // as the controller has it
	up := 10 * hour
	tests := []struct {
		what string
		set  time.Duration // by how much the wall clock was set forward since the controller was started, or the machine slept
		at   time.Time     // of a file
		want time.Duration
	}{
		{"nothing was set", 0, boot.Add(9 * hour), 9 * hour},
		{"nothing was set, and it changes during the look", 0, boot.Add(up + time.Second), up + time.Second},
		{"set forward by 20 hours since", 20 * hour, boot.Add(9 * hour), 9 * hour},
		{"set forward by 20 hours before", 20 * hour, boot.Add(29 * hour), 9 * hour},
		{"set forward by an hour, and it may be older", hour, boot.Add(9 * hour), 9 * hour},
		{"set forward by an hour, and it cannot be older", hour, boot.Add(10*hour + 30*minute), 9*hour + 30*minute},
		{"set forward by 50 years", 438_000 * hour, boot.Add(438_009 * hour), 9 * hour},
		{"set back by 20 hours since", -20 * hour, boot.Add(9 * hour), 9 * hour},
		{"set back by 20 hours before", -20 * hour, boot.Add(-11 * hour), 9 * hour},
		{"set back by an hour since: it seems to come from the future", -hour, boot.Add(9*hour + 30*minute), 9*hour + 30*minute},
		{"set back by an hour, and it may be older", -hour, boot.Add(8 * hour), 9 * hour},
		{"set back by an hour, and it changes during the look", -hour, boot.Add(9*hour + time.Second), up + time.Second},
		{"to come by all accounts", 0, boot.Add(20 * hour), 20 * hour},
	}
	for _, tt := range tests {
		c := mist.Clock{Now: boot.Add(up + tt.set).UnixNano(), Uptime: up}
		if got := UptimeAt(c, boot.UnixMilli(), tt.at); got != tt.want {
			t.Errorf("%s: %v, want %v", tt.what, got, tt.want)
		}
	}
}

// Without what the controller has noted the wall clock is all that there is, and without a
// clock there is nothing.
func TestUptimeAtUnknown(t *testing.T) {
	now := time.Date(2026, 11, 30, 18, 0, 0, 0, time.UTC)
	c := mist.Clock{Now: now.UnixNano(), Uptime: 10 * time.Hour}
	if got := UptimeAt(c, 0, now.Add(-time.Hour)); got != 9*time.Hour {
		t.Errorf("%v", got)
	}
	for _, none := range []mist.Clock{{}, {Now: 1}, {Uptime: 1}} {
		if got := UptimeAt(none, now.UnixMilli(), now); got != 0 {
			t.Errorf("%+v: %v", none, got)
		}
	}
	if got := UptimeAt(c, now.UnixMilli(), time.Time{}); got != 0 {
		t.Errorf("no time: %v", got)
	}
}

// A process that has written its PID into an object still has it after the clock was set
// forward, and after the machine has slept.
func TestJudgeAfterAJump(t *testing.T) {
	const awake = 1000 * time.Second
	boot := time.Date(2026, 11, 30, 8, 0, 0, 0, time.UTC)
	for _, jump := range []time.Duration{0, 100 * time.Second, 2 * time.Hour, -100 * time.Second, -2 * time.Hour} {
		w := savedWorld(t, &Saved{
			Time: boot.Add(awake + jump), Uptime: awake,
			Objects: []SavedObject{{Name: "MstProcState_700", Inode: 1, Modified: boot.Add(600 * time.Second)}},
		})
		w.write(filepath.Join(w.proc, "uptime"), "1000.00 5.00\n")
		w.write(filepath.Join(w.shm, "MstProcState_700"), "")
		w.global(boot)
		w.started(700, "MistProcFFMPEG", "S", 599*time.Second)
		v, known := w.table().Keeper(filepath.Join(w.shm, "MstProcState_700"))
		if !known || v.Life != Alive || v.Why != Seen {
			t.Errorf("set by %v: %+v %v", jump, v, known)
		}
		w.started(700, "MistProcFFMPEG", "S", 900*time.Second)
		if v, _ := w.table().Keeper(filepath.Join(w.shm, "MstProcState_700")); v.Why == Seen {
			t.Errorf("set by %v: another process has the PID by now: %+v", jump, v)
		}
	}
}

// A snapshot tells how long its machine had slept: /proc/uptime counts that time, as the
// starts of processes do, and the clock of MistServer does not.
func TestSuspendedOfASnapshot(t *testing.T) {
	w := savedWorld(t, &Saved{Time: time.Unix(1_800_000_000, 0), Uptime: 1000 * time.Second})
	w.write(filepath.Join(w.proc, "uptime"), "29800.00 5.00\n")
	if got := w.table().Suspended(); got != 8*time.Hour {
		t.Errorf("slept for %v", got)
	}
	p := Process{Name: "MistInSRT", Start: 8*time.Hour + 100*time.Second}
	if table := w.table(); table.StartedAfter(p, 200*time.Second) || !table.StartedAfter(p, 90*time.Second) {
		t.Error("the process was started when the machine had been awake for 100 s")
	}
	w = newWorld(t) // copies without a moment.json: both clocks are the same file
	w.write(filepath.Join(w.proc, "uptime"), "29800.00 5.00\n")
	if got := w.table().Suspended(); got != 0 {
		t.Errorf("copies alone: %v", got)
	}
}

// global makes the page in which the controller has noted when the machine was booted.
func (w world) global(boot time.Time) {
	w.t.Helper()
	template, _ := mist.KindGlobal.Template()
	page := make([]byte, template.Size)
	if err := template.Build(page, layout.StatusReady); err != nil {
		w.t.Fatal(err)
	}
	h, err := layout.DecodeHeader(page)
	if err != nil {
		w.t.Fatal(err)
	}
	schema, err := layout.DecodeSchema(page, h)
	if err != nil {
		w.t.Fatal(err)
	}
	record := page[h.Offset:][:h.RecordSize]
	if err := schema.Lookup("systemBoot").PutUint(record, uint64(boot.UnixMilli())); err != nil {
		w.t.Fatal(err)
	}
	w.write(filepath.Join(w.shm, mist.Object{Kind: mist.KindGlobal}.Name()), string(page))
}
