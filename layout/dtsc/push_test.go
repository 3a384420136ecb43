package dtsc

import (
	"errors"
	"fmt"
	"math"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

const pushPage = "\x00\x00\x12\x34\x00\x04live\x00\x0artmp://$a/\x00\x09rtmp://x/" +
	"\x7f\xff\xff\xff\x00\x00\x00\x00\x00\x01z" +
	"\x00\x00\x00\x00"

var pushes = []Push{
	{PID: 0x1234, Stream: "live", Original: "rtmp://$a/", Final: "rtmp://x/"},
	{PID: 1<<31 - 1, Final: "z"},
}

func readPushes(page string) (list []Push, err error) {
	for p, err := range PushList([]byte(page)) {
		if err != nil {
			return list, err
		}
		list = append(list, p)
	}
	return list, nil
}

func TestPushList(t *testing.T) {
	for _, tail := range []string{"", "\x00\x00\x99", "leftover"} {
		got, err := readPushes(pushPage + tail)
		if err != nil {
			t.Fatal(err)
		}
		if d := cmp.Diff(pushes, got); d != "" {
			t.Errorf("(-want +got):\n%s", d)
		}
	}
	got, err := AppendPushList([]byte("before"), pushes)
	if err != nil || string(got) != "before"+pushPage {
		t.Errorf("appended %q, %v", got, err)
	}
	for range PushList([]byte(pushPage)) {
		break
	}
}

func TestPushListEnds(t *testing.T) {
	for _, page := range []string{"\x00\x00\x00\x00", "\x00\x00\x00\x01rest", strings.Repeat("\x00", 8<<10)} {
		if list, err := readPushes(page); err != nil || list != nil {
			t.Errorf("%.8q: %v, %v", page, list, err)
		}
	}
	if got, err := AppendPushList(nil, nil); err != nil || string(got) != "\x00\x00\x00\x00" {
		t.Errorf("no pushes: %q, %v", got, err)
	}
}

func TestPushListCutShort(t *testing.T) {
	first := len("\x00\x00\x12\x34\x00\x04live\x00\x0artmp://$a/\x00\x09rtmp://x/")
	for size := range len(pushPage) {
		list, err := readPushes(pushPage[:size])
		var format *FormatError
		if !errors.As(err, &format) || format.Offset > int64(size) {
			t.Errorf("%d bytes: %v, %v", size, list, err)
		}
		if whole := size >= first; whole != (len(list) > 0) {
			t.Errorf("%d bytes: %v", size, list)
		}
	}
	for page, want := range map[string]string{
		"":                                     "byte 0: list of pushes does not end",
		pushPage[:first] + "\xff\xff\xff\xff":  "byte 33: push has no process number, it says: 4294967295",
		"\x80\x00\x00\x00":                     "byte 0: push has no process number, it says: 2147483648",
		pushPage[:first+2]:                     "byte 33: list of pushes does not end",
		"\x00\x00\x00\x02\x00":                 "byte 4: push is cut short",
		"\x00\x00\x00\x02\x00\x00\x00\x05abcd": "byte 6: push is cut short, its text has size: 5",
	} {
		if _, err := readPushes(page); err == nil || err.Error() != want {
			t.Errorf("%q: %v, want %s", page, err, want)
		}
	}
}

func TestAppendPushListRefuses(t *testing.T) {
	tooHigh := math.MaxInt32
	tooHigh++ // negative on a CPU of 32 bits
	for _, tt := range []struct {
		push    Push
		message string
	}{
		{Push{PID: 1, Stream: "live"}, `push of stream "live": 1 is no process`},
		{Push{PID: tooHigh}, fmt.Sprintf(`push of stream "": %d is no process`, tooHigh)},
		{Push{PID: 7, Final: strings.Repeat("x", 65536)}, "push 7: a text of 65536 bytes is longer than 65535"},
	} {
		got, err := AppendPushList([]byte("before"), []Push{pushes[0], tt.push})
		if string(got) != "before" || err == nil || err.Error() != tt.message {
			t.Errorf("%.6q, %v; want %s", got, err, tt.message)
		}
	}
}
