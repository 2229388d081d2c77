package annuaire

import (
	"context"
	"encoding/json"
	"net/url"
	"slices"
	"strings"

	"github.com/samply/golang-fhir-models/fhir-models/fhir"

	"github.com/segur-sdk/segur"
)

// Practitioner is a professional of the directory.
type Practitioner struct {
	// Professional holds the national identifier ("8" and the RPPS number),
	// the name in practice and the title.
	Professional segur.Professional
	// Mailboxes are the MSSanté boxes of the person and of their active
	// situations, each address once, personal ones first. Situations that do
	// not name this person are left out.
	Mailboxes []Mailbox
	// FHIR is the Practitioner resource, without its meta element.
	FHIR *fhir.Practitioner
	// Raw is the Practitioner resource as it came.
	Raw json.RawMessage
}

// Mailbox is an MSSanté mailbox as the directory publishes it.
type Mailbox struct {
	// Address is the mail address.
	Address string
	// Kind is PER, ORG or APP (TRE_R257); empty when the directory does not say.
	Kind string
	// Description is the label of the box. Optional.
	Description string
	// Organization is the directory reference of the structure of the
	// situation that the box belongs to. Empty for a box of the person.
	Organization string
	// PaperWanted says that the owner still wants paper ("dématérialisation"
	// refused).
	PaperWanted bool
}

// Practitioner returns the professional with this identifier: 11 digits of
// the RPPS, or "8" and the 11 digits. The error is [segur.ErrNotFound] when
// the directory has none that is active.
func (c *Client) Practitioner(ctx context.Context, rpps string) (*Practitioner, error) {
	number := strings.TrimPrefix(rpps, "8")
	if len(rpps) == 11 {
		number = rpps
	}
	if len(number) != 11 || strings.Trim(number, "0123456789") != "" {
		return nil, &segur.Error{Op: opSearch, Kind: segur.KindInvalidInput,
			Details: []segur.Detail{{Field: "rpps", Message: "must be the 11 digits of the RPPS number, or 8 and these"}}}
	}
	var found *Practitioner
	var situations []situation
	err := c.search(ctx, "Practitioner", url.Values{
		"identifier": {number}, "_revinclude": {"PractitionerRole:practitioner"},
	}, func(kind string, raw json.RawMessage) error {
		switch kind {
		case "Practitioner":
			p, err := readPractitioner(raw)
			if err != nil || p == nil {
				return err
			}
			if p.Professional.RPPS() != number {
				return protocol("the directory returned another professional than the one asked for")
			}
			if found != nil {
				return protocol("the directory returned two professionals for one number")
			}
			found = p
		case "PractitionerRole":
			role, err := readRole(raw)
			if err != nil {
				return err
			}
			situations = append(situations, role)
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	if found == nil {
		return nil, &segur.Error{Op: opSearch, Kind: segur.KindNotFound, Message: "no active professional has this number"}
	}
	own := "Practitioner/" + text(found.FHIR.Id)
	for _, role := range situations {
		if role.practitioner != own && !strings.HasSuffix(role.practitioner, "/"+own) {
			continue // a box of somebody else is worse than none
		}
		for _, m := range role.mailboxes {
			if !slices.ContainsFunc(found.Mailboxes, func(o Mailbox) bool { return strings.EqualFold(o.Address, m.Address) }) {
				found.Mailboxes = append(found.Mailboxes, m)
			}
		}
	}
	return found, nil
}

// situation is what a PractitionerRole says.
type situation struct {
	practitioner string // reference
	mailboxes    []Mailbox
}

// readPractitioner returns nil for a record that is not active any more.
func readPractitioner(raw json.RawMessage) (*Practitioner, error) {
	var r fhir.Practitioner
	if err := decode(raw, &r); err != nil {
		return nil, err
	}
	if r.Active != nil && !*r.Active {
		return nil, nil
	}
	p := &Practitioner{FHIR: &r, Raw: raw, Mailboxes: mailboxes(r.Telecom)}
	for _, id := range r.Identifier {
		switch text(id.System) {
		case segur.OIDProfessional.URN():
			p.Professional.ID = text(id.Value)
		case "https://rpps.esante.gouv.fr":
			if p.Professional.ID == "" {
				p.Professional.ID = "8" + text(id.Value)
			}
		}
	}
	if len(r.Name) > 0 {
		n := r.Name[0]
		p.Professional.FamilyName = text(n.Family)
		p.Professional.GivenName = strings.Join(n.Given, " ")
		p.Professional.Title = strings.Join(append(slices.Clone(n.Suffix), n.Prefix...), " ")
		if len(n.Suffix) > 0 {
			p.Professional.Title = n.Suffix[0]
		}
	}
	return p, nil
}

// readRole gives nothing for a situation that is not active any more.
func readRole(raw json.RawMessage) (situation, error) {
	var r fhir.PractitionerRole
	if err := decode(raw, &r); err != nil {
		return situation{}, err
	}
	if r.Active != nil && !*r.Active || r.Practitioner == nil {
		return situation{}, nil
	}
	boxes := mailboxes(r.Telecom)
	if r.Organization != nil {
		for i := range boxes {
			boxes[i].Organization = text(r.Organization.Reference)
		}
	}
	who, _, _ := strings.Cut(text(r.Practitioner.Reference), "/_history/")
	return situation{practitioner: who, mailboxes: boxes}, nil
}

func text(s *string) string {
	if s == nil {
		return ""
	}
	return *s
}
