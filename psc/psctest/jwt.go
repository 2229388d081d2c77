package psctest

import (
	"crypto"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"strings"
)

// IDToken is an ID token, or a signed UserInfo, before it is signed; see [Server.Tamper].
type IDToken struct {
	// Header and Claims may be changed.
	Header, Claims map[string]any
	// Sign makes the signature of "header.payload" in base64url. It may be replaced: nil gives an empty signature.
	Sign func(input []byte) []byte
	// Raw replaces the whole token when it is not nil; an empty text leaves it out of the answer.
	Raw *string
}

// Tamper changes the ID tokens (and signed UserInfo) made from now on, to see them refused. nil stops it.
func (s *Server) Tamper(f func(*IDToken)) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.tamper = f
}

func (s *Server) sign(claims map[string]any, tamper func(*IDToken)) string {
	k := s.signers[0]
	t := &IDToken{Header: map[string]any{"alg": "RS256", "typ": "JWT", "kid": k.id}, Claims: claims, Sign: RS256(k.key)}
	if tamper != nil {
		tamper(t)
	}
	if t.Raw != nil {
		return *t.Raw
	}
	input := part(t.Header) + "." + part(t.Claims)
	if t.Sign == nil {
		return input + "."
	}
	return input + "." + base64.RawURLEncoding.EncodeToString(t.Sign([]byte(input)))
}

// RS256 signs with an RSA key (RFC 7518 section 3.3).
func RS256(key crypto.Signer) func([]byte) []byte {
	return func(input []byte) []byte {
		sum := sha256.Sum256(input)
		b, err := key.Sign(rand.Reader, sum[:], crypto.SHA256)
		if err != nil {
			panic("psctest: " + err.Error())
		}
		return b
	}
}

func part(v map[string]any) string {
	b, err := json.Marshal(v)
	if err != nil {
		panic("psctest: " + err.Error())
	}
	return base64.RawURLEncoding.EncodeToString(b)
}

// hinted returns the session of an ID token of ours, whatever its age.
func (s *Server) hinted(jwt string) *session {
	parts := strings.Split(jwt, ".")
	if len(parts) != 3 {
		return nil
	}
	b, err := base64.RawURLEncoding.DecodeString(parts[1])
	if err != nil {
		return nil
	}
	var c struct {
		Type string `json:"typ"`
		ID   string `json:"sid"`
	}
	if json.Unmarshal(b, &c) != nil || c.Type != "ID" {
		return nil
	}
	return s.sessions[c.ID]
}
