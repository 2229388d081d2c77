package drim

import (
	"crypto/x509"
	"net"
	"net/http"
	"slices"
	"strings"

	"github.com/segur-sdk/segur"
	"github.com/segur-sdk/segur/dicomweb/drim/whitelist"
)

// ListedPeers is a [HandlerConfig.CheckPeer] that takes boxes of the white list
// only: the client certificate, which the TLS server must have verified, names
// the host of a box (subjectAltName, or common name), or is that of the operator
// of one (DNCertificatOperateur). list gives the list in use, such as
// (*whitelist.Client).List; without a list nobody may call.
//
// Whether boxes present a certificate to each other is not settled: a handler
// without it relies on the tokens.
func ListedPeers(list func() *whitelist.List) func(r *http.Request) error {
	refuse := func(message string) error {
		return &segur.Error{Op: opServe, Kind: segur.KindAuthorization, Message: message}
	}
	return func(r *http.Request) error {
		if r.TLS == nil || len(r.TLS.VerifiedChains) == 0 || len(r.TLS.PeerCertificates) == 0 {
			return refuse("the other side presents no certificate that was verified")
		}
		l := list()
		if l == nil {
			return refuse("there is no white list")
		}
		if !listed(l, r.TLS.PeerCertificates[0]) {
			return refuse("the certificate of the other side is not that of a box of the white list")
		}
		return nil
	}
}

func listed(l *whitelist.List, c *x509.Certificate) bool {
	for _, name := range append([]string{c.Subject.CommonName}, c.DNSNames...) {
		if name != "" && len(l.Box(name)) > 0 {
			return true
		}
	}
	for entry := range l.All() {
		if l.AllowsOperator(entry.Box, c) || bears(c, entry.Box) {
			return true
		}
	}
	return false
}

// bears reports whether a certificate bears the host of a box, whose port it
// does not say.
func bears(c *x509.Certificate, box string) bool {
	host, _, err := net.SplitHostPort(box)
	return err == nil && host != "" && (strings.EqualFold(c.Subject.CommonName, host) ||
		slices.ContainsFunc(c.DNSNames, func(name string) bool { return strings.EqualFold(name, host) }))
}
