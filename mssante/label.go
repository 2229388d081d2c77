package mssante

import (
	"encoding/base64"
	"strings"
	"unicode/utf8"

	"github.com/segur-sdk/segur"
)

// Sender is who the mail says it comes from: a person, or, when FamilyName is
// empty, a functional entity (mailboxes of structures and applications).
type Sender struct {
	// Title is such as "Dr". Optional.
	Title string
	// GivenName and FamilyName name the professional.
	GivenName, FamilyName string
	// Entity is the functional entity, such as "Cabinet Medical" or
	// "Hopital A - Service Cardiologie". Optional for a person.
	Entity string
}

// Label is the text before the address (ECO.2.2.7):
// <Titre>_<Prenom>_<NOM>_<Entite>, the family name in capitals, or the entity
// alone.
func (s Sender) Label() string {
	if s.FamilyName == "" {
		return strings.TrimSpace(s.Entity)
	}
	var parts []string
	for _, v := range []string{s.Title, s.GivenName, strings.ToUpper(s.FamilyName), s.Entity} {
		if v = strings.TrimSpace(v); v != "" {
			parts = append(parts, v)
		}
	}
	return strings.Join(parts, "_")
}

// check applies what the kind of mailbox asks of the label.
func (s Sender) check(kind MailboxKind, p *segur.Problems) {
	switch {
	case s.Label() == "":
		p.Add("from", "needs a family name or a functional entity")
	case kind == PersonalMailbox && s.FamilyName == "":
		p.Add("from.familyName", "is required: the mailbox is that of a person")
	case kind.structural() && s.FamilyName != "":
		p.Add("from.familyName", "must be empty: the mailbox of a structure or an application is labelled by its functional entity")
	case s.FamilyName != "" && strings.TrimSpace(s.GivenName) == "":
		p.Add("from.givenName", "is required with the family name")
	}
	for _, f := range []struct{ name, value string }{
		{"title", s.Title}, {"givenName", s.GivenName}, {"familyName", s.FamilyName}, {"entity", s.Entity},
	} {
		checkText(p, "from."+f.name, f.value, 100)
	}
}

// checkText refuses what could end a header line.
func checkText(p *segur.Problems, field, value string, limit int) {
	if hasControl(value) {
		p.Add(field, "must hold no control character and no line break")
	}
	if len(value) > limit {
		p.Addf(field, "must have at most %d bytes", limit)
	}
}

func hasControl(s string) bool {
	return strings.ContainsFunc(s, func(r rune) bool {
		return r < ' ' || r == 0x7f || r >= 0x80 && r < 0xa0 || r == 0x2028 || r == 0x2029 || r == 0xfffd
	})
}

// mailboxHeader writes a label and an address, the label as bare words where
// RFC 5322 allows it, as the official samples do.
func mailboxHeader(label, address string) string {
	label = strings.Join(strings.Fields(label), " ")
	if label == "" {
		return "<" + address + ">"
	}
	bare, ascii := true, true
	for _, r := range label {
		bare = bare && (isAtext(r) || r == ' ')
		ascii = ascii && r <= '~'
	}
	switch {
	case bare && !strings.Contains(label, "=?"):
		return label + " <" + address + ">"
	case ascii && !strings.Contains(label, "=?"):
		return `"` + strings.NewReplacer(`\`, `\\`, `"`, `\"`).Replace(label) + `" <` + address + ">"
	}
	return encodedWords(label) + " <" + address + ">"
}

// encodedWords writes text that a header cannot hold as it is (RFC 2047), in
// base64: a phrase must hold no quote, which the other form leaves in.
func encodedWords(s string) string {
	s = strings.ToValidUTF8(s, "?")
	var words []string
	for s != "" {
		n := min(len(s), 45) // 60 characters once encoded, 75 with what is around
		for n < len(s) && !utf8.RuneStart(s[n]) {
			n--
		}
		words = append(words, "=?utf-8?b?"+base64.StdEncoding.EncodeToString([]byte(s[:n]))+"?=")
		s = s[n:]
	}
	return strings.Join(words, "\r\n ")
}
