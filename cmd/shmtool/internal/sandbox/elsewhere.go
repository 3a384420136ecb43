//go:build !linux || elsewhere || !(amd64 || arm64)

package sandbox

import "errors"

// Install fails: this system has no such call.
func Install([]Rule, Verdict) error { return errors.ErrUnsupported }

// Listen fails: this system has no such call.
func Listen([]Rule) (int, error) { return 0, errors.ErrUnsupported }

// Saves returns no rules.
func Saves() []Rule { return nil }

// Looks returns no rules.
func Looks() []Rule { return nil }
