package bench

import (
	"encoding/json"
	"errors"
	"fmt"
	"strings"
)

// Schema is what a document of results calls itself.
const Schema = "shmtool.bench/1"

// Before are the results of a run that was kept.
type Before struct {
	Machine Machine     `json:"machine"`
	Schema  string      `json:"schema"`
	Results []OldResult `json:"results"`
}

// OldResult is what of a result is compared with.
type OldResult struct {
	Name  string  `json:"name"`
	Unit  string  `json:"unit"`
	Value float64 `json:"value"`
	Noise float64 `json:"noise"`
}

// ErrNoResults is a file that holds no results of bench.
var ErrNoResults = errors.New("holds no results of shmtool bench -j")

// ReadBefore reads a document that bench -j has printed.
func ReadBefore(text []byte) (*Before, error) {
	var b Before
	if err := json.Unmarshal(text, &b); err != nil || b.Schema != Schema || len(b.Results) == 0 {
		return nil, ErrNoResults
	}
	return &b, nil
}

// Names returns the benchmarks whose results b has, as Options takes them.
func (b *Before) Names() (names []string) {
	for _, one := range All() {
		for _, r := range b.Results {
			if r.Name == one.Name {
				names = append(names, one.Name)
			}
		}
	}
	return names
}

// Change is how a result differs from that of a run before.
type Change struct {
	Before  float64
	Allowed float64 // what the value may be by the noise of both runs
	Slower  bool
	Faster  bool
}

const (
	// leastNoise is what two quiet runs of one program are apart.
	leastNoise = 0.05
	// leastPercent is that of a value in percent, which may be near 0.
	leastPercent = 0.1
)

// Compare returns the change of a result; false when the run before has none of it.
func (b *Before) Compare(r *Result) (Change, bool) {
	for _, old := range b.Results {
		if old.Name != r.Name || old.Unit != r.Unit {
			continue
		}
		noise, least := 1+max(leastNoise, old.Noise+r.Noise), 0.0
		if strings.HasPrefix(r.Unit, "%") {
			least = leastPercent
		}
		allowed := func(from float64) float64 { return max(from*noise, from+least) }
		c := Change{Before: old.Value, Allowed: allowed(old.Value)}
		c.Slower, c.Faster = r.Value > c.Allowed, allowed(r.Value) < old.Value
		return c, true
	}
	return Change{}, false
}

// Text returns the change for people: "+12 %", and whether it is more than noise.
func (c Change) Text(value float64) string {
	text := fmt.Sprintf("%+.3g", value-c.Before)
	if c.Before > 0 {
		text = fmt.Sprintf("%+.0f %%", 100*(value/c.Before-1))
	}
	switch {
	case c.Slower:
		return text + " slower"
	case c.Faster:
		return text + " faster"
	}
	return text
}
