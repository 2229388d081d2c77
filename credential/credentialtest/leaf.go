package credentialtest

import (
	"crypto"
	"crypto/rsa"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"io"
	"net"
	"time"

	"github.com/segur-sdk/segur"
)

// The default fictional subjects.
const (
	// DefaultStructureID is the IdNat_Struct of the fictional structure: the
	// type digit 1 and a FINESS number.
	DefaultStructureID = "1990000019"
	// DefaultStructureName is the name of the fictional structure.
	DefaultStructureName = "CENTRE D'IMAGERIE FICTIF"
	// DefaultProfessionalID is the IdNat_PS of the fictional professional.
	DefaultProfessionalID = "899900000015"
)

// Option changes a certificate.
type Option func(*template)

type template struct {
	key                                   crypto.Signer
	commonName, unit, organization, state string
	surname, givenName                    string
	from, until                           time.Time
	keyUsage                              x509.KeyUsage
	extKeyUsage                           []x509.ExtKeyUsage
	hosts, emails                         []string
	crl, ocsp                             []string
	issuer                                *authority
	leafOnly                              bool
	now                                   time.Time
}

// CommonName sets the CN: the name of the software or service. INSi requires
// "INSI-AUTO" or "INSI-MANU".
func CommonName(cn string) Option { return func(t *template) { t.commonName = cn } }

// StructureID sets the OU: the national identifier of the structure with its
// type digit. Empty leaves the OU out.
func StructureID(id string) Option { return func(t *template) { t.unit = id } }

// StructureName sets the O.
func StructureName(name string) Option { return func(t *template) { t.organization = name } }

// Department sets the ST, such as "Rhône (69)".
func Department(st string) Option { return func(t *template) { t.state = st } }

// Person sets the surname and given name of a professional's certificate.
func Person(family, given string) Option {
	return func(t *template) { t.surname, t.givenName = family, given }
}

// Hosts sets the DNS names and addresses of a server certificate; none means
// 127.0.0.1, ::1 and localhost.
func Hosts(hosts ...string) Option { return func(t *template) { t.hosts = hosts } }

// Emails sets the mail addresses of a certificate.
func Emails(addresses ...string) Option { return func(t *template) { t.emails = addresses } }

// RevocationPoints sets where the certificate says that its revocation can be known, instead of the points that
// [WithRevocation] gives: URLs of lists (CRL) and of OCSP responders, none included.
func RevocationPoints(crl, ocsp []string) Option {
	return func(t *template) { t.crl, t.ocsp = crl, ocsp }
}

// ForSignature gives the usage SIGN: digital signature and non-repudiation,
// e-mail protection, no client authentication, and a key of its own.
func ForSignature() Option {
	return func(t *template) {
		t.key = signatureKey()
		t.keyUsage = x509.KeyUsageDigitalSignature | x509.KeyUsageContentCommitment
		t.extKeyUsage = []x509.ExtKeyUsage{x509.ExtKeyUsageEmailProtection}
	}
}

// Usages sets any key usages, wrong ones for instance.
func Usages(ku x509.KeyUsage, eku ...x509.ExtKeyUsage) Option {
	return func(t *template) { t.keyUsage, t.extKeyUsage = ku, eku }
}

// Valid sets the period of validity.
func Valid(from, until time.Time) Option {
	return func(t *template) { t.from, t.until = from, until }
}

// Expired makes a certificate that ended a day ago.
func Expired() Option { return ExpiresIn(-24 * time.Hour) }

// ExpiresIn makes a certificate of three years that ends after d.
func ExpiresIn(d time.Duration) Option {
	return func(t *template) { t.until = t.now.Add(d); t.from = t.until.AddDate(-3, 0, 0) }
}

// NotYetValid makes a certificate that begins tomorrow.
func NotYetValid() Option {
	return func(t *template) { t.from = t.now.Add(24 * time.Hour); t.until = t.from.AddDate(3, 0, 0) }
}

// LeafOnly leaves the issuing authority out of the chain, as some servers do.
func LeafOnly() Option { return func(t *template) { t.leafOnly = true } }

// Key uses the given key instead of the shared one of the role.
func Key(k crypto.Signer) Option { return func(t *template) { t.key = k } }

// Organization returns a software certificate of a structure (offer ORG). By
// default its usage is AUTH_CLI (client authentication) and its subject
// "C=FR, ST=Rhône (69), O=CENTRE D'IMAGERIE FICTIF, OU=1990000019, CN=RIS FICTIF".
func (p *PKI) Organization(opts ...Option) segur.Credential {
	return p.leaf(p.template(structureKey(), opts, func(t *template) {
		t.commonName = "RIS FICTIF"
		t.keyUsage = x509.KeyUsageDigitalSignature
		t.extKeyUsage = []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth}
	}))
}

// Signature is Organization with [ForSignature] and the CN "SIGNATURE FICTIVE".
func (p *PKI) Signature(opts ...Option) segur.Credential {
	return p.Organization(append([]Option{ForSignature(), CommonName("SIGNATURE FICTIVE")}, opts...)...)
}

// Professional returns a certificate of a health professional, as on a CPS
// card: identifier, surname and given name in one multi-valued RDN. It serves
// client authentication; with [ForSignature], signature.
func (p *PKI) Professional(opts ...Option) segur.Credential {
	t := p.template(personKey(), opts, func(t *template) {
		t.commonName, t.unit, t.organization, t.state = DefaultProfessionalID, "Médecin", "FICTIF", ""
		t.surname, t.givenName = "RADIOLOGUE", "CLAUDE"
		t.keyUsage = x509.KeyUsageDigitalSignature
		t.extKeyUsage = []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth, x509.ExtKeyUsageEmailProtection}
	})
	return p.leaf(t)
}

func (p *PKI) template(key crypto.Signer, opts []Option, defaults func(*template)) *template {
	t := &template{
		key: key, issuer: p.issuing, now: p.clock().UTC().Truncate(time.Second),
		unit: DefaultStructureID, organization: DefaultStructureName, state: "Rhône (69)",
	}
	t.from, t.until = p.validity()
	if p.revocation != nil {
		t.crl = []string{"ldap://annuaire.example/cn=liste", p.revocation.URL + pathIssuingCRL}
		t.ocsp = []string{p.revocation.URL + pathOCSP}
	}
	defaults(t)
	for _, o := range opts {
		o(t)
	}
	return t
}

func (p *PKI) leaf(t *template) *credential {
	last := rdn(oidCommonName, t.commonName)
	if t.surname != "" {
		last = append(last, pkix.AttributeTypeAndValue{Type: oidSurname, Value: t.surname})
	}
	if t.givenName != "" {
		last = append(last, pkix.AttributeTypeAndValue{Type: oidGivenName, Value: t.givenName})
	}
	c := &x509.Certificate{
		SerialNumber: serial(),
		RawSubject: name(rdn(oidCountry, "FR"), rdn(oidState, t.state), rdn(oidOrganization, t.organization),
			rdn(oidUnit, t.unit), last),
		NotBefore: t.from, NotAfter: t.until,
		KeyUsage: t.keyUsage, ExtKeyUsage: t.extKeyUsage,
		BasicConstraintsValid: true,
		PolicyIdentifiers:     []asn1.ObjectIdentifier{{1, 2, 250, 1, 999, 7}},
		EmailAddresses:        t.emails,
		CRLDistributionPoints: t.crl,
		OCSPServer:            t.ocsp,
	}
	for _, h := range t.hostNames() {
		if ip := net.ParseIP(h); ip != nil {
			c.IPAddresses = append(c.IPAddresses, ip)
		} else {
			c.DNSNames = append(c.DNSNames, h)
		}
	}
	out := &credential{Signer: t.key, chain: []*x509.Certificate{sign(c, t.issuer.cert, t.key.Public(), t.issuer.key)}}
	if !t.leafOnly {
		out.chain = append(out.chain, t.issuer.cert)
	}
	return out
}

func (t *template) hostNames() []string {
	server := false
	for _, u := range t.extKeyUsage {
		server = server || u == x509.ExtKeyUsageServerAuth
	}
	if server && len(t.hosts) == 0 {
		return []string{"127.0.0.1", "::1", "localhost"}
	}
	return t.hosts
}

type credential struct {
	crypto.Signer
	chain []*x509.Certificate
}

func (c *credential) Chain() []*x509.Certificate { return c.chain }

// TLSCertificate returns c in the form of crypto/tls.
func TLSCertificate(c segur.Credential) tls.Certificate {
	t := tls.Certificate{PrivateKey: crypto.Signer(c), Leaf: c.Chain()[0]}
	if own, ok := c.(*credential); ok {
		t.PrivateKey = own.Signer
	}
	for _, x := range c.Chain() {
		t.Certificate = append(t.Certificate, x.Raw)
	}
	return t
}

// WithoutPSS returns c with a key that refuses RSA-PSS, as many cards do, and
// that says so through SupportedSignatureAlgorithms.
func WithoutPSS(c segur.Credential) segur.Credential { return noPSS{c} }

type noPSS struct{ segur.Credential }

func (n noPSS) Sign(random io.Reader, digest []byte, opts crypto.SignerOpts) ([]byte, error) {
	if _, pss := opts.(*rsa.PSSOptions); pss {
		return nil, errNoPSS
	}
	return n.Credential.Sign(random, digest, opts)
}

// SupportedSignatureAlgorithms lists the PKCS #1 v1.5 schemes.
func (n noPSS) SupportedSignatureAlgorithms() []tls.SignatureScheme {
	return []tls.SignatureScheme{tls.PKCS1WithSHA256, tls.PKCS1WithSHA384, tls.PKCS1WithSHA512}
}
