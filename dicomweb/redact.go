package dicomweb

import (
	"fmt"
	"io"
	"log/slog"
)

// What asks for a patient, or holds the values of one, is printed without them.

// String returns a redacted form.
func (e Element) String() string { return "Element(" + e.Tag.String() + ", redacted)" }

// Format writes the redacted form whatever the verb.
func (e Element) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, e.String()) }

// LogValue makes slog write the redacted form.
func (e Element) LogValue() slog.Value { return slog.StringValue(e.String()) }

// String returns a redacted form.
func (m Match) String() string { return "Match(redacted)" }

// Format writes the redacted form whatever the verb.
func (m Match) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, m.String()) }

// LogValue makes slog write the redacted form.
func (m Match) LogValue() slog.Value { return slog.StringValue(m.String()) }

// String returns a redacted form.
func (q Query) String() string { return "Query(redacted)" }

// Format writes the redacted form whatever the verb.
func (q Query) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, q.String()) }

// LogValue makes slog write the redacted form.
func (q Query) LogValue() slog.Value { return slog.StringValue(q.String()) }

// String returns a redacted form.
func (q WorkitemQuery) String() string { return "WorkitemQuery(redacted)" }

// Format writes the redacted form whatever the verb.
func (q WorkitemQuery) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, q.String()) }

// LogValue makes slog write the redacted form.
func (q WorkitemQuery) LogValue() slog.Value { return slog.StringValue(q.String()) }

// String returns a redacted form.
func (r CancelRequest) String() string { return "CancelRequest(" + r.UID + ", redacted)" }

// Format writes the redacted form whatever the verb.
func (r CancelRequest) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, r.String()) }

// LogValue makes slog write the redacted form.
func (r CancelRequest) LogValue() slog.Value { return slog.StringValue(r.String()) }

// Format writes the redacted form whatever the verb.
func (h *Head) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, h.String()) }

// LogValue makes slog write the redacted form.
func (h *Head) LogValue() slog.Value { return slog.StringValue(h.String()) }
