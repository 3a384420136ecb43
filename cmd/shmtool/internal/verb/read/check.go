package read

import (
	"context"

	"shmtool/cmd/shmtool/internal/cli"
	"shmtool/cmd/shmtool/internal/fail"
	"shmtool/cmd/shmtool/internal/out"
	"shmtool/layout"
)

// checkOptions is what a command line of check asks for.
type checkOptions struct {
	pages []string
}

// Check returns the command that checks pages and other objects.
func Check() *cli.Command {
	return &cli.Command{
		Name:  "check",
		Paged: true,
		Args:  "PAGE…",
		Usage: "check a page against the format and MistServer's rules",
		About: `check lists its findings by severity, each with its byte and its meaning:

  error    the page is invalid (exit code 4)
  warning  something misleads readers or people (exit code 1)
  note     something looks alarming but is normal (exit code 0)

When a finding may be a change under way, check looks again, up to five times.

MistServer keeps the counters present and startpos in step only in the rings of a
track and in its log: check reports them as warnings there, and nowhere else. It
compares a track's keys, parts, fragments, and data pages with each other, and the
packets of data pages with what the track has published. It also checks the list of
tracks, states, PIDs, semaphores, and the list of pushes.

When check cannot check a PAGE, it reports an error and goes on with the next one.
It exits with the highest code of all.`,
		Examples: []string{
			"shmtool check MstMetalive",
			"shmtool check MstDatalive@0_0",
			"shmtool check MstMetalive:tracks",
			"shmtool ls --names | xargs shmtool check -j --jq '.findings[].code'",
		},
		Formats: out.PlainFormats,
		Run:     runCheck,
	}
}

func checkOptionsOf(c *cli.Call) (checkOptions, error) {
	if len(c.Args) == 0 {
		return checkOptions{}, fail.PageRequired()
	}
	return checkOptions{pages: c.Args}, nil
}

func runCheck(ctx context.Context, c *cli.Call) error {
	o, err := checkOptionsOf(c)
	if err != nil {
		return err
	}
	all, failed, err := checkAll(ctx, c, o.pages)
	if err != nil {
		return err
	}
	if len(all) == 0 {
		return fail.Status(failed)
	}
	r := reportOf(all, func(text string) string { return c.Redacted(nil, text) })
	if err := r.print(c.Out); err != nil {
		return err
	}
	if code := max(failed, checkCodes[r.worst]); code != fail.ExitOK {
		return fail.Status(code)
	}
	return nil
}

// checkCodes are the exit codes for findings.
var checkCodes = map[layout.Severity]int{layout.Warning: fail.ExitFindings, layout.Error: fail.ExitInvalid}

// checkAll checks the named objects. When one of several cannot be checked, it reports the
// error and goes on: that one may have gone since it was listed. failed is the highest
// exit code of those.
func checkAll(ctx context.Context, c *cli.Call, args []string) (all []checked, failed int, err error) {
	var done out.Latest[int]
	progress := checkProgress(c.World, &done, args)
	defer progress.End()
	for i, arg := range args {
		done.Set(i)
		k, err := checkArgument(ctx, c, arg)
		switch {
		case err == nil:
			all = append(all, k)
		case len(args) == 1, ctx.Err() != nil:
			return nil, 0, err
		default:
			failed = max(failed, c.Report(ctx, err))
		}
	}
	return all, failed, nil
}
