package drim

import (
	"fmt"
	"io"
	"log/slog"
	"slices"
	"strings"

	"github.com/segur-sdk/segur"
	"github.com/segur-sdk/segur/dicomweb/kos"
	"github.com/segur-sdk/segur/dmp/xds"
)

// Objects are what describes one exam, any subset of it: [CrossCheck] compares
// what each says. Its printed forms are redacted.
type Objects struct {
	// Report is the header of the report (CDA).
	Report *segur.DocumentHeader
	// Manifest is the list of the images (KOS), and File its bytes as they are
	// published.
	Manifest *kos.Manifest
	File     []byte
	// RequestedUID is the header KOS-SOPInstanceUID of a retrieval. Optional.
	RequestedUID string
	// Message is the HL7 message that brought the report, Change one that says
	// that the images changed.
	Message *ReportMessage
	Change  *ImageChange
	// Entry is the metadata of the manifest (XDS).
	Entry *xds.DocumentEntry
	// AssertionPatient is the patient of the assertion (resource-id of the VIHF).
	AssertionPatient xds.PatientID
	// Images are the instances that the image archive holds now. nil: not asked;
	// empty and not nil: it holds none.
	Images []kos.Row
	// Structures are identifiers of structures in whose name the exam may be
	// published beside those that report and message name: that of a site whose
	// reports are written elsewhere.
	Structures []string
	// Guard refuses a host that is not a source of the white list, as
	// [github.com/segur-sdk/segur/dicomweb/drim/whitelist.Guard] does.
	Guard func(host string) error
	// WarnOnly names rules, "R29", that only warn at this site. Leave those of
	// the patient alone.
	WarnOnly []string
}

// String is redacted.
func (o Objects) String() string { return "Objects(redacted)" }

// Format writes the redacted form whatever the verb.
func (o Objects) Format(f fmt.State, _ rune) { _, _ = f.Write([]byte(o.String())) }

// LogValue makes slog write the redacted form.
func (o Objects) LogValue() slog.Value { return slog.StringValue(o.String()) }

// Verdict is what a rule, or one comparison of it, gave.
type Verdict uint8

// The verdicts, the worse the higher.
const (
	// NotChecked: fewer than two objects say it.
	NotChecked Verdict = iota
	// Passed: all that is said agrees.
	Passed
	// Warned: it differs in a way that official sets have too, or that the rule
	// only warns of. A publication may proceed.
	Warned
	// Failed: it differs. Nothing may be published.
	Failed
)

// String names the verdict.
func (v Verdict) String() string {
	return [...]string{"not checked", "passed", "warning", "failed"}[min(v, Failed)]
}

// Object names what a value was taken from.
type Object string

// The objects.
const (
	ObjectReport    Object = "CDA"
	ObjectManifest  Object = "KOS"
	ObjectFile      Object = "KOS file"
	ObjectMessage   Object = "HL7"
	ObjectChange    Object = "OMI"
	ObjectEntry     Object = "XDS"
	ObjectAssertion Object = "VIHF"
	ObjectImages    Object = "images"
	ObjectRequest   Object = "WADO-RS"
	ObjectWhiteList Object = "white list"
)

// Side is one side of a comparison. Its printed forms hold no value: it may be
// patient data.
type Side struct {
	// Object and Path say where the value stands: "KOS", "(0010,0020)".
	Object Object
	Path   string

	value string
}

// Value returns the value that was compared, which may be patient data; "" when
// there is none.
func (s Side) Value() string { return s.value }

// String says where the value stands.
func (s Side) String() string { return strings.TrimSpace(string(s.Object) + " " + s.Path) }

// Format writes String whatever the verb.
func (s Side) Format(f fmt.State, _ rune) { _, _ = f.Write([]byte(s.String())) }

// LogValue makes slog write String.
func (s Side) LogValue() slog.Value { return slog.StringValue(s.String()) }

// Comparison is one comparison of a rule.
type Comparison struct {
	// Verdict is Passed, Warned or Failed.
	Verdict Verdict
	// A and B are what was compared.
	A, B Side
	// Note says what is odd, without values. Empty when the verdict says all.
	Note segur.Text
}

// RuleResult is what one rule gave.
type RuleResult struct {
	// Rule is its name, "R1" to "R38".
	Rule string
	// Text is the rule.
	Text segur.Text
	// Verdict is the worst of the comparisons.
	Verdict Verdict
	// Reason says why the rule was not checked. Empty when it was.
	Reason segur.Text
	// Comparisons are what was compared.
	Comparisons []Comparison
}

// CheckReport is what [CrossCheck] gives: one result for each rule, in order. Its
// printed forms hold no values.
type CheckReport struct {
	Results []RuleResult
}

// CrossCheck compares what the objects of one exam say of it, by the rules that
// the official validators and reference sets of DRIM-M imply. It compares codes
// and identifiers, never labels; forms that official sets have are read as equal
// or give a warning. An object that is not given is not checked; a value that
// must be there and is not fails.
func CrossCheck(o Objects) *CheckReport {
	c := &checker{Objects: o}
	if o.Entry != nil {
		c.entryTraits = o.Entry.SourcePatient()
	}
	r := &CheckReport{Results: make([]RuleResult, 0, len(checkRules))}
	for _, rule := range checkRules {
		comparisons, reason := rule.check(c)
		result := RuleResult{Rule: rule.name, Text: rule.text, Comparisons: comparisons}
		lenient := slices.Contains(o.WarnOnly, rule.name)
		for i := range comparisons {
			if lenient {
				comparisons[i].Verdict = min(comparisons[i].Verdict, Warned)
			}
			result.Verdict = max(result.Verdict, comparisons[i].Verdict)
		}
		if result.Verdict == NotChecked {
			result.Reason = reason
		}
		r.Results = append(r.Results, result)
	}
	return r
}

// Rule returns the result of a rule; the zero RuleResult for an unknown name.
func (r *CheckReport) Rule(name string) RuleResult {
	for _, x := range r.Results {
		if x.Rule == name {
			return x
		}
	}
	return RuleResult{}
}

// With returns the results that have one of the verdicts.
func (r *CheckReport) With(verdicts ...Verdict) []RuleResult {
	var out []RuleResult
	for _, x := range r.Results {
		if slices.Contains(verdicts, x.Verdict) {
			out = append(out, x)
		}
	}
	return out
}

// publicationRules are the rules that must have been checked before a manifest
// is published.
var publicationRules = []string{"R1", "R2", "R3", "R11", "R20", "R21", "R22", "R32", "R37"}

// PublicationRules lists the rules that a source must have checked before it
// publishes a manifest: patient, study, document, address, confidentiality.
func PublicationRules() []string { return slices.Clone(publicationRules) }

// MayPublish returns nil when no rule failed and every rule of required was
// checked; otherwise an [segur.ErrRefused] error with [CodeCrossCheck] that names
// the rules and the places that differ, without values. A warning does not stop
// a publication.
func (r *CheckReport) MayPublish(required ...string) error {
	var details []segur.Detail
	for _, x := range r.Results {
		switch {
		case x.Verdict == Failed:
			for _, c := range x.Comparisons {
				if c.Verdict == Failed {
					details = append(details, segur.Detail{Code: x.Rule, Message: c.explain(segur.EN)})
				}
			}
		case x.Verdict == NotChecked && slices.Contains(required, x.Rule):
			details = append(details, segur.Detail{Code: x.Rule, Message: "is not checked: " + x.Reason.EN})
		}
	}
	for _, name := range required {
		if r.Rule(name).Rule == "" {
			details = append(details, segur.Detail{Code: name, Message: "is no rule"})
		}
	}
	if len(details) == 0 {
		return nil
	}
	var broken []string
	for _, d := range details {
		if !slices.Contains(broken, d.Code) {
			broken = append(broken, d.Code)
		}
	}
	return &segur.Error{Op: "drim.CrossCheck", Kind: segur.KindRefused, Code: CodeCrossCheck, Details: details,
		Message: "broken or not checked: " + strings.Join(broken, ", "), Help: helpOf(CodeCrossCheck)}
}

// explain says what was compared with which result, without values.
func (c Comparison) explain(lang segur.Lang) string {
	text := segur.Text{FR: "diffère de", EN: "differs from"}
	switch {
	case c.Verdict == Passed:
		text = segur.Text{FR: "=", EN: "="}
	case c.B.value == "":
		text = segur.Text{FR: "est absent, contrairement à", EN: "is missing, unlike"}
	}
	s := c.B.String() + " " + text.In(lang) + " " + c.A.String()
	if note := c.Note.In(lang); note != "" {
		s += ": " + note
	}
	return s
}

// Print writes one paragraph for each rule, in French or English. values adds
// both values of each comparison: patient data, which is then the caller's to
// protect.
func (r *CheckReport) Print(w io.Writer, lang segur.Lang, values bool) error {
	var b strings.Builder
	for _, x := range r.Results {
		fmt.Fprintf(&b, "%s %s: %s", x.Rule, verdictText(x.Verdict).In(lang), x.Text.In(lang))
		if reason := x.Reason.In(lang); reason != "" {
			b.WriteString(" (" + reason + ")")
		}
		b.WriteByte('\n')
		for _, c := range x.Comparisons {
			if c.Verdict == Passed && !values {
				continue
			}
			b.WriteString("    " + verdictText(c.Verdict).In(lang) + ": " + c.explain(lang))
			if values {
				fmt.Fprintf(&b, " [%q / %q]", c.B.value, c.A.value)
			}
			b.WriteByte('\n')
		}
	}
	_, err := io.WriteString(w, b.String())
	return err
}

func verdictText(v Verdict) segur.Text {
	return segur.Text{FR: [...]string{"non vérifiée", "respectée", "à signaler", "non respectée"}[min(v, Failed)], EN: v.String()}
}

// String lists the rules by verdict, without values.
func (r *CheckReport) String() string {
	var parts []string
	for _, v := range []Verdict{Failed, Warned, Passed, NotChecked} {
		var names []string
		for _, x := range r.With(v) {
			names = append(names, x.Rule)
		}
		if len(names) > 0 {
			parts = append(parts, v.String()+": "+strings.Join(names, " "))
		}
	}
	return strings.Join(parts, "; ")
}
