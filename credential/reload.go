package credential

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"os"
	"sync"

	"github.com/segur-sdk/segur"
)

// Source gives a credential that is loaded again when its origin changes. When
// the new one does not load, the old one stays in use. It is safe for
// concurrent use.
type Source struct {
	version func(context.Context) (string, error)
	load    func(context.Context) (segur.Credential, error)
	onError func(error)

	mu       sync.Mutex
	current  segur.Credential
	loaded   string // version of current
	reported string // last failure told to onError
}

var _ segur.CredentialSource = (*Source)(nil)

// Reloading returns a source over load. At each use version is asked for a
// cheap mark of the origin's state, and load is called when it differs from
// that of the credential in use. onError is told of each new failure; nil
// ignores them. The first load must succeed.
func Reloading(ctx context.Context, version func(context.Context) (string, error),
	load func(context.Context) (segur.Credential, error), onError func(error)) (*Source, error) {
	if onError == nil {
		onError = func(error) {}
	}
	s := &Source{version: version, load: load, onError: onError}
	v, err := version(ctx)
	if err != nil {
		return nil, err
	}
	if s.current, err = load(ctx); err != nil {
		return nil, err
	}
	s.loaded = v
	return s, nil
}

// Credential returns the credential to use now.
func (s *Source) Credential(ctx context.Context) (segur.Credential, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	v, err := s.version(ctx)
	if err == nil && v == s.loaded {
		s.reported = ""
		return s.current, nil
	}
	if err == nil {
		var c segur.Credential
		// A failed load is tried again at each use: a file that is being
		// written may end with the size and time it had when it was broken.
		if c, err = s.load(ctx); err == nil {
			s.current, s.loaded, s.reported = c, v, ""
			return c, nil
		}
	}
	if ctx.Err() == nil {
		if told := v + err.Error(); told != s.reported {
			s.reported = told
			s.onError(err)
		}
	}
	return s.current, nil
}

// FileOptions are the settings of [WatchFile].
type FileOptions struct {
	// Password gives the password of a PKCS #12 file, each time it is read.
	// nil: empty.
	Password func() (string, error)
	// OnError is told when a changed file does not load; the credential in use
	// stays. nil: nobody is.
	OnError func(error)
}

// WatchFile returns a source that reads one PKCS #12 file, or PEM files that
// together hold a key and its certificates, and reads them again when their
// time or size changes. The files are looked at when the credential is used;
// nothing runs in the background.
func WatchFile(o FileOptions, names ...string) (*Source, error) {
	const op = "credential.WatchFile"
	if len(names) == 0 {
		return nil, invalid(op, "names", "is missing")
	}
	version := func(context.Context) (string, error) {
		var v bytes.Buffer
		for _, name := range names {
			info, err := os.Stat(name)
			if err != nil {
				return "", &segur.Error{Op: op, Kind: segur.KindInvalidInput, Message: "cannot read the file", Err: err}
			}
			fmt.Fprintf(&v, "%d %d\n", info.ModTime().UnixNano(), info.Size())
		}
		return v.String(), nil
	}
	load := func(context.Context) (segur.Credential, error) {
		texts := make([][]byte, len(names))
		for i, name := range names {
			var err error
			if texts[i], err = readFile(name); err != nil {
				return nil, &segur.Error{Op: op, Kind: segur.KindInvalidInput, Message: "cannot read the file", Err: err}
			}
		}
		return open(op, o, texts)
	}
	return Reloading(context.Background(), version, load, o.OnError)
}

func open(op string, o FileOptions, texts [][]byte) (segur.Credential, error) {
	if bytes.Contains(texts[0], []byte("-----BEGIN")) {
		return result(FromPEM(texts...))
	}
	if len(texts) > 1 {
		return nil, invalid(op, "names", "only PEM can be in several files")
	}
	password := ""
	if o.Password != nil {
		var err error
		if password, err = o.Password(); err != nil {
			return nil, invalidCause(op, "password", "is not available", err)
		}
	}
	return result(FromPKCS12(texts[0], password))
}

// result keeps a nil *Credential from becoming a non-nil interface.
func result(c *Credential, err error) (segur.Credential, error) {
	if err != nil {
		return nil, err
	}
	return c, nil
}

// readFile reads one byte more than the limit, which the parsers then refuse.
func readFile(name string) ([]byte, error) {
	f, err := os.Open(name) //nolint:gosec // the caller's file
	if err != nil {
		return nil, err
	}
	defer f.Close()
	return io.ReadAll(io.LimitReader(f, MaxFileBytes+1))
}
