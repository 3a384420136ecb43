package write

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"strconv"
	"strings"
	"time"

	"shmtool/cmd/shmtool/internal/cli"
	"shmtool/cmd/shmtool/internal/object"

	"shmtool/cmd/shmtool/internal/fail"
	"shmtool/cmd/shmtool/internal/procs"
	"shmtool/dump"
	"shmtool/layout"
	"shmtool/layout/mist"
	"shmtool/relaccx"
)

// writeFlags are what all commands have that write an existing page.
func writeFlags(forceUsage string) []cli.Flag {
	return []cli.Flag{
		&cli.DurationFlag{Name: "lock-timeout", Value: cli.LockTimeout, Usage: "wait `D` for another writer to finish"},
		&cli.BoolFlag{Name: "force", Usage: forceUsage},
	}
}

const forceOwner = "write a MistServer object though its owner lives, or another user's object"

// writer opens a page for writing, with the lock, unless MistServer has it.
func writer(c *cli.Call, t object.Target) (*relaccx.Writer, error) {
	if t.Stdin {
		return nil, fail.Usagef("standard input cannot be written; name a page")
	}
	if err := t.Plain(); err != nil {
		return nil, err
	}
	t, o, err := writable(c, t, c.Bool("force"), byItsPath)
	if err != nil {
		return nil, err
	}
	if err := refuseOwned(c, t); err != nil {
		return nil, err
	}
	w, err := locking(c, func(timeout time.Duration) (*relaccx.Writer, error) {
		o.LockTimeout, o.Rules = timeout, t.Info()
		return relaccx.OpenWriter(t.Path, o)
	})
	if errors.Is(err, relaccx.ErrNotReady) {
		err = fail.Hinted(err, "it is empty: create --force makes a page of it")
	}
	return w, object.Explain(c.World, t, anothers(err, "--force writes it all the same"))
}

// lockPatience is how long to wait for a lock at a time: an interrupt is seen
// that late.
const lockPatience = 100 * time.Millisecond

// locking opens what needs the writer's lock, and waits for it for as long as
// --lock-timeout says, unless the user has had enough.
func locking(c *cli.Call, open func(timeout time.Duration) (*relaccx.Writer, error)) (*relaccx.Writer, error) {
	deadline := time.Now().Add(c.Duration("lock-timeout"))
	for {
		w, err := open(max(0, min(lockPatience, time.Until(deadline))))
		if !errors.Is(err, relaccx.ErrLocked) || !time.Now().Before(deadline) || c.Stopped() {
			return w, err
		}
	}
}

// refuseOwned keeps our hands off an object that a living MistServer process
// writes.
func refuseOwned(c *cli.Call, t object.Target) error {
	if c.Bool("force") {
		return nil
	}
	owner, ok := c.Procs().Keeper(t.Path)
	switch {
	case !ok, owner.Life == procs.Dead, owner.Why == procs.NotSaved:
		return nil
	case owner.Life == procs.Alive:
		return t.OnPage(fail.Hinted(fail.Refusef("in use by %s (PID %d)", mist.EscapeName(owner.Process.Name), owner.Process.PID), "--force writes it all the same"))
	case owner.PID != 0:
		return t.OnPage(fail.Hinted(fail.Refusef("process %d owns it and may live: %s", owner.PID, owner.Why), "--force writes it all the same"))
	}
	return t.OnPage(fail.Hinted(fail.Refusef("its owner may live: %s", owner.Why), "--force writes it all the same"))
}

// fieldFlags are the fields that --field and --schema describe.
func fieldFlags() []cli.Flag {
	return []cli.Flag{
		&cli.StringSliceFlag{Name: "field", Usage: "a field, `NAME:TYPE[:SIZE]`; may be repeated. Types: " + strings.Join(layout.TypeNames(), " ") + ", or a code such as 0x33"},
	}
}

func parseFields(texts []string) ([]layout.Field, error) {
	var fields []layout.Field
	for _, text := range texts {
		f, err := layout.ParseField(text)
		if err != nil {
			return nil, fail.As(fail.Usage, fmt.Errorf("--field: %w", err))
		}
		fields = append(fields, f)
	}
	return fields, nil
}

// readSchema reads a schema file, or standard input for "-".
func readSchema(c *cli.Call, name string) (*layout.Schema, error) {
	var text []byte
	var err error
	if name == "-" {
		text, err = io.ReadAll(c.In)
	} else {
		text, err = os.ReadFile(name)
	}
	if err != nil {
		return nil, fail.As(fail.BadInput, fmt.Errorf("schema %q: %w", name, fail.Bare(err)))
	}
	s, err := layout.ParseSchema(string(text))
	if err != nil {
		return nil, fail.As(fail.BadInput, fmt.Errorf("schema %q: %w", name, err))
	}
	return s, nil
}

// decoding is what reading a value for a page needs to know of it.
func decoding(c *cli.Call, t object.Target) dump.DecodeOptions {
	return dump.DecodeOptions{Page: t.Info(), ShowSecrets: c.Secrets}
}

// assign stores the NAME=VALUE words in a record.
func assign(rec *relaccx.Record, words []string, known dump.DecodeOptions) error {
	given := map[string]bool{}
	for _, word := range words {
		name, value, found := strings.Cut(word, "=")
		switch {
		case !found:
			return fail.Usagef("%q is not NAME=VALUE", word)
		case given[name]:
			return fail.Usagef("field %q is given twice", name)
		}
		given[name] = true
		f := rec.Schema().Lookup(name)
		if f == nil {
			return &relaccx.FieldError{Field: name, Have: rec.Schema()}
		}
		if err := assignValue(f, rec, value, known); err != nil {
			return err
		}
	}
	return nil
}

func assignValue(f *layout.Field, rec *relaccx.Record, value string, known dump.DecodeOptions) error {
	file, fromFile := strings.CutPrefix(value, "@")
	if k := f.Kind(); !fromFile || k == layout.String || k == layout.Uint || k == layout.Int {
		return dump.Parse(f, rec.Bytes(), value, known)
	}
	b, err := readStart(file, int64(f.Size)+1)
	if err != nil {
		return fail.As(fail.BadInput, fmt.Errorf("field %q: %q: %w", f.Name, file, fail.Bare(err)))
	}
	if len(b) > int(f.Size) {
		return fail.As(fail.BadInput, fmt.Errorf("field %q: %q has more than its %d bytes", f.Name, file, f.Size))
	}
	return f.PutBytes(rec.Bytes(), b)
}

// readStart reads a file, and no more of it than so many bytes.
func readStart(path string, most int64) ([]byte, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	return io.ReadAll(io.LimitReader(f, most))
}

func parseMode(text string) (fs.FileMode, error) {
	mode, err := strconv.ParseUint(text, 8, 32)
	if err != nil || mode > 0o777 {
		return 0, fail.Usagef("--mode %q is not an octal mode such as 0600", text)
	}
	return fs.FileMode(mode), nil
}

// closeWriter joins the error of Close to what happened before.
func closeWriter(w *relaccx.Writer, err *error) { *err = errors.Join(*err, w.Close()) }
