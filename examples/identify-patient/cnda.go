package main

import (
	"context"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/segur-sdk/segur"
	"github.com/segur-sdk/segur/credential/credentialtest"
	"github.com/segur-sdk/segur/ins"
	"github.com/segur-sdk/segur/ins/instest"
)

// played is a case with where its answers came from.
type played struct {
	instest.CNDAResult
	// against is "fake", "platform", "fake, file of CNDA".
	against string
	// folder holds the traces, below -out.
	folder string
	// software is what the messages name.
	software ins.Software
}

// verdict is PASS, FAIL or "not played".
func (p played) verdict() string {
	switch {
	case p.Case.NotPlayed != "":
		return "not played"
	case p.Passed():
		return "PASS"
	}
	return "FAIL"
}

// refusedSoftware reports whether the platform refused who calls: every other
// case would only add refusals to its logs.
func (p played) refusedSoftware() bool {
	if p.against != "platform" {
		return false
	}
	switch segur.KindOf(p.Err) {
	case segur.KindAuthentication, segur.KindAuthorization, segur.KindSignature:
		return true
	}
	return false
}

// playCases plays every case that needs no card, one client per case, and
// prints the table.
func playCases(ctx context.Context, o options, stdout io.Writer) error {
	where := "the fake of the SDK: a rehearsal, which proves nothing to CNDA"
	if o.platform.given() {
		where = o.platform.endpoint
	}
	fmt.Fprintf(stdout, "CNDA cases of INSi, run against %s\nidentities: fictitious ones published for the qualification platform\n\n", where)
	pki := credentialtest.NewPKI()
	platform, err := o.platformConfig()
	if err != nil {
		return err
	}
	start, software := time.Now(), ins.Software{}
	var all []played
	failed := 0
	for _, c := range instest.CNDACases() {
		p := played{CNDAResult: instest.CNDAResult{Case: c}}
		if c.NotPlayed == "" {
			if p, err = playCase(ctx, o, platform, pki, c); err != nil {
				return err
			}
			if err := ctx.Err(); err != nil {
				return err
			}
			if p.against == "platform" || software == (ins.Software{}) {
				software = p.software
			}
		}
		if p.verdict() == "FAIL" {
			failed++
		}
		all = append(all, p)
		printCase(stdout, p)
		if p.refusedSoftware() {
			return fmt.Errorf("the platform refuses the software, the other cases are not played: %w", p.Err)
		}
	}
	count := 0
	for _, p := range all {
		if p.verdict() != "not played" {
			count++
		}
	}
	fmt.Fprintf(stdout, "\n%d cases played, %d passed, %d failed, %d not played; run against %s\n", count, count-failed, failed, len(all)-count, where)
	if o.out != "" {
		if err := writeSummary(o.out, heading{where, start, software}, all); err != nil {
			return err
		}
		fmt.Fprintf(stdout, "traces and summary.csv, summary.md are in %s: they hold test identities only\n", o.out)
	}
	if failed > 0 {
		return errFailed
	}
	return nil
}

// platformConfig reads the files of the flags once, and has the client refuse a
// wrong configuration before any case is played.
func (o options) platformConfig() (ins.Config, error) {
	if !o.platform.given() {
		return ins.Config{}, nil
	}
	cfg, err := o.platform.config()
	if err != nil {
		return cfg, err
	}
	if o.configure != nil {
		o.configure(&cfg)
	}
	_, err = ins.New(cfg)
	return cfg, err
}

// playCase plays one case. On the platform too, a case whose answer CNDA
// supplies as a file is played on a server of this machine.
func playCase(ctx context.Context, o options, cfg ins.Config, pki *credentialtest.PKI, c instest.CNDACase) (played, error) {
	p := played{against: "platform"}
	if !o.platform.given() || c.ResponseFile != "" {
		srv := instest.NewServer(append([]instest.Option{instest.WithPKI(pki), instest.WithCNDACase(c)}, o.servers...)...)
		defer srv.Close()
		p.against = "fake"
		if o.responses != "" && c.ResponseFile != "" {
			b, err := os.ReadFile(filepath.Join(o.responses, c.ResponseFile))
			if err != nil {
				return p, unreadable("-responses", err)
			}
			srv.Fail(instest.Fault{ContentType: "application/soap+xml;charset=UTF-8", Body: b, Times: instest.Forever})
			p.against = "fake, file of CNDA"
		}
		if o.adjust != nil {
			o.adjust(srv)
		}
		cfg = srv.Config()
	}
	if o.out != "" {
		p.folder = strings.ReplaceAll(c.Number, " ", "-")
		evidence, err := segur.NewEvidenceDir(filepath.Join(o.out, p.folder))
		if err != nil {
			return p, err
		}
		cfg.Evidence = evidence
	}
	p.CNDAResult, p.software = c.Play(ctx, cfg), cfg.Software
	return p, nil
}

// printCase prints the lines of a case: what was typed, each call, what came
// of it. Numbers are masked.
func printCase(w io.Writer, p played) {
	c := p.Case
	fmt.Fprintf(w, "%-10s %-11s %s\n", p.verdict(), c.Number, c.Title)
	if c.NotPlayed != "" {
		fmt.Fprintf(w, "%23s%s\n", "", c.NotPlayed)
		return
	}
	fmt.Fprintf(w, "%23styped    %s (%d characters replaced before the search)\n", "", typed(c.Typed), len(p.Changes))
	for i, call := range p.Calls {
		want := "nothing"
		if i < len(c.Steps) {
			want = c.Steps[i].Code
		}
		place := ""
		if call.BirthPlace != "" {
			place = " " + call.BirthPlace
		}
		fmt.Fprintf(w, "%23scall %d   %s %s %s %s%s -> %s (expected %s)\n", "", i+1,
			call.BirthName, call.GivenName, call.Sex, call.BirthDate, place, call.Code, want)
	}
	fmt.Fprintf(w, "%23soutcome  %s (expected %s)%s, %s\n", "", p.Outcome(), c.Outcome, returned(p.CNDAResult), p.against)
	for _, problem := range p.Problems {
		fmt.Fprintf(w, "%23s! %s\n", "", problem)
	}
	if len(p.Problems) > 0 && c.Note != "" {
		fmt.Fprintf(w, "%23snote     %s\n", "", c.Note)
	}
}

// returned tells the identity that came back, number masked.
func returned(r instest.CNDAResult) string {
	if r.Identification == nil || r.Identification.Result == nil || r.Identification.Result.Identity == nil {
		return ""
	}
	id := r.Identification.Result.Identity
	return fmt.Sprintf(": %s, authority %s, %d in the history, status %s",
		mask(id.Active.Number(), id.Active.Key()), id.Active.Authority, len(id.History), r.Identification.Patient.Status)
}

// typed writes traits as a user interface shows them.
func typed(t segur.Traits) string {
	given := t.FirstGivenName
	if t.GivenNames != "" {
		given = t.GivenNames
	}
	parts := []string{t.BirthName, given, string(t.Sex), t.BirthDate.ISO()}
	if t.BirthPlace != "" {
		parts = append(parts, t.BirthPlace)
	}
	return strings.Join(parts, " | ")
}

// mask hides what tells one person from another in a number: the order at
// birth. The habit matters, even with fictional persons.
func mask(body, key string) string {
	if len(body) != 13 {
		return "(none)"
	}
	if key != "" {
		key = " (**)"
	}
	return body[:1] + " " + body[1:3] + " " + body[3:5] + " ** *** ***" + key
}
