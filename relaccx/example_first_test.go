package relaccx_test

import (
	"context"
	"errors"
	"fmt"
	"log"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"shmtool/layout"
	"shmtool/layout/mist"
	"shmtool/relaccx"
)

// README shows these three functions; TestREADME holds it to that.

// printTracks prints the codec of each track of a stream: path is
// relaccx.ShmPath("MstMetalive"), or that of a copy.
func printTracks(path string) error {
	page, err := relaccx.Open(path)
	if err != nil {
		return err
	}
	defer page.Close()
	r, err := page.Reader()
	if err != nil {
		return err
	}
	tracks, err := r.WithRules(mist.Lookup(page.Name())).Nested(relaccx.Step{Field: "tracks"})
	if err != nil {
		return err
	}
	window, err := tracks.Window()
	if err != nil {
		return err
	}
	for track, err := range tracks.RecordsInUse(window) {
		if err != nil {
			return err
		}
		codec, err := track.Text("codec")
		if err != nil {
			return err
		}
		fmt.Printf("track %d: %s\n", track.Number, codec)
	}
	return nil
}

// followKeys prints the time of each record of a page as it is published, across
// reloads, until the page's writer is done.
func followKeys(ctx context.Context, path string) error {
	f := relaccx.Follow(path, relaccx.FollowOptions{Start: relaccx.FromOldest()})
	defer f.Close()
	for event, err := range f.Events(ctx) {
		if err != nil {
			return err
		}
		switch event.Kind {
		case relaccx.EventRecord:
			time, err := event.Record.Uint("time")
			if err != nil {
				return err
			}
			fmt.Printf("record %d: %d ms\n", event.Record.Number, time)
		case relaccx.EventLapped:
			fmt.Printf("%d records lost\n", event.Lost)
		}
	}
	return nil
}

// makeKeys makes a ring of 2 records, appends 3, and gives it room for 100.
func makeKeys(path string) error {
	schema, err := layout.ParseSchema("time:uint64\nsize:uint32")
	if err != nil {
		return err
	}
	w, err := relaccx.Create(path, layout.Shape{Schema: schema, RecordCount: 2}, relaccx.CreateOptions{})
	if err != nil {
		return err
	}
	defer w.Close()
	for n := range uint64(3) {
		key, err := w.NewRecord()
		if err != nil {
			return err
		}
		if err := errors.Join(key.SetUint("time", 2000*n), w.AppendOverwrite(key.Bytes())); err != nil {
			return err
		}
	}
	w.Wake()
	return errors.Join(w.Reload(layout.Shape{Schema: schema, RecordCount: 100}, relaccx.ReloadOptions{}), w.SetExit())
}

// A first program makes a page, appends to it, resizes it, and follows it to its end.
func Example_firstProgram() {
	path, remove := temporary()
	defer remove()
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	if err := errors.Join(makeKeys(path), followKeys(ctx, path)); err != nil {
		log.Fatal(err)
	}
	// Output:
	// record 1: 2000 ms
	// record 2: 4000 ms
}

// Tracks of a stream are a table: with MistServer's rules, a track that was removed is
// left out, though its row keeps its last values.
func Example_tracks() {
	path, remove := streamOfTwoTracks()
	defer remove()
	if err := printTracks(path); err != nil {
		log.Fatal(err)
	}
	// Output: track 1: AAC
}

// streamOfTwoTracks makes the page of a stream whose first track was removed.
func streamOfTwoTracks() (path string, remove func()) {
	path, remove = temporary()
	path = filepath.Join(filepath.Dir(path), "MstMetalive")
	shape, err := mist.MetaTemplate(2).Shape()
	if err != nil {
		log.Fatal(err)
	}
	w, err := relaccx.Create(path, shape, relaccx.CreateOptions{Publish: 1})
	if err != nil {
		log.Fatal(err)
	}
	defer w.Close()
	tracks, err := w.Nested(relaccx.Step{Field: "tracks"})
	if err != nil {
		log.Fatal(err)
	}
	for i, codec := range []string{"H264", "AAC"} {
		track, err := tracks.NewRecord()
		if err == nil {
			err = errors.Join(track.SetText("codec", codec), track.SetUint("valid", uint64(i)), tracks.Append(track.Bytes()))
		}
		if err != nil {
			log.Fatal(err)
		}
	}
	return path, remove
}

// README shows the functions as they are compiled and run here.
func TestREADME(t *testing.T) {
	readme, err := os.ReadFile("../README.md")
	if err != nil {
		t.Fatal(err)
	}
	source, err := os.ReadFile("example_first_test.go")
	if err != nil {
		t.Fatal(err)
	}
	shown := 0
	for _, block := range strings.Split(string(readme), "```go\n")[1:] {
		code, _, _ := strings.Cut(block, "```")
		if shown++; !strings.Contains(string(source), code) {
			t.Errorf("README shows code that is not in example_first_test.go:\n%s", code)
		}
	}
	if shown == 0 {
		t.Error("README shows no code")
	}
}
