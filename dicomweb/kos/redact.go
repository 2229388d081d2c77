package kos

import (
	"fmt"
	"io"
	"log/slog"
)

// Everything below holds data of a patient: its printed forms say how much there
// is and not what.

// String returns a redacted form.
func (m Manifest) String() string {
	return fmt.Sprintf("Manifest(%d series, %d instances, redacted)", len(m.Series), m.Len())
}

// Format writes the redacted form whatever the verb.
func (m Manifest) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, m.String()) }

// LogValue makes slog write the redacted form.
func (m Manifest) LogValue() slog.Value { return slog.StringValue(m.String()) }

// String returns a redacted form.
func (s Study) String() string { return "Study(" + s.UID + ", redacted)" }

// Format writes the redacted form whatever the verb.
func (s Study) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, s.String()) }

// LogValue makes slog write the redacted form.
func (s Study) LogValue() slog.Value { return slog.StringValue(s.String()) }

// String returns a redacted form.
func (a Archive) String() string { return "Archive(redacted)" }

// Format writes the redacted form whatever the verb.
func (a Archive) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, a.String()) }

// LogValue makes slog write the redacted form.
func (a Archive) LogValue() slog.Value { return slog.StringValue(a.String()) }

// String returns a redacted form.
func (r Row) String() string { return "Row(" + r.UID + ", redacted)" }

// Format writes the redacted form whatever the verb.
func (r Row) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, r.String()) }

// LogValue makes slog write the redacted form.
func (r Row) LogValue() slog.Value { return slog.StringValue(r.String()) }

// String returns a redacted form: the identifier and the title of the note.
func (n Note) String() string {
	return fmt.Sprintf("Note(%s, %s, %d references, redacted)", n.UID, n.Title.Code, len(n.References))
}

// Format writes the redacted form whatever the verb.
func (n Note) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, n.String()) }

// LogValue makes slog write the redacted form.
func (n Note) LogValue() slog.Value { return slog.StringValue(n.String()) }

// String returns a redacted form.
func (d Document) String() string {
	return fmt.Sprintf("Document(%s, %d warnings, redacted)", d.Kind, len(d.Warnings))
}

// Format writes the redacted form whatever the verb.
func (d Document) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, d.String()) }

// LogValue makes slog write the redacted form.
func (d Document) LogValue() slog.Value { return slog.StringValue(d.String()) }

// String returns a redacted form.
func (c Context) String() string { return "Context(redacted)" }

// Format writes the redacted form whatever the verb.
func (c Context) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, c.String()) }

// LogValue makes slog write the redacted form.
func (c Context) LogValue() slog.Value { return slog.StringValue(c.String()) }
