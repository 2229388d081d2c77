//go:build !windows && (!unix || solaris || aix || illumos)

package drim

import (
	"errors"
	"os"
)

var errLocked = errors.New("locked")

// lockFile cannot keep other processes out on this system.
func lockFile(string) (*os.File, error) {
	return nil, errors.ErrUnsupported
}
