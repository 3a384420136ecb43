package main

import (
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"go.yaml.in/yaml/v3"
)

// example returns what examples prints.
func example(t *testing.T, word string) string {
	t.Helper()
	r := runIn(t, t.TempDir(), "", "examples", word)
	if r.code != 0 || r.stdout == "" {
		t.Fatalf("%s: %v", word, r)
	}
	return r.stdout
}

var metricName = regexp.MustCompile(`\b(mist|relaccx|shmtool)_[a-z_]+\b`)

// Rules and dashboard ask for metrics that there are.
func TestExamplesNameMetrics(t *testing.T) {
	t.Parallel()
	listed := listedMetrics(t)
	for _, word := range []string{"alerts", "dashboard"} {
		names := metricName.FindAllString(example(t, word), -1)
		if len(names) < 15 {
			t.Errorf("%s: only %v; this test has gone blind", word, names)
		}
		for _, name := range names {
			if !strings.Contains(listed, "\n"+strings.TrimSuffix(name, "_bucket")+"\n") {
				t.Errorf("%s: there is no metric %s", word, name)
			}
		}
	}
}

// The dashboard is JSON as Grafana imports it: its panels have numbers of their own, do not
// overlap, and ask for something.
func TestExampleDashboard(t *testing.T) {
	t.Parallel()
	var d struct {
		Title, UID string
		Panels     []struct {
			ID      int
			Title   string
			GridPos struct{ X, Y, W, H int }
			Targets []struct{ Expr string }
		}
	}
	if err := json.Unmarshal([]byte(example(t, "dashboard")), &d); err != nil {
		t.Fatal(err)
	}
	if d.Title == "" || d.UID == "" || len(d.Panels) < 10 {
		t.Errorf("%+v", d)
	}
	seen, taken := map[int]bool{}, map[[2]int]string{}
	for _, p := range d.Panels {
		if seen[p.ID] || p.Title == "" || len(p.Targets) == 0 || p.Targets[0].Expr == "" {
			t.Errorf("%+v", p)
		}
		seen[p.ID] = true
		for x := range p.GridPos.W {
			for y := range p.GridPos.H {
				at := [2]int{p.GridPos.X + x, p.GridPos.Y + y}
				if at[0] >= 24 || taken[at] != "" {
					t.Fatalf("%s lies over %q, or outside", p.Title, taken[at])
				}
				taken[at] = p.Title
			}
		}
	}
}

// Grafana asks at an import for nothing that the dashboard does not bring: its version of
// the form, the data source, which is a variable, and all variables that queries name.
func TestExampleDashboardImports(t *testing.T) {
	t.Parallel()
	type source struct{ Type, UID string }
	var d struct {
		ID            *int
		SchemaVersion int
		Templating    struct {
			List []struct {
				Name, Type string
				Query      json.RawMessage
				Datasource source
			}
		}
		Panels []struct {
			Title, Type string
			Datasource  source
			Targets     []struct{ RefID, Expr string }
		}
	}
	text := example(t, "dashboard")
	if err := json.Unmarshal([]byte(text), &d); err != nil {
		t.Fatal(err)
	}
	if d.ID != nil || d.SchemaVersion < 36 || strings.Contains(text, "__inputs") {
		t.Errorf("id %v, schemaVersion %d", d.ID, d.SchemaVersion)
	}
	ours := source{"prometheus", "${datasource}"}
	variables := map[string]string{"__rate_interval": "built in"}
	for _, v := range d.Templating.List {
		if variables[v.Name] = v.Type; v.Type == "query" && v.Datasource != ours {
			t.Errorf("variable %s asks %v", v.Name, v.Datasource)
		}
	}
	if variables["datasource"] != "datasource" {
		t.Errorf("variables: %v", variables)
	}
	for _, p := range d.Panels {
		if p.Datasource != ours || p.Type == "" {
			t.Errorf("%s: a %q of %v", p.Title, p.Type, p.Datasource)
		}
		refs := map[string]bool{}
		for _, q := range p.Targets {
			if q.RefID == "" || refs[q.RefID] {
				t.Errorf("%s: refId %q", p.Title, q.RefID)
			}
			refs[q.RefID] = true
		}
	}
	for _, name := range regexp.MustCompile(`\$\{?([a-z_]+)`).FindAllStringSubmatch(text, -1) {
		if variables[name[1]] == "" && name[1] != "__all" && name[1] != "__value" {
			t.Errorf("there is no variable %s", name[1])
		}
	}
}

// The queries of the dashboard are valid: promtool reads them as rules.
func TestExampleQueries(t *testing.T) {
	t.Parallel()
	promtool := program(t, "promtool")
	var rules []any
	for i, expr := range dashboardQueries(t) {
		rules = append(rules, map[string]any{"record": fmt.Sprintf("q:%d", i), "expr": expr})
	}
	text, err := json.Marshal(map[string]any{"groups": []any{map[string]any{"name": "dashboard", "rules": rules}}})
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), "rules.yml")
	if err := os.WriteFile(path, text, 0o600); err != nil {
		t.Fatal(err)
	}
	if out, err := exec.Command(promtool, "check", "rules", path).CombinedOutput(); err != nil {
		t.Errorf("%v\n%s", err, out)
	}
}

// dashboardQueries returns the queries of the dashboard, for all machines and streams.
func dashboardQueries(t *testing.T) (all []string) {
	t.Helper()
	var d struct {
		Panels []struct{ Targets []struct{ Expr string } }
	}
	if err := json.Unmarshal([]byte(example(t, "dashboard")), &d); err != nil {
		t.Fatal(err)
	}
	for _, p := range d.Panels {
		for _, q := range p.Targets {
			all = append(all, strings.NewReplacer("$__rate_interval", "1m", "$instance", ".*", "$stream", ".*").Replace(q.Expr))
		}
	}
	return all
}

// Each alert fires when it must, and is silent otherwise.
func TestExampleAlerts(t *testing.T) {
	t.Parallel()
	promtool, dir := program(t, "promtool"), t.TempDir()
	tests, err := os.ReadFile("testdata/monitoring/alerts_test.yml")
	if err != nil {
		t.Fatal(err)
	}
	for name, text := range map[string]string{"alerts.yml": example(t, "alerts"), "test.yml": string(tests)} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	for _, args := range [][]string{{"check", "rules", "alerts.yml"}, {"test", "rules", "test.yml"}} {
		cmd := exec.Command(promtool, args...)
		cmd.Dir = dir
		if out, err := cmd.CombinedOutput(); err != nil {
			t.Errorf("%v: %v\n%s", args, err, out)
		}
	}
}

// No alert is left out: each has a test in which it fires, and one in which it does not.
func TestExampleAlertsAreTested(t *testing.T) {
	t.Parallel()
	var alerts struct {
		Groups []struct{ Rules []struct{ Alert string } }
	}
	if err := yaml.Unmarshal([]byte(example(t, "alerts")), &alerts); err != nil {
		t.Fatal(err)
	}
	b, err := os.ReadFile("testdata/monitoring/alerts_test.yml")
	if err != nil {
		t.Fatal(err)
	}
	var tests struct {
		Tests []struct {
			Cases []struct {
				Name     string `yaml:"alertname"`
				Expected []any  `yaml:"exp_alerts"`
			} `yaml:"alert_rule_test"`
		}
	}
	if err := yaml.Unmarshal(b, &tests); err != nil {
		t.Fatal(err)
	}
	type tested struct {
		alert string
		fires bool
	}
	found := map[tested]bool{}
	for _, of := range tests.Tests {
		for _, c := range of.Cases {
			found[tested{c.Name, len(c.Expected) > 0}] = true
		}
	}
	for _, group := range alerts.Groups {
		if len(group.Rules) < 13 {
			t.Errorf("only %d alerts; this test has gone blind", len(group.Rules))
		}
		for _, rule := range group.Rules {
			for _, fires := range []bool{true, false} {
				if !found[tested{rule.Alert, fires}] {
					t.Errorf("%s: no test in which it fires: %v", rule.Alert, fires)
				}
			}
		}
	}
}

// systemd finds nothing wrong with the unit.
func TestExampleUnit(t *testing.T) {
	t.Parallel()
	analyze := program(t, "systemd-analyze")
	path := unitFile(t)
	if out, err := exec.Command(analyze, "verify", "--man=no", path).CombinedOutput(); err != nil || strings.Contains(string(out), path) {
		t.Errorf("%v\n%s", err, out)
	}
}

// unitFile returns a file with the unit, whose program is there.
func unitFile(t *testing.T) string {
	t.Helper()
	unit := strings.ReplaceAll(example(t, "unit"), "/usr/local/bin/shmtool", "/bin/true")
	path := filepath.Join(t.TempDir(), "shmtool.service")
	if err := os.WriteFile(path, []byte(unit), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// The unit gives serve little more than it needs: systemd calls an exposure of up to 2.5 OK,
// and one without any limits 9.6.
func TestExampleUnitIsConfined(t *testing.T) {
	t.Parallel()
	analyze := program(t, "systemd-analyze")
	if out, _ := exec.Command(analyze, "--help").CombinedOutput(); !strings.Contains(string(out), "--offline") {
		t.Skip("this systemd-analyze looks at no unit that is not installed")
	}
	if out, err := exec.Command(analyze, "security", "--offline=yes", "--threshold=25", unitFile(t)).CombinedOutput(); err != nil {
		t.Errorf("%v\n%s", err, out)
	}
}

// program returns the path of a program, or skips the test.
func program(t *testing.T, name string) string {
	t.Helper()
	path, err := exec.LookPath(name)
	if err != nil {
		t.Skipf("%s is not installed", name)
	}
	return path
}
