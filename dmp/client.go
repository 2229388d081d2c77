package dmp

import (
	"context"
	"errors"
	"net/http"
	"regexp"
	"time"

	"github.com/segur-sdk/segur"
	"github.com/segur-sdk/segur/internal/saml"
	"github.com/segur-sdk/segur/internal/soap"
	"github.com/segur-sdk/segur/internal/transport"
)

// Services of the record, appended to the endpoint, and their actions.
const (
	serviceRegistry   = "/registry"
	serviceRepository = "/repository"

	actionProvide  = "urn:ihe:iti:2007:ProvideAndRegisterDocumentSet-b"
	actionQuery    = "urn:ihe:iti:2007:RegistryStoredQuery"
	actionRetrieve = "urn:ihe:iti:2007:RetrieveDocumentSet"
)

// Client calls the record on behalf of one user of one structure. It is
// immutable and safe for concurrent use.
type Client struct {
	given      Config // before its defaults
	cfg        Config
	transport  *transport.Client
	soap       *soap.Client
	assertions *saml.Signer

	// What the clients derived from one differ by.
	secret  bool
	purpose Purpose
	reason  string
}

// SecretConnection returns the client of a secret connection: what a minor has
// done without the knowledge of the legal representatives (EX_0.1-1100). All
// its assertions say so, and all its documents bear the marker
// INVISIBLE_REPRESENTANTS_LEGAUX (EX_2.1-1050). It shares the connections of
// c. The session is that of one patient: make one for each.
func (c *Client) SecretConnection() *Client {
	out := *c
	out.secret = true
	return &out
}

// New checks cfg completely, reports everything that is wrong at once
// ([segur.ErrInvalidInput]), and opens no connection.
func New(cfg Config) (*Client, error) {
	given := cfg
	cfg = cfg.withDefaults()
	var p segur.Problems
	cfg.check(&p)
	if err := p.Err("dmp.New"); err != nil {
		return nil, err
	}
	t, err := transport.New(cfg.ClientConfig, transport.DMPOptions())
	if err != nil {
		return nil, err
	}
	assertions, err := cfg.samlSigner()
	if err != nil {
		return nil, err
	}
	return &Client{given: given, cfg: cfg, transport: t, soap: soap.New(t, cfg.ClientConfig), assertions: assertions, purpose: Normal}, nil
}

// ForUser returns the client of another user of the same structure, in the mode
// [Indirecte] only, where the structure is who the record authenticates: an
// interface engine that publishes what several people signed. The identity is
// decided anew (see [Config].Identity); the profile and the further roles are
// those of nobody until they are told from the profession. authenticatedAt is
// when that user logged in, nil where nobody did. It shares the connections
// of c, its purpose and its secrecy.
func (c *Client) ForUser(user segur.Professional, authenticatedAt func() time.Time) (*Client, error) {
	cfg := c.given
	cfg.User, cfg.AuthenticatedAt, cfg.OtherRoles, cfg.Profile = user, authenticatedAt, nil, ""
	cfg.Clock, cfg.IDs = c.cfg.Clock, c.cfg.IDs
	cfg = cfg.withDefaults()
	var p segur.Problems
	if c.cfg.Mode != Indirecte {
		p.Add("mode", "must be INDIRECTE: elsewhere the credentials are those of one user")
	}
	if c.cfg.BearerToken != nil {
		p.Add("bearerToken", "is that of one user: make a client for each")
	}
	cfg.check(&p)
	if err := p.Err("dmp.forUser"); err != nil {
		return nil, err
	}
	out := *c
	out.cfg = cfg
	return &out, nil
}

// CloseIdleConnections closes the connections that no call uses.
func (c *Client) CloseIdleConnections() { c.transport.CloseIdleConnections() }

// request is one call before it has its assertion and its addressing headers.
type request struct {
	op, service, action string
	body                []byte
	attachments         []soap.Attachment
	repeatSafe          bool
	// renew makes the identity of another attempt; nil: there is none.
	renew func(context.Context) identity
}

// send completes the request and sends it. The error is typed by f, and so is
// what is observed.
func (c *Client) send(ctx context.Context, f *failure, cred segur.Credential, patient segur.INS, r request) (*soap.Answer, error) {
	r.renew = func(ctx context.Context) identity { return c.newIdentity(ctx, cred, r.op, patient) }
	return c.sendSigned(ctx, f, c.startAssertion(ctx, cred, r.op, patient), r)
}

// identity is the assertion of a call, its message identifier, and the header
// of its access token.
type identity struct {
	messageID string
	header    http.Header
	assertion *saml.Assertion
	err       error
}

// startAssertion signs the assertion beside what the caller still has to do:
// the signature of a lot takes as long.
func (c *Client) startAssertion(ctx context.Context, cred segur.Credential, op string, patient segur.INS) <-chan identity {
	out := make(chan identity, 1) // nobody may come for it
	go func() { out <- c.newIdentity(ctx, cred, op, patient) }()
	return out
}

// newIdentity makes the identity of one message. Its identifier never serves
// twice, and its assertion neither, unless a lifetime was set.
func (c *Client) newIdentity(ctx context.Context, cred segur.Credential, op string, patient segur.INS) (i identity) {
	uuid, err := c.cfg.IDs.UUID()
	if err != nil {
		return identity{err: err}
	}
	i.messageID = "urn:uuid:" + uuid
	if i.header, i.err = c.authorization(ctx, op); i.err != nil {
		return i
	}
	i.assertion, i.err = c.assertion(ctx, cred, op, i.messageID, patient)
	return i
}

// bearer is the form of a token (RFC 6750).
var bearer = regexp.MustCompile(`^[A-Za-z0-9._~+/-]+=*$`)

// authorization is the header that carries the access token, where there is
// one.
func (c *Client) authorization(ctx context.Context, op string) (http.Header, error) {
	if c.cfg.BearerToken == nil {
		return nil, nil
	}
	token, err := c.cfg.BearerToken(ctx)
	switch {
	case err != nil:
		kind := segur.KindOf(err)
		if kind == segur.KindUnknown {
			kind = segur.KindAuthentication
		}
		return nil, &segur.Error{Op: op, Kind: kind, Message: "no access token: nothing was sent", Err: err}
	case !bearer.MatchString(token):
		return nil, &segur.Error{Op: op, Kind: segur.KindAuthentication, Message: "the access token is empty or not of the form of RFC 6750: nothing was sent"}
	}
	return http.Header{"Authorization": {"Bearer " + token}}, nil
}

func (c *Client) sendSigned(ctx context.Context, f *failure, pending <-chan identity, r request) (*soap.Answer, error) {
	i := <-pending
	f.messageID = i.messageID
	if i.err != nil {
		return nil, f.typed(i.err)
	}
	var fault *segur.Error // typed already, as it was observed
	endpoint := c.cfg.Endpoint + r.service
	call := &soap.Call{
		Op: r.op, Endpoint: endpoint, Action: r.action, MessageID: i.messageID, To: endpoint, ReplyTo: true, MustUnderstand: true,
		Header: i.header, Security: i.assertion.XML, Body: r.body, Attachments: r.attachments, RepeatSafe: r.repeatSafe,
		Refused: func(e *segur.Error, _ *soap.Fault) *segur.Error {
			fault = f.typedError(e)
			return fault
		},
	}
	if r.renew != nil {
		call.Renew = func(ctx context.Context, next *soap.Call) error {
			i := r.renew(ctx)
			f.messageID = i.messageID
			if i.err != nil {
				return f.typed(i.err)
			}
			next.MessageID, next.Header, next.Security = i.messageID, i.header, i.assertion.XML
			return nil
		}
	}
	answer, err := c.soap.Do(ctx, call)
	switch {
	case err == nil:
		return answer, nil
	case fault != nil:
		return nil, err
	}
	return nil, f.typed(err)
}

// assertion makes the VIHF of one call.
func (c *Client) assertion(ctx context.Context, cred segur.Credential, op, messageID string, patient segur.INS) (*saml.Assertion, error) {
	a, err := c.assertions.VIHFWith(ctx, cred, c.vihf(patient))
	if err != nil {
		var e *segur.Error
		if errors.As(err, &e) && e.Kind == segur.KindInvalidInput {
			var p segur.Problems
			mergeAssertion(&p, err)
			return nil, p.Err(op)
		}
		kind := segur.KindOf(err)
		if kind == segur.KindUnknown || kind == segur.KindSignature {
			kind = segur.KindAuthentication // nothing received was wrong: our key does not sign
		}
		return nil, &segur.Error{Op: op, Kind: kind, Message: "the assertion could not be made: nothing was sent", Err: err}
	}
	if c.cfg.Trace != nil {
		c.cfg.Trace(AssertionUse{ID: a.ID, At: a.IssueInstant, Op: op, MessageID: messageID,
			UserID: c.cfg.User.ID, StructureID: c.cfg.Structure.ID, Patient: patient,
			Purpose: c.purpose, Reason: c.reason, Secret: c.secret, Reused: a.Reused})
	}
	return a, nil
}
