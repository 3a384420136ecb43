package fail

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"syscall"

	"shmtool/cmd/shmtool/internal/kernel"
	"shmtool/cmd/shmtool/internal/objectfile"
	"shmtool/cmd/shmtool/internal/recording"
	"shmtool/layout"
	"shmtool/layout/dtsc"
	"shmtool/relaccx"
)

// The exit codes, a contract that scripts rely on.
const (
	ExitOK         = 0
	ExitFindings   = 1
	ExitUsage      = 2
	ExitNotFound   = 3
	ExitInvalid    = 4
	ExitRefused    = 5
	ExitTimeout    = 6
	ExitPermission = 7
	ExitLoss       = 8
	ExitInternal   = 70
)

// Class is a class of errors: its name in JSON and its exit code.
type Class struct {
	Code string
	Exit int
}

// The classes.
var (
	Usage            = Class{"usage", ExitUsage}
	Unsupported      = Class{"unsupported", ExitUsage}
	WriteFailed      = Class{"write_failed", ExitInternal}
	BadInput         = Class{"bad_input", ExitUsage}
	Refused          = Class{"refused", ExitRefused}
	FieldNotFound    = Class{"field_not_found", ExitNotFound}
	RecordNotFound   = Class{"record_not_found", ExitNotFound}
	CodeNotFound     = Class{"code_not_found", ExitNotFound}
	PageNotFound     = Class{"page_not_found", ExitNotFound}
	PermissionDenied = Class{"permission_denied", ExitPermission}
	InvalidPage      = Class{"invalid_page", ExitInvalid}
	InvalidRecording = Class{"invalid_recording", ExitInvalid}
	PageTruncated    = Class{"page_truncated", ExitInvalid}
	PageNotReady     = Class{"page_not_ready", ExitRefused}
	PageLocked       = Class{"page_locked", ExitRefused}
	PageReplaced     = Class{"page_replaced", ExitRefused}
	PageEnded        = Class{"page_ended", ExitRefused}
	PageFull         = Class{"page_full", ExitRefused}
	PageReady        = Class{"page_ready", ExitRefused}
	PageExists       = Class{"page_exists", ExitRefused}
	NoSpace          = Class{"no_space", ExitRefused}
	TimedOut         = Class{"timeout", ExitTimeout}
	RecordsLost      = Class{"records_lost", ExitLoss}
	LinesSkipped     = Class{"lines_skipped", ExitLoss}
	HostFailed       = Class{"host_failed", ExitLoss}
	Internal         = Class{"internal", ExitInternal}
)

// rules find the class of an error; the first that fits decides.
var rules = []struct {
	class Class
	fits  func(err error) bool
}{
	{Usage, made(Usage)},
	{HostFailed, made(HostFailed)},
	{Unsupported, func(err error) bool { return Is(err, Unsupported) || errors.Is(err, relaccx.ErrLinuxOnly) }},
	{WriteFailed, Unwritten},
	{PermissionDenied, func(err error) bool { return Is(err, BadInput) && denied(err) }},
	{Internal, func(err error) bool { return Is(err, BadInput) && kernel.Broken(err) }},
	{BadInput, func(err error) bool {
		return Is(err, BadInput) || Has[*layout.ValueError](err) || Has[*layout.SpecError](err)
	}},
	{Refused, made(Refused)},
	{Refused, among(relaccx.ErrBehindEnd)},
	{FieldNotFound, among(relaccx.ErrNoField, relaccx.ErrNotNested)},
	{RecordNotFound, among(relaccx.ErrNoRecord, relaccx.ErrWithdrawn, relaccx.ErrOverdraw)},
	{CodeNotFound, made(CodeNotFound)},
	{PageNotFound, among(fs.ErrNotExist, syscall.ENOTDIR, syscall.ENAMETOOLONG)},
	{PermissionDenied, denied},
	{InvalidPage, func(err error) bool { return Has[*layout.FormatError](err) || Has[*dtsc.FormatError](err) }},
	{InvalidRecording, func(err error) bool {
		return Has[*recording.DamageError](err) || errors.Is(err, recording.ErrNotRecording)
	}},
	{BadInput, Has[*recording.NameError]},
	{InvalidPage, among(relaccx.ErrNotPage, objectfile.ErrIrregular, syscall.EISDIR, syscall.ENXIO, syscall.ELOOP)},
	{PageTruncated, among(relaccx.ErrTruncated)},
	{PageNotReady, among(relaccx.ErrNotReady)},
	{PageLocked, among(relaccx.ErrLocked)},
	{PageReplaced, among(relaccx.ErrReplaced)},
	{PageEnded, among(relaccx.ErrEnded)},
	{PageNotReady, among(relaccx.ErrReloading)},
	{PageFull, among(relaccx.ErrFull)},
	{PageReady, among(relaccx.ErrReady)},
	{PageExists, among(fs.ErrExist)},
	{NoSpace, among(syscall.ENOSPC, syscall.EFBIG, syscall.ENOMEM)},
	{TimedOut, func(err error) bool {
		return Is(err, TimedOut) || errors.Is(err, os.ErrDeadlineExceeded) || errors.Is(err, context.DeadlineExceeded)
	}},
	{RecordsLost, made(RecordsLost)},
	{LinesSkipped, made(LinesSkipped)},
}

// Of returns the class of an error.
func Of(err error) Class {
	for _, rule := range rules {
		if rule.fits(err) {
			return rule.class
		}
	}
	return Internal
}

// made returns a rule for errors that As has made of a class.
func made(class Class) func(error) bool { return func(err error) bool { return Is(err, class) } }

// among returns a rule for errors that are, or wrap, one of several.
func among(targets ...error) func(error) bool {
	return func(err error) bool {
		for _, target := range targets {
			if errors.Is(err, target) {
				return true
			}
		}
		return false
	}
}

func denied(err error) bool { return among(fs.ErrPermission, syscall.EROFS)(err) }

// of reports whether err is, or wraps, an error of a type.
func Has[T error](err error) bool {
	var target T
	return errors.As(err, &target)
}
