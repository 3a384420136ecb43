package relaccx

import (
	"errors"
	"fmt"
	"io/fs"
	"syscall"

	"shmtool/layout"
	"shmtool/relaccx/internal/shm"
)

// The errors that a caller may want to branch on. Missing files are fs.ErrNotExist,
// existing ones fs.ErrExist, refused ones fs.ErrPermission, time-outs
// os.ErrDeadlineExceeded and closed pages os.ErrClosed; bytes that are not RelAccX are a
// *layout.FormatError, values that do not fit a *layout.ValueError.
var (
	// ErrNotReady: the page's writer has not finished making it.
	ErrNotReady = errors.New("page is not ready")
	// ErrReady: fields can no longer change once the page is ready.
	ErrReady = errors.New("page is ready, its fields are fixed")
	// ErrLinuxOnly: pages are written on Linux alone. It is an errors.ErrUnsupported.
	ErrLinuxOnly = shm.ErrLinuxOnly
	// ErrNoRecord: the record is not available, and was not withdrawn while it
	// was being read.
	ErrNoRecord = errors.New("no such record")
	// ErrWithdrawn: the record was withdrawn before or while it was read.
	ErrWithdrawn = errors.New("record was withdrawn")
	// ErrNoField: the page has no field of that name.
	ErrNoField = errors.New("no such field")
	// ErrNotNested: the field holds no nested page.
	ErrNotNested = errors.New("not a nested page")
	// ErrNotPage: what has the name is no regular file, so it can be no page.
	ErrNotPage = errors.New("not a page")
	// ErrTruncated: the page's file was cut short under the mapping.
	ErrTruncated = shm.ErrFault
	// ErrFull: the ring has no free slot; withdraw first.
	ErrFull = errors.New("ring is full")
	// ErrOverdraw: more records were to be withdrawn than there are.
	ErrOverdraw = errors.New("more than the available records")
	// ErrEnded: another writer has set exit, so that readers leave the page.
	ErrEnded = errors.New("page has ended")
	// ErrReloading: the page asks its users to open its name again, and no other
	// page has that name yet.
	ErrReloading = errors.New("page asks to be reloaded, and no new page has its name")
	// ErrReplaced: the page was replaced or removed before the operation, which
	// changed nothing.
	ErrReplaced = errors.New("page was replaced or removed")
	// ErrBehindEnd: the bytes lie behind the end of the page's file, in its last memory
	// page. MistServer uses some there; a Writer stores none.
	ErrBehindEnd = errors.New("bytes behind the end of the page's file cannot be set")
	// ErrLocked: another writer has the page. The error is a *LockedError.
	ErrLocked = errors.New("another writer has the page")
)

// LappedError says how many records a reader could not get, because they were withdrawn
// before it read them.
type LappedError struct {
	First uint64 // number of the first lost record
	Lost  uint64 // how many
}

// Error gives one line: how many and which.
func (e *LappedError) Error() string {
	return fmt.Sprintf("lost %d records, %d to %d: withdrawn before they were read", e.Lost, e.First, e.First+e.Lost-1)
}

// DirectoryError names a directory in which a page could not be made or removed.
type DirectoryError struct {
	Dir string
	Err error
}

// Error returns one line with the directory and the cause.
func (e *DirectoryError) Error() string { return fmt.Sprintf("directory %q: %v", e.Dir, e.Err) }

// Unwrap returns the cause.
func (e *DirectoryError) Unwrap() error { return e.Err }

// inDirectory makes an error that names in dir cannot be made, changed or removed
// a *DirectoryError.
func inDirectory(dir string, err error) error {
	if errors.Is(err, fs.ErrPermission) || errors.Is(err, fs.ErrNotExist) || errors.Is(err, syscall.EROFS) {
		return &DirectoryError{dir, cause(err)}
	}
	return err
}

// FieldError names a field that a page does not have. It is an ErrNoField.
type FieldError struct {
	Field string
	Have  *layout.Schema // the fields that there are
}

// Error gives one line with the field's name.
func (e *FieldError) Error() string { return fmt.Sprintf("%v: %q", ErrNoField, e.Field) }

// Unwrap makes it an ErrNoField.
func (e *FieldError) Unwrap() error { return ErrNoField }

// LockedError names the process that writes a page. It is an ErrLocked.
type LockedError struct {
	PID int // 0 where it cannot be seen
}

// Error gives one line with the holder's PID.
func (e *LockedError) Error() string {
	if e.PID == 0 {
		return ErrLocked.Error()
	}
	return fmt.Sprintf("%v: process %d", ErrLocked, e.PID)
}

// Unwrap makes it an ErrLocked.
func (e *LockedError) Unwrap() error { return ErrLocked }

// PageError says which page an error is about and what was being done to it.
type PageError struct {
	Op   string // "open", "create", "read", …
	Page string // the page's name
	Err  error
}

// Error gives one line: operation, page, cause.
func (e *PageError) Error() string { return fmt.Sprintf("relaccx: %s %q: %v", e.Op, e.Page, e.Err) }

// Unwrap gives the cause.
func (e *PageError) Unwrap() error { return e.Err }
