package relaccx

import (
	"bytes"
	"errors"
	"os"
	"syscall"
	"testing"

	"shmtool/layout"
)

const storeSchema = "u1:uint8\nu3:uint24\ni8:int64\ntext:string:8\nhole:raw:1M\nring:nested[4]\n  v:uint16"

func TestStore(t *testing.T) {
	w := newPage(t, storeSchema, 2)
	field := func(name string) *layout.Field { return w.Schema().Lookup(name) }
	if err := w.publishSlots(1); err != nil {
		t.Fatal(err)
	}
	for _, err := range []error{
		w.StoreBytes(0, field("u1"), []byte{0xff}),
		w.StoreBytes(0, field("u3"), []byte{0x12, 0x34, 0x56}),
		w.StoreBytes(0, field("i8"), bytes.Repeat([]byte{0xff}, 8)),
		w.StoreBytes(0, field("text"), []byte("abcdefg\x00")),
		w.StoreBytes(0, field("text"), []byte("xy\x00")), // what lies behind stays
		w.StoreBytes(0, field("hole"), []byte{1, 2, 3}),
	} {
		wantErr(t, err, nil)
	}
	var rec Record
	if err := mustReader(t, w.Page().Path()).Read(0, &rec); err != nil {
		t.Fatal(err)
	}
	i8, _ := rec.Int("i8")
	u1, _ := rec.Uint("u1")
	u3, _ := rec.Uint("u3")
	text, _ := rec.Field("text")
	hole, _ := rec.Field("hole")
	if u1 != 0xff || u3 != 0x123456 || i8 != -1 || string(text) != "xy\x00defg\x00" || string(hole[:4]) != "\x01\x02\x03\x00" {
		t.Errorf("u1 %#x, u3 %#x, i8 %d, text %q, hole % x", u1, u3, i8, text, hole[:4])
	}
	unchanged(t, w.Page(), func() {
		var value *layout.ValueError
		if err := w.StoreBytes(0, field("u1"), []byte{1, 2}); !errors.As(err, &value) {
			t.Error(err)
		}
		wantErr(t, w.StoreBytes(1, field("u1"), []byte{1}), ErrNoRecord)
	})
	wantErr(t, w.Withdraw(1), nil)
	wantErr(t, w.StoreBytes(0, field("u1"), []byte{1}), ErrWithdrawn)
	if err := os.Truncate(w.Page().Path(), 40); err != nil {
		t.Fatal(err)
	}
	wantErr(t, w.StoreBytes(0, field("u1"), []byte{1}), ErrTruncated)
}

// memoryOf is the bytes of memory behind an object.
func memoryOf(t *testing.T, path string) int64 {
	t.Helper()
	info, err := os.Stat(path)
	if err != nil {
		t.Fatal(err)
	}
	return info.Sys().(*syscall.Stat_t).Blocks * 512
}

// A sparse page stays sparse while it is written here and there, also in the
// pages nested in it.
func TestSparse(t *testing.T) {
	w := mustCreate(t, shmDir(t)+"/page", storeSchema, 1, CreateOptions{Sparse: true, Publish: 1})
	o, err := OpenWriter(w.Page().Path(), WriterOptions{NoLock: true, FieldsOnly: true})
	if err != nil {
		t.Fatal(err)
	}
	defer o.Close()
	ring, err := o.nestedIn(0, o.Schema().Lookup("ring"))
	if err != nil {
		t.Fatal(err)
	}
	for i := range 20 {
		wantErr(t, o.StoreBytes(0, o.Schema().Lookup("i8"), []byte{byte(i)}), nil)
		wantErr(t, ring.AppendOverwrite([]byte{byte(i), 0}), nil)
	}
	if size := memoryOf(t, w.Page().Path()); size == 0 || size > 64<<10 {
		t.Errorf("%d bytes of memory", size)
	}
	if o.Schema().Lookup("ring").Shape != nil || w.Schema().Lookup("ring").Shape == nil {
		t.Error("FieldsOnly has looked into the nested page, or Create has not")
	}
	wantErr(t, w.Reload(layout.Shape{Schema: w.Schema(), RecordCount: 1}, ReloadOptions{Size: 3 << 20}), nil)
	if w.Page().Size() != 3<<20 {
		t.Errorf("%d bytes after the reload", w.Page().Size())
	}
}

// One look whether the page is whole serves all; and it is a look.
func TestExclusively(t *testing.T) {
	w := newPage(t, "v:uint32\nbody:raw:8000", 4)
	pushValues(t, w, 1, 2)
	other := errors.New("other")
	wantErr(t, w.Page().Exclusively(func() error { return other }), other)
	err := w.Page().Exclusively(func() error {
		if err := os.Truncate(w.Page().Path(), 100); err != nil {
			return err
		}
		_, err := w.Header() // lies in what is left
		return err
	})
	wantErr(t, err, ErrTruncated)
	_, err = w.Header()
	wantErr(t, err, ErrTruncated)
}
