package mssante

import (
	"fmt"
	"regexp"
	"strings"

	"github.com/segur-sdk/segur"
)

// SubjectPrefix starts the subject of a mail that carries an IHE_XDM archive
// (IHE XDM over e-mail, ECO.2.1.3). Hospitals route mail on it.
const SubjectPrefix = "XDM/1.0/DDM+"

// labelLength is the length that the label of a document is cut to.
const labelLength = 40

// BuildSubject writes the subject of a mail: prefix, label of the document,
// or the number of documents when there are several, birth name, first given
// name and birth date of the patient. It is plain ASCII.
func BuildSubject(labels []string, patient segur.Traits) string {
	label := fmt.Sprintf("%d documents", len(labels))
	if len(labels) == 1 {
		label = toASCII(labels[0])
		if len(label) > labelLength {
			label = strings.TrimRight(label[:labelLength], " ")
		}
	}
	parts := []string{label, strings.ToUpper(toASCII(patient.BirthName)), toASCII(patient.FirstGivenName)}
	if d := patient.BirthDate; d.Complete() {
		parts = append(parts, fmt.Sprintf("%02d/%02d/%04d", d.Day, d.Month, d.Year))
	}
	return SubjectPrefix + strings.Join(strings.Fields(strings.Join(parts, " ")), " ")
}

// maxTags is how many tags are looked at.
const maxTags = 50

var (
	// tags are what software and people put before a subject.
	tags = regexp.MustCompile(`(?i)^\s*(?:\[(?:KO Intégration système|Erreur d['’]intégration) ?!\]|\[\d{3}\]|\[Annule et remplace\]|(?:re|tr|fwd?|rép)\s*:)`)
	// prefix accepts any case.
	prefix = regexp.MustCompile(`(?i)^\s*XDM/1\.0/DDM\+`)
)

// ShownSubject is the subject as people should see it, without the prefix
// that software needs (ECO.3.1.3), and whether it was there. Tags before the
// prefix, such as "Re:", are kept.
func ShownSubject(subject string) (shown string, archive bool) {
	rest, kept := subject, ""
	for range maxTags {
		if loc := prefix.FindStringIndex(rest); loc != nil {
			return strings.TrimSpace(kept + rest[loc[1]:]), true
		}
		loc := tags.FindStringIndex(rest)
		if loc == nil {
			return strings.TrimSpace(subject), false
		}
		kept += strings.TrimSpace(rest[:loc[1]]) + " "
		rest = rest[loc[1]:]
	}
	return strings.TrimSpace(subject), false
}
