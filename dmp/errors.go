package dmp

import (
	"context"
	"errors"
	"regexp"
	"strings"

	"github.com/segur-sdk/segur"
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
	mode      Mode
}

// typed gives err the code, the kind and the help of the record's own codes,
// and the record's own words, without what identifies the patient.
func (f *failure) typed(err error) error {
	if err == nil {
		return nil
	}
	var e *segur.Error
	if !errors.As(err, &e) {
		kind := segur.KindProtocol
		if errors.Is(err, context.Canceled) {
			kind = segur.KindCanceled
		}
		e = &segur.Error{Kind: kind, Err: err}
	}
	out := *e
	out.Op = f.op
	if out.RequestID == "" {
		out.RequestID = f.messageID
	}
	out.Details = f.cleaned(e.Details)
	var fault *soap.Fault
	if errors.As(err, &fault) {
		f.fault(&out, fault)
	} else if known, ok := f.known(out.Code, out.Details); ok {
		kind := out.Kind
		known.apply(&out)
		if kind == segur.KindPartial {
			out.Kind = kind
		}
	}
	if f.documents != nil {
		f.uncertain(&out)
	}
	f.hintMode(&out)
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
		out.Details = append(out.Details, segur.Detail{Field: id, Message: "may be in the record: look it up (Client.Resolve) before sending again"})
	}
	if out.Help == (segur.Text{}) {
		out.Help = segur.Text{
			FR: "La demande est partie et aucune réponse exploitable n'est revenue. Ne pas renvoyer à l'aveugle : Client.Resubmit cherche les documents par leur identifiant et n'envoie que s'ils sont absents.",
			EN: "The request left and no usable answer came. Do not send again blindly: Client.Resubmit looks the documents up by their identifier and sends only when they are absent."}
	}
}

// hintMode says which modes are made for a call that the rights matrix refuses.
func (f *failure) hintMode(out *segur.Error) {
	if out.Kind != segur.KindAuthorization {
		return
	}
	switch {
	case f.op == opSubmit:
		out.Help.FR += " La publication (TD2.1) se fait en INDIRECTE ou en DIRECTE."
		out.Help.EN += " Publishing (TD2.1) is done in INDIRECTE or DIRECTE."
	case f.mode == Indirecte:
		out.Help.FR += " En INDIRECTE, seule la recherche par identifiant (Client.Lookup) est ouverte ; la consultation se fait en INDIRECTE_RENFORCEE ou en DIRECTE."
		out.Help.EN += " In INDIRECTE only the look-up by identifier (Client.Lookup) is open; consultation is done in INDIRECTE_RENFORCEE or DIRECTE."
	}
	out.Help.FR, out.Help.EN = strings.TrimSpace(out.Help.FR), strings.TrimSpace(out.Help.EN)
}

func (f *failure) cleaned(in []segur.Detail) []segur.Detail {
	if in == nil {
		return nil
	}
	out := make([]segur.Detail, len(in))
	for i, d := range in {
		d.Message, d.Location = f.clean(clip(d.Message)), f.clean(clip(d.Location))
		d.Code = clip(d.Code)
		out[i] = d
	}
	return out
}

// matricule is what a text of the service may quote: 13 or 15 characters,
// Corsica included, with or without blanks, and no arc of an OID.
var matricule = regexp.MustCompile(`(^|[^0-9A-Za-z.])[1-478] ?\d{2} ?\d{2} ?\d[0-9AB] ?\d{3} ?\d{3}(?: ?\d{2})?\b`)

const removed = "[removed]"

// clean removes what identifies the patient from a text of the service.
func (f *failure) clean(text string) string {
	for _, s := range f.private {
		if len(s) <= len(text) {
			text = replaceFold(text, s)
		}
	}
	return matricule.ReplaceAllString(text, "${1}"+removed)
}

// replaceFold replaces s in text, ignoring case.
func replaceFold(text, s string) string {
	lower, want := strings.ToLower(text), strings.ToLower(s)
	if len(lower) != len(text) || !strings.Contains(lower, want) {
		return strings.ReplaceAll(text, s, removed)
	}
	var b strings.Builder
	for {
		i := strings.Index(lower, want)
		if i < 0 {
			b.WriteString(text)
			return b.String()
		}
		b.WriteString(text[:i] + removed)
		text, lower = text[i+len(want):], lower[i+len(want):]
	}
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
