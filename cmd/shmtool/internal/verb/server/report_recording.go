package server

import (
	"context"
	"fmt"
	"os"
	"syscall"
	"time"

	"shmtool/cmd/shmtool/internal/cli"
	"shmtool/cmd/shmtool/internal/fail"
	"shmtool/cmd/shmtool/internal/recording"
	"shmtool/cmd/shmtool/internal/report"
)

// reportOnRecording returns what a report says about a recording, and why it ends early.
func reportOnRecording(ctx context.Context, name string) (in report.Input, damage, err error) {
	f, err := os.OpenFile(name, os.O_RDONLY|syscall.O_NONBLOCK, 0) // a FIFO must not hang us
	if err != nil {
		return in, nil, fail.As(fail.BadInput, fmt.Errorf("file %q: %w", name, fail.Bare(err)))
	}
	defer f.Close()
	r, err := recording.NewFileReader(f)
	if err != nil {
		return in, nil, fmt.Errorf("file %q: %w", name, fail.Bare(err))
	}
	defer r.Close()
	in = report.Input{Version: cli.Version(), Place: "recording " + name, At: time.Now(), Recording: &report.Recording{}}
	err = report.ReadRecording(ctx, r, in.Recording)
	switch {
	case err == nil:
		return in, nil, nil
	case ctx.Err() != nil || len(in.Recording.Pages) == 0:
		return in, nil, fmt.Errorf("file %q: %w", name, err)
	}
	in.Recording.Damage = err.Error()
	return in, fmt.Errorf("file %q: %w", name, err), nil
}
