package kernel

import (
	"hash/fnv"
	"io"
	"io/fs"
	"math"
	"os"
	"path/filepath"
	"strings"
	"syscall"
)

// StatOf returns false: files have no numbers here.
func StatOf(fs.FileInfo) (Stat, bool) { return Stat{}, false }

// Identity returns numbers that tell a file from the others of its folder: they are made
// of its name.
func Identity(info fs.FileInfo) (device, inode uint64) {
	h := fnv.New64a()
	_, _ = h.Write([]byte(info.Name()))
	return 0, h.Sum64()
}

// Nameable reports whether a file may have a name, which has no slash: not one in which a
// colon or a wildcard stands, or that ends in a dot or a blank.
func Nameable(name string) bool {
	for _, c := range name {
		if c < ' ' || strings.ContainsRune(`<>:"|?*\`, c) {
			return false
		}
	}
	return filepath.IsLocal(name) && strings.TrimRight(name, ". ") == name
}

// Flock fails: this system has no such call.
func Flock(*os.File, int) error { return errMissing }

// MostFiles returns a number that no process reaches: this system has no such limit.
func MostFiles() uint64 { return math.MaxInt64 }

// Kill fails: this system has no such call.
func Kill(int, syscall.Signal) error { return errMissing }

// Die ends this process with the exit code that the system gives one that was
// interrupted.
func Die(os.Signal) {
	const interrupted = 0xc000013a
	syscall.ExitProcess(interrupted)
}

// OpenFile opens a file for reading, and follows no symbolic link.
func OpenFile(path string) (*os.File, error) {
	info, err := os.Lstat(path)
	if err == nil && info.Mode()&fs.ModeSymlink != 0 {
		err = &fs.PathError{Op: "open", Path: path, Err: syscall.ELOOP}
	}
	if err != nil {
		return nil, err
	}
	return os.Open(path)
}

// ReadStart reads the first bytes of a regular file, up to len(b), as OpenFile opens it.
// irregular is true, and nothing is read, where the name leads to another kind of file.
func ReadStart(path string, b []byte) (n int, irregular bool, err error) {
	f, err := OpenFile(path)
	if err != nil {
		return 0, false, err
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil || !info.Mode().IsRegular() {
		return 0, err == nil, err
	}
	if n, err = f.ReadAt(b, 0); err == io.EOF {
		err = nil
	}
	return n, false, err
}

// ReadText reads a regular file, up to so many bytes. irregular is as for ReadStart.
func ReadText(path string, most int, _ []byte) (text []byte, irregular bool, err error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, false, err
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil || !info.Mode().IsRegular() {
		return nil, err == nil, err
	}
	text, err = io.ReadAll(io.LimitReader(f, int64(most)))
	return text, false, err
}

// The signals that are not on every system: none comes, and none can be sent.
const (
	SIGCONT = -1 - syscall.Signal(iota)
	SIGSTOP
	SIGUSR1
	SIGWINCH
)
