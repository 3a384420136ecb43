package cleaning

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"syscall"

	"shmtool/cmd/shmtool/internal/cause"
	"shmtool/cmd/shmtool/internal/kernel"
	"shmtool/layout/mist"
	"shmtool/relaccx"
)

// finish removes the units that nothing has happened to since the look, and gives the
// others their names back.
func (b *batch) finish() {
	made, err := b.made()
	users, errUsers := b.usersAside()
	if err == nil {
		err = errUsers
	}
	for _, u := range b.units {
		switch {
		case err != nil:
			u.restore(b.plan.options.ShmDir, &KeptError{u.claims[0].Name, cause.Of(err).Error()})
		case u.alone:
			u.finishAlone(b.plan.options.ShmDir, users)
		default:
			u.finish(b.plan.options.ShmDir, b.disturbed(u, made, users))
		}
	}
}

// made returns the objects that have been made since the look, and are near.
func (b *batch) made() ([]*file, error) {
	if b.seen == nil {
		return nil, nil
	}
	entries, err := os.ReadDir(b.plan.options.ShmDir)
	if err != nil {
		return nil, err
	}
	known := map[relaccx.Identity]bool{}
	for _, f := range b.seen.files {
		known[f.identity] = true
	}
	var made []*file
	for _, entry := range entries {
		f, ok := named(entry.Name())
		if !ok || f.hidden || !b.near(f) {
			continue
		}
		there, err := f.stat(b.plan.options.ShmDir)
		if err != nil {
			return nil, err
		}
		if there && !known[f.identity] {
			made = append(made, f)
		}
	}
	return made, nil
}

// usersAside returns, by identity, who has objects that could not be leased, as a look
// at the processes shows that is taken while the objects have their other names.
func (b *batch) usersAside() (map[relaccx.Identity]string, error) {
	users := map[relaccx.Identity]string{}
	unleased := false
	b.each(func(_ *unit, c *claim) { unleased = unleased || !c.leased })
	if !unleased {
		return users, nil
	}
	now := *b.seen
	now.holdings = now.table.Holdings(interesting)
	if err := now.table.Unread(); err != nil {
		return nil, err
	}
	b.each(func(_ *unit, c *claim) {
		if c.leased {
			return
		}
		f := *c.file
		f.name = hiddenPrefix + mistName(&f)
		if all := now.users(&f); len(all) > 0 {
			users[c.Identity] = "it is mapped or open: " + processText(all[0].Process)
		}
	})
	return users, nil
}

// mistName returns the name of an object without that of a clean.
func mistName(f *file) string {
	if f.hidden {
		return f.name[len(hiddenPrefix):]
	}
	return f.name
}

// disturbed says what has happened to a unit since the look; nil is nothing.
func (b *batch) disturbed(u *unit, made []*file, users map[relaccx.Identity]string) error {
	for i := range u.claims {
		c := &u.claims[i]
		switch err := c.disturbed(b.plan.options.ShmDir, users); {
		case err != nil:
			return err
		case c.err != nil && u.whole:
			return c.err
		}
	}
	for _, f := range made {
		if b.plan.near(u, f) {
			return &KeptError{f.name, f.name + " has just been made"}
		}
	}
	return nil
}

// disturbed says what has happened to an object that has its other name.
func (c *claim) disturbed(dir string, users map[relaccx.Identity]string) error {
	if !c.aside {
		return nil
	}
	_, aside := c.paths(dir)
	if c.file.hidden {
		aside = filepath.Join(dir, c.Name)
	}
	st, err := kernel.StatName(aside)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return &KeptError{c.Name, isGone}
	case err != nil:
		return &KeptError{c.Name, cause.Of(err).Error()}
	case st.Dev != c.Identity.Device || st.Ino != c.Identity.Inode:
		return &KeptError{c.Name, "it is another one now"}
	case c.leased && wanted(c.open):
		return &KeptError{c.Name, justOpened(c.Name)}
	case users[c.Identity] != "":
		return &KeptError{c.Name, users[c.Identity]}
	}
	return nil
}

// finishAlone removes each object that nothing has happened to.
func (u *unit) finishAlone(dir string, users map[relaccx.Identity]string) {
	for i := range u.claims {
		c := &u.claims[i]
		if c.err != nil {
			continue
		}
		if err := c.disturbed(dir, users); err != nil {
			c.err = errors.Join(err, c.back(dir))
			continue
		}
		c.err = c.remove(dir)
	}
}

func (u *unit) finish(dir string, disturbed error) {
	if disturbed != nil {
		u.restore(dir, disturbed)
		return
	}
	for i := range u.claims {
		if c := &u.claims[i]; c.err == nil {
			c.err = c.remove(dir)
		}
	}
}

// remove takes the object's other name away.
func (c *claim) remove(dir string) error {
	_, aside := c.paths(dir)
	if c.file.hidden {
		aside = filepath.Join(dir, c.Name)
	}
	c.aside = false
	return os.Remove(aside)
}

// restore gives all objects of a unit their names back, MstMeta last: an input that
// finds it finds all that it lists. When a new stream has begun with a MstMeta of its
// own, tracks and data of the old one are removed: the new one has none of them, and
// must not find packets of another.
func (u *unit) restore(dir string, because error) {
	renewed := false
	for i := range u.claims {
		c := &u.claims[i]
		if path, _ := c.paths(dir); c.aside && c.Is.Kind == mist.KindMeta {
			_, err := os.Lstat(path)
			renewed = renewed || err == nil
		}
	}
	given := []*claim{}
	for i := range slices.Backward(u.claims) {
		c := &u.claims[i]
		if !c.aside {
			continue
		}
		if renewed && c.media() {
			c.err = c.remove(dir)
			continue
		}
		err := c.back(dir)
		switch {
		case errors.Is(err, syscall.EEXIST): // the name is that of a new object
			renewed = renewed || c.Is.Kind == mist.KindMeta
			c.err = c.remove(dir)
		case err != nil:
			c.err = errors.Join(&KeptError{c.Name, "it is called " + hiddenPrefix + c.Name}, err)
		default:
			given = append(given, c)
		}
	}
	if renewed { // since the names were given back
		for _, c := range given {
			if c.media() && c.moveAside(dir) == nil {
				c.err = c.remove(dir)
			}
		}
	}
	u.keep(because)
}

// media reports whether an object is a MstMeta, a track, or data.
func (c *claim) media() bool {
	return c.Is.Kind == mist.KindMeta || c.Is.Kind == mist.KindTrack || c.Is.Kind == mist.KindData
}

// back gives an object its name back, unless another one has it.
func (c *claim) back(dir string) error {
	if c.file.hidden || !c.aside {
		c.aside = false
		return nil
	}
	path, aside := c.paths(dir)
	if err := kernel.RenameNew(aside, path); err != nil {
		return &os.PathError{Op: "rename", Path: aside, Err: err}
	}
	c.aside = false
	return nil
}
