package dmptest

import (
	"slices"

	"github.com/segur-sdk/segur/dmp"
	"github.com/segur-sdk/segur/dmp/xds"
	"github.com/segur-sdk/segur/internal/nos"
	"github.com/segur-sdk/segur/internal/saml"
)

// WithOccupationalPhysicians says which users act as médecin du travail, which
// their assertions do not tell.
func WithOccupationalPhysicians(ids ...string) Option {
	return func(h *Handler) { h.occupational = append(h.occupational, ids...) }
}

// access is a column of the rights matrix.
type access struct {
	mode    dmp.Mode
	profile dmp.Profile
	purpose dmp.Purpose
}

// refusals are what each column refuses (published functional matrices F526 and
// F606), written apart from the table of the client. A column that is not there
// refuses everything.
var refusals = map[access][]dmp.Transaction{
	{dmp.Directe, dmp.OtherProfessional, dmp.Normal}: {dmp.TD03RemoveGP, dmp.TD05, dmp.TD22},
	{dmp.Directe, dmp.OtherProfessional, dmp.Centre15}: {dmp.TD03Add, dmp.TD03Remove, dmp.TD03RemoveGP, dmp.TD16, dmp.TD22,
		dmp.TD33aMask, dmp.TD33aUnmask, dmp.TD33b, dmp.TD33dArchive, dmp.TD33dUnarchive},
	{dmp.Directe, dmp.OtherProfessional, dmp.BrisDeGlace}: {dmp.TD03Add, dmp.TD03Remove, dmp.TD03RemoveGP, dmp.TD05, dmp.TD16, dmp.TD22,
		dmp.TD33aMask, dmp.TD33aUnmask, dmp.TD33b, dmp.TD33dArchive, dmp.TD33dUnarchive},
	{dmp.Directe, dmp.Physician, dmp.Normal}: {dmp.TD03RemoveGP, dmp.TD05, dmp.TD22},
	{dmp.Directe, dmp.Physician, dmp.Centre15}: {dmp.TD03Add, dmp.TD03Remove, dmp.TD03RemoveGP, dmp.TD16, dmp.TD22,
		dmp.TD33aMask, dmp.TD33aUnmask, dmp.TD33b},
	{dmp.Directe, dmp.Physician, dmp.BrisDeGlace}: {dmp.TD03Add, dmp.TD03Remove, dmp.TD03RemoveGP, dmp.TD05, dmp.TD16, dmp.TD22,
		dmp.TD33aMask, dmp.TD33aUnmask, dmp.TD33b},
	{dmp.Directe, dmp.OccupationalPhysician, dmp.Normal}: {dmp.TD03Add, dmp.TD03Remove, dmp.TD03RemoveGP, dmp.TD05, dmp.TD22,
		dmp.TD32, dmp.TD32Masked, dmp.TD32Invisible, dmp.TD32Archived, dmp.TD32Obsolete, dmp.TD32Deleted},
	{dmp.Directe, dmp.DeclaredGP, dmp.Normal}: {dmp.TD05, dmp.TD22},
	{dmp.Directe, dmp.DeclaredGP, dmp.BrisDeGlace}: {dmp.TD03Add, dmp.TD03Remove, dmp.TD03RemoveGP, dmp.TD05, dmp.TD16, dmp.TD22,
		dmp.TD33aMask, dmp.TD33aUnmask, dmp.TD33b},
	{dmp.Directe, dmp.NonProfessional, dmp.Normal}: {dmp.TD03Remove, dmp.TD03RemoveGP, dmp.TD05, dmp.TD16, dmp.TD21, dmp.TD31,
		dmp.TD32, dmp.TD32Masked, dmp.TD32Invisible, dmp.TD32Archived, dmp.TD32Obsolete, dmp.TD32Deleted,
		dmp.TD33aMask, dmp.TD33aUnmask, dmp.TD33b, dmp.TD33dArchive, dmp.TD33dUnarchive},
	{dmp.Indirecte, "", dmp.Normal}: {dmp.TD03Add, dmp.TD03Remove, dmp.TD03RemoveGP, dmp.TD05, dmp.TD09, dmp.TD16, dmp.TD22, dmp.TD31,
		dmp.TD32, dmp.TD32Masked, dmp.TD32Invisible, dmp.TD32Archived, dmp.TD32Obsolete, dmp.TD32Deleted,
		dmp.TD33aMask, dmp.TD33aUnmask, dmp.TD33b, dmp.TD33dArchive, dmp.TD33dUnarchive},
	{dmp.Indirecte, "", dmp.Centre15}: {dmp.TD03Add, dmp.TD03Remove, dmp.TD03RemoveGP, dmp.TD04, dmp.TD09, dmp.TD16, dmp.TD22, dmp.TD31,
		dmp.TD32, dmp.TD32Masked, dmp.TD32Invisible, dmp.TD32Archived, dmp.TD32Obsolete, dmp.TD32Deleted,
		dmp.TD33aMask, dmp.TD33aUnmask, dmp.TD33b, dmp.TD33dArchive, dmp.TD33dUnarchive},
	{dmp.IndirecteRenforcee, dmp.OtherProfessional, dmp.Normal}: {dmp.TD05, dmp.TD21, dmp.TD22},
	{dmp.IndirecteRenforcee, dmp.OtherProfessional, dmp.Centre15}: {dmp.TD03Add, dmp.TD03Remove, dmp.TD16, dmp.TD21, dmp.TD22,
		dmp.TD33aMask, dmp.TD33aUnmask, dmp.TD33b, dmp.TD33dArchive, dmp.TD33dUnarchive},
	{dmp.IndirecteRenforcee, dmp.OtherProfessional, dmp.BrisDeGlace}: {dmp.TD03Add, dmp.TD03Remove, dmp.TD05, dmp.TD16, dmp.TD21, dmp.TD22,
		dmp.TD33aMask, dmp.TD33aUnmask, dmp.TD33b, dmp.TD33dArchive, dmp.TD33dUnarchive},
	{dmp.IndirecteRenforcee, dmp.Physician, dmp.Normal}: {dmp.TD05, dmp.TD21, dmp.TD22},
	{dmp.IndirecteRenforcee, dmp.Physician, dmp.Centre15}: {dmp.TD03Add, dmp.TD03Remove, dmp.TD16, dmp.TD21, dmp.TD22,
		dmp.TD33aMask, dmp.TD33aUnmask, dmp.TD33b},
	{dmp.IndirecteRenforcee, dmp.Physician, dmp.BrisDeGlace}: {dmp.TD03Add, dmp.TD03Remove, dmp.TD05, dmp.TD16, dmp.TD21, dmp.TD22,
		dmp.TD33aMask, dmp.TD33aUnmask, dmp.TD33b},
	{dmp.IndirecteRenforcee, dmp.DeclaredGP, dmp.Normal}: {dmp.TD05, dmp.TD21, dmp.TD22},
	{dmp.IndirecteRenforcee, dmp.DeclaredGP, dmp.BrisDeGlace}: {dmp.TD03Add, dmp.TD03Remove, dmp.TD05, dmp.TD16, dmp.TD21, dmp.TD22,
		dmp.TD33aMask, dmp.TD33aUnmask, dmp.TD33b},
	{dmp.IndirecteRenforcee, dmp.NonProfessional, dmp.Normal}: {dmp.TD03Remove, dmp.TD05, dmp.TD16, dmp.TD21, dmp.TD22, dmp.TD31,
		dmp.TD32, dmp.TD32Masked, dmp.TD32Invisible, dmp.TD32Archived, dmp.TD32Obsolete, dmp.TD32Deleted,
		dmp.TD33aMask, dmp.TD33aUnmask, dmp.TD33b, dmp.TD33dArchive, dmp.TD33dUnarchive},
}

// Refuses reports whether the fake refuses a transaction whatever the patient
// and the documents.
func Refuses(mode dmp.Mode, profile dmp.Profile, purpose dmp.Purpose, t dmp.Transaction) bool {
	if mode == dmp.Indirecte {
		profile = ""
	}
	refused, known := refusals[access{mode, profile, purpose}]
	return !known || slices.Contains(refused, t)
}

// as is the column of the assertion: what its roles say, and what the record
// knows of the user.
func (c *call) as() access {
	out := access{mode: dmp.Mode(c.vihf.Mode), purpose: dmp.Purpose(c.vihf.Purpose), profile: dmp.OtherProfessional}
	role := c.vihf.Roles[0]
	switch {
	case role.System == nos.A00NonProfessional:
		out.profile = dmp.NonProfessional
	case role.Code != "10" || role.System != nos.G15Profession && role.System != nos.G16Training:
	case slices.Contains(c.h.occupational, c.vihf.Subject):
		out.profile = dmp.OccupationalPhysician
	case slices.Contains(c.state.DeclaredGPs, c.vihf.Subject) && out.purpose != dmp.Centre15:
		out.profile = dmp.DeclaredGP
	default:
		out.profile = dmp.Physician
	}
	return out
}

// withoutPatient are the transactions that name no patient.
func withoutPatient(t dmp.Transaction) bool { return t == dmp.TD04 || t == dmp.TD05 }

// refuses applies to a transaction what does not depend on the documents: the
// patient that the assertion names, or does not, and the rights matrix.
func (c *call) refuses(t dmp.Transaction) *refusal {
	c.Transaction = t
	switch {
	case withoutPatient(t) && !c.vihf.Patient.IsZero():
		return sender("DMPInvalidVihf", "Le VIHF nomme un patient, que la transaction "+string(t)+" n'a pas")
	case !withoutPatient(t) && c.vihf.Patient.IsZero():
		return sender("DMPInvalidVihf", "Le VIHF ne nomme pas de patient")
	}
	if a := c.as(); Refuses(a.mode, a.profile, a.purpose, t) {
		return sender("DMPAccessDeniedByRightsService", "Accès refusé par le service des droits : "+string(t))
	}
	return nil
}

// refusesFor adds to refuses what depends on the document.
func (c *call) refusesFor(t dmp.Transaction, e *xds.DocumentEntry) *refusal {
	if f := c.refuses(t); f != nil {
		return f
	}
	if !c.owns(t, e) {
		return sender("DMPAccessDeniedByRightsService", "Accès refusé par le service des droits : "+string(t)+", document d'un autre auteur")
	}
	return nil
}

// owns applies to a document the conditions of a transaction that the matrix
// grants: own documents, documents of the structure, agreement of the patient,
// and what the patient deposited, which is for the declared general
// practitioner.
func (c *call) owns(t dmp.Transaction, e *xds.DocumentEntry) bool {
	a := c.as()
	gp := a.profile == dmp.DeclaredGP
	own := e.SignedBy(c.vihf.Subject)
	switch t {
	case dmp.TD32Masked:
		if a.purpose != dmp.Normal {
			return c.state.MaskedInEmergency
		}
		return gp || own
	case dmp.TD33aUnmask:
		return gp || own
	case dmp.TD33dArchive, dmp.TD33dUnarchive:
		switch {
		case gp:
			return true
		case e.FromPatient():
			return false
		case a.profile == dmp.Physician && (a.mode == dmp.IndirecteRenforcee || a.purpose != dmp.Normal):
			return true
		}
		return own
	case dmp.TD33c:
		switch {
		case e.FromPatient():
			return gp
		case a.mode == dmp.Indirecte || a.profile == dmp.NonProfessional:
			return e.WrittenBy(c.vihf.Structure)
		}
		return own
	}
	return true
}

// feeding is the transaction of a message of ITI-41.
func (c *call) feeding() dmp.Transaction {
	if a := c.as(); a.mode == dmp.Directe && a.profile == dmp.NonProfessional {
		return dmp.TD22
	}
	return dmp.TD21
}

// checkCodes wants roles and sector of the value sets.
func (c *call) checkCodes() *refusal {
	if c.h.unknownCodes {
		return nil
	}
	v := &c.vihf.VIHF
	if _, ok := nos.SubjectRole(v.Roles[0].Code, string(v.Roles[0].System)); !ok {
		return sender("DMPInvalidVihf", "Le premier rôle n'est pas dans JDV_J65")
	}
	for _, r := range v.Roles[1:] {
		if _, ok := nos.SubjectQualification(v.Roles[0].Code, r.Code, string(r.System)); !ok {
			return sender("DMPInvalidVihf", "Un rôle n'est pas dans JDV_J65")
		}
	}
	if !nos.FacilityType.Has(v.Sector.Code, string(v.Sector.System)) {
		return sender("DMPInvalidVihf", "Le secteur d'activité n'est pas dans JDV_J61")
	}
	return nil
}

// checkHolder wants, in DIRECTE, the holder of the card for the user.
func (c *call) checkHolder() *refusal {
	if c.vihf.Mode != saml.Direct {
		return nil
	}
	if c.r.TLS.PeerCertificates[0].Subject.CommonName != c.vihf.Subject ||
		c.vihf.Certificate != nil && c.vihf.Certificate.Subject.CommonName != c.vihf.Subject {
		return sender("DMPInvalidVihf", "L'utilisateur du VIHF n'est pas le porteur de la carte")
	}
	return nil
}
