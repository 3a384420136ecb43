package main

import (
	"strings"
	"testing"

	"shmtool/cmd/shmtool/internal/fail"

	"github.com/google/go-cmp/cmp"
)

// What streams says of captured moments, held by hand against the texts that
// MistServer's own tool printed of the same pages.
var realStreams = map[string]string{
	"01-controller-just-started": "",
	"04-viewers": `
live ready ok live=true source=push://127.0.0.1 input=21980 true viewers=2 sources=3 window=28501
  0 3 meta JSON MstTraklive@21979-0 true 0x0 0 fps 0 Hz 0ch 0 B/s 0-0 ms age 29 keys 1 parts 1 fragments 1 pages 1
  1 1 video H264 MstTraklive@21979-1 true 320x180 25 fps 0 Hz 0ch 39303 B/s 21-29141 ms age 0 keys 30 parts 729 fragments 15 pages 1
  2 2 audio AAC MstTraklive@21979-2 true 0x0 0 fps 48000 Hz 1ch 8033 B/s 0-29120 ms age 0 keys 15 parts 1366 fragments 15 pages 1
vod ready ok live=false source=/srv/mist/media/vod.mp4 input=23179 true viewers=1 sources=0 window=0
  0 1 video H264 MstTrakvod@23180-0 true 320x180 25 fps 0 Hz 0ch 21749 B/s 0-59960 ms age 4 keys 30 parts 1500 fragments 30 pages 1
  1 2 audio AAC MstTrakvod@23180-1 true 0x0 0 fps 48000 Hz 2ch 8037 B/s 0-60010 ms age 4 keys 30 parts 2814 fragments 30 pages 1
vodmkv ready ok live=false source=/srv/mist/media/vod.mkv input=23181 true viewers=1 sources=0 window=0
  0 1 video H264 MstTrakvodmkv@23182-0 true 320x180 0 fps 0 Hz 0ch 21749 B/s 21-59981 ms age 4 keys 30 parts 1500 fragments 30 pages 1
  1 2 audio AAC MstTrakvodmkv@23182-1 true 0x0 0 fps 48000 Hz 1ch 8037 B/s 0-60010 ms age 4 keys 30 parts 2814 fragments 30 pages 1
`,
	"11-stuck-all-killed": `
live ready stuck live=true source=push://127.0.0.1 input=29062 false viewers=0 sources=3 window=38021
  0 3 meta JSON MstTraklive@29061-0 false 0x0 0 fps 0 Hz 0ch 0 B/s 0-0 ms age 64 keys 1 parts 1 fragments 1 pages 1
  1 1 video H264 MstTraklive@29061-1 false 320x180 25 fps 0 Hz 0ch 39076 B/s 21-63541 ms age 1 keys 64 parts 1589 fragments 32 pages 2
  2 2 audio AAC MstTraklive@29061-2 false 0x0 0 fps 48000 Hz 1ch 8038 B/s 0-63530 ms age 1 keys 32 parts 2979 fragments 32 pages 2
  error input_lock_orphaned sem.MstSemInptlive
  error state_stale MstSTATElive
  error writer_dead MstTraklive@29061-0
  error writer_dead MstTraklive@29061-1
  error writer_dead MstTraklive@29061-2
  warning viewer_dead MstUserlive
`,
	"20-vanilla-before-shutdown": `
live ready ok live=true source=push://127.0.0.1 input=8752 true viewers=1 sources=3 window=30501
  0 3 meta JSON MstTraklive@8751-0 true 0x0 0 fps 0 Hz 0ch 0 B/s 0-0 ms age 31 keys 1 parts 1 fragments 1 pages 1
  1 1 video H264 MstTraklive@8751-1 true 320x180 25 fps 0 Hz 0ch 39258 B/s 21-31021 ms age 0 keys 32 parts 776 fragments 16 pages 1
  2 2 audio AAC MstTraklive@8751-2 true 0x0 0 fps 48000 Hz 1ch 8034 B/s 0-31018 ms age 0 keys 16 parts 1455 fragments 16 pages 1
vod ready ok live=false source=/srv/mist/media/vod.mp4 input=9093 true viewers=1 sources=0 window=0
  0 1 video H264 MstTrakvod@9094-0 true 320x180 25 fps 0 Hz 0ch 21749 B/s 0-59960 ms age 3 keys 30 parts 1500 fragments 30 pages 1
  1 2 audio AAC MstTrakvod@9094-1 true 0x0 0 fps 48000 Hz 2ch 8037 B/s 0-60010 ms age 3 keys 30 parts 2814 fragments 30 pages 1
`,
}

const realStreamsJQ = `.rows[] |
	"\(.stream) \(.state) \(.verdict) live=\(.live) source=\(.source) input=\(.input_pid) \(.input_alive) viewers=\(.viewers) sources=\(.sources) window=\(.buffer_window_ms)",
	(.tracks[] | "  \(.index) \(.id) \(.type) \(.codec) \(.page) \(.alive) \(.width)x\(.height) \(.fps) fps \(.rate) Hz \(.channels)ch \(.bytes_per_second) B/s \(.first_ms)-\(.last_ms) ms age \(.age_s) keys \(.keys) parts \(.parts) fragments \(.fragments) pages \(.pages)"),
	(.findings[] | "  \(.severity) \(.code) \(.object)")`

func TestRealStreams(t *testing.T) {
	t.Parallel()
	eachMoment(t, func(t *testing.T, m *moment) {
		_, name, _ := strings.Cut(t.Name(), "/")
		want, known := realStreams[name]
		if !known {
			return
		}
		r := runIn(t, m.dir, "", "streams", "--jq", realStreamsJQ)
		if diff := cmp.Diff(strings.TrimPrefix(want, "\n"), r.stdout); diff != "" || r.code != fail.ExitOK {
			t.Errorf("exit code %d, %s-want +got:\n%s", r.code, r.stderr, diff)
		}
		if r := runIn(t, m.dir, "", "streams"); r.code != fail.ExitOK || strings.Count(r.stdout, "├─")+strings.Count(r.stdout, "└─") != strings.Count(want, " keys ") {
			t.Errorf("exit code %d, the table is\n%s", r.code, r.stdout)
		}
	})
}
