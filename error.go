package segur

import (
	"errors"
	"fmt"
	"strings"
	"time"
)

// Kind classes an error by what the caller can do about it.
type Kind uint8

// The kinds of error. Each has a sentinel for [errors.Is].
const (
	// KindUnknown is the zero value: not classed.
	KindUnknown Kind = iota
	// KindInvalidInput: the call or its data break a rule; nothing was sent.
	KindInvalidInput
	// KindAuthentication: the service does not accept who we are
	// (certificate, assertion, token, password).
	KindAuthentication
	// KindAuthorization: the service knows us and refuses this act.
	KindAuthorization
	// KindNotFound: what was asked for does not exist.
	KindNotFound
	// KindConflict: it exists already, or was changed meanwhile.
	KindConflict
	// KindRefused: the service understood the request and refuses its content.
	KindRefused
	// KindRateLimited: too many calls; RetryAfter says when to come back.
	KindRateLimited
	// KindUnavailable: no connection, or the service says it cannot answer now.
	KindUnavailable
	// KindTimeout: the deadline passed before anything was sent, or during a
	// call that is safe to repeat.
	KindTimeout
	// KindCanceled: the caller's context was cancelled.
	KindCanceled
	// KindProtocol: the answer is not what the specification says.
	KindProtocol
	// KindSignature: a signature, a digest, a hash or a certificate chain does
	// not verify.
	KindSignature
	// KindTruncated: the content stopped before its end.
	KindTruncated
	// KindTooLarge: a size, count or depth limit was passed.
	KindTooLarge
	// KindOutcomeUnknown: the request left and no answer came. Look the object
	// up by its identifier before sending again.
	KindOutcomeUnknown
	// KindPartial: some items were accepted and others not; Details has one
	// entry for each that was not.
	KindPartial
)

var kindNames = [...]string{
	"unknown", "invalid input", "authentication", "authorization", "not found", "conflict", "refused",
	"rate limited", "unavailable", "timeout", "canceled", "protocol", "signature", "truncated", "too large",
	"outcome unknown", "partial",
}

// String names the kind in English.
func (k Kind) String() string {
	if int(k) < len(kindNames) {
		return kindNames[k]
	}
	return fmt.Sprintf("kind %d", uint8(k))
}

type sentinel Kind

func (s sentinel) Error() string { return Kind(s).String() }

// Sentinels for [errors.Is], one for each kind.
var (
	ErrInvalidInput   error = sentinel(KindInvalidInput)
	ErrAuthentication error = sentinel(KindAuthentication)
	ErrAuthorization  error = sentinel(KindAuthorization)
	ErrNotFound       error = sentinel(KindNotFound)
	ErrConflict       error = sentinel(KindConflict)
	ErrRefused        error = sentinel(KindRefused)
	ErrRateLimited    error = sentinel(KindRateLimited)
	ErrUnavailable    error = sentinel(KindUnavailable)
	ErrTimeout        error = sentinel(KindTimeout)
	ErrCanceled       error = sentinel(KindCanceled)
	ErrProtocol       error = sentinel(KindProtocol)
	ErrSignature      error = sentinel(KindSignature)
	ErrTruncated      error = sentinel(KindTruncated)
	ErrTooLarge       error = sentinel(KindTooLarge)
	ErrOutcomeUnknown error = sentinel(KindOutcomeUnknown)
	ErrPartial        error = sentinel(KindPartial)
)

// Detail is one of several things an error has to say: an input field that
// breaks a rule, a registry error, a refused recipient, a failed instance.
type Detail struct {
	// Field is the path of the field, such as "patient.traits.birthDate", or
	// the identifier of the item concerned when that is not personal data.
	Field string
	// Code is the service's own code for it. Empty for input errors.
	Code string
	// Severity is "error" or "warning"; empty means error.
	Severity string
	// Message says what is wrong and what the rule is, without patient data.
	Message string
	// Location is where the service says it found the fault. Optional.
	Location string
}

// Text is a sentence in the two languages of the SDK's users.
type Text struct{ FR, EN string }

// Lang selects a language for [Error.Explain].
type Lang string

// The languages of explanations.
const (
	FR Lang = "fr"
	EN Lang = "en"
)

// In returns the text in lang, English when lang is not known.
func (t Text) In(lang Lang) string {
	if lang == FR {
		return t.FR
	}
	return t.EN
}

// Error is the error of every call of the SDK. It holds no patient data, no
// token and no body, so it can be logged as it is.
type Error struct {
	// Op is the operation, such as "dmp.submit".
	Op string
	// Kind classes the error.
	Kind Kind
	// Code is the service's own code: "desir_550", "XDSDuplicateUniqueIdInRegistry".
	Code string
	// Message is ours, in English.
	Message string
	// Status is the HTTP or SMTP status; 0 when there was none.
	Status int
	// RequestID is the identifier to quote to the service's support
	// (WS-Addressing MessageID).
	RequestID string
	// RetryAfter is the delay that the service asked for; 0 when none.
	RetryAfter time.Duration
	// Details lists what is wrong, one by one.
	Details []Detail
	// Help explains Code; the zero Text falls back on an explanation of Kind.
	Help Text
	// Err is the cause. It may be nil.
	Err error
}

// maxSaid is how many details a line of a log shows.
const maxSaid = 20

// Error says the operation, the kind, the code and what is wrong, with the first
// 20 of its details.
func (e *Error) Error() string {
	var b strings.Builder
	if e.Op != "" {
		b.WriteString(e.Op + ": ")
	}
	b.WriteString(e.Kind.String())
	if e.Code != "" {
		b.WriteString(" [" + e.Code + "]")
	}
	if e.Status != 0 {
		fmt.Fprintf(&b, " (status %d)", e.Status)
	}
	if e.Message != "" {
		b.WriteString(": " + e.Message)
	}
	for i, d := range e.Details {
		if i == maxSaid {
			fmt.Fprintf(&b, "; and %d more", len(e.Details)-i)
			break
		}
		b.WriteString(map[bool]string{true: ": ", false: "; "}[i == 0])
		if d.Field != "" {
			b.WriteString(d.Field + " ")
		}
		if d.Code != "" {
			b.WriteString("[" + d.Code + "] ")
		}
		b.WriteString(d.Message)
	}
	if e.Err != nil {
		b.WriteString(": " + e.Err.Error())
	}
	return b.String()
}

// Unwrap returns the cause.
func (e *Error) Unwrap() error { return e.Err }

// Is matches the sentinel of the error's kind.
func (e *Error) Is(target error) bool {
	s, ok := target.(sentinel)
	return ok && Kind(s) == e.Kind
}

// Retryable reports whether sending the same call again later is safe and may
// succeed. It is false for [ErrOutcomeUnknown]: look up first.
func (e *Error) Retryable() bool {
	switch e.Kind {
	case KindUnavailable, KindRateLimited, KindTimeout:
		return true
	}
	return false
}

// Explain says what the error means and what to do, in French or English.
func (e *Error) Explain(lang Lang) string {
	if t := e.Help.In(lang); t != "" {
		return t
	}
	if int(e.Kind) < len(kindHelp) {
		return kindHelp[e.Kind].In(lang)
	}
	return kindHelp[KindUnknown].In(lang)
}

// KindOf returns the kind of err: that of the first [*Error] in its chain, or
// [KindUnknown].
func KindOf(err error) Kind {
	var e *Error
	if errors.As(err, &e) {
		return e.Kind
	}
	return KindUnknown
}

// Problems collects everything that is wrong with an input, so that it is
// reported at once. The zero value is ready to use.
type Problems struct{ details []Detail }

// Add records that the field at path breaks a rule. The message states the
// rule and never repeats a personal value.
func (p *Problems) Add(path, rule string) {
	p.details = append(p.details, Detail{Field: path, Message: rule})
}

// Addf is Add with a format.
func (p *Problems) Addf(path, format string, args ...any) { p.Add(path, fmt.Sprintf(format, args...)) }

// Require records a problem when value is empty.
func (p *Problems) Require(path, value string) {
	if strings.TrimSpace(value) == "" {
		p.Add(path, "is required")
	}
}

// Merge adds the details of err below prefix ("patient" gives
// "patient.ins.matricule"). An error that is not an [*Error] is added as it is.
func (p *Problems) Merge(prefix string, err error) {
	if err == nil {
		return
	}
	var e *Error
	if !errors.As(err, &e) || len(e.Details) == 0 {
		p.Add(prefix, err.Error())
		return
	}
	for _, d := range e.Details {
		if prefix != "" && d.Field != "" {
			d.Field = prefix + "." + d.Field
		} else if d.Field == "" {
			d.Field = prefix
		}
		p.details = append(p.details, d)
	}
}

// Empty reports whether nothing is wrong.
func (p *Problems) Empty() bool { return len(p.details) == 0 }

// Details returns what was recorded.
func (p *Problems) Details() []Detail { return p.details }

// Err returns nil when nothing was recorded, else an [ErrInvalidInput] error
// that lists everything.
func (p *Problems) Err(op string) error {
	if p.Empty() {
		return nil
	}
	return &Error{Op: op, Kind: KindInvalidInput, Details: p.details}
}
