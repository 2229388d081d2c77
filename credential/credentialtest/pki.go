package credentialtest

import (
	"crypto"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"encoding/pem"
	"math/big"
	"sync/atomic"
	"time"
)

// PKI is a fictional public key infrastructure. It is safe for concurrent use.
type PKI struct {
	clock         func() time.Time
	root, issuing *authority
	foreign       bool
	names         [2]string
	revocation    *RevocationServer
}

type authority struct {
	cert *x509.Certificate
	key  crypto.Signer
}

// PKIOption changes a [PKI].
type PKIOption func(*PKI)

// WithClock places the validity of certificates around the given clock instead
// of the present.
func WithClock(now func() time.Time) PKIOption { return func(p *PKI) { p.clock = now } }

// WithAuthorities names the root and the issuing authority, for programs that look at the name of the issuer. By default
// both names begin with "FICTIVE".
func WithAuthorities(root, issuing string) PKIOption {
	return func(p *PKI) { p.names = [2]string{root, issuing} }
}

// NewPKI makes a root and an issuing authority.
func NewPKI(opts ...PKIOption) *PKI {
	p := &PKI{clock: time.Now, names: [2]string{"FICTIVE AC RACINE IGC ELEMENTAIRE", "FICTIVE AC IGC ELEMENTAIRE ORGANISATIONS"}}
	for _, o := range opts {
		o(p)
	}
	p.issue()
	if p.revocation != nil {
		p.revocation.adopt(p)
	}
	return p
}

// Foreign returns an infrastructure with the same names, other keys and no
// trust in common: certificates from "another PKI".
func (p *PKI) Foreign() *PKI {
	f := &PKI{clock: p.clock, foreign: true, names: p.names, revocation: p.revocation}
	f.issue()
	return f
}

func (p *PKI) issue() {
	rk, ik := rootKey(), issuingKey()
	if p.foreign {
		rk, ik = foreignRootKey(), foreignIssueKey()
	}
	p.root = p.newAuthority(p.names[0], rk, nil)
	p.issuing = p.newAuthority(p.names[1], ik, p.root)
}

func (p *PKI) newAuthority(cn string, key crypto.Signer, parent *authority) *authority {
	from, until := p.validity()
	t := &x509.Certificate{
		SerialNumber: serial(),
		RawSubject: name(
			rdn(oidCountry, "FR"), rdn(oidOrganization, "SEGUR SDK FICTIF"),
			rdn(oidUnit, "IGC FICTIVE"), rdn(oidCommonName, cn)),
		NotBefore:             from.AddDate(-1, 0, 0),
		NotAfter:              until.AddDate(7, 0, 0),
		IsCA:                  true,
		BasicConstraintsValid: true,
		KeyUsage:              x509.KeyUsageCertSign | x509.KeyUsageCRLSign,
	}
	issuer, signer := t, key
	if parent != nil {
		issuer, signer = parent.cert, parent.key
		t.MaxPathLenZero = true
		if p.revocation != nil {
			t.CRLDistributionPoints = []string{p.revocation.URL + pathRootCRL}
		}
	}
	return &authority{cert: sign(t, issuer, key.Public(), signer), key: key}
}

// validity is wide towards the past, so that a test whose clock stands still
// at some past day meets valid certificates whenever it runs.
func (p *PKI) validity() (from, until time.Time) {
	now := p.clock().UTC().Truncate(time.Second)
	from = time.Date(2020, time.January, 1, 0, 0, 0, 0, time.UTC)
	if y := now.AddDate(-1, 0, 0); y.Before(from) {
		from = y
	}
	return from, now.AddDate(3, 0, 0)
}

// Roots returns a new pool with the root and, as IGC-Santé servers may omit
// it, the issuing authority.
func (p *PKI) Roots() *x509.CertPool {
	pool := x509.NewCertPool()
	pool.AddCert(p.root.cert)
	pool.AddCert(p.issuing.cert)
	return pool
}

// CAPEM returns the root and the issuing authority in PEM.
func (p *PKI) CAPEM() []byte {
	return append(pemOf(p.root.cert.Raw), pemOf(p.issuing.cert.Raw)...)
}

// Root returns the certificate of the root.
func (p *PKI) Root() *x509.Certificate { return p.root.cert }

// Issuing returns the certificate of the authority that issues the others.
func (p *PKI) Issuing() *x509.Certificate { return p.issuing.cert }

// Server returns a server certificate (offer SERV, usage SSL_SERV) for the
// given DNS names and addresses; none means 127.0.0.1, ::1 and localhost.
func (p *PKI) Server(hosts ...string) tls.Certificate {
	return p.ServerWith(Hosts(hosts...))
}

// ServerWith is [PKI.Server] with options, such as [Expired].
func (p *PKI) ServerWith(opts ...Option) tls.Certificate {
	t := p.template(serverKey(), opts, func(t *template) {
		t.commonName = "localhost"
		t.keyUsage = x509.KeyUsageDigitalSignature | x509.KeyUsageKeyEncipherment
		t.extKeyUsage = []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth, x509.ExtKeyUsageClientAuth}
	})
	return TLSCertificate(p.leaf(t))
}

// MutualTLS returns a new configuration for a server at hosts that requires a
// client certificate of this infrastructure.
func (p *PKI) MutualTLS(hosts ...string) *tls.Config {
	return &tls.Config{
		MinVersion:   tls.VersionTLS12,
		Certificates: []tls.Certificate{p.Server(hosts...)},
		ClientAuth:   tls.RequireAndVerifyClientCert,
		ClientCAs:    p.Roots(),
		Time:         p.clock,
	}
}

func sign(t, issuer *x509.Certificate, public crypto.PublicKey, signer crypto.Signer) *x509.Certificate {
	der, err := x509.CreateCertificate(rand.Reader, t, issuer, public, signer)
	must(err)
	c, err := x509.ParseCertificate(der)
	must(err)
	return c
}

var lastSerial atomic.Int64

// serial numbers are unique in the process; the authorities outlive no process.
func serial() *big.Int {
	return big.NewInt(time.Now().UnixMicro()<<8 | lastSerial.Add(1)&0xff)
}

func pemOf(der []byte) []byte {
	return pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})
}

var (
	oidCommonName   = asn1.ObjectIdentifier{2, 5, 4, 3}
	oidSurname      = asn1.ObjectIdentifier{2, 5, 4, 4}
	oidCountry      = asn1.ObjectIdentifier{2, 5, 4, 6}
	oidState        = asn1.ObjectIdentifier{2, 5, 4, 8}
	oidOrganization = asn1.ObjectIdentifier{2, 5, 4, 10}
	oidUnit         = asn1.ObjectIdentifier{2, 5, 4, 11}
	oidGivenName    = asn1.ObjectIdentifier{2, 5, 4, 42}
)

func rdn(oid asn1.ObjectIdentifier, value string) pkix.RelativeDistinguishedNameSET {
	return pkix.RelativeDistinguishedNameSET{{Type: oid, Value: value}}
}

// name encodes a subject in the given order, which pkix.Name would not keep.
func name(rdns ...pkix.RelativeDistinguishedNameSET) []byte {
	var seq pkix.RDNSequence
	for _, r := range rdns {
		if r[0].Value != "" {
			seq = append(seq, r)
		}
	}
	der, err := asn1.Marshal(seq)
	must(err)
	return der
}
