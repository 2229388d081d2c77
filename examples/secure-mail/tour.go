package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"iter"
	"os"
	"path/filepath"

	"github.com/segur-sdk/segur"
	"github.com/segur-sdk/segur/mssante"
	"github.com/segur-sdk/segur/mssante/whitelist"
	"github.com/segur-sdk/segur/psc"
)

// tour is what the scenes share.
type tour struct {
	*world
	options options
	stdout  io.Writer
	scenes  int

	session *psc.Session
	user    segur.Professional // who logged in
	guard   whitelist.Guard
	address string // of the prescriber, out of the directory

	centre   *mssante.Client
	practice *practice
	report   mssante.Document
	sendings []*sending
	traces   traces

	reports int // that came
	// next gives the mails that come to the radiologist's mailbox.
	next func() (*mssante.Incoming, error, bool)
}

// showScenes starts the fakes and plays the scenes in order.
func showScenes(ctx context.Context, o options, stdout io.Writer) error {
	w, err := newWorld()
	if err != nil {
		return err
	}
	defer w.close()
	t := &tour{world: w, options: o, stdout: stdout}
	if o.out != "" {
		evidence, err := segur.NewEvidenceDir(filepath.Join(o.out, "exchanges"))
		if err != nil {
			return err
		}
		for _, c := range w.configs() {
			c.Evidence = evidence
		}
	}
	if o.adjust != nil {
		o.adjust(w)
	}
	fmt.Fprintln(stdout, "MSSanté on the fakes of the SDK: fictional persons, throwaway certificates, nothing leaves the machine")
	if err := t.login(ctx); err != nil {
		return err
	}
	// The prescriber's software watches its mailbox all along.
	if t.practice, err = openPractice(w.practiceConfig, t.traces.add); err != nil {
		return err
	}
	stop := t.practice.start(ctx)
	defer stop()
	next, leave := iter.Pull2(t.centre.Watch(ctx, mssante.Filter{Unprocessed: true, MarkProcessed: true}))
	defer leave()
	t.next = next
	for _, scene := range []func(context.Context) error{
		t.whiteList, t.lookUp, t.send, t.arrive, t.followUp, t.failures, t.refused, t.resend, t.logout,
	} {
		if err := scene(ctx); err != nil {
			return err
		}
	}
	return t.end()
}

// end writes what -out keeps of the whole.
func (t *tour) end() error {
	if t.options.out == "" {
		return nil
	}
	deliveries := map[string]*mssante.Delivery{}
	for _, s := range t.sendings {
		deliveries[s.name] = s.delivery
	}
	b, err := json.MarshalIndent(deliveries, "", "  ") // plain data: store it, and go on tomorrow
	if err == nil {
		err = t.keepBytes("deliveries.json", append(b, '\n'))
	}
	if err == nil {
		err = t.keepBytes("traces.csv", t.traces.csv())
	}
	if err == nil {
		fmt.Fprintf(t.stdout, "\nthe mails and the traces are in %s, with the exact exchanges in exchanges/: it holds patient data\n", t.options.out)
	}
	return err
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

// keep writes a file of -out; without -out it does nothing.
func (t *tour) keep(name string, c segur.Content) error {
	if t.options.out == "" {
		return nil
	}
	r, err := c.Open()
	if err != nil {
		return err
	}
	b, err := io.ReadAll(r)
	if err := errors.Join(err, r.Close()); err != nil {
		return err
	}
	return t.keepBytes(name, b)
}

func (t *tour) keepBytes(name string, b []byte) error {
	if t.options.out == "" {
		return nil
	}
	if err := os.WriteFile(filepath.Join(t.options.out, name), b, 0o600); err != nil {
		return fmt.Errorf("-out: %w", err)
	}
	return nil
}

// short is an error on one line, and what its details say.
func short(err error) string {
	var e *segur.Error
	if !errors.As(err, &e) {
		return fmt.Sprint(err)
	}
	text := e.Kind.String()
	if e.Code != "" {
		text += " " + e.Code
	}
	if e.Message != "" {
		text += ": " + e.Message
	}
	for _, d := range e.Details {
		text += fmt.Sprintf("; %s %s", d.Field, d.Message)
	}
	return text
}
