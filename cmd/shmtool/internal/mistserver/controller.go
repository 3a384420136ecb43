package mistserver

import (
	"crypto/rand"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"strings"
	"time"

	"shmtool/layout/dtsc"
	"shmtool/layout/mist"
	"shmtool/relaccx"
)

// Controller is MistController's part: MstGlobalConfig, MstStateLogs and the
// streams' MstSCnf. The one that made the first two holds the lock of
// MstGlobalConfig as long as it lives, by which others find it.
type Controller struct {
	place   Place
	global  *relaccx.Writer
	logs    *relaccx.Writer
	configs []mist.Object // that this controller made
	joined  bool          // another one's pages, whose lock we have not
}

var (
	globalObject = mist.Object{Kind: mist.KindGlobal}
	logsObject   = mist.Object{Kind: mist.KindLogs}
)

// simulatedHost stands in MstGlobalConfig where MistServer has the name that
// people gave the host.
const simulatedHost = "shmtool simulate"

// StartController makes MstGlobalConfig and MstStateLogs. fs.ErrExist, naming
// the object, when one is there already.
func StartController(p Place) (*Controller, error) {
	t, _ := mist.KindGlobal.Template()
	global, err := p.create(globalObject, t, func(w *relaccx.Writer) error { return fillGlobal(p, w) })
	if err != nil {
		return nil, err
	}
	t, _ = mist.KindLogs.Template()
	logs, err := p.create(logsObject, t, nil)
	if err != nil {
		return nil, errors.Join(err, p.remove(globalObject), global.Close())
	}
	return &Controller{place: p, global: global, logs: logs}, nil
}

// fillGlobal writes what MistController writes without any configuration.
func fillGlobal(p Place, w *relaccx.Writer) error {
	c := p.clock()
	return w.Update(0, func(rec *relaccx.Record) error {
		numbers := []cell{
			{"systemBoot", uint64((c.Now - int64(c.Uptime)) / int64(time.Millisecond))},
			{"sessionViewerMode", 14},
			{"sessionInputMode", 15},
			{"sessionOutputMode", 15},
			{"sessionUnspecifiedMode", 0},
			{"sessionStreamInfoMode", 1},
			{"tknMode", 15},
		}
		var err error
		for _, n := range numbers {
			err = errors.Join(err, rec.SetUint(n.name, n.value))
		}
		return errors.Join(err, rec.SetText("iid", rand.Text()[:16]), rec.SetText("hrn", simulatedHost))
	})
}

// JoinController shares the pages of a simulation's controller, for several
// simulations side by side. fs.ErrNotExist when there is none, ErrForeign when
// they are a MistServer's.
func JoinController(p Place) (*Controller, error) {
	ours, _, err := Simulated(p)
	if err != nil {
		return nil, err
	}
	if !ours {
		return nil, fmt.Errorf("%q %w", globalObject.Name(), ErrForeign)
	}
	global, err := p.openNow(globalObject)
	if err != nil {
		return nil, err
	}
	logs, err := p.openNow(logsObject)
	if err != nil {
		return nil, errors.Join(err, global.Close())
	}
	return &Controller{place: p, global: global, logs: logs, joined: true}, nil
}

// Succeed takes the lock of MstGlobalConfig where c joined a controller that has
// left since, so that one is found by it. While that one lives it does
// nothing; it is to be called now and then.
func (c *Controller) Succeed() error {
	if !c.joined {
		return nil
	}
	global, err := relaccx.OpenWriter(c.place.path(globalObject), relaccx.WriterOptions{FieldsOnly: true})
	if errors.Is(err, relaccx.ErrLocked) {
		return nil
	}
	if err != nil {
		return err
	}
	c.joined = false
	err, c.global = c.global.Close(), global
	return err
}

// Simulated reports whether the place's MstGlobalConfig was made by a
// simulation, and the process that has its lock, 0 when that is dead or cannot
// be seen. fs.ErrNotExist where there is no such page.
func Simulated(p Place) (ours bool, pid int, err error) {
	page, err := relaccx.Open(p.path(globalObject))
	if err != nil {
		return false, 0, err
	}
	defer page.Close()
	r, err := page.Reader()
	if err != nil {
		return false, 0, err
	}
	var rec relaccx.Record
	if err := r.Read(0, &rec); err != nil {
		return false, 0, err
	}
	host, err := rec.Text("hrn")
	return host == simulatedHost, page.LockHolder(), err
}

// Configure writes the MstSCnf of a stream; settings are JSON, see
// [Settings.JSON]. One that this controller made before is replaced, any other is
// fs.ErrExist.
func (c *Controller) Configure(stream string, settings []byte) error {
	packed, err := dtsc.Pack(nil, settings)
	if err != nil {
		return fmt.Errorf("settings of stream %q: %w", stream, err)
	}
	o := configOf(stream)
	mine := -1
	for i := range c.configs {
		if c.configs[i] == o {
			mine = i
		}
	}
	if mine >= 0 {
		if err := c.dropConfig(o); err != nil {
			return err
		}
	}
	w, err := c.place.create(o, mist.ConfigTemplate(uint32(len(packed))), func(w *relaccx.Writer) error {
		return w.StoreBytes(0, w.Schema().Lookup("dtsc_data"), packed)
	})
	if err != nil {
		return err
	}
	if mine < 0 {
		c.configs = append(c.configs, o)
	}
	return w.Close()
}

// dropConfig ends a configuration as MistController does: flag, then name.
func (c *Controller) dropConfig(o mist.Object) error {
	w, err := c.place.openNow(o)
	if err == nil {
		err = errors.Join(w.SetReload(), w.Close())
	}
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	return errors.Join(err, c.place.remove(o))
}

// LogEntry is one line of MstStateLogs.
type LogEntry struct {
	Kind    string // "INFO", "WARN", "FAIL", …
	Message string
	Stream  string
	PID     int    // 0 is this process
	Exe     string // "" is shmtool
	Line    string // source file and line, where there is one
}

// Log appends to MstStateLogs; when it is full the oldest entry goes. A text
// that is too long is cut, as MistServer cuts it.
func (c *Controller) Log(e LogEntry) error {
	if e.PID == 0 {
		e.PID = os.Getpid()
	}
	if e.Exe == "" {
		e.Exe = "shmtool"
	}
	rec, err := c.logs.NewRecord()
	if err != nil {
		return err
	}
	err = errors.Join(
		rec.SetUint("time", uint64(c.place.clock().Now/int64(time.Second))),
		rec.SetUint("pid", uint64(e.PID)),
		putText(rec, "kind", e.Kind),
		putText(rec, "msg", e.Message),
		putText(rec, "strm", e.Stream),
		putText(rec, "exe", e.Exe),
		putText(rec, "line", e.Line))
	if err != nil {
		return err
	}
	if err := c.logs.AppendOverwrite(rec.Bytes()); err != nil {
		return err
	}
	c.logs.Wake()
	return nil
}

// putText stores as much of a string as its field holds, as MistServer does.
func putText(rec *relaccx.Record, field, text string) error {
	text, _, _ = strings.Cut(text, "\x00")
	if f := rec.Schema().Lookup(field); f != nil && len(text) >= int(f.Size) {
		text = text[:f.Size-1]
	}
	return rec.SetText(field, text)
}

// Unconfigure removes the configurations that c made.
func (c *Controller) Unconfigure() error {
	var errs []error
	for _, o := range c.configs {
		errs = append(errs, c.dropConfig(o))
	}
	c.configs = nil
	return errors.Join(errs...)
}

// Close removes the configurations that c made; with the last simulation of the
// place, MstStateLogs and MstGlobalConfig also go. Objects of other streams say
// nothing of that: they may be any program's.
func (c *Controller) Close(last bool) error {
	errs := []error{c.Unconfigure()}
	if last {
		errs = append(errs, c.logs.SetExit())
		for _, o := range ControllerObjects() {
			errs = append(errs, c.place.remove(o))
		}
	}
	return errors.Join(append(errs, c.logs.Close(), c.global.Close())...)
}

// ControllerObjects returns the pages of a controller, in the order in which they are
// to be removed: by MstGlobalConfig it shows whose they are.
func ControllerObjects() []mist.Object { return []mist.Object{logsObject, globalObject} }
