package main

import (
	"strings"
	"syscall"
	"testing"

	"shmtool/cmd/shmtool/internal/finding"
)

// Drills of processes, locks and state: as TestPageDrills.
var processDrills = []drillTest{
	{code: finding.InputLockOrphaned, besides: []string{finding.StateStale}, short: true},
	{code: finding.InputUnsupervised},
	{code: finding.StateStale},
	{code: finding.PullLockOrphaned},
	{code: finding.ShortLockStuck, short: true},
	{code: finding.WriterDead, stops: true, besides: []string{finding.TrackStale}},
	{code: finding.ViewerDead, stops: true},
	{code: finding.ReloadPending, besides: []string{finding.WriterDead, finding.TrackStale}, short: true},
	{code: finding.PageNotReady, besides: []string{finding.WriterDead, finding.TrackStale}},
	{code: finding.MetaReclaimed},
	{code: finding.ExitPending},
	{code: finding.SessionOrphaned, server: true},
	{code: finding.ControllerDead, server: true},
	{code: finding.ControllerPageMissing, server: true},
	{code: finding.UsersFull},
	{code: finding.VersionsMixed, server: true},
	{code: finding.Waiting},
	{code: finding.StreamOffline},
	{code: finding.ProcessStopped, besides: []string{finding.TrackStale}, short: true},
	{code: finding.NoInput},
	{code: finding.DeletedMapping},
	{code: finding.VoDPagePending, stops: true},
	{code: finding.ProcessFailing},
	{code: finding.TriggerRunning},
}

func TestProcessDrills(t *testing.T) { runDrills(t, processDrills) }

// Not beside others: whose processes use which directory of one file system, the
// doctor does not tell. Where the kernel refuses a namespace, the drill says so.
func TestDrillNamespace(t *testing.T) {
	skipShort(t)
	t.Parallel()
	dir := t.TempDir()
	p := launch(t, dir, "simulate", "--fault", finding.NamespaceMismatch, "--for", "1s")
	if status := p.done(); status.ExitStatus() != 0 {
		nothingLeft(t, dir)
		if !strings.Contains(p.err.String(), "the kernel refuses a PID namespace") {
			t.Fatal(p.err.String())
		}
		t.Skip("the kernel refuses a PID namespace here")
	}
	drillTest{code: finding.NamespaceMismatch, server: true}.run(t, dir)
}

// What only some drills make, beside or instead of the stream's own: a session,
// locks, processes that are stopped.
func TestProcessDrillsKilled(t *testing.T) {
	for _, code := range []string{finding.SessionOrphaned, finding.PullLockOrphaned, finding.VersionsMixed, finding.ViewerDead, finding.TriggerRunning} {
		t.Run(code, func(t *testing.T) {
			skipUnlessLong(t)
			t.Parallel()
			dir := t.TempDir()
			p := launch(t, dir, "simulate", "--fault", code, "--for", "0", "--stream", "killed-"+code)
			p.says(`now try`)
			p.signal(syscall.SIGKILL)
			_ = p.cmd.Wait()
			shmtool(t, dir, "simulate", "--clean")
			nothingLeft(t, dir)
		})
	}
}
