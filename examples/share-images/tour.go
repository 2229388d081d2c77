package main

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/segur-sdk/segur"
	"github.com/segur-sdk/segur/dicomweb/drim"
)

// tour is what the scenes share.
type tour struct {
	*world
	a       *siteA
	b       *siteB
	options options
	stdout  io.Writer
	scenes  int
	traced  int // exchanges of the scenes so far

	exam     *exam
	messages int              // sent by the RIS
	link     drim.ViewerLink  // in the report
	shown    *drim.OpenedExam // what site B saw last
}

// title opens a scene.
func (t *tour) title(text string) {
	t.scenes++
	fmt.Fprintf(t.stdout, "\n%d. %s\n", t.scenes, text)
}

// line writes one fact of a scene.
func (t *tour) line(name, format string, args ...any) {
	fmt.Fprintf(t.stdout, "  %-15s %s\n", name, fmt.Sprintf(format, args...))
}

// keep writes a file of -out; without -out it does nothing.
func (t *tour) keep(name string, b []byte) error {
	if t.options.out == "" {
		return nil
	}
	path := filepath.Join(t.options.out, filepath.FromSlash(name))
	err := os.MkdirAll(filepath.Dir(path), 0o700)
	if err == nil {
		err = os.WriteFile(path, b, 0o600)
	}
	if err != nil {
		return fmt.Errorf("-out: %w", err)
	}
	return nil
}

// exchanges says which files of exchanges/ belong to the scene that ends; the
// first ones are those of the start.
func (t *tour) exchanges() error {
	if t.options.out == "" {
		return nil
	}
	requests, err := filepath.Glob(filepath.Join(t.options.out, "exchanges", "*.request"))
	if err != nil {
		return fmt.Errorf("-out: %w", err)
	}
	if n := len(requests); n > t.traced {
		t.line("exchanges", "%03d to %03d", t.traced+1, n)
		t.traced = n
	}
	return nil
}

// sent is the time of the next message: those of one report are a minute apart.
func (t *tour) sent() (id string, at time.Time) {
	t.messages++
	return fmt.Sprintf("MSG-%04d", t.messages), start().Add(2*time.Hour + time.Duration(t.messages)*time.Minute)
}

// short is an error on one line: what it is, and which rule it broke where.
func short(err error) string {
	var e *segur.Error
	if !errors.As(err, &e) {
		return fmt.Sprint(err)
	}
	return facts(e.Kind, e.Code, e.Message, e.Details)
}

func facts(kind segur.Kind, code, message string, details []segur.Detail) string {
	text := kind.String()
	if code != "" {
		text += " (" + code + ")"
	}
	if message != "" {
		text += ": " + message
	}
	for _, d := range details {
		text += "; " + strings.Join(strings.Fields(d.Code+" "+d.Field+" "+d.Message), " ")
	}
	return text
}

// reason is short without the details.
func reason(err error) string {
	var e *segur.Error
	if !errors.As(err, &e) {
		return fmt.Sprint(err)
	}
	return facts(e.Kind, e.Code, e.Message, nil)
}

// brief is the end of an identifier: enough to tell it from another one here.
func brief[T ~string](id T) string {
	if len(id) < 12 {
		return string(id)
	}
	return "…" + string(id[len(id)-6:])
}

// state is where a study stands at site A.
func state(o drim.StudyOutcome) string {
	if o.Trouble != nil {
		return fmt.Sprintf("%s, %s", o.State, facts(o.Trouble.Kind, o.Trouble.Code, o.Trouble.Message, o.Trouble.Details))
	}
	return o.State.String()
}
