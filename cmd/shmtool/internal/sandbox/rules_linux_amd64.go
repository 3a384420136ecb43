//go:build !elsewhere

package sandbox

import "golang.org/x/sys/unix"

// oldCalls returns the rules for calls that newer architectures do not have.
func oldCalls() []Rule {
	return append(whole(
		unix.SYS_CREAT, unix.SYS_RENAME, unix.SYS_UNLINK, unix.SYS_RMDIR, unix.SYS_LINK, unix.SYS_SYMLINK,
		unix.SYS_MKDIR, unix.SYS_MKNOD, unix.SYS_CHMOD, unix.SYS_CHOWN, unix.SYS_LCHOWN,
		unix.SYS_UTIME, unix.SYS_UTIMES, unix.SYS_FUTIMESAT,
	), Rule{unix.SYS_OPEN, []Condition{{1, HasAny, writing}}})
}

const (
	architecture = unix.AUDIT_ARCH_X86_64
	otherABI     = 0x40000000 // the first call of x32, by which a program could go around the rules
)
