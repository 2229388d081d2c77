package drim

import (
	"net/http"
	"slices"
	"sync"

	"github.com/segur-sdk/segur"
	"github.com/segur-sdk/segur/dicomweb/kos"
)

// manifestCache keeps the manifests read last: a consumer asks series by series,
// or instance by instance. A manifest never changes under its UID.
type manifestCache struct {
	mu   sync.Mutex
	list []cachedManifest // the latest use last
}

type cachedManifest struct {
	uid      string
	manifest *kos.Manifest
}

const maxCachedManifests = 32

func (c *manifestCache) read(p *CurrentManifest) (*kos.Manifest, error) {
	if m := c.get(p.UID); m != nil {
		return m, matches(m, p)
	}
	doc, err := kos.Read(segur.BytesContent(p.KOS))
	if err != nil {
		return nil, err
	}
	m := doc.Manifest
	if err := matches(m, p); err != nil {
		return nil, err
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if len(c.list) == maxCachedManifests {
		c.list = slices.Delete(c.list, 0, 1)
	}
	c.list = append(c.list, cachedManifest{p.UID, m})
	return m, nil
}

// matches checks that a manifest is what the archive says it is.
func matches(m *kos.Manifest, p *CurrentManifest) error {
	if m == nil || m.UID != p.UID || m.Study.UID != p.StudyUID || m.INS != p.INS {
		return &segur.Error{Op: opServe, Kind: segur.KindSignature, Message: "the archived manifest is not what the archive says it is"}
	}
	return nil
}

func (c *manifestCache) get(uid string) *kos.Manifest {
	c.mu.Lock()
	defer c.mu.Unlock()
	i := slices.IndexFunc(c.list, func(m cachedManifest) bool { return m.uid == uid })
	if i < 0 {
		return nil
	}
	found := c.list[i]
	c.list = append(slices.Delete(c.list, i, i+1), found)
	return found.manifest
}

// load counts the requests under way.
type load struct {
	perClient, all int

	mu      sync.Mutex
	n       int
	clients map[string]int
}

// enter takes a place; leave is nil when there is none, and status then the answer.
func (l *load) enter(client string) (leave func(), status int) {
	l.mu.Lock()
	defer l.mu.Unlock()
	switch {
	case l.clients[client] >= l.perClient:
		return nil, http.StatusTooManyRequests
	case l.n >= l.all:
		return nil, http.StatusServiceUnavailable
	}
	if l.clients == nil {
		l.clients = map[string]int{}
	}
	l.n++
	l.clients[client]++
	return func() {
		l.mu.Lock()
		defer l.mu.Unlock()
		l.n--
		if l.clients[client]--; l.clients[client] == 0 {
			delete(l.clients, client)
		}
	}, 0
}
