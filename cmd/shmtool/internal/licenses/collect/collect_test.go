package collect

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"shmtool/cmd/shmtool/internal/licenses"
)

// The program has the texts of what it links, no more and no less.
func TestTextsAreThoseOfTheModules(t *testing.T) {
	want, err := Collect()
	if err != nil {
		t.Fatal(err)
	}
	got, err := licenses.Load()
	if err != nil {
		t.Fatal(err)
	}
	names := func(all licenses.All) (lines []string) {
		for _, m := range all.Modules {
			lines = append(lines, m.Path)
		}
		return lines
	}
	if diff := cmp.Diff(names(want), names(got)); diff != "" {
		t.Fatalf("run go generate ./cmd/shmtool/internal/licenses (- is linked, + has a text):\n%s", diff)
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("run go generate ./cmd/shmtool/internal/licenses:\n%s", diff)
	}
}

// A text of Latin-1 becomes UTF-8, which JSON keeps.
func TestDecoded(t *testing.T) {
	if got := decoded([]byte("\xa9 2026")) + decoded([]byte("© 2026")); got != "© 2026© 2026" {
		t.Errorf("%q", got)
	}
}

// A license is known by what it says, however its lines are broken.
func TestNameOf(t *testing.T) {
	for text, want := range map[string]string{
		"Permission is hereby granted, free\nof charge, to any":                                                "MIT",
		"Apache License\n  Version 2.0, January 2004":                                                          "Apache-2.0",
		"Redistribution and use in source and\nbinary forms ... Neither the name of":                           "BSD-3-Clause",
		"Redistribution and use in source and binary forms, with":                                              "BSD-2-Clause",
		"Permission is hereby granted, free of charge ... Redistribution and use in source and binary forms x": "MIT AND BSD-2-Clause",
		"All rights reserved.": "",
	} {
		if got := nameOf(text); got != want {
			t.Errorf("%q: %q, not %q", text, got, want)
		}
	}
}
