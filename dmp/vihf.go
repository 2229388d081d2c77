package dmp

import (
	"context"
	"errors"
	"strings"
	"time"

	"github.com/segur-sdk/segur"
	"github.com/segur-sdk/segur/internal/saml"
	"github.com/segur-sdk/segur/internal/xmlsec"
)

// vihf is the content of the assertion of one call (table "Mapping VIHF pour
// le DMP" of the CI-SIS). A call without a patient has no resource-id: TD0.4
// and TD0.5.
func (c *Client) vihf(patient segur.INS) saml.VIHF {
	v := c.cfg.vihf(patient)
	v.Secret, v.Purpose = c.secret, saml.Purpose(c.purpose)
	if c.cfg.Mode == Directe || c.cfg.Settings.EmergencyReasonInAIR {
		v.BreakGlassReason = c.reason
	}
	return v
}

func (c *Config) vihf(patient segur.INS) saml.VIHF {
	v := saml.VIHF{
		Mode: saml.Mode(c.Mode), Version: c.Settings.VIHFVersion,
		Subject: c.User.ID, SubjectName: strings.TrimSpace(c.User.FamilyName + " " + c.User.GivenName),
		Structure: c.Structure.ID, Sector: segur.Code{Code: c.Structure.Sector.Code, System: c.Structure.Sector.System},
		Roles: c.roles(), Patient: patient, ReasonAttribute: c.Settings.EmergencyReasonAttribute,
		LocalAuthentication: saml.LocalAuthentication(c.LocalAuthentication),
		Software: saml.Software{Name: c.Software.Name, Version: c.Software.Version,
			Approval: c.Software.ApprovalNumber, Installation: c.Software.InstallationID},
	}
	switch {
	case c.AuthenticatedAt != nil:
		v.AuthenticatedAt = c.AuthenticatedAt()
	case c.LocalAuthentication != Unattended: // then it is the instant of the assertion
		v.AuthenticatedAt = c.Clock()
	}
	if c.Mode == IndirecteRenforcee {
		v.Declaration = c.Settings.AuthnContextDecl
	}
	if c.Identity == Automaton {
		// Nobody is there: the software is named, the responsible person identified.
		v.SubjectName = c.Software.Name + " " + c.Software.Version
	}
	return v
}

func (c *Config) samlSigner() (*saml.Signer, error) {
	cfg := saml.Config{
		Credentials: c.Signing, AllowLegalEntityCertificate: c.AllowLegalEntityCertificate,
		CacheTTL: c.Settings.AssertionLifetime, Clock: c.Clock, IDs: c.IDs, Random: c.Random,
	}
	if c.Settings.AssertionSHA1 {
		cfg.Algorithms = xmlsec.SHA1Algorithms()
	}
	return saml.New(cfg)
}

// checkAssertion makes an assertion up to its signature, so that what a call
// would refuse is told by New.
func (c *Config) checkAssertion(p *segur.Problems, cred segur.Credential) {
	try := *c
	try.IDs = nil                          // the identifiers of the configuration are not consumed
	try.AllowLegalEntityCertificate = true // judged by checkSigner
	try.Settings.AssertionLifetime = 0     // judged by checkLifetime
	signer, err := try.samlSigner()
	if err != nil {
		return
	}
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	// Any identity will do: the assertion is abandoned before it is signed.
	if _, err := signer.VIHFWith(ctx, cred, try.vihf(segur.INS{})); segur.KindOf(err) == segur.KindInvalidInput {
		mergeAssertion(p, err)
	}
}

// assertionFields are the names that [Config] gives to the fields of the VIHF.
var assertionFields = map[string]string{
	"mode": "mode", "version": "settings.vihfVersion", "subject": "user.id", "subjectName": "user.familyName",
	"structure": "structure.id", "sector": "structure.sector", "roles": "otherRoles", "roles[0]": "user.profession",
	"roles[1]": "user.specialty", "roles[2]": "otherRoles[0]", "roles[3]": "otherRoles[1]", "secret": "patient", "declaration": "settings.authnContextDecl", "software.approval": "software.approvalNumber",
}

// mergeAssertion adds the problems of an assertion under the names of Config,
// leaving out fields that have one already.
func mergeAssertion(p *segur.Problems, err error) {
	var e *segur.Error
	if !errors.As(err, &e) {
		return
	}
	seen := map[string]bool{}
	for _, d := range p.Details() {
		seen[d.Field] = true
	}
	for _, d := range e.Details {
		if name, ok := assertionFields[d.Field]; ok {
			d.Field = name
		}
		if !seen[d.Field] {
			p.Add(d.Field, d.Message)
		}
	}
}

// now is the instant of the configuration, in UTC.
func (c *Config) now() time.Time { return c.Clock().UTC() }
