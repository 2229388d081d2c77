package transport

import (
	"context"
	"crypto/sha256"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"sync"
	"sync/atomic"
	"time"

	"github.com/segur-sdk/segur"
)

// poolSize bounds the identities whose connections are kept. A vendor has one
// or two; a source that changes with the user has more.
const poolSize = 16

// pool holds one http.Client for each client certificate.
type pool struct {
	cfg segur.ClientConfig
	o   Options

	mu      sync.Mutex
	members []*member // last used first
}

type member struct {
	leaf      [sha256.Size]byte
	client    *http.Client
	transport *http.Transport
	// credential is the last one that the source gave for this leaf: a card
	// session may be opened anew below the same certificate.
	credential atomic.Pointer[segur.Credential]
}

func newPool(cfg segur.ClientConfig, o Options) *pool { return &pool{cfg: cfg, o: o} }

// get returns the member for the credential to use now.
func (p *pool) get(ctx context.Context) (*member, error) {
	var leaf [sha256.Size]byte
	cred, err := credentialOf(ctx, p.cfg)
	if err != nil {
		return nil, err
	}
	if cred != nil {
		leaf = sha256.Sum256(cred.Chain()[0].Raw)
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	i := slices.IndexFunc(p.members, func(m *member) bool { return m.leaf == leaf })
	var m *member
	if i >= 0 {
		m = p.members[i]
		p.members = slices.Delete(p.members, i, i+1)
	} else {
		m = p.newMember(leaf, cred)
	}
	m.credential.Store(&cred)
	p.members = slices.Insert(p.members, 0, m)
	if len(p.members) > poolSize {
		p.members[poolSize].transport.CloseIdleConnections()
		p.members = p.members[:poolSize]
	}
	return m, nil
}

func (p *pool) closeIdle() {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, m := range p.members {
		m.transport.CloseIdleConnections()
	}
}

func (p *pool) newMember(leaf [sha256.Size]byte, cred segur.Credential) *member {
	m := &member{leaf: leaf}
	protocols := new(http.Protocols)
	protocols.SetHTTP1(true)
	protocols.SetHTTP2(p.o.HTTP2)
	m.transport = &http.Transport{
		Proxy:               p.cfg.Proxy, // nil: none, whatever the environment says
		Protocols:           protocols,
		DialContext:         dial(p.cfg.Timeout),
		TLSClientConfig:     tlsConfig(p.cfg, p.o, cred, func() segur.Credential { return *m.credential.Load() }),
		TLSHandshakeTimeout: p.cfg.Timeout,
		DisableCompression:  true, // sizes, hashes and evidence are about the bytes sent
		MaxIdleConns:        64,
		MaxIdleConnsPerHost: 16,
		// Below the keep-alive of common servers, since a stale connection
		// makes the outcome of a call unknown.
		IdleConnTimeout:        15 * time.Second,
		ExpectContinueTimeout:  time.Second, // for requests that carry Expect: 100-continue
		MaxResponseHeaderBytes: p.cfg.Limits.MaxHeaderBytes,
		WriteBufferSize:        32 << 10,
		ReadBufferSize:         32 << 10,
		OnProxyConnectResponse: func(_ context.Context, _ *url.URL, _ *http.Request, r *http.Response) error {
			if r.StatusCode != http.StatusOK {
				return proxyError(r.StatusCode)
			}
			return nil
		},
	}
	if p.cfg.Proxy == nil {
		m.transport.DialTLSContext = dialTLS(p.cfg.Timeout, m.transport.TLSClientConfig, p.o.HTTP2, p.cfg.CheckChain)
	}
	m.client = &http.Client{Transport: m.transport, CheckRedirect: noRedirect}
	return m
}

type proxyError int

func (e proxyError) Error() string { return "the proxy answered with status " + strconv.Itoa(int(e)) }
