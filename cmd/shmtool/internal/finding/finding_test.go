package finding

import (
	"testing"
	"time"
)

func TestVerdict(t *testing.T) {
	for want, found := range map[string][]Finding{
		VerdictOK:      {{Severity: Note}},
		VerdictWarning: {{Severity: Note}, {Severity: Warning}},
		VerdictStuck:   {{Severity: Warning}, {Severity: Error}, {Severity: Note}},
	} {
		if got := Verdict(found); got != want {
			t.Errorf("%s, want %s", got, want)
		}
	}
	if Verdict(nil) != VerdictOK {
		t.Error("nothing is not ok")
	}
}

// What may pass is only true when it is seen twice, unchanged, and late enough.
func TestLasting(t *testing.T) {
	sure := Finding{Code: "a", Object: "x"}
	passing := Finding{Code: "b", Object: "x", Message: "1", Settles: time.Second}
	changed := Finding{Code: "b", Object: "x", Message: "2", Settles: time.Second}
	tests := []struct {
		first, second []Finding
		apart         time.Duration
		want          int
	}{
		{nil, []Finding{sure}, 0, 1},
		{nil, []Finding{passing}, time.Second, 0},
		{[]Finding{passing}, []Finding{passing}, time.Second, 1},
		{[]Finding{passing}, []Finding{passing}, time.Second / 2, 0},
		{[]Finding{passing}, []Finding{changed}, time.Second, 0},
		{[]Finding{passing, sure}, nil, time.Second, 0},
		{[]Finding{passing}, []Finding{passing, sure}, time.Minute, 2},
	}
	for i, tt := range tests {
		if got := Lasting(tt.first, tt.second, tt.apart); len(got) != tt.want {
			t.Errorf("%d: %v", i, got)
		}
	}
	with := func(f Finding, pids ...int) Finding {
		f.Evidence = map[string]any{"pids": pids}
		f.Lasts = f.Overlaps("pids")
		return f
	}
	for i, tt := range []struct {
		first, second Finding
		want          int
	}{
		{with(passing, 1, 2), with(changed, 2, 3), 1},
		{with(passing, 1), with(changed, 2), 0},
		{with(passing), with(changed), 0},
		{with(passing), with(passing), 1},
		{with(passing), with(passing, 1), 0},
	} {
		if got := Lasting([]Finding{tt.first}, []Finding{tt.second}, time.Second); len(got) != tt.want {
			t.Errorf("PIDs %d: %v", i, got)
		}
	}
	if Settle([]Finding{sure, passing}) != time.Second || Settle([]Finding{sure}) != 0 {
		t.Error("Settle")
	}
}

// Where check and doctor have a code in common it is equally bad in both; else
// each code is there once.
func TestCheckCodes(t *testing.T) {
	seen, shared := map[string]bool{}, 0
	for _, c := range CheckCodes() {
		if seen[c.Name] || c.Means == "" {
			t.Errorf("%+v", c)
		}
		seen[c.Name] = true
		if doctors, both := Lookup(c.Name); both {
			shared++
			if doctors.Severity != c.Severity {
				t.Errorf("%s is a %s, to the doctor a %s", c.Name, c.Severity, doctors.Severity)
			}
		}
	}
	if shared != 5 {
		t.Errorf("%d codes are the doctor's, too", shared)
	}
}

// Evidence that is a list of things with names is told without the syntax of JSON.
func TestEvidenceText(t *testing.T) {
	type large struct {
		Name  string `json:"name"`
		Bytes int    `json:"bytes"`
	}
	f := Finding{Evidence: map[string]any{"a": []large{{"x", 7}, {"y\n", 5}}, "b": []int{1, 2}, "c": true, "d": []string{"p", "q"}, "e": []large{}}}
	if got, want := f.EvidenceText(), `a x 7, y\n 5, b 1,2, c true, d p q, e `; got != want {
		t.Errorf("%s, not %s", got, want)
	}
}
