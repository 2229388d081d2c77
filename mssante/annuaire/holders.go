package annuaire

import (
	"context"
	"slices"
	"strings"

	"github.com/segur-sdk/segur"
)

// Holders says whose an address is: everybody active who publishes it, as a
// person, in a situation or as a structure, each with what it belongs to. It
// has no score. It tells, for one, who wrote a mail. The error is
// [segur.ErrNotFound] when the directory publishes no such mailbox, which is
// not yet a reason to distrust it: boxes of the red list may be left out.
func Holders(ctx context.Context, d Directory, address string) ([]Candidate, error) {
	address = strings.TrimSpace(address)
	if !isAddress(address) {
		return nil, invalid("address", "must be a mail address")
	}
	box := func(list []Mailbox) (Mailbox, bool) { // the service compares the beginning
		i := slices.IndexFunc(list, func(m Mailbox) bool { return strings.EqualFold(m.Address, address) })
		if i < 0 {
			return Mailbox{}, false
		}
		return list[i], true
	}
	var out []Candidate
	for p, err := range d.Practitioners(ctx, PractitionerQuery{Mailbox: address}) {
		if err != nil {
			return nil, err
		}
		if m, ok := box(p.Mailboxes); ok {
			out = append(out, Candidate{Mailbox: m, Practitioner: p})
		}
	}
	var people, structures []string
	of := len(out)
	for r, err := range d.Roles(ctx, RoleQuery{Mailbox: address}) {
		if err != nil {
			return nil, err
		}
		if m, ok := box(r.Mailboxes); ok {
			out = append(out, Candidate{Mailbox: m, Role: r})
			if r.Practitioner != "" {
				people = append(people, r.Practitioner)
			}
			if r.Organization != "" {
				structures = append(structures, r.Organization)
			}
		}
	}
	if err := resolve(ctx, d, out[of:], people, structures); err != nil {
		return nil, err
	}
	for o, err := range d.Organizations(ctx, OrganizationQuery{Mailbox: address}) {
		if err != nil {
			return nil, err
		}
		if m, ok := box(o.Mailboxes); ok {
			out = append(out, Candidate{Mailbox: m, Organization: o})
		}
	}
	if len(out) == 0 {
		return nil, &segur.Error{Op: opSearch, Kind: segur.KindNotFound, Message: "the directory does not publish this mailbox"}
	}
	return out, nil
}

// resolve reads what the situations refer to.
func resolve(ctx context.Context, d Directory, list []Candidate, people, structures []string) error {
	for some := range slices.Chunk(people, batch) {
		for p, err := range d.Practitioners(ctx, PractitionerQuery{References: some}) {
			if err != nil {
				return err
			}
			for i := range list {
				if list[i].Role.Practitioner == string(TypePractitioner)+"/"+p.ID {
					list[i].Practitioner = p
				}
			}
		}
	}
	for some := range slices.Chunk(structures, batch) {
		for o, err := range d.Organizations(ctx, OrganizationQuery{References: some}) {
			if err != nil {
				return err
			}
			for i := range list {
				if list[i].Role.Organization == string(TypeOrganization)+"/"+o.ID {
					list[i].Organization = o
				}
			}
		}
	}
	return nil
}
