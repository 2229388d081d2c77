package dmp

import (
	"context"
	"errors"
	"regexp"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/segur-sdk/segur"
	"github.com/segur-sdk/segur/dmp/xds"
	"github.com/segur-sdk/segur/internal/soap"
)

// failure turns what went wrong with one call into its error.
type failure struct {
	op        string
	messageID string
	// private are texts that no error may repeat, whatever the service says.
	private []string
	// documents are the identifiers of what the outcome of is at stake; nil
	// where a call may be repeated.
	documents []string
	// lookAgain says how to find out; zero: as for a submission.
	lookAgain segur.Text
	// places maps what the registry names to what the caller gave; nil: not.
	places *places
	// refused says which modes and purposes are made for a call that the rights
	// matrix refuses; zero: the matrix does not refuse it to this user.
	refused segur.Text
	// freeText says that the service may name people whom the caller did not.
	freeText bool
}

// typed gives err the code, the kind and the help of the record's own codes,
// and the record's own words, without what identifies the patient.
func (f *failure) typed(err error) error {
	if err == nil {
		return nil
	}
	return f.typedError(err)
}

func (f *failure) typedError(err error) *segur.Error {
	var e *segur.Error
	if !errors.As(err, &e) {
		kind := segur.KindProtocol
		switch {
		case errors.Is(err, context.Canceled):
			kind = segur.KindCanceled
		case errors.Is(err, context.DeadlineExceeded):
			kind = segur.KindTimeout
		}
		e = &segur.Error{Kind: kind, Err: err}
	}
	out := *e
	out.Op = f.op
	if out.RequestID == "" {
		out.RequestID = f.messageID
	}
	out.Code = code(out.Code)
	out.Details = f.cleaned(e.Details)
	var fault *soap.Fault
	if errors.As(err, &fault) {
		f.fault(&out, fault)
	} else if known, ok := f.known(out.Code, e.Details); ok {
		if out.Kind != segur.KindPartial && out.Kind != segur.KindOutcomeUnknown { // which say more than the code
			known.apply(&out)
		}
	}
	if f.documents != nil {
		f.uncertain(&out)
	}
	f.hint(&out)
	return &out
}

// fault classes a SOAP fault by its subcode, or by its text where the record
// has no code for it.
func (f *failure) fault(out *segur.Error, fault *soap.Fault) {
	text := clip(fault.Reason(segur.FR))
	known, ok := codes[fault.Subcode()]
	if !ok {
		known, ok = byText(text)
	}
	if ok {
		known.apply(out)
	} else if f.documents != nil && fault.Code == "Receiver" {
		// The service failed; how far it had come is not known.
		out.Kind = segur.KindOutcomeUnknown
	}
	out.Message = "the record answered a SOAP fault"
	if text != "" {
		out.Details = append(out.Details, segur.Detail{Code: out.Code, Message: f.clean(text)})
	}
}

func (f *failure) known(code string, details []segur.Detail) (knownCode, bool) {
	for _, d := range details {
		if k, ok := byText(d.Message); ok {
			return k, true
		}
	}
	k, ok := codes[code]
	return k, ok
}

// uncertain names the documents to look up when the outcome is unknown.
func (f *failure) uncertain(out *segur.Error) {
	if out.Kind != segur.KindOutcomeUnknown {
		return
	}
	for _, id := range f.documents {
		out.Details = append(out.Details, segur.Detail{Field: id, Message: "may be in the record: look it up before sending again"})
	}
	if out.Help == (segur.Text{}) {
		if out.Help = f.lookAgain; out.Help != (segur.Text{}) {
			return
		}
		out.Help = segur.Text{
			FR: "La demande est partie et aucune réponse exploitable n'est revenue. Ne pas renvoyer à l'aveugle : Client.Resubmit cherche les documents par leur identifiant et n'envoie que s'ils sont absents.",
			EN: "The request left and no usable answer came. Do not send again blindly: Client.Resubmit looks the documents up by their identifier and sends only when they are absent."}
	}
}

// hint adds what the rights matrix says to a refusal of the record.
func (f *failure) hint(out *segur.Error) {
	if out.Kind != segur.KindAuthorization || f.refused == (segur.Text{}) {
		return
	}
	out.Help.FR = strings.TrimSpace(out.Help.FR + " " + f.refused.FR)
	out.Help.EN = strings.TrimSpace(out.Help.EN + " " + f.refused.EN)
}

func (f *failure) cleaned(in []segur.Detail) []segur.Detail {
	if in == nil {
		return nil
	}
	out := make([]segur.Detail, len(in))
	for i, d := range in {
		if f.places != nil {
			d.Field = f.places.field(d)
		}
		d.Message, d.Location = f.clean(clip(d.Message)), f.clean(clip(d.Location))
		d.Code = code(d.Code)
		out[i] = d
	}
	return out
}

// maxCode is longer than any code of the norms.
const maxCode = 100

// code keeps a code that looks like one. It goes to the log, and a service may
// write anything there.
func code(s string) string {
	plain := func(r rune) bool {
		return r >= '0' && r <= '9' || r >= 'A' && r <= 'Z' || r >= 'a' && r <= 'z' || strings.ContainsRune("._:-", r)
	}
	digits := 0
	for _, r := range s {
		if !plain(r) {
			return removed
		}
		if r >= '0' && r <= '9' {
			digits++
		}
	}
	if len(s) > maxCode || digits > 9 { // no code counts that far, but identifiers of patients do
		return removed
	}
	return s
}

// matricule is what a text of the service may quote: 13 or 15 characters,
// Corsica included, with or without blanks, and no arc of an OID.
var matricule = regexp.MustCompile(`(^|[^0-9A-Za-z.])[1-478] ?\d{2} ?\d{2} ?\d[0-9AB] ?\d{3} ?\d{3}(?: ?\d{2})?\b`)

const removed = "[removed]"

// composites are the forms in which registries quote people: a name in HL7
// components, with the words in capitals before it (compound names), and a
// field of sourcePatientInfo. Codes ("26257-6^^…") are neither.
var composites = regexp.MustCompile(`PID-\d+\|[^\s;,)]*|(?:\p{Lu}[\p{Lu}'’-]* )*[\p{L}'’-]*\p{L}\^+\p{L}[^\s;,)]*`)

// clean removes what identifies the patient from a text of the service.
func (f *failure) clean(text string) string {
	for _, s := range f.private {
		if len(s) <= len(text) {
			text = replaceFold(text, s)
		}
	}
	text = composites.ReplaceAllString(text, removed)
	if f.freeText {
		text = freeText(text)
	}
	return matricule.ReplaceAllString(text, "${1}"+removed)
}

// keepPrivate adds the patient's identity that an entry holds to what no error
// may repeat.
func (f *failure) keepPrivate(e *xds.DocumentEntry) {
	f.private = append(f.private, entryTexts(e)...)
}

func entryTexts(e *xds.DocumentEntry) []string {
	t := e.SourcePatient()
	return privateTexts(t.BirthName, t.UsedName, t.FirstGivenName, t.GivenNames, t.UsedGivenName, e.SourcePatientID.ID)
}

// shortText is where a name may be a part of ordinary words: ALI of
// "spécialité".
const shortText = 6

// replaceFold replaces s in text, ignoring case: whole words only when s is
// short.
func replaceFold(text, s string) string {
	lower, want := strings.ToLower(text), strings.ToLower(s)
	if len(lower) != len(text) || len(want) != len(s) {
		lower, want = text, s
	}
	var b strings.Builder
	from := 0
	for at := 0; ; {
		i := strings.Index(lower[at:], want)
		if i < 0 {
			return b.String() + text[from:]
		}
		i += at
		at = i + len(want)
		if len(want) < shortText && (endsWord(text[:i]) || startsWord(text[at:])) {
			continue
		}
		b.WriteString(text[from:i] + removed)
		from = at
	}
}

func endsWord(s string) bool {
	r, _ := utf8.DecodeLastRuneInString(s)
	return unicode.IsLetter(r) || unicode.IsDigit(r)
}

func startsWord(s string) bool {
	r, _ := utf8.DecodeRuneInString(s)
	return unicode.IsLetter(r) || unicode.IsDigit(r)
}

// privateTexts keeps the texts that are long enough to identify somebody.
func privateTexts(texts ...string) []string {
	var out []string
	for _, t := range texts {
		if t = strings.TrimSpace(t); len(t) >= 3 {
			out = append(out, t)
		}
	}
	return out
}

// maxText bounds what is repeated of a text of the service.
const maxText = 500

func clip(s string) string {
	if len(s) <= maxText {
		return s
	}
	return strings.ToValidUTF8(s[:maxText], "") + "…"
}
