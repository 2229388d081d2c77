package psc

import (
	"context"
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rsa"
	"encoding/base64"
	"encoding/json"
	"math/big"
	"slices"
	"strings"

	"github.com/coreos/go-oidc/v3/oidc"

	"github.com/segur-sdk/segur"
	"github.com/segur-sdk/segur/internal/transport"
)

const opKeys = "psc.keys"

// key is one signing key of the provider.
type key struct {
	id, algorithm string
	public        crypto.PublicKey
}

// jwk is one entry of a key set (RFC 7517).
type jwk struct {
	Type      string `json:"kty"`
	Use       string `json:"use"`
	Algorithm string `json:"alg"`
	ID        string `json:"kid"`
	N         string `json:"n"`
	E         string `json:"e"`
	Curve     string `json:"crv"`
	X         string `json:"x"`
	Y         string `json:"y"`
}

const (
	minRSABits = 2048
	maxRSABits = 8192
	maxKeySet  = 64
)

// parseKeys reads a key set. Keys of other kinds, uses and sizes are left out, and so are those without an identifier:
// a token names its key.
func parseKeys(body []byte) ([]key, error) {
	bad := func(message string) error {
		return &segur.Error{Op: opKeys, Kind: segur.KindProtocol, Message: message}
	}
	var set struct {
		Keys []json.RawMessage `json:"keys"`
	}
	if err := decodeJSON(body, &set, bad); err != nil {
		return nil, err
	}
	if len(set.Keys) > maxKeySet {
		return nil, &segur.Error{Op: opKeys, Kind: segur.KindTooLarge, Message: "the key set has too many keys"}
	}
	var out []key
	for _, raw := range set.Keys {
		var j jwk
		if json.Unmarshal(raw, &j) != nil || j.ID == "" || j.Use != "" && j.Use != "sig" {
			continue
		}
		public := j.public()
		if public == nil {
			continue
		}
		if slices.ContainsFunc(out, func(k key) bool { return k.id == j.ID }) {
			return nil, bad("two keys of the key set have the same identifier")
		}
		out = append(out, key{j.ID, j.Algorithm, public})
	}
	if len(out) == 0 {
		return nil, bad("the key set holds no signing key that can be used")
	}
	return out, nil
}

// public returns the key, or nil when it is of another kind or weak.
func (j *jwk) public() crypto.PublicKey {
	switch j.Type {
	case "RSA":
		n, e := number(j.N), number(j.E)
		if n == nil || e == nil || n.BitLen() < minRSABits || n.BitLen() > maxRSABits || n.Bit(0) == 0 || !e.IsInt64() ||
			e.Int64() < 3 || e.Int64() > 1<<31-1 || e.Bit(0) == 0 {
			return nil
		}
		return &rsa.PublicKey{N: n, E: int(e.Int64())}
	case "EC":
		curves := map[string]elliptic.Curve{"P-256": elliptic.P256(), "P-384": elliptic.P384(), "P-521": elliptic.P521()}
		curve, ok := curves[j.Curve]
		if !ok {
			return nil
		}
		size := (curve.Params().BitSize + 7) / 8
		x, errX := base64.RawURLEncoding.DecodeString(j.X)
		y, errY := base64.RawURLEncoding.DecodeString(j.Y)
		if errX != nil || errY != nil || len(x) != size || len(y) != size {
			return nil
		}
		k, err := ecdsa.ParseUncompressedPublicKey(curve, slices.Concat([]byte{4}, x, y))
		if err != nil {
			return nil
		}
		return k
	}
	return nil
}

func number(s string) *big.Int {
	b, err := base64.RawURLEncoding.DecodeString(s)
	if err != nil || len(b) == 0 {
		return nil
	}
	return new(big.Int).SetBytes(b)
}

// signingKey returns the key that a token names. A key that is not known has the set read again, once: that is how
// providers change keys (OpenID Connect Core section 10.1.1). A set that is old is read again too: a key that the provider
// withdrew does not count for ever. When that fails the last good one goes on serving.
func (c *Client) signingKey(ctx context.Context, id string) (key, error) {
	c.mu.Lock()
	keys, old := c.keys, !c.cfg.Clock().Before(c.renew)
	c.mu.Unlock()
	find := func(k key) bool { return k.id == id }
	if old && keys != nil {
		read, err := c.fetchKeys.do(ctx, opKeys, c.readKeys)
		switch {
		case err == nil:
			keys = read
		case ctx.Err() == nil:
			c.mu.Lock()
			c.renew = c.cfg.Clock().Add(min(rediscovery, c.cfg.Settings.MetadataLifetime))
			c.mu.Unlock()
		}
	}
	i := slices.IndexFunc(keys, find)
	if i < 0 {
		var err error
		if keys, err = c.fetchKeys.do(ctx, opKeys, c.readKeys); err != nil {
			return key{}, err
		}
		if i = slices.IndexFunc(keys, find); i < 0 {
			return key{}, &segur.Error{Op: opKeys, Kind: segur.KindSignature, Message: "the token is signed with a key that the provider does not publish"}
		}
	}
	return keys[i], nil
}

func (c *Client) readKeys(ctx context.Context) ([]key, error) {
	m, err := c.provider(ctx)
	if err != nil {
		return nil, err
	}
	reply, err := c.rest.Do(ctx, transport.Call{Op: opKeys, URL: m.JWKSURL, RepeatSafe: true, ResponseLimit: maxKeys,
		Header: map[string][]string{"Accept": {"application/jwk-set+json, application/json"}}})
	if err != nil {
		return nil, err
	}
	if err := reply.StatusError(); err != nil {
		return nil, err
	}
	if t := mediaType(reply.Header); t != "application/json" && t != "application/jwk-set+json" {
		return nil, &segur.Error{Op: opKeys, Kind: segur.KindProtocol, Message: "the answer is not JSON", Status: reply.Status}
	}
	keys, err := parseKeys(reply.Body)
	if err != nil {
		return nil, err
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.keys, c.renew = keys, c.cfg.Clock().Add(c.cfg.Settings.MetadataLifetime)
	return keys, nil
}

// keySet lets go-oidc verify one token, and remembers why it did not: go-oidc keeps only the text.
type keySet struct {
	c       *Client
	err     error
	payload []byte
}

// VerifySignature is called once go-oidc has found the algorithm in its list.
func (s *keySet) VerifySignature(ctx context.Context, jwt string) ([]byte, error) {
	h, err := parseHeader(jwt)
	if err != nil {
		s.err = err
		return nil, err
	}
	if h.KeyID == "" {
		s.err = &segur.Error{Kind: segur.KindSignature, Message: "the token does not name its key"}
		return nil, s.err
	}
	k, err := s.c.signingKey(ctx, h.KeyID)
	if err != nil {
		s.err = err
		return nil, err
	}
	if k.algorithm != "" && k.algorithm != h.Algorithm {
		s.err = &segur.Error{Kind: segur.KindSignature, Message: "the key of the token is for another algorithm"}
		return nil, s.err
	}
	static := oidc.StaticKeySet{PublicKeys: []crypto.PublicKey{k.public}}
	if s.payload, err = static.VerifySignature(ctx, jwt); err != nil {
		s.err = &segur.Error{Kind: segur.KindSignature, Message: "the signature of the token does not verify"}
		return nil, s.err
	}
	return s.payload, nil
}

// tokenHeader is the part of a JOSE header that is looked at before the signature.
type tokenHeader struct {
	Algorithm string `json:"alg"`
	KeyID     string `json:"kid"`
}

// parseHeader reads the header of a token in compact form (RFC 7515 section 3.1).
func parseHeader(jwt string) (tokenHeader, error) {
	bad := func(message string) error { return &segur.Error{Kind: segur.KindProtocol, Message: message} }
	var h tokenHeader
	first, _, ok := strings.Cut(jwt, ".")
	if !ok || strings.Count(jwt, ".") != 2 {
		return h, bad("the token is not a signed JWT")
	}
	raw, err := base64.RawURLEncoding.DecodeString(first)
	if err != nil {
		return h, bad("the header of the token is not base64url")
	}
	return h, decodeJSON(raw, &h, bad)
}
