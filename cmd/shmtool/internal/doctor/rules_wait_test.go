package doctor

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"shmtool/cmd/shmtool/internal/finding"
	"shmtool/cmd/shmtool/internal/streams/streamstest"
	"shmtool/layout/dtsc"
	"shmtool/layout/mist"
)

// configure gives a stream a configuration.
func configure(t *testing.T, w *streamstest.World, stream, text string) {
	t.Helper()
	packed, err := dtsc.Pack(nil, []byte(text))
	if err != nil {
		t.Fatal(err)
	}
	template := mist.ConfigTemplate(uint32(len(packed)))
	page := streamstest.NewPage(t, template)
	copy(page.Record(0), packed)
	w.Object("MstSCnf"+stream, page.Bytes)
}

// What was staged on a live server, as a world of its own.
func TestStagedOnAServer(t *testing.T) {
	const buffer, angel, source, viewer = streamstest.BufferPID, streamstest.AngelPID, streamstest.SourcePID, streamstest.ViewerPID
	lose := func(w *streamstest.World) {
		w.Kill(angel)
		w.Kill(buffer)
		for _, name := range []string{"MstSTATElive", "MstIPIDlive", "sem.MstSemInptlive"} {
			w.Remove(name)
		}
	}
	for _, tt := range []struct {
		name  string
		stage func(t *testing.T, w *streamstest.World, meta, video *streamstest.Page)
		want  []string // "code severity: a part of the message"
	}{
		{
			"the buffer was killed, and its parent has cleaned up", func(_ *testing.T, w *streamstest.World, _, _ *streamstest.Page) { lose(w) },
			[]string{"no_input error: tracks 0, 1 are fed"},
		},
		{"the next push took up what a crash had left", func(_ *testing.T, w *streamstest.World, _, _ *streamstest.Page) {
			w.ProcessSince(buffer, angel, "MistInBuffer", "S", streamstest.Uptime-8, "MistInBuffer", "-s", "live", "push://")
			w.Kill(source)
			w.Written("MstTraklive@412-1", (streamstest.Uptime-20)*time.Second)
		}, []string{"meta_reclaimed warning: buffer 801 took up the pages of one that had crashed, with 1 of its tracks", "writer_dead error:", "writer_dead error:"}},
		{"two tracks share a page", func(_ *testing.T, _ *streamstest.World, meta, _ *streamstest.Page) {
			meta.Nested("tracks").Set(1, "page", "/MstTraklive@412-0")
		}, []string{"track_page_shared error: tracks 0 and 1 both have the page", "orphan_object warning:"}},
		{"a puller outlives input and buffer", func(_ *testing.T, w *streamstest.World, _, _ *streamstest.Page) {
			w.Kill(angel)
			w.Kill(buffer)
			w.Process(source, 1, "MistInTS", "S", "MistInTS", "-s", "live", "ts-exec:camera")
			w.Object("MstPPIDlive", mist.EncodePID(source))
			w.Lock("live", mist.LockPull, true)
		}, []string{"input_lock_orphaned error:", "state_stale error:"}},
		{"the buffer is stopped", func(_ *testing.T, w *streamstest.World, _, _ *streamstest.Page) {
			w.Process(buffer, angel, "MistInBuffer", "T", "MistInBuffer", "-s", "live", "push://")
		}, []string{"process_stopped warning: MistInBuffer 801"}},
		{"the controller is stopped", func(_ *testing.T, w *streamstest.World, _, _ *streamstest.Page) {
			w.Process(streamstest.ControllerPID, 1, "MistController", "T", "MistController")
		}, []string{"process_stopped warning: MistController 10, the controller"}},
		{"a resume stream's encoder is away", func(t *testing.T, w *streamstest.World, meta, _ *streamstest.Page) {
			configure(t, w, "live", `{"resume":1,"source":"push://"}`)
			w.Kill(source)
			w.Object("MstSTATElive", []byte{3, 255})
			meta.Nested("tracks").Set(0, "lastupdate", streamstest.Uptime-60).Set(1, "lastupdate", streamstest.Uptime-60)
		}, []string{"source_missing note: it waits for 1m: its source is away"}},
		{"a fork's processes finish what a source sent", func(_ *testing.T, w *streamstest.World, meta, _ *streamstest.Page) {
			w.Kill(source)
			w.Object("MstSTATElive", append([]byte{3, 255}, make([]byte, 110)...))
			w.Process(77, buffer, "MistProcThumbs", "S", "MistProcThumbs")
			for n := range uint64(2) {
				meta.Nested("tracks").Set(n, "lastupdate", streamstest.Uptime-60).Set(n, "pid", 0)
			}
		}, []string{"source_missing note: it waits for 1m: its source has ended, and 1 process finishes what it sent"}},
		{"a fork's job is shut down, and its buffer lives", func(_ *testing.T, w *streamstest.World, meta, _ *streamstest.Page) {
			w.Kill(source)
			w.Object("MstSTATElive", append([]byte{5, 255}, make([]byte, 110)...))
			for n := range uint64(2) {
				meta.Nested("tracks").Set(n, "lastupdate", streamstest.Uptime-60).Set(n, "pid", 0)
			}
		}, nil},
		{"a resume stream's encoder is back", func(t *testing.T, w *streamstest.World, meta, _ *streamstest.Page) {
			configure(t, w, "live", `{"resume":1}`)
			meta.Nested("tracks").Set(1, "pid", 77).Set(1, "lastupdate", streamstest.Uptime-60)
		}, nil},
		{"a pull gets nothing", func(_ *testing.T, w *streamstest.World, meta, _ *streamstest.Page) {
			meta.Nested("tracks").Ring(0, 0)
			w.Object("MstSTATElive", []byte{3, 255})
			w.Process(77, 1, "MistInTS", "S", "MistInTS", "-s", "live", "ts-exec:camera")
			w.Maps(77, "MstMetalive")
			for _, name := range []string{"MstTraklive@412-0", "MstTraklive@412-1", "MstDatalive@0_4", "MstDatalive@1_4"} {
				w.Remove(name)
			}
		}, []string{"source_missing warning: it waits for 8m: MistInTS 77 has got nothing from its source"}},
		{"left without a lock", func(_ *testing.T, w *streamstest.World, _, _ *streamstest.Page) {
			for _, name := range []string{"MstMetalive", "MstUserlive", "sem.MstSemInptlive", "MstTraklive@412-0", "MstTraklive@412-1", "MstDatalive@0_4", "MstDatalive@1_4"} {
				w.Remove(name)
			}
			w.Kill(angel)
			w.Kill(buffer)
		}, []string{"orphan_object warning: 4 objects"}},
		{"offline on purpose", func(_ *testing.T, w *streamstest.World, _, _ *streamstest.Page) {
			w.Object("MstSTATEgone", append([]byte{6}, make([]byte, 15)...))
		}, []string{"stream_offline note: its last start was answered with offline"}},
		{"one track hours ahead", func(_ *testing.T, w *streamstest.World, _, video *streamstest.Page) {
			video.Set(0, "lastms", 95_443_717).Nested("keys").Set(23, "time", 95_443_000)
		}, []string{"time_apart warning: track 0 video H264 is 26h30m ahead of track 1 audio AAC"}},
		{"no key frame for minutes", func(_ *testing.T, w *streamstest.World, _, video *streamstest.Page) {
			for i, page := range []*streamstest.Page{video, w.SampleTrack("live", 1, source, "audio", "AAC")} {
				page.Set(0, "lastms", 150_000).Set(0, "fpks", 10_000)
				page.Nested("parts").Ring(100, 1500)
				page.Nested("keys").Set(23, "firstpart", 200)
				w.Object(streamstest.TrackName("live", source, i), page.Bytes)
			}
		}, []string{"no_keyframe warning: track 0 video H264: no key frame for 2m7s"}},
		{"the clock of an encoder jumps within a group", func(_ *testing.T, w *streamstest.World, _, video *streamstest.Page) {
			for i, page := range []*streamstest.Page{video, w.SampleTrack("live", 1, source, "audio", "AAC")} {
				page.Set(0, "lastms", 3_623_960)
				page.Nested("keys").Set(23, "firstpart", 580)
				w.Object(streamstest.TrackName("live", source, i), page.Bytes)
			}
		}, nil},
		{"a viewer behind the window", func(_ *testing.T, w *streamstest.World, _, _ *streamstest.Page) {
			w.Object("MstUserlive", w.SampleUsers().Set(2, "keynum", 2).Set(3, "keynum", 20).Bytes)
		}, []string{"viewer_behind note: track 0 video H264: MistOutHTTPTS 900 stands at key 2"}},
		{"its encoder has stopped one track", func(_ *testing.T, _ *streamstest.World, meta, _ *streamstest.Page) {
			meta.Nested("tracks").Set(0, "lastupdate", streamstest.Uptime-21)
		}, []string{"track_stale warning: track 0 video H264: nothing came for 21s, and pid 412 goes on with track 1 audio"}},
		{"a file that the next input has adopted", func(_ *testing.T, w *streamstest.World, meta, _ *streamstest.Page) {
			meta.Set(0, "vod", 1).Set(0, "live", 0)
			w.Kill(source)
		}, nil},
		{"a file whose input has ended", func(_ *testing.T, w *streamstest.World, meta, _ *streamstest.Page) {
			meta.Set(0, "vod", 1).Set(0, "live", 0)
			w.Kill(source)
			lose(w)
		}, []string{"no_input error: its input has ended, and a viewer waits: the next request"}},
		{"a process that is not there", func(t *testing.T, w *streamstest.World, _, _ *streamstest.Page) {
			configure(t, w, "live", `{"processes":[{"process":"Nope"}]}`)
		}, []string{"process_failing warning: MistProcNope is configured, and does not run"}},
		{"a trigger runs", func(_ *testing.T, w *streamstest.World, _, _ *streamstest.Page) {
			trigger(w, 990)
		}, []string{"trigger_running note: a trigger runs for 10s: MistSession 950; pid 900 waits for it"}},
		{"a lock that is held for longer than any trigger", func(_ *testing.T, w *streamstest.World, _, _ *streamstest.Page) {
			trigger(w, 900)
		}, []string{"short_lock_stuck error: held for too long: by pid 950"}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			w := streamstest.NewWorld(t)
			meta, video := w.Sample("live")
			tt.stage(t, w, meta, video)
			keep := func(name string, page *streamstest.Page) {
				if _, err := os.Stat(filepath.Join(w.Shm, name)); err == nil {
					w.Object(name, page.Bytes)
				}
			}
			keep("MstMetalive", meta)
			keep("MstTraklive@412-0", video)
			found := Judge(nil, moment(w, false))
			var got []string
			for _, f := range found {
				got = append(got, fmt.Sprintf("%s %s: %s", f.Code, f.Severity, f.Message))
			}
			if !slices.EqualFunc(got, tt.want, strings.HasPrefix) {
				t.Errorf("found %q,\nwant %q", got, tt.want)
			}
			for _, f := range found {
				if _, ok := finding.Lookup(f.Code); !ok {
					t.Errorf("%s is no code", f.Code)
				}
			}
		})
	}
}

// trigger has a MistSession hold the lock of its session, and the viewer wait for it.
func trigger(w *streamstest.World, started int) {
	const session = "0b4b924b8e5d8ef4a19c192c750371d83626713b3e686c32b2c0f75cca464136"
	name := mist.Object{Kind: mist.KindSemaphore, ID: session, Lock: mist.LockSession, Form: mist.FormGlibc}.Name()
	w.Object(name, mist.Semaphore{Layout: mist.Glibc64, Size: 32, Waiters: 1}.Encode())
	w.ProcessSince(950, streamstest.ViewerPID, "MistSession", "S", started, "MistSession", session, "--streamname", "live")
	w.Maps(950, name)
	w.Maps(streamstest.ViewerPID, name)
	w.Syscall(950, "270 0xa 0x1 0x2 0x0 0x0 0x0")
	w.Syscall(streamstest.ViewerPID, "202 0x7f0000000000 0x109 0x0 0x0 0x0 0x0")
}

// A process that is configured, and is not seen, may be one that is hidden.
func TestConfiguredProcessMayBeHidden(t *testing.T) {
	w := streamstest.NewWorld(t)
	w.Sample("live")
	configure(t, w, "live", `{"processes":[{"process":"Nope"}]}`)
	for hiding, want := range map[bool]int{false: 1, true: 0} {
		m := moment(w, false)
		m.Hiding = hiding
		if found := Judge(nil, m); len(found) != want {
			t.Errorf("hiding %v: %+v", hiding, found)
		}
	}
}
