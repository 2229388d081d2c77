package dmp

import (
	"context"
	"fmt"
	"log/slog"
	"strconv"
	"strings"

	"github.com/segur-sdk/segur"
	"github.com/segur-sdk/segur/internal/xmlr"
	"github.com/segur-sdk/segur/internal/xmlw"
)

const (
	opSearchPatient = "dmp.searchPatient"

	servicePatientsPDQ = "/patientsPDQ"
	actionSearch       = nsHL7 + ":" + interactionSearch
)

// PatientQuery is what a regulation centre knows of a patient (TD0.5, IHE
// PDQV3). Which criteria the service takes besides the name is not public.
// Its printed forms are redacted.
type PatientQuery struct {
	// FamilyName is required.
	FamilyName string
	// GivenName, BirthDate, Sex, PostalCode and City narrow the search.
	GivenName        string
	BirthDate        segur.Date
	Sex              segur.Sex
	PostalCode, City string
}

// String returns a redacted form.
func (q PatientQuery) String() string { return "dmp.PatientQuery{…}" }

// Format writes the redacted form whatever the verb.
func (q PatientQuery) Format(f fmt.State, _ rune) { _, _ = f.Write([]byte(q.String())) }

// LogValue makes slog write the redacted form.
func (q PatientQuery) LogValue() slog.Value { return slog.StringValue(q.String()) }

func (q *PatientQuery) check(p *segur.Problems) {
	p.Require("familyName", strings.TrimSpace(q.FamilyName))
	if !q.BirthDate.IsZero() && !q.BirthDate.Valid() {
		p.Add("birthDate", "does not exist")
	}
	switch q.Sex {
	case "", segur.Female, segur.Male:
	default:
		p.Add("sex", "must be F or M, or left out")
	}
}

// parameters writes the criteria, in the order of PRPA_MT201306UV02.
func (q *PatientQuery) parameters(w *xmlw.Writer) {
	criterion := func(name, semantics string, value func()) {
		w.Start(name)
		value()
		w.Elem("semanticsText", semantics)
		w.End()
	}
	if q.Sex != "" {
		criterion("livingSubjectAdministrativeGender", "LivingSubject.administrativeGender", func() {
			w.Elem("value", "", "code", string(q.Sex), "codeSystem", "2.16.840.1.113883.5.1")
		})
	}
	if !q.BirthDate.IsZero() {
		criterion("livingSubjectBirthTime", "LivingSubject.birthTime", func() { w.Elem("value", "", "value", q.BirthDate.Compact()) })
	}
	criterion("livingSubjectName", "LivingSubject.name", func() {
		w.Start("value")
		w.Elem("family", strings.TrimSpace(q.FamilyName))
		w.ElemOpt("given", strings.TrimSpace(q.GivenName))
		w.End()
	})
	if q.PostalCode+q.City != "" {
		criterion("patientAddress", "Patient.addr", func() {
			w.Start("value")
			w.ElemOpt("city", q.City)
			w.ElemOpt("postalCode", q.PostalCode)
			w.End()
		})
	}
}

// PatientMatches is the answer to a search. Its printed forms are redacted.
type PatientMatches struct {
	// Candidates are the patients, in the order of the service.
	Candidates []PatientCandidate
	// Total is how many answer the search, Remaining how many were left out of
	// the answer. nil: not said.
	Total, Remaining *int
}

// String returns a redacted form.
func (m PatientMatches) String() string {
	return fmt.Sprintf("dmp.PatientMatches{%d candidates}", len(m.Candidates))
}

// Format writes the redacted form whatever the verb.
func (m PatientMatches) Format(f fmt.State, _ rune) { _, _ = f.Write([]byte(m.String())) }

// LogValue makes slog write the redacted form.
func (m PatientMatches) LogValue() slog.Value { return slog.StringValue(m.String()) }

// PatientCandidate is one patient who may be the one sought: a person decides.
// Its printed forms are redacted.
type PatientCandidate struct {
	// INS are the numbers of the patient, OtherIDs what is no INS (INS-C).
	INS      []segur.INS
	OtherIDs []segur.Identifier
	// State is the state of the record; empty when it is not said.
	State RecordState
	// Traits is the identity that the record holds, Civility the title.
	Traits   segur.Traits
	Civility string
	// Address and Telecoms are the contact.
	Address  segur.Address
	Telecoms []segur.Telecom
	// Score is the degree of match, 0 to 100; nil when it is not said.
	Score *int
	// OpposesRegulation: the patient opposes the access of regulation centres.
	// nil: not said.
	OpposesRegulation *bool
	// Observations is all that the record observes.
	Observations []Observation
}

// String returns a redacted form.
func (p PatientCandidate) String() string { return "dmp.PatientCandidate{…}" }

// Format writes the redacted form whatever the verb.
func (p PatientCandidate) Format(f fmt.State, _ rune) { _, _ = f.Write([]byte(p.String())) }

// LogValue makes slog write the redacted form.
func (p PatientCandidate) LogValue() slog.Value { return slog.StringValue(p.String()) }

// SearchPatient finds patients without their INS (TD0.5). It is reserved to
// regulation centres: see [Client.Regulation].
func (c *Client) SearchPatient(ctx context.Context, q PatientQuery) (*PatientMatches, error) {
	if err := c.allowed(opSearchPatient, TD05); err != nil {
		return nil, err
	}
	var p segur.Problems
	q.check(&p)
	c.checkNoPatient(&p)
	if err := p.Err(opSearchPatient); err != nil {
		return nil, err
	}
	f := c.failure(opSearchPatient, segur.INS{})
	f.private = append(f.private, privateTexts(q.FamilyName, q.GivenName, q.City)...)
	m := hl7Request{interaction: interactionSearch, parameters: q.parameters, act: func(w *xmlw.Writer) {
		w.Elem("code", "", "code", "PRPA_TE201305UV02", "codeSystem", string(systemInteraction))
	}}
	body, err := m.encode(&c.cfg)
	if err != nil {
		return nil, f.typed(err)
	}
	var out *PatientMatches
	err = c.exchange(ctx, &f, segur.INS{}, request{op: opSearchPatient, service: servicePatientsPDQ, action: actionSearch, body: body, repeatSafe: true},
		func(payload *xmlr.Node) error {
			f.keepNames(payload)
			a, err := m.readHL7(payload, interactionMatches)
			if err != nil {
				return err
			}
			out, err = matches(a)
			return err
		})
	return out, err
}

func matches(a *hl7Answer) (*PatientMatches, error) {
	list := a.subjects()
	if a.found != (len(list) > 0) {
		return nil, protocol("the answer contradicts itself on whether there are patients")
	}
	ack := a.act.Child(nsHL7, "queryAck")
	out := &PatientMatches{Total: count(ack, "resultTotalQuantity"), Remaining: count(ack, "resultRemainingQuantity")}
	for _, n := range list {
		out.Candidates = append(out.Candidates, candidate(n))
	}
	return out, nil
}

func count(n *xmlr.Node, name string) *int {
	v, err := strconv.Atoi(strings.TrimSpace(n.Child(nsHL7, name).Attr("value")))
	if err != nil || v < 0 {
		return nil
	}
	return &v
}

func candidate(n *xmlr.Node) PatientCandidate {
	out := PatientCandidate{State: RecordState(strings.TrimSpace(n.Child(nsHL7, "statusCode").Attr("code"))), Observations: observations(n)}
	out.INS, out.OtherIDs = identifiers(patientIDs(n))
	p := n.Child(nsHL7, "patientPerson")
	out.Traits, out.Civility, _ = person(p)
	out.Address, out.Telecoms = contact(n, p)
	out.OpposesRegulation = observed(out.Observations, "OPPOSITION_ACCES_URGENCE")
	for _, o := range out.Observations {
		if v, err := strconv.Atoi(o.Value); o.Code.Code == "POURCENTAGE" && err == nil && v >= 0 && v <= 100 {
			out.Score = &v
		}
	}
	return out
}
