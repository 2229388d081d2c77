package whitelist

import (
	"context"
	"time"

	"github.com/segur-sdk/segur"
	"github.com/segur-sdk/segur/internal/signedlist"
	"github.com/segur-sdk/segur/internal/transport"
)

// Client holds the present white list. It is safe for concurrent use, and looking a domain up never waits.
type Client struct {
	cfg    Config
	keeper *signedlist.Keeper[*List]
}

// New checks cfg completely; the error ([segur.ErrInvalidInput]) lists all that is wrong. The client has no list until
// [Client.Load], [Client.Refresh], [Client.Use] or [Client.Run].
func New(cfg Config) (*Client, error) {
	var p segur.Problems
	cfg.check(&p)
	if err := p.Err("whitelist.New"); err != nil {
		return nil, err
	}
	cfg.fill()
	t, err := transport.New(cfg.ClientConfig, transport.Options{})
	if err != nil {
		return nil, err
	}
	c := &Client{cfg: cfg}
	s := signedlist.Settings[*List]{
		Name: "whitelist", Client: t, URL: cfg.URL, MaxBytes: cfg.MaxBytes, Profile: cfg.profile(), Trust: cfg.trust(),
		Label: segur.Text{FR: "liste blanche MSSanté", EN: "MSSanté white list"}, Recent: segur.Text{FR: "des domaines récents", EN: "recent domains"},
		Skew: cfg.Skew, Every: cfg.Every, Retry: cfg.RetryEvery, Stale: cfg.StaleAfter, Clock: cfg.Clock,
		New: func() signedlist.Reader[*List] { return newReader() },
	}
	if cfg.Store != nil {
		s.Store = cfg.Store
	}
	if cfg.Warn != nil {
		s.Warn = func(code string, text segur.Text, err error) { cfg.Warn(Warning{Code: code, Text: text, Err: err}) }
	}
	c.keeper = signedlist.NewKeeper(s)
	return c, nil
}

// List is the list in use, nil when there is none yet. A nil list allows nothing.
func (c *Client) List() *List {
	if v := c.keeper.Current(); v != nil {
		return v.List
	}
	return nil
}

// Load takes the list of the store, after verifying it as if it came from the network: an [segur.ErrNotFound] error when
// nothing is stored, [segur.ErrSignature] when it no longer verifies (the signer's certificate may have expired since), that
// of the check of revocation when it cannot be done now.
func (c *Client) Load(ctx context.Context) error { return c.keeper.Load(ctx) }

// Refresh asks for the list, conditionally once one was fetched, and reports whether it is another edition. On any error
// the list in use stays: [segur.ErrSignature] when the document is not what the expected signer signed, [segur.ErrProtocol]
// when it is older than the list in use or the stored one, or not a list, [segur.ErrTooLarge], [segur.ErrTruncated], or that of the call.
func (c *Client) Refresh(ctx context.Context) (changed bool, err error) { return c.keeper.Refresh(ctx) }

// Use takes a document that came by other means, an administrator's file for instance, under the same conditions as
// [Client.Refresh], and stores it. The document must not change afterwards.
func (c *Client) Use(ctx context.Context, document []byte) error { return c.keeper.Use(ctx, document) }

// Run refreshes every Config.Every until ctx ends, and returns the error of ctx. As long as there is no list, the store is
// tried first. Failures go to Config.Warn.
func (c *Client) Run(ctx context.Context) error { return c.keeper.Run(ctx) }

// Status is the state of a client.
type Status struct {
	// HasList: a list is in use.
	HasList bool
	// Generated is when it was made; Confirmed when the publisher last said that it is the present one, zero when it
	// only came from the store.
	Generated, Confirmed time.Time
	// Stale: it was made longer ago than Config.StaleAfter, or there is none.
	Stale bool
	// Domains, Entries and Ignored count what it holds.
	Domains, Entries, Ignored int
	// Signer is the subject of the certificate that signed it, SignerExpires its end.
	Signer        string
	SignerExpires time.Time
	// LastError is why the last refresh failed, nil when it succeeded.
	LastError error
}

// Status tells the state.
func (c *Client) Status() Status {
	v := c.keeper.Current()
	if v == nil {
		return Status{Stale: true, LastError: c.keeper.LastError()}
	}
	return Status{
		HasList: true, Generated: v.Generated, Confirmed: v.Confirmed, Stale: c.keeper.Stale(),
		Domains: v.List.Domains(), Entries: v.List.Entries(), Ignored: len(v.List.ignored),
		Signer: v.Signer.Subject.String(), SignerExpires: v.Signer.NotAfter, LastError: c.keeper.LastError(),
	}
}
