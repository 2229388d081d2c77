package dicomwebtest

import (
	"strings"

	"github.com/segur-sdk/segur/dicomweb"
)

// resource is a parsed path.
type resource struct {
	ref   dicomweb.Ref
	level string // "studies", "series", "instances": what a search lists; "" for a retrieval
	tail  string // "metadata" and so on
	ok    bool

	frames []int  // of "frames"
	name   string // of "bulk"
}

// What stands behind a reference.
const (
	tailMetadata  = "metadata"
	tailFrames    = "frames"
	tailBulk      = "bulk"
	tailRendered  = "rendered"
	tailThumbnail = "thumbnail"
)

// parseTail reads what stands behind a reference.
func (r *resource) parseTail(parts []string) {
	if parts[0] == tailFrames && len(parts) > 1 && r.ref.Instance != "" {
		r.frames, r.ok = frameList(parts[1])
		r.tail, parts = tailFrames, parts[1:]
		if len(parts) == 2 {
			r.tail, r.ok = parts[1], r.ok && (parts[1] == tailRendered || parts[1] == tailThumbnail)
		}
		return
	}
	switch {
	case len(parts) == 1 && (parts[0] == tailMetadata || parts[0] == tailRendered || parts[0] == tailThumbnail):
		r.tail, r.ok = parts[0], true
	case len(parts) == 2 && parts[0] == tailBulk && r.ref.Instance != "":
		r.tail, r.name, r.ok = tailBulk, parts[1], true
	}
}

// parsePath reads a path below the base.
func parsePath(path string) resource {
	var r resource
	parts := strings.Split(strings.TrimPrefix(path, "/"), "/")
	fields := []*string{&r.ref.Study, &r.ref.Series, &r.ref.Instance}
	names := []string{"studies", "series", "instances"}
	i, depth := 0, 0
	for ; i < len(parts) && depth < 3; depth++ {
		skip := depth == 0 && (parts[0] == "series" || parts[0] == "instances") && len(parts) == 1
		if skip || depth == 1 && parts[i] == "instances" && i == len(parts)-1 {
			r.level, r.ok = parts[i], true
			return r
		}
		if parts[i] != names[depth] {
			break
		}
		if i++; i == len(parts) {
			r.level, r.ok = names[depth], true
			return r
		}
		if !dicomweb.ValidUID(parts[i]) {
			return r
		}
		*fields[depth] = parts[i]
		i++
	}
	switch {
	case i == len(parts) && depth > 0:
		r.ok = true
	case depth > 0 && i < len(parts):
		r.parseTail(parts[i:])
	}
	return r
}
