package dmptest

import (
	"maps"
	"slices"
	"time"

	"github.com/segur-sdk/segur"
	"github.com/segur-sdk/segur/dmp"
	"github.com/segur-sdk/segur/internal/saml"
)

// Record is the state of the record of a patient. Its zero value is an open
// record that everybody may consult.
type Record struct {
	// Closed: nothing can be added nor read.
	Closed bool
	// Closing is what the record says of it.
	Closing Closing
	// Unauthorized: the patient has authorised nobody to consult but those of
	// Authorizations; publishing needs no authorisation.
	Unauthorized bool
	// Authorizations are those of each professional, by IdNat_PS, and of each
	// structure, by IdNat_Struct: who has no profession is authorised by the
	// structure. TD0.3 changes them.
	Authorizations map[string]Authorization
	// DeclaredGPs are the professionals who are the declared general
	// practitioner ("médecin traitant") of the patient.
	DeclaredGPs []string

	// Traits, Civility, Address, Telecoms and Deceased are the identity and the
	// administrative data that the record holds.
	Traits   segur.Traits
	Civility string
	Address  segur.Address
	Telecoms []segur.Telecom
	Deceased bool
	// Representatives are the legal representatives.
	Representatives []Representative
	// FormerINS are other numbers that the record is known by.
	FormerINS []segur.INS

	// WebAccount and AttachedToENS are what TD0.2 tells.
	WebAccount, AttachedToENS bool
	// OpposesBreakGlass and OpposesRegulation are the oppositions of the
	// patient to the accesses bris_de_glace and centre_15.
	OpposesBreakGlass, OpposesRegulation bool
	// MaskedInEmergency: the patient agreed that masked documents are read in
	// those accesses.
	MaskedInEmergency bool

	// LastAccess, LastUpdate and LastAdd are what TD0.4 tells. Publishing sets
	// LastAdd and LastUpdate.
	LastAccess, LastUpdate, LastAdd time.Time
}

// Closing is the end of a record.
type Closing struct {
	At     time.Time
	Code   string // system 1.2.250.1.213.4.1.2.4; empty: FERMETURE_DEMANDE_PATIENT
	Reason string
	// Observation puts the data in subjectOf instead of reasonOf: where the
	// service puts them is not public.
	Observation bool
}

// Authorization is what a patient decided for a professional or a structure.
type Authorization struct {
	// Status is the code that TD0.2 gives. [Valid] lets consult, [Blocked]
	// refuses everything but publishing; any other code lets nothing.
	Status string
	// FamilyName, GivenName and Specialties are what TD1.6 tells.
	FamilyName, GivenName string
	Specialties           []segur.Code
	// Since and LastAction date the authorisation.
	Since, LastAction time.Time
}

// Statuses of an authorisation. VALIDE is known; the codes of the others are
// not public, and those of the fake are its own.
const (
	Valid   = "VALIDE"
	Expired = "EXPIREE"
	Blocked = "INTERDITE"
	None    = "INEXISTANTE"
)

// Representative is a legal representative.
type Representative struct {
	FamilyName, GivenName string
	// Relation is a code of HL7 RoleCode, such as "FTH" or "MTH".
	Relation string
	Telecoms []segur.Telecom
}

func (r Record) clone() Record {
	r.Authorizations = maps.Clone(r.Authorizations)
	r.DeclaredGPs, r.Telecoms = slices.Clone(r.DeclaredGPs), slices.Clone(r.Telecoms)
	r.Representatives, r.FormerINS = slices.Clone(r.Representatives), slices.Clone(r.FormerINS)
	return r
}

// status is the authorisation of a professional or a structure.
func (r *Record) status(holder string) string {
	if a, ok := r.Authorizations[holder]; ok {
		return a.Status
	}
	if r.Unauthorized {
		return None
	}
	return Valid
}

// SetPatient opens a record, or changes the state of one.
func (h *Handler) SetPatient(ins segur.INS, r Record) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.patients[ins] = r.clone()
}

// Record returns the state of the record of a patient, and whether there is one.
func (h *Handler) Record(ins segur.INS) (Record, bool) {
	h.mu.Lock()
	defer h.mu.Unlock()
	r, ok := h.patients[ins]
	return r.clone(), ok
}

// update changes the state of a record that exists. h.mu must not be held.
func (h *Handler) update(ins segur.INS, change func(*Record)) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.updateLocked(ins, change)
}

// updateLocked is update with h.mu held.
func (h *Handler) updateLocked(ins segur.INS, change func(*Record)) {
	if r, ok := h.patients[ins]; ok {
		r = r.clone()
		change(&r)
		h.patients[ins] = r
	}
}

// record returns the state of the record of the patient of the assertion.
func (c *call) record() (Record, bool) { return c.h.Record(c.vihf.Patient) }

// holder is whom an authorisation is given to: the professional, or the
// structure in INDIRECTE and for who is no professional.
func (c *call) holder() string {
	if c.professional() {
		return c.vihf.Subject
	}
	return c.vihf.Structure
}

// professional reports whether the record sees a professional, not the
// structure.
func (c *call) professional() bool {
	return c.vihf.Mode != saml.Indirect && c.as().profile != dmp.NonProfessional
}

// declaredGP reports whether the user is the declared general practitioner.
func (c *call) declaredGP() bool {
	r, _ := c.record()
	return slices.Contains(r.DeclaredGPs, c.vihf.Subject)
}

// blocked reports whether the patient blocked the user.
func (c *call) blocked() bool {
	r, known := c.record()
	return known && (r.status(c.vihf.Subject) == Blocked || r.status(c.holder()) == Blocked)
}

// mayConsult applies the patient's decisions to a consultation; nil lets it
// through. A patient without a record is left to the transaction.
func (c *call) mayConsult() *refusal {
	r, known := c.record()
	refuse := func(reason string) *refusal { return sender("DMPAccessDeniedByRightsService", reason) }
	switch {
	case !known:
		return nil
	case c.blocked():
		return refuse("Le patient a bloqué l'accès de ce professionnel à son dossier")
	case c.vihf.Purpose == saml.BreakGlass && r.OpposesBreakGlass:
		return refuse("Le patient s'oppose à l'accès en bris de glace")
	case c.vihf.Purpose == saml.Regulation && r.OpposesRegulation:
		return refuse("Le patient s'oppose à l'accès par un centre de régulation")
	case c.vihf.Purpose == saml.BreakGlass || c.vihf.Purpose == saml.Regulation:
		return nil // authorisations are not tested
	case r.status(c.holder()) != Valid:
		return refuse("Le patient n'a pas autorisé l'accès à son dossier")
	}
	return nil
}
