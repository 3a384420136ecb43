package mistserver

import (
	"bufio"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"shmtool/layout/mist"
)

// The test binary is its own other processes: with partVariable set it takes no
// tests but plays a part, by the machine's own clock.
const partVariable = "LIVE_TEST_PART"

func TestMain(m *testing.M) {
	part := os.Getenv(partVariable)
	if part == "" {
		os.Exit(m.Run())
	}
	words := strings.Fields(part)
	if err := play(words[0], Place{Dir: words[1]}, words[2:]); err != nil {
		fmt.Println(err)
		os.Exit(1)
	}
}

func play(part string, p Place, args []string) error {
	ctx, stop := context.WithTimeout(context.Background(), time.Minute)
	defer stop()
	count, _ := strconv.Atoi(args[0])
	switch part {
	case "source":
		return playSource(ctx, p, count)
	case "viewer":
		return playViewer(ctx, p, count)
	case "buffer":
		return playBuffer(p)
	}
	return errors.New("no such part")
}

// playSource sends packets every 2 ms, with rings so small that they grow.
func playSource(ctx context.Context, p Place, count int) error {
	t, err := AddTrack(ctx, p, "live", TrackInfo{Type: "video", Codec: "H264", Room: mist.TrackRoom{Parts: 32, Keys: 2, Fragments: 2, Pages: 1}})
	if err != nil {
		return err
	}
	f := videoFeed(t)
	for range count {
		if err := t.Write(f.packet()); err != nil {
			return err
		}
		time.Sleep(2 * time.Millisecond)
	}
	fmt.Println("sent", count, "with", len(t.Reloads()), "reloads")
	return t.Close()
}

// playViewer sees packets until it has so many of each track, and says what it
// has lost.
func playViewer(ctx context.Context, p Place, count int) error {
	v, err := Join(ctx, p, "live", ViewerOptions{Poll: time.Millisecond, Oldest: true})
	if err != nil {
		return err
	}
	lost, next := uint64(0), map[int]uint64{}
	for n := 0; n < count*len(v.Tracks()); n++ {
		seen, err := v.Next(ctx)
		if err != nil {
			return err
		}
		if seen.Part != next[seen.Track] || binary.BigEndian.Uint64(seen.Payload) != seen.Part || seen.Time != 40*seen.Part {
			return fmt.Errorf("saw part %d of track %d, %d was next", seen.Part, seen.Track, next[seen.Track])
		}
		lost += seen.Lost
		next[seen.Track] = seen.Part + 1
	}
	fmt.Println("lost", lost, "of", next, "with", v.Reloads(), "reloads")
	return v.Close()
}

func playBuffer(p Place) error {
	b, err := StartBuffer(p, "live", Settings{AlwaysOn: true, Resume: true, BufferTime: 10 * time.Second})
	for ; err == nil; time.Sleep(20 * time.Millisecond) {
		_, err = b.Loop()
	}
	return err
}

// actor is another process with a part.
type actor struct {
	testing.TB
	cmd   *exec.Cmd
	lines *bufio.Scanner
}

func (s *stage) cast(part string, args ...string) *actor {
	s.Helper()
	a := &actor{TB: s, cmd: exec.Command(os.Args[0])}
	a.cmd.Env = append(os.Environ(), partVariable+"="+strings.Join(append([]string{part, s.Dir}, args...), " "))
	a.cmd.Stderr = os.Stderr
	out := must[interface {
		Read([]byte) (int, error)
		Close() error
	}](s)(a.cmd.StdoutPipe())
	a.lines = bufio.NewScanner(out)
	s.ok(a.cmd.Start())
	s.Cleanup(a.kill)
	return a
}

func (a *actor) kill() {
	if a.cmd.ProcessState == nil {
		_ = a.cmd.Process.Signal(syscall.SIGKILL)
		_ = a.cmd.Wait()
	}
}

// says is the actor's last line, when it is done.
func (a *actor) says() (line string) {
	a.Helper()
	for a.lines.Scan() {
		line = a.lines.Text()
	}
	if err := a.cmd.Wait(); err != nil {
		a.Fatalf("%v: %s", err, line)
	}
	return line
}

// Real processes with the machine's clock: sources whose pages reload under
// everybody, viewers that see every packet, a buffer that cuts.
func TestProcesses(t *testing.T) {
	s := newStage(t)
	s.Clock = nil
	must[*Input](t)(LockInput(s.Place, "live", 0))
	s.cast("buffer", "0")
	const packets = "900"
	sources := []*actor{s.cast("source", packets), s.cast("source", packets)}
	s.until(func() bool { return s.users(mist.UserSource) == 2 })
	var viewers []*actor
	for range 3 {
		viewers = append(viewers, s.cast("viewer", "850"))
	}
	for _, a := range sources {
		if line := a.says(); !strings.HasPrefix(line, "sent 900 with ") || strings.HasSuffix(line, " 0 reloads") {
			t.Errorf("a source says %q", line)
		}
	}
	for _, a := range viewers {
		if line := a.says(); !strings.HasPrefix(line, "lost 0 of ") {
			t.Errorf("a viewer says %q", line)
		}
	}
	s.until(func() bool { return s.users(0xff) == 0 })
}

func (s *stage) until(is func() bool) {
	s.Helper()
	for deadline := time.Now().Add(time.Minute); !is(); time.Sleep(2 * time.Millisecond) {
		if time.Now().After(deadline) {
			s.Fatal("it does not come")
		}
	}
}

// users is how many slots of MstUser have one of some bits.
func (s *stage) users(bits uint8) (count int) {
	s.Helper()
	u, err := openUsers(s.Context(), s.Place, "live")
	s.ok(err)
	defer u.close()
	for _, one := range must[[]user](s)(u.all()) {
		if one.is(bits) {
			count++
		}
	}
	return count
}

// A source is killed in the middle of what it does: the buffer finds it dead,
// keeps the track as long as it may, and whoever views it goes on.
func TestKilledSource(t *testing.T) {
	s := newStage(t)
	s.Clock = nil
	must[*Input](t)(LockInput(s.Place, "live", 0))
	b := must[*Buffer](t)(StartBuffer(s.Place, "live", Settings{AlwaysOn: true}))
	keep := s.add("live", TrackInfo{Type: "video", Codec: "H264"}) // without a source the stream would end
	defer keep.Close()
	for round := range 4 {
		source := s.cast("source", "100000")
		s.until(func() bool { return s.loop(b).Sources == 2 })
		v := s.join("live", ViewerOptions{Pick: func(t TrackView) bool { return t.Index == round+1 }})
		for range 40 * (round + 1) {
			must[Seen](t)(s.see(v))
		}
		source.kill()
		var dead []DeadUser
		var removed []RemovedTrack
		s.until(func() bool {
			r := s.loop(b)
			dead, removed = append(dead, r.Dead...), append(removed, r.Removed...)
			return len(removed) == 1
		})
		if len(dead) != 1 || dead[0] != (DeadUser{source.cmd.Process.Pid, round + 1, true}) {
			t.Errorf("dead: %+v", dead)
		}
		var err error
		for err == nil { // what it has not seen yet
			_, err = s.see(v)
		}
		if !errors.Is(err, ErrTrackGone) {
			t.Error(err)
		}
		s.ok(v.Close())
	}
	s.ok(b.Close(t.Context()))
}
