package main

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"time"

	"github.com/segur-sdk/segur"
	"github.com/segur-sdk/segur/ins"
	"github.com/segur-sdk/segur/ins/instest"
)

// vitale searches with a Vitale card, in the mode of a professional's card:
// the reading of both cards stays outside of the SDK, which gets what was read
// and an opaque assertion. An assertion that is too old and a card that is not
// the one selected any more are refused before anything is sent.
func (t *tour) vitale(ctx context.Context) error {
	t.title("A Vitale card, and the card of a professional")
	srv := instest.NewServer(instest.WithProfessionals(), instest.WithPKI(t.server.PKI()))
	defer srv.Close()
	cfg := srv.Config()
	if t.options.out != "" {
		evidence, err := segur.NewEvidenceDir(filepath.Join(t.options.out, "exchanges-vitale"))
		if err != nil {
			return err
		}
		cfg.Evidence = evidence
	}
	client, err := ins.New(cfg)
	if err != nil {
		return err
	}
	twins := instest.DefaultVitale()[1:3]
	selected, other := twins[1].Card, instest.DefaultVitale()[3].Card
	query := srv.VitaleQuery(selected)
	found, err := client.SearchVitale(ctx, query)
	if err != nil {
		return err
	}
	t.line("selected", "the second of two twins, who have the same number of the insured person and the same birth date")
	t.line("outcome", "%s %s, by the assertion of a professional and the one of the card", found.Code, found.Outcome)
	if found.Identity == nil {
		return &segur.Error{Op: "ins.search", Kind: segur.KindNotFound, Message: "the beneficiary of the card is not found"}
	}
	t.line("reference", "%s", typed(found.Identity.Traits))
	t.number(found.Identity.INS)

	before := len(srv.Calls())
	old, swapped := query, query
	old.AssertedAt = time.Now().Add(-25 * time.Minute)
	swapped.Reread = func(context.Context) (ins.VitaleCard, error) { return other, nil }
	for _, q := range []ins.VitaleQuery{old, swapped} {
		_, err := client.SearchVitale(ctx, q)
		var e *segur.Error
		if !errors.As(err, &e) || !errors.Is(err, segur.ErrInvalidInput) {
			return fmt.Errorf("a search that must not leave was not refused as such: %w", err)
		}
		for _, d := range e.Details {
			t.line("refused", "%s: %s", d.Field, d.Message)
		}
	}
	t.line("sent", "%d messages", len(srv.Calls())-before)
	return nil
}
