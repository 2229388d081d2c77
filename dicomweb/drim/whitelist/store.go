package whitelist

import (
	"context"

	"github.com/segur-sdk/segur/internal/signedlist"
)

// Store keeps the last good list over restarts. What it gives is not trusted: it is verified like an answer of the
// network. It must be safe for concurrent use.
type Store interface {
	// Load returns what was saved last, nil when nothing was.
	Load(ctx context.Context) ([]byte, error)
	// Save replaces what was saved, all or nothing.
	Save(ctx context.Context, document []byte) error
}

// FileStore keeps the list in a file. It is replaced at once (a temporary file beside it, written through, then
// renamed), so that a crash leaves the old list or the new one. The directory must exist.
func FileStore(path string) Store {
	return signedlist.File{Name: "whitelist", Path: path, MaxBytes: maxListBytes}
}
