package drim

import (
	"fmt"
	"log/slog"
)

// What the archive holds of a study names a patient in its parts as well.

// String is redacted.
func (r ArchivedReport) String() string { return "ArchivedReport(redacted)" }

// Format writes the redacted form whatever the verb.
func (r ArchivedReport) Format(f fmt.State, _ rune) { _, _ = f.Write([]byte(r.String())) }

// LogValue makes slog write the redacted form.
func (r ArchivedReport) LogValue() slog.Value { return slog.StringValue(r.String()) }

// String is redacted.
func (b ReportBasis) String() string { return "ReportBasis(redacted)" }

// Format writes the redacted form whatever the verb.
func (b ReportBasis) Format(f fmt.State, _ rune) { _, _ = f.Write([]byte(b.String())) }

// LogValue makes slog write the redacted form.
func (b ReportBasis) LogValue() slog.Value { return slog.StringValue(b.String()) }

// String is redacted.
func (p Publication) String() string { return "Publication(" + p.UID + ", redacted)" }

// Format writes the redacted form whatever the verb.
func (p Publication) Format(f fmt.State, _ rune) { _, _ = f.Write([]byte(p.String())) }

// LogValue makes slog write the redacted form.
func (p Publication) LogValue() slog.Value { return slog.StringValue(p.String()) }

// String is redacted.
func (s Suspect) String() string { return "Suspect(" + s.Publication.UID + ", redacted)" }

// Format writes the redacted form whatever the verb.
func (s Suspect) Format(f fmt.State, _ rune) { _, _ = f.Write([]byte(s.String())) }

// LogValue makes slog write the redacted form.
func (s Suspect) LogValue() slog.Value { return slog.StringValue(s.String()) }
