package relaccx

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"syscall"

	"shmtool/layout"
	"shmtool/layout/mist"
	"shmtool/relaccx/internal/shm"
)

// ShmDir is where Linux keeps shared memory objects.
const ShmDir = "/dev/shm"

// ShmPath returns the path of the shared memory object name, with or without its leading
// slash.
func ShmPath(name string) string { return filepath.Join(ShmDir, name) }

// Page is a mapped shared memory object or file, or bytes of the process. It maps the
// bytes that the file had when it was opened: open a page again when it has grown or
// was replaced. Most errors of its methods are a *PageError.
//
// Many goroutines may use a Page at a time, except for Close and Exclusively.
type Page struct {
	path string
	file *os.File // nil for bytes
	stat shm.Stat // as it was opened
	mem  *shm.Mapping

	backed *backed // which of it may be touched; nil: all of it
	padded []byte  // of bytes that end before their records do: a copy that does not

	locked    bool // the writer's lock is ours
	exclusive bool // inside Exclusively
}

// Open maps the page at path read-only, so that no operation on it can change a byte.
// The caller must Close it. A file of 0 bytes opens, and is not ready: its creator has
// not given it its size yet. A file of 1 to 35 bytes is a *layout.FormatError; a
// directory or a special file is ErrNotPage; other errors are those of os.OpenFile.
func Open(path string) (*Page, error) {
	p, err := openPage(path, os.O_RDONLY)
	if err != nil {
		return nil, &PageError{"open", filepath.Base(path), cause(err)}
	}
	return p, nil
}

// cause drops the path from an error of package os: the page's name is said
// already.
func cause(err error) error {
	var path *fs.PathError
	var link *os.LinkError
	var dir *DirectoryError
	switch {
	case errors.As(err, &dir):
		return dir
	case errors.As(err, &path):
		return path.Err
	case errors.As(err, &link):
		return link.Err
	}
	return err
}

func openPage(path string, mode int) (*Page, error) {
	// Not blocking: a FIFO of that name must not hang us.
	f, err := os.OpenFile(path, mode|syscall.O_NONBLOCK, 0)
	if err != nil {
		return nil, err
	}
	access := shm.ReadWrite
	if mode == os.O_RDONLY {
		access = shm.ReadOnly
	}
	p, err := mapPage(path, f, access)
	if err != nil {
		return nil, errors.Join(err, f.Close())
	}
	return p, nil
}

func mapPage(path string, f *os.File, access shm.Access) (*Page, error) {
	stat, err := shm.StatFile(f)
	if err != nil {
		return nil, err
	}
	if stat.Special {
		return nil, fmt.Errorf("is a %s, %w", fileKind(f), ErrNotPage)
	}
	if stat.Size > 0 && stat.Size < layout.HeaderSize {
		_, err := layout.DecodeHeader(make([]byte, stat.Size))
		return nil, err
	}
	if int64(int(stat.Size)) != stat.Size {
		return nil, fmt.Errorf("%d bytes are more than a process on a CPU of 32 bits can map", stat.Size)
	}
	mem, err := shm.Map(f, int(stat.Size), access)
	if err != nil {
		return nil, err
	}
	return &Page{path: path, file: f, stat: stat, mem: mem, backed: newBacked(f, stat.Size, access)}, nil
}

func fileKind(f *os.File) string {
	if info, err := f.Stat(); err == nil && info.IsDir() {
		return "directory"
	}
	return "special file"
}

// FromBytes returns a page of bytes that the caller owns and goes on owning: read from
// a pipe, or shared by goroutines. Bytes that a writer changes meanwhile should be
// aligned to 64 bytes, so that each counter is loaded at once. Fewer than 36 bytes, and
// more than 0, are a *layout.FormatError.
func FromBytes(name string, b []byte) (*Page, error) {
	if len(b) < layout.HeaderSize && len(b) > 0 {
		_, err := layout.DecodeHeader(b)
		return nil, &PageError{"open", name, err}
	}
	p := &Page{path: name, mem: shm.Heap(b)}
	if len(b) > 0 && p.runsOn(memoryPage(len(b))) {
		p.padded = append(make([]byte, 0, memoryPage(len(b))), b...)
		p.padded = p.padded[:cap(p.padded)]
	}
	return p, nil
}

// Close unmaps the page, and releases the writer's lock if this Page holds it. Only
// Records, which are copies, may be used afterwards; Readers and Writers of the page
// return os.ErrClosed.
func (p *Page) Close() error {
	err := p.mem.Close()
	if p.locked {
		p.locked = false
		err = errors.Join(err, shm.Unlock(p.file))
	}
	if p.file != nil {
		err = errors.Join(err, p.file.Close())
	}
	return err
}

// Name returns the page's name: the last element of its path.
func (p *Page) Name() string { return filepath.Base(p.path) }

// Path returns the path with which the page was opened, or the name that FromBytes was
// given.
func (p *Page) Path() string { return p.path }

// Size returns how many bytes are mapped.
func (p *Page) Size() int { return len(p.mem.Bytes) }

// Identity returns the object's device and inode, by which it differs from others
// that have had its name. Both are 0 for bytes.
func (p *Page) Identity() Identity { return p.stat.Identity }

// view returns the bytes that readers see. MistServer makes some pages a few bytes
// shorter than their headers claim, and uses the rest of the last memory page:
// the bytes behind the end of the file belong to the page then.
func (p *Page) view() []byte {
	b := p.mem.Bytes
	switch {
	case p.padded != nil && !p.mem.Closed():
		return p.padded
	case p.file == nil || len(b) == 0 || !p.backed.touchable(0, layout.HeaderSize):
		return b
	}
	whole := p.mem.Whole()
	_ = p.mem.Guard(func() error {
		if p.runsOn(len(whole)) {
			b = whole
		}
		return nil // a page that was cut short is told by what comes next
	})
	return b
}

// runsOn reports whether a page of MistServer's claims more bytes than its file has,
// and no more than size.
func (p *Page) runsOn(size int) bool {
	b := p.mem.Bytes
	return claimsUpTo(b, size) && mist.RunsOn(p.Name(), b)
}

// claimsUpTo reports whether the header of the page in b claims more bytes than b has,
// and no more than size.
func claimsUpTo(b []byte, size int) bool {
	claimed := shm.HeaderCells(b).Header().PageSize()
	return claimed > uint64(len(b)) && claimed <= uint64(size)
}

// memoryPage returns a number of bytes rounded up to the memory pages of x86-64,
// which is what a page that came without its mapping is judged by.
func memoryPage(size int) int { return (size + 4095) &^ 4095 }

// Header returns one consistent look at the page's header. No value of it has been
// checked. A page of 0 bytes has a header of zeros. It returns ErrTruncated when the
// file was cut short.
func (p *Page) Header() (h layout.Header, err error) {
	err = p.mem.Guard(func() error {
		if p.Size() > 0 {
			h = p.header(shm.HeaderCells(p.mem.Bytes), 0)
		}
		return nil
	})
	return h, p.settle("read", err)
}

// status returns the page's status byte, 0 when it has no bytes. Those that were cut off
// may be zeros: who has not just looked at the file's size asks for Header.
func (p *Page) status() (s layout.Status, err error) {
	if p.Size() == 0 {
		return 0, nil
	}
	if !p.backed.touchable(0, layout.HeaderSize) {
		return 0, nil
	}
	defer p.mem.Leave(p.mem.Enter(), &err)
	return shm.HeaderCells(p.mem.Bytes).Status(), nil
}

// Replaced reports whether the page's name no longer leads to it: the page was
// unlinked, or another object has its name. It is false for bytes.
func (p *Page) Replaced() bool {
	if p.file == nil {
		return false
	}
	now, err := shm.StatPath(p.path)
	return err != nil || now.Identity != p.stat.Identity
}

// same reports whether both are the same bytes.
func (p *Page) same(o *Page) bool {
	return p.mem == o.mem || p.file != nil && o.file != nil && p.stat.Identity == o.stat.Identity
}

// intact returns ErrTruncated when the file has fewer bytes than are mapped: those past
// the end in its last memory page read as zeros, without a fault.
func (p *Page) intact() error {
	if p.file == nil || p.exclusive || p.mem.Closed() { // closed by what it was asked for: a reload in a Batch
		return nil
	}
	now, err := shm.StatFile(p.file)
	if err != nil {
		return err
	}
	if now.Size < int64(len(p.mem.Bytes)) {
		return ErrTruncated
	}
	return nil
}

// Exclusively runs fn, during which only the calling goroutine may use the page, its
// Readers, and its Writer. Exclusively looks once, after fn, whether the page was cut
// short, so that each operation in fn saves a system call. It returns ErrTruncated
// when the page was cut short, and then nothing that fn read is valid; or else the
// error of fn.
func (p *Page) Exclusively(fn func() error) error {
	p.exclusive = true
	defer func() { p.exclusive = false }()
	err := fn()
	p.exclusive = false
	if cut := p.intact(); cut != nil {
		return p.fail("use", cut)
	}
	return err
}

// settle ends an operation that looked at the page.
func (p *Page) settle(op string, err error) error { return p.fail(op, p.judge(err)) }

// settleUnless does what settle does, unless the operation went well and has proven that what
// it looked at was there.
func (p *Page) settleUnless(proven bool, op string, err error) error {
	if proven && err == nil {
		return nil
	}
	return p.settle(op, err)
}

// judge returns what an operation came to that looked at the page. Bytes that were cut
// off may have read as zeros, so any other error is ErrTruncated then.
func (p *Page) judge(err error) error {
	if errors.Is(err, ErrTruncated) || errors.Is(err, os.ErrClosed) {
		return err
	}
	if cut := p.intact(); cut != nil {
		return cut
	}
	return err
}

// fail says which page an error is about, unless it says so already.
func (p *Page) fail(op string, err error) error {
	if err == nil {
		return nil // before anything is allocated
	}
	var named *PageError
	if errors.As(err, &named) {
		return err
	}
	return &PageError{op, p.Name(), err}
}

// Inspect runs fn on the page's bytes and a snapshot of its header, for programs that
// look at a page as bytes, whole or broken. When the header claims a few bytes more
// than the file has, page includes the rest of its last memory page. Another process
// may change the bytes meanwhile: fn must bound everything by len(page), keep no part
// of it, and trust nothing that it reads. Inspect returns ErrTruncated when the page
// was cut short, or else the error of fn.
func (p *Page) Inspect(fn func(page []byte, h layout.Header) error) error {
	h, err := p.Header()
	if err != nil {
		return err
	}
	return p.settle("read", p.mem.Guard(func() error { return fn(p.view(), h) }))
}
