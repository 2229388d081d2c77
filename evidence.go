package segur

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"sync"
)

// Evidence records the exact messages of each exchange, for approval files.
// What it records holds patient data in clear. Credentials (Authorization,
// Cookie, SASL answers) are replaced by "[removed]"; signed assertions are
// kept, since they are part of the message. Implementations are safe for
// concurrent use.
type Evidence interface {
	// Begin opens the record of one exchange of the operation op, such as
	// "dmp.submit". A repeated attempt is an exchange of its own.
	Begin(op string) (Exchange, error)
}

// Exchange is the record of one request and its response.
type Exchange interface {
	// Request and Response take the bytes in the order of the wire.
	Request() io.Writer
	Response() io.Writer
	// Close ends the record. A record whose answer never came stays with an
	// empty response.
	Close() error
}

// EvidenceDir records exchanges as NNN-<operation>.request and
// NNN-<operation>.response files of a directory, numbered from 001 in the
// order the exchanges began, after what the directory already holds. Files
// are readable by their owner only.
type EvidenceDir struct {
	dir  string
	mu   sync.Mutex
	next int
}

var evidenceName = regexp.MustCompile(`^(\d{3,})-.*\.request$`)

// NewEvidenceDir opens, and makes if needed, the directory dir.
func NewEvidenceDir(dir string) (*EvidenceDir, error) {
	fail := func(err error) (*EvidenceDir, error) {
		return nil, &Error{Op: "segur.NewEvidenceDir", Kind: KindInvalidInput, Message: "cannot use the directory", Err: err}
	}
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return fail(err)
	}
	entries, err := os.ReadDir(dir)
	if err != nil {
		return fail(err)
	}
	d := &EvidenceDir{dir: dir, next: 1}
	for _, e := range entries {
		if m := evidenceName.FindStringSubmatch(e.Name()); m != nil {
			if n, err := strconv.Atoi(m[1]); err == nil && n >= d.next {
				d.next = n + 1
			}
		}
	}
	return d, nil
}

// Begin makes the two files of the exchange. A number that another EvidenceDir
// took in the same directory is passed over.
func (d *EvidenceDir) Begin(op string) (Exchange, error) {
	op = strings.Map(func(r rune) rune {
		if r == '.' || r == '-' || r == '_' || r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' {
			return r
		}
		return '_'
	}, op)
	x := &fileExchange{}
	for {
		d.mu.Lock()
		base := filepath.Join(d.dir, fmt.Sprintf("%03d-%s", d.next, op))
		d.next++
		d.mu.Unlock()
		var err error
		x.request, err = os.OpenFile(base+".request", os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600)
		switch {
		case errors.Is(err, fs.ErrExist):
			continue
		case err != nil:
			return nil, err
		}
		return x.open(base)
	}
}

// open makes the second file.
func (x *fileExchange) open(base string) (Exchange, error) {
	var err error
	if x.response, err = os.OpenFile(base+".response", os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600); err != nil {
		return nil, errors.Join(err, x.request.Close())
	}
	return x, nil
}

type fileExchange struct{ request, response *os.File }

func (x *fileExchange) Request() io.Writer  { return x.request }
func (x *fileExchange) Response() io.Writer { return x.response }
func (x *fileExchange) Close() error        { return errors.Join(x.request.Close(), x.response.Close()) }
