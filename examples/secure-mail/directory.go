package main

import (
	"context"
	"fmt"
	"strings"

	"github.com/segur-sdk/segur"
	"github.com/segur-sdk/segur/mssante/annuaire"
	"github.com/segur-sdk/segur/mssante/whitelist"
)

// whiteList fetches the national white list: the mail domains of the trust space.
func (t *tour) whiteList(ctx context.Context) error {
	t.title("the national white list")
	list, err := whitelist.New(t.listConfig) // with a FileStore in a product, so that a restart finds the last good list
	if err != nil {
		return err
	}
	if _, err := list.Refresh(ctx); err != nil { // list.Run does it every day
		return err
	}
	status := list.Status()
	t.line("list", "%d domains, signature verified, not stale: %v", status.Domains, !status.Stale)
	t.guard = list.Guard() // the mail client asks it before sending (Config.AllowDomain)
	for _, domain := range []string{"cabinet-fictif.mssante.fr", whitelist.CitizenDomain, "ancien-operateur.mssante.fr"} {
		t.line(t.guard.Check(domain).String(), "%s", domain)
	}
	return nil
}

// lookUp finds the address of the prescriber.
func (t *tour) lookUp(ctx context.Context) error {
	t.title("the prescriber's address in the health directory")
	client, err := annuaire.New(t.directoryConfig)
	if err != nil {
		return err
	}
	doctor := prescriber()
	byName, err := annuaire.Find(ctx, client, annuaire.Wanted{Family: doctor.FamilyName, Given: doctor.GivenName})
	if err != nil {
		return err
	}
	t.line("by name", "%d people, %d mailboxes: a name identifies nobody", len(byName.People), len(byName.List)+len(byName.Refused))

	// The order has the number of the prescriber.
	found, err := annuaire.Find(ctx, client, annuaire.Wanted{
		Number: doctor.ID, Family: doctor.FamilyName, AllowDomain: t.guard.AllowDomain,
		Dead: func(string) bool { return false }, // a product asks its own list of addresses that bounced
	})
	if err != nil {
		return err
	}
	for _, c := range found.List {
		t.line(fmt.Sprintf("%s, score %d", c.Mailbox.Kind, c.Score), "%s: %s", c.Mailbox.Address, why(c))
	}
	for _, c := range found.Refused {
		t.line("not proposed", "%s: %s", c.Mailbox.Address, why(c))
	}
	if len(found.List) == 0 {
		return &segur.Error{Op: "secure-mail", Kind: segur.KindNotFound, Message: "the prescriber has no mailbox that can be written to: send paper"}
	}
	t.address = found.List[0].Mailbox.Address // what the user clicks on: among several a person chooses
	t.line("chosen", "%s", t.address)
	return nil
}

// why says the reasons of a candidate.
func why(c annuaire.Candidate) string {
	var reasons []string
	for _, r := range c.Reasons {
		reasons = append(reasons, r.Text.EN)
	}
	return strings.Join(reasons, ", ")
}
