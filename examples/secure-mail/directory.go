package main

import (
	"cmp"
	"context"
	"slices"
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
	found, err := client.Practitioner(ctx, prescriber().ID)
	if err != nil {
		return err
	}
	candidates := rank(found.Mailboxes, t.guard)
	for _, c := range candidates {
		t.line(string(c.box.Kind), "%s: %s", c.box.Address, strings.Join(c.reasons, ", "))
	}
	if len(candidates) == 0 || !candidates[0].usable {
		return &segur.Error{Op: "secure-mail", Kind: segur.KindNotFound, Message: "the prescriber has no mailbox that can be written to: send paper"}
	}
	t.address = candidates[0].box.Address
	t.line("chosen", "%s", t.address)
	return nil
}

// candidate is a mailbox and why it stands where it does.
type candidate struct {
	box     annuaire.Mailbox
	usable  bool
	score   int
	reasons []string
}

// rank orders the mailboxes of a professional, best first. A document about a
// patient goes to the person who prescribed before anybody else.
func rank(boxes []annuaire.Mailbox, guard whitelist.Guard) []candidate {
	var out []candidate
	for _, box := range boxes {
		c := candidate{box: box, usable: true}
		_, domain, _ := strings.Cut(box.Address, "@")
		switch box.Kind {
		case "PER":
			c.score, c.reasons = 3, append(c.reasons, "personal: the prescriber reads it")
		case "CAB", "ORG":
			c.score, c.reasons = 2, append(c.reasons, "shared: colleagues read it too")
		default:
			c.score, c.reasons = 1, append(c.reasons, "read by software, or of unknown kind")
		}
		if box.Organization != "" {
			c.reasons = append(c.reasons, "in a structure where the prescriber works")
		}
		if box.PaperWanted {
			c.reasons = append(c.reasons, "paper is wanted as well")
		}
		if !guard.AllowDomain(domain) {
			c.usable, c.score = false, 0
			c.reasons = append(c.reasons, "refused: its domain is not in the white list")
		}
		out = append(out, c)
	}
	slices.SortStableFunc(out, func(a, b candidate) int { return cmp.Compare(b.score, a.score) })
	return out
}
