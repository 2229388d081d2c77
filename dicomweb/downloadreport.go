package dicomweb

import (
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/segur-sdk/segur"
)

// Progress is how far a download is.
type Progress struct {
	// Instances is how many of the Expected ones are there, those of an earlier
	// download included.
	Instances, Expected int
	// Bytes is what came so far, headers not counted.
	Bytes int64
	// Done is set in the last call.
	Done bool
}

// Downloaded is a file of a download.
type Downloaded struct {
	// Ref is the instance.
	Ref Ref
	// Path is where it is.
	Path string
	// Size is in bytes.
	Size int64
	// TransferSyntaxUID is how it is encoded.
	TransferSyntaxUID string
	// Kept is set for a file of an earlier download.
	Kept bool
}

// NotDownloaded is an instance that did not come.
type NotDownloaded struct {
	// Ref is the instance.
	Ref Ref
	// Err says why.
	Err error
}

// DownloadReport is what came of a download.
type DownloadReport struct {
	// Expected is the number of instances that had to come.
	Expected int
	// Files are those that are there, in the order in which they were listed.
	Files []Downloaded
	// Missing are those that are not.
	Missing []NotDownloaded
	// Extra are files that the server sent beyond those that were listed: they
	// are in the folder too.
	Extra []Downloaded
	// Bytes is what came, kept files not counted.
	Bytes int64
	// Unlisted is set when the server says that it holds more than it lists.
	Unlisted bool
}

// Complete reports whether every instance that had to come is there, and the
// server is not known to hold others.
func (r *DownloadReport) Complete() bool {
	return len(r.Missing) == 0 && len(r.Files) == r.Expected && r.Expected > 0 && !r.Unlisted
}

// maxDetails bounds how many instances the error of a call of any length names;
// its report or its results have them all.
const maxDetails = 100

func (r *DownloadReport) partial() error {
	e := &segur.Error{Op: opRetrieve, Kind: segur.KindPartial, Message: fmt.Sprintf("%d of %d instances are there", len(r.Files), r.Expected)}
	if r.Unlisted {
		e.Code, e.Help = CodeHeldBack, helps[CodeHeldBack]
		e.Message += ", and the server says that it holds others"
	}
	for _, m := range r.Missing[:min(len(r.Missing), maxDetails)] {
		detail := segur.Detail{Field: m.Ref.Instance, Message: "did not come"}
		var cause *segur.Error
		if errors.As(m.Err, &cause) {
			detail.Code, detail.Message = cause.Code, cause.Kind.String()+": "+cause.Message
		}
		e.Details = append(e.Details, detail)
	}
	return e
}

// gauge tells of progress, one call at a time and not too often.
type gauge struct {
	clock func() time.Time
	tell  func(Progress)

	mu   sync.Mutex
	last time.Time
}

func (g *gauge) show(always bool, now func() Progress) {
	if g.tell == nil {
		return
	}
	if always {
		g.mu.Lock()
	} else if !g.mu.TryLock() { // a call is under way: nobody waits for it
		return
	}
	defer g.mu.Unlock()
	at := g.clock()
	if always || at.Sub(g.last) >= progressEvery {
		g.last = at
		g.tell(now())
	}
}
