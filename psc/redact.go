package psc

import (
	"fmt"
	"io"
	"log/slog"
)

// Secret is a text that is never printed: the secret of a client. Its printed, logged and JSON forms are "(redacted)".
type Secret string

const hidden = "(redacted)"

// String returns "(redacted)".
func (s Secret) String() string { return hidden }

// Format writes "(redacted)" whatever the verb.
func (s Secret) Format(f fmt.State, _ rune) { redact(f, hidden) }

// LogValue makes slog write "(redacted)".
func (s Secret) LogValue() slog.Value { return slog.StringValue(hidden) }

// MarshalJSON writes "(redacted)".
func (s Secret) MarshalJSON() ([]byte, error) { return []byte(`"` + hidden + `"`), nil }

func redact(f fmt.State, text string) { _, _ = io.WriteString(f, text) }

// String returns a redacted form.
func (p *PendingLogin) String() string { return "PendingLogin(redacted)" }

// Format writes the redacted form whatever the verb.
func (p *PendingLogin) Format(f fmt.State, _ rune) { redact(f, p.String()) }

// LogValue makes slog write the redacted form.
func (p *PendingLogin) LogValue() slog.Value { return slog.StringValue(p.String()) }

// String returns a redacted form.
func (b *Backchannel) String() string { return "Backchannel(redacted)" }

// Format writes the redacted form whatever the verb.
func (b *Backchannel) Format(f fmt.State, _ rune) { redact(f, b.String()) }

// LogValue makes slog write the redacted form.
func (b *Backchannel) LogValue() slog.Value { return slog.StringValue(b.String()) }

// String returns a redacted form.
func (r BackchannelRequest) String() string { return "BackchannelRequest(redacted)" }

// Format writes the redacted form whatever the verb.
func (r BackchannelRequest) Format(f fmt.State, _ rune) { redact(f, r.String()) }

// LogValue makes slog write the redacted form.
func (r BackchannelRequest) LogValue() slog.Value { return slog.StringValue(r.String()) }

// String returns a redacted form.
func (s *Session) String() string { return "Session(redacted)" }

// Format writes the redacted form whatever the verb.
func (s *Session) Format(f fmt.State, _ rune) { redact(f, s.String()) }

// LogValue makes slog write the redacted form.
func (s *Session) LogValue() slog.Value { return slog.StringValue(s.String()) }

// String returns a redacted form.
func (c Claims) String() string { return "Claims(" + c.ACR + ", redacted)" }

// Format writes the redacted form whatever the verb.
func (c Claims) Format(f fmt.State, _ rune) { redact(f, c.String()) }

// LogValue makes slog write the redacted form.
func (c Claims) LogValue() slog.Value { return slog.StringValue(c.String()) }

// String returns a redacted form.
func (u UserInfo) String() string {
	return fmt.Sprintf("UserInfo(%d exercices, redacted)", len(u.Exercices))
}

// Format writes the redacted form whatever the verb.
func (u UserInfo) Format(f fmt.State, _ rune) { redact(f, u.String()) }

// LogValue makes slog write the redacted form.
func (u UserInfo) LogValue() slog.Value { return slog.StringValue(u.String()) }

// String returns a redacted form.
func (o OtherID) String() string { return "OtherID(" + o.Origin + ", redacted)" }

// Format writes the redacted form whatever the verb.
func (o OtherID) Format(f fmt.State, _ rune) { redact(f, o.String()) }

// LogValue makes slog write the redacted form.
func (o OtherID) LogValue() slog.Value { return slog.StringValue(o.String()) }

// String returns a redacted form.
func (e Exercice) String() string {
	return fmt.Sprintf("Exercice(%s%s, %d activities, redacted)", e.Profession, e.Category, len(e.Activities))
}

// Format writes the redacted form whatever the verb.
func (e Exercice) Format(f fmt.State, _ rune) { redact(f, e.String()) }

// LogValue makes slog write the redacted form.
func (e Exercice) LogValue() slog.Value { return slog.StringValue(e.String()) }

// String returns a redacted form.
func (a Activity) String() string { return "Activity(" + a.Sector + ", redacted)" }

// Format writes the redacted form whatever the verb.
func (a Activity) Format(f fmt.State, _ rune) { redact(f, a.String()) }

// LogValue makes slog write the redacted form.
func (a Activity) LogValue() slog.Value { return slog.StringValue(a.String()) }

// String returns a redacted form.
func (s Situation) String() string {
	return "Situation(" + s.Exercice.Profession + s.Exercice.Category + ", redacted)"
}

// Format writes the redacted form whatever the verb.
func (s Situation) Format(f fmt.State, _ rune) { redact(f, s.String()) }

// LogValue makes slog write the redacted form.
func (s Situation) LogValue() slog.Value { return slog.StringValue(s.String()) }

// String returns a redacted form.
func (i Introspection) String() string {
	return fmt.Sprintf("Introspection(active %t, redacted)", i.Active)
}

// Format writes the redacted form whatever the verb.
func (i Introspection) Format(f fmt.State, _ rune) { redact(f, i.String()) }

// LogValue makes slog write the redacted form.
func (i Introspection) LogValue() slog.Value { return slog.StringValue(i.String()) }
