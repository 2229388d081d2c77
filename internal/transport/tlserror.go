package transport

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"net"
	"net/http"
	"reflect"
	"strings"
	"time"

	"github.com/segur-sdk/segur"
)

// party is our side of a handshake.
type party struct {
	presented  bool             // there was a certificate to present
	credential segur.Credential // it, when we know
	now        time.Time
}

type fault struct {
	kind    segur.Kind
	message string
	cause   error
}

// presented reports whether there is a certificate to present.
func (o *operation) presented() bool { return o.c.given != nil || o.c.cfg.Credentials != nil }

func (s *sending) party() party {
	p := party{presented: s.o.presented(), now: s.o.c.cfg.Clock()}
	if s.m != nil {
		p.credential = *s.m.credential.Load()
	}
	return p
}

// explain returns nil when err is not about TLS. handshake: nothing was sent
// on the connection.
func (p party) explain(err error, handshake bool) *fault {
	var (
		verify *tls.CertificateVerificationError
		record tls.RecordHeaderError
		chain  *chainError
	)
	if errors.As(err, &chain) {
		return chain.fault()
	}
	if errors.As(err, &verify) {
		return &fault{kind: segur.KindSignature, message: serverFault(verify.Err, p.now)}
	}
	if errors.Is(err, http.ErrSchemeMismatch) || errors.As(err, &record) && handshake {
		return &fault{kind: segur.KindProtocol, message: "the service does not speak TLS at this address"}
	}
	if a, ok := alertOf(err); ok {
		if f := p.alert(a); f != nil {
			return f
		}
	}
	text := err.Error()
	switch {
	case strings.Contains(text, "tls: failed to sign handshake"):
		return &fault{kind: segur.KindAuthentication, message: "the private key of the client certificate did not sign the TLS handshake"}
	case strings.HasPrefix(text, "tls: ") && handshake:
		return &fault{segur.KindProtocol, "the TLS handshake failed", errors.New(text)}
	}
	return nil
}

// fault keeps the kind and the text of the SDK's own checks: a revoked certificate and a list that cannot be had are not
// the same thing. The text of others is not passed on.
func (e *chainError) fault() *fault {
	var known *segur.Error
	if !errors.As(e.err, &known) || known.Kind == segur.KindUnknown {
		return &fault{kind: segur.KindSignature, message: "the server certificate is refused by the configured check of chains"}
	}
	return &fault{kind: known.Kind, message: "the server certificate is refused: nothing was sent", cause: known}
}

func serverFault(err error, now time.Time) string {
	var (
		invalid   x509.CertificateInvalidError
		authority x509.UnknownAuthorityError
		host      x509.HostnameError
	)
	switch {
	case errors.As(err, &authority):
		return "the server certificate does not chain to a trusted authority"
	case errors.As(err, &host):
		return "the server certificate does not bear the name " + host.Host
	case errors.As(err, &invalid) && invalid.Reason == x509.Expired && invalid.Cert != nil:
		if now.Before(invalid.Cert.NotBefore) {
			return "the server certificate is not valid before " + invalid.Cert.NotBefore.UTC().Format(time.DateOnly) + ": check the clock"
		}
		return "the server certificate expired on " + invalid.Cert.NotAfter.UTC().Format(time.DateOnly)
	case errors.As(err, &invalid) && invalid.Reason == x509.IncompatibleUsage:
		return "the server certificate is not made for servers"
	}
	return "the server certificate does not verify"
}

// TLS alerts (RFC 8446 section 6, RFC 5246 section 7.2).
const (
	alertHandshakeFailure       = 40
	alertBadCertificate         = 42
	alertUnsupportedCertificate = 43
	alertCertificateRevoked     = 44
	alertCertificateExpired     = 45
	alertCertificateUnknown     = 46
	alertUnknownCA              = 48
	alertAccessDenied           = 49
	alertDecryptError           = 51
	alertProtocolVersion        = 70
	alertInsufficientSecurity   = 71
	alertUnrecognizedName       = 112
	alertCertificateRequired    = 116
)

// alertOf returns the alert that the server sent. crypto/tls does not export
// its type, which is a number below a [net.OpError].
func alertOf(err error) (uint8, bool) {
	var op *net.OpError
	if !errors.As(err, &op) || op.Op != "remote error" || op.Err == nil {
		return 0, false
	}
	if v := reflect.ValueOf(op.Err); v.Kind() == reflect.Uint8 {
		return uint8(v.Uint()), true //nolint:gosec // of kind uint8
	}
	return 0, false
}

// alert says what the server's alert means. With TLS 1.3 it comes after
// the request left; the service has not seen the request all the same, since
// its side of the handshake failed.
func (p party) alert(alert uint8) *fault {
	who := func(message string) *fault {
		if !p.presented {
			message = "the service requires a client certificate and none is configured"
		}
		return &fault{kind: segur.KindAuthentication, message: message}
	}
	switch alert {
	case alertCertificateExpired:
		return who("the service says that the client certificate is expired or not yet valid" + p.leafDates())
	case alertUnknownCA:
		return who("the service does not know the authority that issued the client certificate")
	case alertBadCertificate:
		return who("the service refuses the client certificate as bad: wrong chain, usage or validity" + p.leafDates())
	case alertUnsupportedCertificate:
		return who("the service refuses the kind or usage of the client certificate")
	case alertCertificateRevoked:
		return who("the service says that the client certificate is revoked")
	case alertCertificateUnknown:
		return who("the service refuses the client certificate without saying why" + p.leafDates())
	case alertAccessDenied:
		return who("the service denies access to the client certificate")
	case alertCertificateRequired:
		return who("the service requires a client certificate and got none")
	case alertDecryptError:
		return who("the service could not verify the TLS signature: the private key does not match the certificate, or its algorithm is refused")
	case alertHandshakeFailure:
		if !p.presented {
			return who("")
		}
		return &fault{kind: segur.KindProtocol, message: "the service refused the TLS handshake: no cipher suite or signature algorithm in common, or a refused client certificate"}
	case alertProtocolVersion, alertInsufficientSecurity:
		return &fault{kind: segur.KindProtocol, message: "the service refuses the TLS version or the cipher suites offered"}
	case alertUnrecognizedName:
		return &fault{kind: segur.KindProtocol, message: "the service does not serve this host name"}
	}
	return nil
}

// leafDates adds the period of the certificate presented, when it is not
// valid now.
func (p party) leafDates() string {
	if p.credential == nil {
		return ""
	}
	leaf, now := p.credential.Chain()[0], p.now
	switch {
	case now.After(leaf.NotAfter):
		return " (it expired on " + leaf.NotAfter.UTC().Format(time.DateOnly) + ")"
	case now.Before(leaf.NotBefore):
		return " (it begins on " + leaf.NotBefore.UTC().Format(time.DateOnly) + ")"
	}
	return ""
}
