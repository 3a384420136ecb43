// Package cause finds what went wrong inside the names that libraries put around it.
package cause

import (
	"errors"
	"io/fs"
	"os"

	"shmtool/relaccx"
)

// Of returns the cause inside the page, file and operation that err names. It stops
// at an error that says anything else.
func Of(err error) error {
	switch e := err.(type) {
	case *relaccx.PageError:
		return Of(e.Err)
	case *fs.PathError:
		return e.Err
	case *os.LinkError:
		return e.Err
	case interface{ Unwrap() []error }:
		if all := e.Unwrap(); len(all) == 1 {
			return Of(all[0])
		}
	}
	return err
}

// OfFile returns what befell the first file that err is about, without the errors
// around it. It returns err if that is about no file.
func OfFile(err error) error {
	var path *fs.PathError
	var link *os.LinkError
	switch {
	case errors.As(err, &path):
		return path.Err
	case errors.As(err, &link):
		return link.Err
	}
	return err
}
