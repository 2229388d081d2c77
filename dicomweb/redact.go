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
func (b Bulk) String() string { return "Bulk(redacted)" }

// Format writes the redacted form whatever the verb.
func (b Bulk) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, b.String()) }

// LogValue makes slog write the redacted form.
func (b Bulk) LogValue() slog.Value { return slog.StringValue(b.String()) }

// String returns a redacted form.
func (c Change) String() string { return "Change(" + c.tag.String() + ", redacted)" }

// Format writes the redacted form whatever the verb.
func (c Change) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, c.String()) }

// LogValue makes slog write the redacted form.
func (c Change) LogValue() slog.Value { return slog.StringValue(c.String()) }

// String returns a redacted form: without the path.
func (f *File) String() string { return "File(" + f.SOPInstanceUID + ", redacted)" }

// Format writes the redacted form whatever the verb.
func (f *File) Format(s fmt.State, _ rune) { _, _ = io.WriteString(s, f.String()) }

// LogValue makes slog write the redacted form.
func (f *File) LogValue() slog.Value { return slog.StringValue(f.String()) }

// String returns a redacted form: why, without the path.
func (s Skipped) String() string { return fmt.Sprintf("Skipped(redacted: %v)", s.Err) }

// Format writes the redacted form whatever the verb.
func (s Skipped) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, s.String()) }

// LogValue makes slog write the redacted form.
func (s Skipped) LogValue() slog.Value { return slog.StringValue(s.String()) }

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
func (h Head) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, h.String()) }

// LogValue makes slog write the redacted form.
func (h Head) LogValue() slog.Value { return slog.StringValue(h.String()) }
