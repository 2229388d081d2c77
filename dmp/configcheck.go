package dmp

import (
	"cmp"
	"context"
	"crypto/x509"
	"errors"
	"fmt"
	"regexp"
	"time"

	"github.com/segur-sdk/segur"
	"github.com/segur-sdk/segur/internal/dn"
	"github.com/segur-sdk/segur/internal/nos"
)

// Code systems of the people and structures that an assertion names.
const (
	systemProfession segur.OID = "1.2.250.1.71.1.2.7" // TRE_G15
	systemSpecialty  segur.OID = "1.2.250.1.71.4.2.5" // TRE_R01
	systemSector     segur.OID = "1.2.250.1.71.4.2.4" // TRE_R02
	// systemProducer is TRE_A00: automates, devices, secretariats.
	systemProducer segur.OID = "1.2.250.1.213.1.1.4.6"
	// systemTraining is TRE_G16, systemSection TRE_G05, systemByRole TRE_R291
	// and systemCareRole TRE_R85.
	systemTraining segur.OID = nos.G16Training
	systemSection  segur.OID = nos.G05Section
	systemByRole   segur.OID = nos.R291Other
	systemCareRole segur.OID = nos.Role
	// systemAuthorSpecialty is TRE_A02: profession and specialty in one code.
	systemAuthorSpecialty segur.OID = "1.2.250.1.213.1.1.4.5"
)

// Professions with a rule of their own.
const (
	professionPhysician  = "10"
	professionPharmacist = "21"
	actorAutomaton       = "AUTOMATE"
)

const (
	defaultVIHFVersion      = "3.0"
	defaultAuthnContextDecl = "CONF_EXI_PGSSIS"
	// defaultRepository is the repository that the answers of the record name.
	defaultRepository segur.OID = "1.2.250.1.213.4.1.1.1.2"
)

func (c Config) withDefaults() Config {
	c.ClientConfig = c.ClientConfig.WithDefaults()
	if c.OIDRoot == "" && c.Environment != segur.Production {
		c.OIDRoot = segur.OIDRootUUID
	}
	if c.SourceID == "" {
		c.SourceID = c.OIDRoot
	}
	// Compared with the OU to the character by the service.
	c.Structure.ID = segur.NormalizeStructureID(c.Structure.ID)
	if c.Structure.Sector.System == "" {
		c.Structure.Sector.System = systemSector
	}
	c.identify()
	s := &c.Settings
	if s.VIHFVersion == "" {
		s.VIHFVersion = defaultVIHFVersion
	}
	if s.AuthnContextDecl == "" {
		s.AuthnContextDecl = defaultAuthnContextDecl
	}
	if s.ProcessingCode == "" {
		s.ProcessingCode = "D"
		if c.Environment == segur.Production {
			s.ProcessingCode = "P"
		}
	}
	if s.RepositoryUniqueID == "" {
		s.RepositoryUniqueID = defaultRepository
	}
	s.MaxDocumentBytes = cmp.Or(s.MaxDocumentBytes, defaultMaxDocument)
	s.MaxSubmissionBytes = cmp.Or(s.MaxSubmissionBytes, defaultMaxSubmission)
	s.MajorityAge = cmp.Or(s.MajorityAge, defaultMajority)
	return c
}

// check adds everything that is wrong with c, defaults filled, to p.
func (c *Config) check(p *segur.Problems) {
	c.ClientConfig.Check(p)
	segur.CheckEndpoint(p, "endpoint", c.Endpoint)
	if c.Credentials == nil && c.HTTPClient == nil {
		p.Add("credentials", "are required: the record asks for a client certificate")
	}
	switch c.Mode {
	case Directe, Indirecte, IndirecteRenforcee:
	case "":
		p.Add("mode", "is required: dmp.Indirecte, dmp.IndirecteRenforcee or dmp.Directe")
	default:
		p.Add("mode", "unknown: use dmp.Indirecte, dmp.IndirecteRenforcee or dmp.Directe")
	}
	c.checkStructure(p)
	c.checkUser(p)
	c.checkAuthentication(p)
	c.checkLimits(p)
	p.Require("software.name", c.Software.Name)
	p.Require("software.version", c.Software.Version)
	p.Require("software.approvalNumber", c.Software.ApprovalNumber)
	c.checkOIDs(p)
	c.checkWebHost(p)
	c.checkLifetime(p)
	if c.Signing == nil {
		p.Add("signing", "is required: the certificate of signature of the structure, or of the card in Directe")
		return
	}
	// A source that has the credential at hand gives it whatever the context;
	// one that would have to wait is asked at the first use.
	now, cancel := context.WithCancel(context.Background())
	cancel()
	if cred, err := c.Signing.Credential(now); err == nil && cred != nil {
		p.Merge("signing", c.checkSigner(cred))
		c.checkAssertion(p, cred)
	}
}

func (c *Config) checkStructure(p *segur.Problems) {
	p.Require("structure.id", c.Structure.ID)
	p.Require("structure.name", c.Structure.Name)
	p.Require("structure.sector", c.Structure.Sector.Code)
}

func (c *Config) checkAuthentication(p *segur.Problems) {
	switch c.LocalAuthentication {
	case ByPassword, ByCard, ByProSanteConnect, ByTLSClient, Unattended:
	case "":
		p.Add("localAuthentication", "is required")
		return
	default:
		p.Add("localAuthentication", "unknown")
		return
	}
	switch {
	case c.Mode == Directe && c.LocalAuthentication != ByCard:
		p.Add("localAuthentication", "must be dmp.ByCard with the mode Directe")
	case c.Identity == Automaton && c.Mode == Indirecte && c.LocalAuthentication != Unattended:
		p.Add("localAuthentication", "must be dmp.Unattended for an automatic process: nobody logged in")
	case c.Mode == IndirecteRenforcee && c.LocalAuthentication == Unattended:
		p.Add("localAuthentication", "must name an authenticated user with the mode IndirecteRenforcee (EX_AIR-085)")
	}
}

// maxLifetime is the age that the clocks of two well-kept systems may add to.
const maxLifetime = 5 * time.Minute

func (c *Config) checkLifetime(p *segur.Problems) {
	switch d := c.Settings.AssertionLifetime; {
	case d < 0 || d > maxLifetime:
		p.Addf("settings.assertionLifetime", "must be between 0 and %v", maxLifetime)
	case d > 0 && c.Mode == IndirecteRenforcee:
		p.Add("settings.assertionLifetime", "must be 0 in INDIRECTE_RENFORCEE: each assertion is for one call (EX_AIR-070)")
	case d > 0 && c.AuthenticatedAt == nil && c.LocalAuthentication != Unattended:
		p.Add("settings.assertionLifetime", "needs authenticatedAt: the same assertion says the same instant")
	}
}

// maxRoot leaves room for an arc of 20 digits.
const maxRoot = segur.MaxOIDLength - 21

func (c *Config) checkOIDs(p *segur.Problems) {
	switch {
	case c.OIDRoot == "":
		p.Add("oidRoot", "is required in production: a root that the vendor owns")
	case !c.OIDRoot.Valid() || len(c.OIDRoot) > maxRoot:
		p.Addf("oidRoot", "must be an OID of %d characters at most", maxRoot)
	}
	if c.SourceID != "" && !c.SourceID.Valid() {
		p.Add("sourceID", "must be an OID")
	}
	if !c.Settings.RepositoryUniqueID.Valid() {
		p.Add("settings.repositoryUniqueID", "must be an OID")
	}
}

// checkSigner says why a credential cannot sign for the structure.
func (c *Config) checkSigner(cred segur.Credential) error {
	var p segur.Problems
	chain := cred.Chain()
	if len(chain) == 0 || chain[0] == nil {
		p.Add("", "has no certificate")
		return p.Err("")
	}
	leaf := chain[0]
	switch now := c.Clock(); {
	case now.After(leaf.NotAfter):
		p.Addf("", "the certificate expired on %s", leaf.NotAfter.UTC().Format("2006-01-02"))
	case now.Before(leaf.NotBefore):
		p.Addf("", "the certificate is not valid before %s", leaf.NotBefore.UTC().Format("2006-01-02"))
	}
	const signing = x509.KeyUsageDigitalSignature | x509.KeyUsageContentCommitment
	if leaf.KeyUsage != 0 && leaf.KeyUsage&signing == 0 {
		p.Add("", "the certificate is not for signatures")
	}
	if c.Mode == Directe && !c.ofUser(leaf) {
		p.Add("", "the card is that of another person than user.id")
	}
	// The subject of a card names its holder, not the structure.
	if c.Mode != Directe && !c.AllowLegalEntityCertificate && !c.ofStructure(leaf) {
		p.Add("", "the OU of the certificate is not structure.id (see allowLegalEntityCertificate)")
	}
	return p.Err("")
}

// ofStructure reports whether the OU of the subject is the structure.
func (c *Config) ofStructure(leaf *x509.Certificate) bool {
	subject, err := dn.Decode(leaf.RawSubject)
	return err == nil && subject.BearsStructure(c.Structure.ID)
}

// personalID is the identifier of a health professional, as the common name of
// a card has it: RPPS or ADELI number.
var personalID = regexp.MustCompile(`^(8\d{11}|0[0-9A-Z]{9})$`)

// ofUser reports whether a card may be that of the user. The name of a card
// that bears no national identifier says nothing.
func (c *Config) ofUser(leaf *x509.Certificate) bool {
	holder := leaf.Subject.CommonName
	return !personalID.MatchString(holder) || holder == c.User.ID
}

// signer asks for the credential that signs now, and checks it again: it may
// have been renewed.
func (c *Config) signer(ctx context.Context, op string) (segur.Credential, error) {
	cred, err := c.Signing.Credential(ctx)
	if err != nil {
		kind := segur.KindOf(err)
		if kind == segur.KindUnknown {
			kind = segur.KindAuthentication
		}
		switch {
		case errors.Is(ctx.Err(), context.DeadlineExceeded):
			kind = segur.KindTimeout
		case ctx.Err() != nil:
			kind = segur.KindCanceled
		}
		return nil, &segur.Error{Op: op, Kind: kind, Message: "no credential to sign with: nothing was sent", Err: err}
	}
	if cred == nil {
		return nil, &segur.Error{Op: op, Kind: segur.KindAuthentication, Message: "no credential to sign with: nothing was sent"}
	}
	if err := c.checkSigner(cred); err != nil {
		var p segur.Problems
		p.Merge("signing", err)
		return nil, &segur.Error{Op: op, Kind: segur.KindAuthentication, Details: p.Details(),
			Message: fmt.Sprintf("the credential cannot sign for the structure: nothing was sent (%d problems)", len(p.Details()))}
	}
	return cred, nil
}
