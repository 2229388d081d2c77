package dmp

import (
	"context"
	"errors"
	"strings"
	"time"

	"github.com/segur-sdk/segur"
	"github.com/segur-sdk/segur/dmp/xds"
	"github.com/segur-sdk/segur/internal/saml"
	"github.com/segur-sdk/segur/internal/xmlsec"
)

// vihf is the content of the assertion of one call (table "Mapping VIHF pour
// le DMP" of the CI-SIS).
func (c *Config) vihf(patient segur.INS) saml.VIHF {
	v := saml.VIHF{
		Mode: saml.Mode(c.Mode), Version: c.Settings.VIHFVersion,
		Subject: c.User.ID, SubjectName: strings.TrimSpace(c.User.FamilyName + " " + c.User.GivenName),
		Structure: c.Structure.ID, Sector: segur.Code{Code: c.Structure.Sector.Code, System: c.Structure.Sector.System},
		Roles: c.roles(), Patient: patient,
		LocalAuthentication: saml.LocalAuthentication(c.LocalAuthentication), AuthenticatedAt: c.AuthenticatedAt(),
		Software: saml.Software{Name: c.Software.Name, Version: c.Software.Version,
			Approval: c.Software.ApprovalNumber, Installation: c.Software.InstallationID},
	}
	if c.Mode == IndirecteRenforcee {
		v.Declaration = c.Settings.AuthnContextDecl
	}
	if c.LocalAuthentication == Unattended {
		// Nobody is there: the software is named, the responsible person identified.
		v.SubjectName = c.Software.Name + " " + c.Software.Version
	}
	return v
}

// professionNames are the labels of TRE_G15 that imaging meets; receivers read
// the code.
var professionNames = map[string]string{
	professionPhysician: "Médecin", professionPharmacist: "Pharmacien", "40": "Chirurgien-dentiste", "50": "Sage-femme",
	"60": "Infirmier", "98": "Manipulateur ERM",
}

// roles are the profession, then the specialty. A physician's specialty comes
// as a code of TRE_A02 ("G15_10/SM44") and leaves as one of TRE_R01 ("SM44").
func (c *Config) roles() []segur.Code {
	first := c.User.Profession
	first.SystemName = ""
	if first.Display == "" && first.System == systemProfession {
		first.Display = professionNames[first.Code]
	}
	if first.Display == "" {
		first.Display = first.Code
	}
	out := []segur.Code{first}
	s := c.User.Specialty
	if s.IsZero() || first.System != systemProfession {
		return out
	}
	s.SystemName = ""
	if s.System == "" || s.System == systemAuthorSpecialty {
		prefix, code, ok := strings.Cut(s.Code, "/")
		if !ok || prefix != "G15_"+professionPhysician {
			return out
		}
		label := xds.NewAuthor(c.User).Specialties[0].Display
		_, label, _ = strings.Cut(label, " - ")
		s = segur.Code{Code: code, System: systemSpecialty, Display: label}
	}
	if s.Display == "" {
		s.Display = s.Code
	}
	return append(out, s)
}

func (c *Config) samlSigner(cred segur.Credential) (*saml.Signer, error) {
	cfg := saml.Config{
		Credentials: segur.StaticCredential(cred), AllowLegalEntityCertificate: c.AllowLegalEntityCertificate,
		Clock: c.Clock, IDs: c.IDs, Random: c.Random,
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
	signer, err := try.samlSigner(cred)
	if err != nil {
		return
	}
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	// Any identity will do: the assertion is abandoned before it is signed.
	if _, err := signer.VIHF(ctx, try.vihf(segur.INS{})); segur.KindOf(err) == segur.KindInvalidInput {
		mergeAssertion(p, err)
	}
}

// assertionFields are the names that [Config] gives to the fields of the VIHF.
var assertionFields = map[string]string{
	"mode": "mode", "version": "settings.vihfVersion", "subject": "user.id", "subjectName": "user.familyName",
	"structure": "structure.id", "sector": "structure.sector", "roles": "user.profession", "roles[0]": "user.profession",
	"roles[1]": "user.specialty", "declaration": "settings.authnContextDecl", "software.approval": "software.approvalNumber",
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
