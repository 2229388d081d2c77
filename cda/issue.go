package cda

import (
	"strconv"
	"strings"

	"github.com/segur-sdk/segur"
)

// Severity says how bad an [Issue] is.
type Severity uint8

// The severities.
const (
	// SeverityWarning: a receiver takes the document, and may misread it.
	SeverityWarning Severity = iota + 1
	// SeverityError: the document breaks a rule and must not be sent.
	SeverityError
)

// String is "error" or "warning".
func (s Severity) String() string {
	if s == SeverityError {
		return "error"
	}
	return "warning"
}

// Issue is one thing that is wrong with a document. Its texts hold codes and
// names of elements, never a name, a matricule or a text of the document.
type Issue struct {
	// Rule is the identifier of the rule: "CDA001" to "CDA051". See [CheckRules].
	Rule     string
	Severity Severity
	// Path is that of the element, as XPath with local names, positions where an
	// element has siblings of its name, and extensions with the usual prefixes:
	// "/ClinicalDocument/author[2]/assignedAuthor/id".
	Path string
	// Line and Column are where the element begins, counted from 1; columns are
	// counted in bytes. 0 when the document is none.
	Line, Column int
	// Field is the field of the model that the element is written from, such as
	// "report.acts[0].code" or "sections.conclusion"; empty when there is none.
	Field string
	// Text says what is wrong and what to write, in French and in English.
	Text segur.Text
	// Source names the norm.
	Source string
	// KitOnly marks what the official checker refuses although the text of the
	// norm allows it, such as the unit MBq: a warning, and an error with
	// [LikeOfficialChecker].
	KitOnly bool
}

// Format of one line: where, how bad, which rule, what.
func (i Issue) line(text string) string {
	var b strings.Builder
	b.WriteString(i.Severity.String() + " " + i.Rule)
	if i.Line > 0 {
		b.WriteString(" " + strconv.Itoa(i.Line) + ":" + strconv.Itoa(i.Column))
	}
	b.WriteString(" " + i.Path + ": " + text)
	return b.String()
}

// String is the issue in English on one line.
func (i Issue) String() string { return i.line(i.Text.EN) }

// French is the issue in French on one line.
func (i Issue) French() string { return i.line(i.Text.FR) }

// CheckReport is the result of [Check].
type CheckReport struct {
	// Kind and Level say what the document is, which decides on the rules.
	Kind  Kind
	Level int
	// Issues are in the order of the document, and of the rules at one place.
	Issues []Issue
	// Truncated says that there were more issues than the limit.
	Truncated bool
}

// OK reports whether there is no error; there may be warnings.
func (r *CheckReport) OK() bool { return r.Errors() == 0 }

// Errors counts the issues that are errors.
func (r *CheckReport) Errors() int {
	n := 0
	for i := range r.Issues {
		if r.Issues[i].Severity == SeverityError {
			n++
		}
	}
	return n
}

// Err is nil when there is no error, and a [segur.ErrInvalidInput] error with a
// detail for each otherwise.
func (r *CheckReport) Err() error {
	var details []segur.Detail
	for _, i := range r.Issues {
		if i.Severity == SeverityError {
			field := i.Field
			if field == "" {
				field = i.Path
			}
			details = append(details, segur.Detail{Field: field, Code: i.Rule, Severity: i.Severity.String(), Message: i.Text.EN})
		}
	}
	if details == nil {
		return nil
	}
	return &segur.Error{Op: opCheck, Kind: segur.KindInvalidInput, Message: "the document breaks rules", Details: details}
}

const opCheck = "cda.check"

// CheckOption changes what [Check] looks at.
type CheckOption func(*checkOptions)

type checkOptions struct {
	production, official, unlisted, anyPDF bool
	maxIssues, maxBytes                    int
}

// ForEnvironment refuses test and demonstration identities in
// [segur.Production]. The keys of RPPS and FINESS numbers are looked at there,
// and elsewhere in documents with a real INS only: test platforms give out
// numbers with wrong keys.
func ForEnvironment(e segur.Environment) CheckOption {
	return func(o *checkOptions) { o.production = e == segur.Production }
}

// LikeOfficialChecker makes errors of what the official rules refuse although
// the text of the norm allows it: a document without error passes them.
func LikeOfficialChecker() CheckOption { return func(o *checkOptions) { o.official = true } }

// AllowUnlistedCodes makes warnings of codes that the tables of the SDK do not
// hold: value sets are revised several times a year.
func AllowUnlistedCodes() CheckOption { return func(o *checkOptions) { o.unlisted = true } }

// AllowAnyPDF makes a warning of a whole PDF that is not PDF/A-1.
func AllowAnyPDF() CheckOption { return func(o *checkOptions) { o.anyPDF = true } }

// MaxIssues bounds the list. Default: 500.
func MaxIssues(n int) CheckOption { return func(o *checkOptions) { o.maxIssues = n } }

// MaxBytes bounds the document. Default: [DefaultMaxDocumentBytes].
func MaxBytes(n int) CheckOption { return func(o *checkOptions) { o.maxBytes = n } }

const (
	defaultMaxIssues = 500
	// maxFindings bounds what is collected before it is sorted.
	maxFindings = 20_000
)

// CheckRule describes a rule.
type CheckRule struct {
	ID   string
	Text segur.Text
	// Gap says that the official checker does not see it.
	Gap bool
}

// CheckRules lists the rules in order.
func CheckRules() []CheckRule { return append([]CheckRule(nil), checkRules...) }

var checkRules = []CheckRule{
	{"CDA001", segur.Text{FR: "XML bien formé, UTF-8, sans DOCTYPE, un seul document", EN: "well-formed XML, UTF-8, no DOCTYPE, one document"}, false},
	{"CDA002", segur.Text{FR: "éléments, ordre, cardinalités et attributs du schéma", EN: "elements, order, cardinalities and attributes of the schema"}, false},
	{"CDA003", segur.Text{FR: "identifiants XML uniques, renvois résolus", EN: "XML identifiers unique, references resolved"}, true},
	{"CDA004", segur.Text{FR: "forme des OID, UID et UUID", EN: "form of OID, UID and UUID"}, true},
	{"CDA005", segur.Text{FR: "identifiants de sections et d'entrées uniques", EN: "identifiers of sections and entries unique"}, true},
	{"CDA006", segur.Text{FR: "règles des types de données", EN: "rules of the data types"}, false},
	{"CDA007", segur.Text{FR: "cardinalités et valeurs de l'en-tête français", EN: "cardinalities and values of the French header"}, false},
	{"CDA010", segur.Text{FR: "modèles (templateId) du document", EN: "templates of the document"}, false},
	{"CDA011", segur.Text{FR: "identifiant, lot et version", EN: "identifier, set and version"}, true},
	{"CDA012", segur.Text{FR: "dates réelles, fuseau horaire, intervalles", EN: "real dates, offset from UTC, intervals"}, true},
	{"CDA013", segur.Text{FR: "type, langue et confidentialité du document", EN: "type, language and confidentiality of the document"}, false},
	{"CDA020", segur.Text{FR: "INS : OID, matricule et clé, traits, lieu de naissance", EN: "INS: OID, matricule and key, traits, birth place"}, true},
	{"CDA021", segur.Text{FR: "noms du patient et leurs qualificatifs", EN: "names of the patient and their qualifiers"}, false},
	{"CDA022", segur.Text{FR: "identifiants des professionnels et des structures", EN: "identifiers of professionals and structures"}, true},
	{"CDA023", segur.Text{FR: "jeux de valeurs de l'en-tête, code et système", EN: "value sets of the header, code and system"}, true},
	{"CDA024", segur.Text{FR: "adresses et télécommunications", EN: "addresses and telecommunications"}, false},
	{"CDA025", segur.Text{FR: "ce que les consommateurs attendent de l'en-tête", EN: "what consumers expect of the header"}, true},
	{"CDA030", segur.Text{FR: "demande et accession number", EN: "order and accession number"}, true},
	{"CDA031", segur.Text{FR: "actes de l'en-tête : code, modalité, région, examen", EN: "acts of the header: code, modality, region, study"}, true},
	{"CDA032", segur.Text{FR: "actes du code du document et de l'en-tête", EN: "acts of the document code and of the header"}, true},
	{"CDA040", segur.Text{FR: "sections : présence, modèles, code, titre, texte", EN: "sections: presence, templates, code, title, text"}, false},
	{"CDA041", segur.Text{FR: "informations cliniques", EN: "clinical information"}, true},
	{"CDA042", segur.Text{FR: "sections d'acte et actes de l'en-tête", EN: "act sections and acts of the header"}, true},
	{"CDA043", segur.Text{FR: "catalogue d'objets DICOM", EN: "DICOM object catalogue"}, true},
	{"CDA044", segur.Text{FR: "exposition aux rayonnements", EN: "exposure to radiation"}, true},
	{"CDA045", segur.Text{FR: "quantités et unités", EN: "quantities and units"}, false},
	{"CDA046", segur.Text{FR: "modalité, localisation et latéralité de l'acte", EN: "modality, site and laterality of the act"}, true},
	{"CDA047", segur.Text{FR: "contre-indications", EN: "contra-indications"}, false},
	{"CDA048", segur.Text{FR: "entrées : classe, modèles, contenu, valeurs", EN: "entries: class, templates, content, values"}, false},
	{"CDA049", segur.Text{FR: "demande d'imagerie", EN: "imaging request"}, false},
	{"CDA050", segur.Text{FR: "corps de niveau 1 : base64, PDF/A-1", EN: "level 1 body: base64, PDF/A-1"}, true},
	{"CDA051", segur.Text{FR: "pièces jointes : base64, nature du contenu", EN: "attachments: base64, nature of the content"}, true},
}

// Norms that the rules come from.
const (
	srcXML     = "XML 1.0"
	srcSchema  = "HL7 CDA R2, schéma XML"
	srcHeader  = "CI-SIS, volet Structuration minimale"
	srcGeneral = "CI-SIS, structure générale des documents CDA"
	srcModels  = "CI-SIS, Modèles de contenus CDA"
	srcReport  = "CI-SIS, volet IMG-CR-IMG 2024.01"
	srcRequest = "CI-SIS, volet IMG-DA-IMG 2024.01"
	srcINS     = "Référentiel Identifiant national de santé"
	srcIDs     = "ANS, identifiants nationaux PS_IdNat et Struct_IdNat"
	srcDICOM   = "DICOM PS3.20"
	srcUCUM    = "UCUM"
	srcPDFA    = "ISO 19005-1 (PDF/A-1)"
	srcDRIM    = "DRIM-M, DRIMbox"
)
