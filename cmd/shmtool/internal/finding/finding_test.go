package finding

import "testing"

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

// What may pass is only true when it is seen twice, unchanged.
func TestLasting(t *testing.T) {
	sure := Finding{Code: "a", Object: "x"}
	passing := Finding{Code: "b", Object: "x", Message: "1", Passing: true}
	changed := Finding{Code: "b", Object: "x", Message: "2", Passing: true}
	tests := []struct {
		first, second []Finding
		want          int
	}{
		{nil, []Finding{sure}, 1},
		{nil, []Finding{passing}, 0},
		{[]Finding{passing}, []Finding{passing}, 1},
		{[]Finding{passing}, []Finding{changed}, 0},
		{[]Finding{passing, sure}, nil, 0},
		{[]Finding{passing}, []Finding{passing, sure}, 2},
	}
	for i, tt := range tests {
		if got := Lasting(tt.first, tt.second); len(got) != tt.want {
			t.Errorf("%d: %v", i, got)
		}
	}
	if !Passing([]Finding{sure, passing}) || Passing([]Finding{sure}) {
		t.Error("Passing")
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
	if shared != 4 {
		t.Errorf("%d codes are the doctor's, too", shared)
	}
}
