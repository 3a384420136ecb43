package mistserver

import (
	"errors"
	"path/filepath"
	"testing"

	"shmtool/layout"
	"shmtool/relaccx"
)

// A number is cut to its field, and fields that are no integers take none.
func TestStoreUint(t *testing.T) {
	schema, err := layout.ParseSchema("u1:uint8\nu3:uint24\ni8:int64\ntext:string:8\nlarge:raw:9")
	if err != nil {
		t.Fatal(err)
	}
	w, err := relaccx.Create(filepath.Join(t.TempDir(), "page"), layout.Shape{Schema: schema, RecordCount: 1}, relaccx.CreateOptions{Publish: 1})
	if err != nil {
		t.Fatal(err)
	}
	defer w.Close()
	r, err := w.Reader()
	if err != nil {
		t.Fatal(err)
	}
	for _, tt := range []struct {
		field     string
		put, want uint64
	}{{"u1", 0x1ff, 0xff}, {"u3", 0x123456, 0x123456}, {"i8", ^uint64(0), ^uint64(0)}, {"u1", 7, 7}} {
		err := storeUint(w, 0, tt.field, tt.put)
		got, loadErr := loadUint(r, 0, tt.field)
		if err != nil || loadErr != nil || got != tt.want {
			t.Errorf("%s: %v %v: %#x, want %#x", tt.field, err, loadErr, got, tt.want)
		}
	}
	var value *layout.ValueError
	for _, field := range []string{"text", "large"} {
		if err := storeUint(w, 0, field, 1); !errors.As(err, &value) || value.Field != field {
			t.Errorf("%s: %v", field, err)
		}
	}
	var missing *relaccx.FieldError
	if err := storeUint(w, 0, "none", 1); !errors.As(err, &missing) {
		t.Error(err)
	}
	if _, err := loadUint(r, 0, "none"); !errors.As(err, &missing) {
		t.Error(err)
	}
}
