package mist

import (
	"testing"

	"shmtool/layout"
)

// Every page that MistServer makes is known by its fields, and none that somebody
// else made.
func TestRecognize(t *testing.T) {
	for _, k := range Kinds() {
		template, ok := k.Template()
		if !ok {
			continue
		}
		s, err := layout.ParseSchema(template.Schema)
		if err != nil {
			t.Fatal(err)
		}
		if p := Recognize(s); p == nil || p.Kind != k || p.Path != "" {
			t.Errorf("%s: recognized as %+v", k, p)
		}
	}
	config, _ := layout.ParseSchema(ConfigTemplate(99).Schema)
	if p := Recognize(config); p == nil || p.Kind != KindConfig {
		t.Errorf("a configuration is recognized as %+v", p)
	}
	for _, text := range []string{"status:uint8", "key:string:256\nstream:string:128\nmine:uint8", "x:uint8", "dtsc_data:dtsc:9\ntime:uint64"} {
		s, err := layout.ParseSchema(text)
		if err != nil {
			t.Fatal(err)
		}
		if p := Recognize(s); p != nil {
			t.Errorf("%q is recognized as %s", text, p.Kind)
		}
	}
}
