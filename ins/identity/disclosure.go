package identity

import (
	"slices"

	"github.com/segur-sdk/segur"
)

// Use is what an identity is handed out for.
type Use uint8

// The uses.
const (
	// UseINSi: a search or a verification.
	UseINSi Use = iota + 1
	// UseCDA: a CDA document.
	UseCDA
	// UseDMP: the national record, which knows patients by their INS.
	UseDMP
	// UsePatientMail: the MSSanté mailbox of the patient, whose address is the matricule.
	UsePatientMail
	// UseProfessionalMail: MSSanté between professionals.
	UseProfessionalMail
	// UseHL7v2: IHE PAM and the other HL7 v2 messages.
	UseHL7v2
	// UseFHIR: FHIR resources.
	UseFHIR
	// UseDICOM: images and manifests.
	UseDICOM
	// UsePrint: a printed or displayed document, datamatrix included.
	UsePrint
)

// Disclosure says what may be handed out.
type Disclosure struct {
	// Allowed: the use is possible at all.
	Allowed bool
	// INS: matricule and authority go along, and on paper the datamatrix.
	INS bool
	// Status is the status to propagate: HL7 v2 knows PROV and VALI only.
	Status segur.IdentityStatus
	// Reason cites the rule behind a refusal, or behind an INS that stays.
	Reason string
}

// Disclosure says what may be handed out for a use. An unknown use is refused.
func (i Identity) Disclosure(u Use) Disclosure {
	_, qualified := i.held().QualifiedINS()
	d := Disclosure{Allowed: i.rules != nil, INS: qualified, Status: i.Status()}
	if !qualified {
		d.Reason = "only a qualified identity is handed out with its INS (EXI SI 08, EXI ID 29)"
	}
	switch u {
	case UseCDA, UseProfessionalMail, UseFHIR, UseDICOM, UsePrint:
	case UseHL7v2:
		d.Status = i.PropagatedStatus()
	case UseDMP, UsePatientMail:
		d.Allowed = d.Allowed && qualified
	case UseINSi:
		d.INS, d.Reason = !i.ins.IsZero(), ""
		if i.attributes.Blocking() {
			d.Allowed, d.Reason = false, "INSi is not called for a doubtful or fictitious identity (EXI ID 26, EXI SI 09)"
		}
	default:
		return Disclosure{Reason: "unknown use"}
	}
	return d
}

// PropagatedStatus is the status of HL7 v2 messages (IHE PAM): VALI for a checked identity, PROV for another. Receivers
// deduce a qualified identity from VALI with an INS.
func (i Identity) PropagatedStatus() segur.IdentityStatus {
	return segur.StatusOf(false, i.Status().IsChecked())
}

// Patient is the patient to hand to cda, dmp, dicomweb and mssante: the INS is there only when the identity is
// qualified. The caller adds address and telecoms.
func (i Identity) Patient(localIDs ...segur.Identifier) segur.Patient {
	p := i.held()
	p.INS, _ = p.QualifiedINS()
	p.LocalIDs = slices.Clone(localIDs)
	return p
}

// ForINSi is the patient to hand to ins.Client.Identify: with the INS held, qualified or not, so that the answer is
// compared with it. A doubtful or fictitious identity is refused.
func (i Identity) ForINSi() (segur.Patient, error) {
	var p segur.Problems
	if i.rules == nil {
		p.Add("identity", "is the zero value")
	}
	i.notBlocked(&p)
	if err := p.Err("identity.for-insi"); err != nil {
		return segur.Patient{}, err
	}
	return i.held(), nil
}

func (i Identity) held() segur.Patient {
	return segur.Patient{Traits: i.Traits(), INS: i.ins, Status: i.Status(), Attributes: i.attributes}
}
