package psc

import (
	"context"
	"crypto/subtle"
	"encoding/base64"
	"encoding/json"
	"errors"
	"io"
	"mime"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"time"

	"github.com/segur-sdk/segur"
	"github.com/segur-sdk/segur/internal/transport"
)

// Client is a client registered at Pro Santé Connect. It is immutable but for what it remembers of the provider (its
// discovery document and keys), and safe for concurrent use.
type Client struct {
	cfg  Config
	rest *transport.REST

	mu       sync.Mutex
	metadata *metadata
	until    time.Time // of metadata
	keys     []key
	renew    time.Time // of keys

	discovery flight[*metadata]
	fetchKeys flight[[]key]
}

// New checks cfg completely; the error ([segur.ErrInvalidInput]) lists all that is wrong. Nothing is sent: the
// provider's document is read at the first use.
func New(cfg Config) (*Client, error) {
	cfg = cfg.withDefaults()
	var p segur.Problems
	cfg.check(&p)
	if err := p.Err("psc.New"); err != nil {
		return nil, err
	}
	t, err := transport.New(cfg.ClientConfig, transport.Options{})
	if err != nil {
		return nil, err
	}
	c := &Client{cfg: cfg, rest: t.REST()}
	c.discovery.limit, c.fetchKeys.limit = c.limit(), c.limit()
	return c, nil
}

// limit bounds a call that outlives the one who asked for it.
func (c *Client) limit() time.Duration {
	return time.Duration(c.cfg.Retry.MaxAttempts)*(c.cfg.Timeout+c.cfg.Retry.MaxDelay) + c.cfg.IdleTimeout
}

// Limits of answers, in bytes: a discovery document has about 9,000, a UserInfo of five activities as many.
const (
	maxMetadata = 256 << 10
	maxKeys     = 256 << 10
	maxTokens   = 256 << 10
	maxUserInfo = 1 << 20
	// maxToken bounds one token, which goes into headers.
	maxToken = 16 << 10
)

// post sends a form with the proof of the client, once: a code, a refresh token and a request identifier serve once.
func (c *Client) post(ctx context.Context, op, endpoint string, form url.Values) (*transport.Reply, error) {
	if endpoint == "" {
		return nil, &segur.Error{Op: op, Kind: segur.KindRefused, Message: "the provider announces no endpoint for it"}
	}
	header := http.Header{}
	switch c.cfg.Authentication {
	case SecretBasic:
		// RFC 6749 section 2.3.1: each half is encoded as in a form.
		pair := url.QueryEscape(c.cfg.ClientID) + ":" + url.QueryEscape(string(c.cfg.ClientSecret))
		header.Set("Authorization", "Basic "+base64.StdEncoding.EncodeToString([]byte(pair)))
	case SecretPost:
		form.Set("client_id", c.cfg.ClientID)
		form.Set("client_secret", string(c.cfg.ClientSecret))
	case MutualTLS:
		form.Set("client_id", c.cfg.ClientID)
	}
	return c.rest.Do(ctx, transport.Call{
		Op: op, Method: http.MethodPost, URL: endpoint, Header: header, Secret: true, ResponseLimit: maxTokens,
		Body: []byte(form.Encode()), ContentType: "application/x-www-form-urlencoded",
	})
}

// decode reads a JSON answer: one value, of the media type of JSON. The texts of encoding/json may quote the answer
// and are left out.
func decode(op string, reply *transport.Reply, out any) error {
	bad := func(message string) error {
		return &segur.Error{Op: op, Kind: segur.KindProtocol, Message: message, Status: reply.Status}
	}
	if mediaType(reply.Header) != "application/json" {
		return bad("the answer is not JSON")
	}
	return decodeJSON(reply.Body, out, bad)
}

func decodeJSON(body []byte, out any, bad func(string) error) error {
	d := json.NewDecoder(strings.NewReader(string(body)))
	if err := d.Decode(out); err != nil {
		return bad("the answer is not the JSON expected")
	}
	if _, err := d.Token(); !errors.Is(err, io.EOF) {
		return bad("something follows the JSON value")
	}
	return nil
}

func mediaType(h http.Header) string {
	t, _, err := mime.ParseMediaType(h.Get("Content-Type"))
	if err != nil {
		return ""
	}
	return t
}

// random returns n random bytes in base64url.
func (c *Client) random(op string, n int) (string, error) {
	b := make([]byte, n)
	if _, err := io.ReadFull(c.cfg.Random, b); err != nil {
		return "", &segur.Error{Op: op, Kind: segur.KindUnavailable, Message: "the random source failed"}
	}
	return base64.RawURLEncoding.EncodeToString(b), nil
}

func same(a, b string) bool { return subtle.ConstantTimeCompare([]byte(a), []byte(b)) == 1 }
