package drill

import (
	"context"
	"fmt"
	"io"
	"os/exec"

	"shmtool/cmd/shmtool/internal/finding"
	"shmtool/cmd/shmtool/internal/mistserver"
	"shmtool/cmd/shmtool/internal/simulate"
	"shmtool/layout/mist"
)

// programFaults are those of programs that MistServer starts beside a stream: its
// processes, and the handlers of its triggers.
var programFaults = []fault{
	{code: finding.ProcessFailing, adjust: keepIdle, stage: stageMissProgram},
	{code: finding.TriggerRunning, adjust: crashing(finding.TriggerRunning), stage: stageHandler},
}

// missingProgram is the process that a drill configures. Many builds of MistServer do
// not have the program.
const missingProgram = "FFMPEG"

// stageMissProgram configures a process that does not run. The state stays ready, as
// MistServer's does where the program itself is missing.
func stageMissProgram(_ context.Context, d *drill) (string, error) {
	if err := d.controls(); err != nil {
		return "", err
	}
	settings := d.Options().Settings()
	settings.Process = missingProgram
	err := d.Controller().Configure(d.stream, settings.JSON(d.stream))
	return fmt.Sprintf("the stream's configuration has a process %s now, and no MistProc%s runs, as where the program is not installed", missingProgram, missingProgram), err
}

// handlerName is the name of the process that plays a trigger's handler. A handler is
// any program, so it has neither MistServer's names nor the simulation's.
const handlerName = "ready-handler"

// stageHandler lets the buffer start a handler that does not answer.
func stageHandler(ctx context.Context, d *drill) (string, error) {
	buffer := d.input().Buffer
	if buffer == 0 {
		return "", fmt.Errorf("stream %q has no buffer", d.stream)
	}
	if err := tellBuffer(buffer); err != nil {
		return "", err
	}
	handler := 0
	err := d.await(ctx, func() bool {
		state, e := mistserver.State(d.Place(), d.stream)
		for _, p := range d.processes().Children(buffer) {
			if p.Name == handlerName {
				handler = p.PID
			}
		}
		return e == nil && state == mist.StateBoot && handler != 0
	})
	return fmt.Sprintf("the state is boot, and process %d, a child of the buffer, process %d, plays a handler of STREAM_READY that does not answer; MistServer would end it after 15 s", handler, buffer), err
}

// hold keeps the stream in the state boot while a handler runs, which ends with its
// buffer.
func hold(p simulate.Part) error {
	if err := mistserver.SetState(p.Place(), p.Stream, mist.StateBoot, 0); err != nil {
		return err
	}
	p.Role, p.Program = roleHandler, handlerName
	cmd, err := p.StartChild(func(cmd *exec.Cmd) error {
		_, err := cmd.StdinPipe() // its other end closes with this process
		return err
	})
	if err == nil {
		go func() { _ = cmd.Wait() }()
	}
	return err
}

// handle waits as a handler does that never answers, until its buffer has ended.
func handle(ctx context.Context, payload io.Reader) error {
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		_, _ = io.Copy(io.Discard, payload) // nothing comes but its end
	}()
	select {
	case <-ended:
	case <-ctx.Done():
	}
	return nil
}
