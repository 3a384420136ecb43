package main

import (
	"bufio"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"syscall"
	"testing"
	"time"

	"shmtool/cmd/shmtool/internal/cli"
	"shmtool/cmd/shmtool/internal/kernel"
	"shmtool/layout"
	"shmtool/relaccx"
)

// newTicks is a page whose records say when they were published.
func newTicks(tb testing.TB, dir, name string) *relaccx.Writer {
	tb.Helper()
	fields, err := layout.ParseSchema("ns:uint64\n")
	if err != nil {
		tb.Fatal(err)
	}
	w, err := relaccx.Create(filepath.Join(dir, name), layout.Shape{Schema: fields, RecordCount: 1000}, relaccx.CreateOptions{})
	if err != nil {
		tb.Fatal(err)
	}
	return w
}

// publishForeign writes as MistServer does, and wakes nobody.
func publishForeign(tb testing.TB, f *os.File, h layout.Header, n uint64) {
	tb.Helper()
	record := binary.LittleEndian.AppendUint64(nil, uint64(time.Now().UnixNano()))
	end := binary.LittleEndian.AppendUint64(nil, n+1)
	if _, err := f.WriteAt(record, int64(h.Offset)+int64(n%uint64(h.RecordCount))*8); err != nil {
		tb.Fatal(err)
	}
	if _, err := f.WriteAt(end, 28); err != nil {
		tb.Fatal(err)
	}
}

// BenchmarkTailLatency is how long it takes from publishing a record to its line
// on the standard output of tail -f, for a writer that wakes and for one that does
// not. go test ./cmd/shmtool -run - -bench TailLatency -benchtime 2000x
func BenchmarkTailLatency(b *testing.B) {
	for _, how := range []string{"own", "foreign"} {
		b.Run(how, func(b *testing.B) {
			dir := shmTemp(b)
			w := newTicks(b, dir, "page")
			defer w.Close()
			cmd := exec.Command("shmtool", "tail", "-f", "page", "--from", "first", "-o", "csv", "--no-header")
			cmd.Env = append(os.Environ(), cli.ShmDirVariable+"="+dir)
			out, err := cmd.StdoutPipe()
			if err == nil {
				err = cmd.Start()
			}
			if err != nil {
				b.Fatal(err)
			}
			defer func() { _ = cmd.Process.Kill(); _ = cmd.Wait() }()
			f, err := os.OpenFile(filepath.Join(dir, "page"), os.O_RDWR, 0)
			if err != nil {
				b.Fatal(err)
			}
			defer f.Close()
			h, err := w.Page().Header()
			if err != nil {
				b.Fatal(err)
			}
			lines := bufio.NewScanner(out)
			var took []time.Duration
			for n := range uint64(b.N) + 10 {
				if how == "own" {
					if err := w.AppendOverwrite(binary.LittleEndian.AppendUint64(nil, uint64(time.Now().UnixNano()))); err != nil {
						b.Fatal(err)
					}
					w.Wake()
				} else {
					publishForeign(b, f, h, n)
				}
				if !lines.Scan() {
					b.Fatal("tail ended", lines.Err())
				}
				now := time.Now().UnixNano()
				var number uint64
				var at int64
				if _, err := fmt.Sscanf(lines.Text(), "%d,%d", &number, &at); err != nil || number != n {
					b.Fatalf("record %d: %q, %v", n, lines.Text(), err)
				}
				if n >= 10 {
					took = append(took, time.Duration(now-at))
				}
				time.Sleep(time.Duration(1000+n%7*331) * time.Microsecond)
			}
			slices.Sort(took)
			for _, p := range []int{50, 99, 100} {
				b.ReportMetric(float64(took[max(0, len(took)*p/100-1)].Microseconds()), fmt.Sprintf("µs/p%d", p))
			}
			b.ReportMetric(0, "ns/op")
		})
	}
}

// BenchmarkIdle is which part of a core is used for following pages on which
// nothing happens: one and 500 with tail -f, and 500 with a Group alone.
// go test ./cmd/shmtool -run - -bench Idle -benchtime 1x
func BenchmarkIdle(b *testing.B) {
	const span = 20 * time.Second
	dir := shmTemp(b)
	for i := range 500 {
		newTicks(b, dir, fmt.Sprint("page", i)).Close()
	}
	report := func(b *testing.B, used time.Duration) { b.ReportMetric(100*used.Seconds()/span.Seconds(), "%core") }
	for _, pattern := range []string{"page0", "page*"} {
		b.Run("tail "+pattern, func(b *testing.B) {
			for b.Loop() {
				cmd := exec.Command("shmtool", "tail", "-f", pattern)
				cmd.Env = append(os.Environ(), cli.ShmDirVariable+"="+dir)
				if err := cmd.Start(); err != nil {
					b.Fatal(err)
				}
				time.Sleep(span)
				_ = cmd.Process.Signal(syscall.SIGINT)
				_ = cmd.Wait()
				report(b, cmd.ProcessState.UserTime()+cmd.ProcessState.SystemTime())
			}
		})
	}
	b.Run("group", func(b *testing.B) {
		for b.Loop() {
			var g relaccx.Group
			for i := range 500 {
				g.Add(relaccx.Follow(filepath.Join(dir, fmt.Sprint("page", i)), relaccx.FollowOptions{}))
			}
			ctx, cancel := context.WithTimeout(b.Context(), span)
			before := usedTime(b)
			if _, _, err := g.Next(ctx); !errors.Is(err, context.DeadlineExceeded) {
				b.Fatal(err)
			}
			report(b, usedTime(b)-before)
			cancel()
			if err := g.Close(); err != nil {
				b.Fatal(err)
			}
		}
	})
}

// usedTime is how long this process has had a core.
func usedTime(tb testing.TB) time.Duration {
	tb.Helper()
	used, _, err := kernel.OwnUsage()
	if err != nil {
		tb.Fatal(err)
	}
	return used
}

// shmTemp is a directory in memory, as a page's is.
func shmTemp(tb testing.TB) string {
	tb.Helper()
	dir, err := os.MkdirTemp(relaccx.ShmDir, "shmtool-test-")
	if err != nil {
		tb.Skip(err)
	}
	tb.Cleanup(func() { _ = os.RemoveAll(dir) })
	return dir
}
