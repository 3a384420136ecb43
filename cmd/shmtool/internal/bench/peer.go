package bench

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"time"
)

// peer is another program that does the work of a benchmark, run in turn with ours.
type peer struct {
	command string // of the shell
}

// The environment of a peer.
const (
	peerPage  = "SHMTOOL_BENCH_PAGE"  // path of what is read: a page, an input, or a directory of pages
	peerDir   = "SHMTOOL_BENCH_DIR"   // a directory for what it writes
	peerCount = "SHMTOOL_BENCH_COUNT" // operations that it is to do
)

// peerRuns is how often a peer runs in a round beside work in this process.
const peerRuns = 3

// run runs the peer, and returns the processor time that it and its children took.
func (p *peer) run(ctx context.Context, s *site, page string, count int, out *bytes.Buffer) (time.Duration, error) {
	cmd := ownGroup(exec.CommandContext(ctx, "/bin/sh", "-c", p.command))
	cmd.Env = append(os.Environ(), peerPage+"="+page, peerDir+"="+s.files, peerCount+"="+strconv.Itoa(count))
	if out != nil {
		cmd.Stdout = out
	}
	if err := runQuietly(cmd); err != nil {
		return 0, &PeerError{err}
	}
	return cmd.ProcessState.UserTime() + cmd.ProcessState.SystemTime(), nil
}

// PeerError is a command of --against that has failed.
type PeerError struct{ Err error }

// Error returns one line.
func (e *PeerError) Error() string { return e.Err.Error() }

// Unwrap returns what the command's process said.
func (e *PeerError) Unwrap() error { return e.Err }

// timed runs the peer of a command once.
func (p *peer) timed(ctx context.Context, s *site, t *task, to *sample) error {
	took, err := p.run(ctx, s, t.page, int(max(1, t.per)), nil)
	if err == nil {
		to.peers = append(to.peers, float64(took)/t.per)
	}
	return err
}

// counted runs the peer of work in this process some times. It may print as the last word
// of its output how many nanoseconds an operation took; otherwise all of its processor
// time counts.
func (p *peer) counted(ctx context.Context, s *site, dir string, to *sample) error {
	count := int(max(1, to.n/peerRuns))
	for range peerRuns {
		var out bytes.Buffer
		took, err := p.run(ctx, s, filepath.Join(dir, "page"), count, &out)
		if err != nil {
			return err
		}
		cost := float64(took) / float64(count)
		if words := strings.Fields(out.String()); len(words) > 0 {
			if cost, err = strconv.ParseFloat(words[len(words)-1], 64); err != nil {
				return &PeerError{fmt.Errorf("%s: the last word %q is not a number of nanoseconds", p.command, words[len(words)-1])}
			}
		}
		to.peers = append(to.peers, cost)
	}
	return nil
}
