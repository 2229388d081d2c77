package main

import (
	"context"
	"fmt"
	"io"
	"os"
	"path/filepath"

	"github.com/segur-sdk/segur"
	"github.com/segur-sdk/segur/ins"
	"github.com/segur-sdk/segur/ins/identity"
	"github.com/segur-sdk/segur/ins/instest"
)

// tour is what the scenes share.
type tour struct {
	options options
	stdout  io.Writer
	server  *instest.Server
	client  *ins.Client

	// patient is the one of the first scenes.
	patient identity.Identity
	scenes  int
}

// showScenes starts the fake and plays the scenes in order.
func showScenes(ctx context.Context, o options, stdout io.Writer) error {
	t := &tour{options: o, stdout: stdout, server: instest.NewServer(o.servers...)}
	defer t.server.Close()
	if o.adjust != nil {
		o.adjust(t.server)
	}
	cfg := t.server.Config() // yours: ins.Config{ClientConfig: ..., Software: ...}, see platform.go
	if o.out != "" {
		evidence, err := segur.NewEvidenceDir(filepath.Join(o.out, "exchanges"))
		if err != nil {
			return err
		}
		cfg.Evidence = evidence
	}
	if o.configure != nil {
		o.configure(&cfg)
	}
	var err error
	if t.client, err = ins.New(cfg); err != nil {
		return err
	}
	fmt.Fprintln(stdout, "INSi on the fake of the SDK: fictional persons, throwaway certificates, nothing leaves the machine")
	for _, scene := range []func(context.Context) error{
		t.typed, t.control, t.symbol, t.encodings, t.verify, t.homonyms, t.confirmed, t.vitale, t.refused, t.outage,
	} {
		if err := scene(ctx); err != nil {
			return err
		}
	}
	if o.out != "" {
		fmt.Fprintf(stdout, "\nwhat was made is in %s, with the exact messages in exchanges/\n", o.out)
	}
	return nil
}

// title opens a scene.
func (t *tour) title(text string) {
	t.scenes++
	fmt.Fprintf(t.stdout, "\n%d. %s\n", t.scenes, text)
}

// line writes one fact of a scene.
func (t *tour) line(name, format string, args ...any) {
	fmt.Fprintf(t.stdout, "  %-19s %s\n", name, fmt.Sprintf(format, args...))
}

// trace writes the calls of an identification, then why it stopped.
func (t *tour) trace(found *ins.Identification) {
	for i, a := range found.Attempts {
		place := "without the birth place"
		if a.BirthPlace {
			place = "with the birth place"
		}
		code := a.Code
		if a.Failed != segur.KindUnknown {
			code += " (" + a.Failed.String() + ")"
		}
		t.line(fmt.Sprintf("call %d", i+1), "%s, %s -> %s %s, %d ms", a.GivenName, place, code, a.Outcome, a.Duration.Milliseconds())
		t.line("", "%s", a.MessageID)
	}
	if found.Stop.String() == found.Outcome.String() {
		t.line("outcome", "%s", found.Outcome)
	} else {
		t.line("outcome", "%s, stopped: %s", found.Outcome, found.Stop)
	}
	if hint := found.Explain(segur.EN); hint != "" {
		t.line("hint", "%s", hint)
	}
}

// number writes an INS, masked.
func (t *tour) number(n segur.INS) {
	t.line("number", "%s, authority %s", mask(n.Body(), n.Key()), n.Authority())
}

// keep writes a file of -out; without -out it does nothing.
func (t *tour) keep(name string, b []byte) error {
	if t.options.out == "" {
		return nil
	}
	if err := os.WriteFile(filepath.Join(t.options.out, name), b, 0o600); err != nil {
		return fmt.Errorf("-out: %w", err)
	}
	return nil
}
