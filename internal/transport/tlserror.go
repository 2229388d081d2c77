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

// presented reports whether there was a client certificate to present.
func (s *sending) presented() bool {
	return s.o.c.given != nil || s.o.c.cfg.Credentials != nil
}

// tlsError returns nil when err is not about TLS.
func (s *sending) tlsError(err error) *segur.Error {
	o := s.o
	var verify *tls.CertificateVerificationError
	if errors.As(err, &verify) {
		return o.error(segur.KindSignature, serverFault(verify.Err, o.c.cfg.Clock()), nil)
	}
	if errors.Is(err, http.ErrSchemeMismatch) {
		return o.error(segur.KindProtocol, "the service does not speak TLS at this address", nil)
	}
	if a, ok := alertOf(err); ok {
		if e := s.alertError(a); e != nil {
			return e
		}
	}
	text := err.Error()
	switch {
	case strings.Contains(text, "tls: failed to sign handshake"):
		return o.error(segur.KindAuthentication, "the private key of the client certificate did not sign the TLS handshake", nil)
	case strings.HasPrefix(text, "tls: ") && !s.left.Load():
		return o.error(segur.KindProtocol, "the TLS handshake failed", errors.New(text))
	}
	return nil
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

// alertError says what the server's alert means. With TLS 1.3 it comes after
// the request left; the service has not seen the request all the same, since
// its side of the handshake failed.
func (s *sending) alertError(alert uint8) *segur.Error {
	who := func(message string) *segur.Error {
		if !s.presented() {
			message = "the service requires a client certificate and none is configured"
		}
		return s.o.error(segur.KindAuthentication, message, nil)
	}
	switch alert {
	case alertCertificateExpired:
		return who("the service says that the client certificate is expired or not yet valid" + s.leafDates())
	case alertUnknownCA:
		return who("the service does not know the authority that issued the client certificate")
	case alertBadCertificate:
		return who("the service refuses the client certificate as bad: wrong chain, usage or validity" + s.leafDates())
	case alertUnsupportedCertificate:
		return who("the service refuses the kind or usage of the client certificate")
	case alertCertificateRevoked:
		return who("the service says that the client certificate is revoked")
	case alertCertificateUnknown:
		return who("the service refuses the client certificate without saying why" + s.leafDates())
	case alertAccessDenied:
		return who("the service denies access to the client certificate")
	case alertCertificateRequired:
		return who("the service requires a client certificate and got none")
	case alertDecryptError:
		return who("the service could not verify the TLS signature: the private key does not match the certificate, or its algorithm is refused")
	case alertHandshakeFailure:
		if !s.presented() {
			return who("")
		}
		return s.o.error(segur.KindProtocol, "the service refused the TLS handshake: no cipher suite or signature algorithm in common, or a refused client certificate", nil)
	case alertProtocolVersion, alertInsufficientSecurity:
		return s.o.error(segur.KindProtocol, "the service refuses the TLS version or the cipher suites offered", nil)
	case alertUnrecognizedName:
		return s.o.error(segur.KindProtocol, "the service does not serve this host name", nil)
	}
	return nil
}

// leafDates adds the period of the certificate presented, when it is not
// valid now.
func (s *sending) leafDates() string {
	if s.m == nil {
		return ""
	}
	c := *s.m.credential.Load()
	if c == nil {
		return ""
	}
	leaf, now := c.Chain()[0], s.o.c.cfg.Clock()
	switch {
	case now.After(leaf.NotAfter):
		return " (it expired on " + leaf.NotAfter.UTC().Format(time.DateOnly) + ")"
	case now.Before(leaf.NotBefore):
		return " (it begins on " + leaf.NotBefore.UTC().Format(time.DateOnly) + ")"
	}
	return ""
}
