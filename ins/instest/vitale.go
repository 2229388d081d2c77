package instest

import (
	"context"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"strconv"
	"strings"
	"time"

	"github.com/segur-sdk/segur"
	"github.com/segur-sdk/segur/ins"
	"github.com/segur-sdk/segur/internal/saml"
	"github.com/segur-sdk/segur/internal/xmlr"
	"github.com/segur-sdk/segur/internal/xmlw"
)

// Vitale is one beneficiary of a fictional Vitale card, and the person that INSi knows them as.
type Vitale struct {
	Card   ins.VitaleCard
	Person Person
}

// right links what a card says of a beneficiary without a certified number to a person.
type right struct {
	insured, date string
	rank          int
	number        string
}

// DefaultVitale are the beneficiaries of two fictional cards: that of the default patient, who is the insured person and
// has a certified number, with twins who have none and differ by their rank of birth; that of one of the homonyms.
func DefaultVitale() []Vitale {
	persons := DefaultPersons()
	camille, paul := persons[0], persons[1]
	twin := func(rank int, name, body string) Vitale {
		born := segur.NewDate(2015, 6, 20)
		return Vitale{
			Card: ins.VitaleCard{Serial: "FICTIF0000001", Index: rank, Insured: nir(camille.INS), BirthName: "FICTIVE-DURAND",
				BirthDate: born, BirthRank: rank, Regime: "01", Fund: "999", Centre: "0000"},
			Person: Person{Traits: segur.Traits{BirthName: "FICTIVE-DURAND", FirstGivenName: name, Sex: segur.Male, BirthDate: born, BirthPlace: "69123"},
				INS: number(body, segur.OIDINSNIRTest)},
		}
	}
	return []Vitale{
		{Card: ins.VitaleCard{Serial: "FICTIF0000001", Insured: nir(camille.INS), Beneficiary: nir(camille.INS), BirthName: camille.Traits.BirthName,
			BirthDate: camille.Traits.BirthDate, BirthRank: 1, Regime: "01", Fund: "999", Centre: "0000"}, Person: camille},
		twin(1, "NOE", "1150669123661"), twin(2, "ELIE", "1150669123662"),
		{Card: ins.VitaleCard{Serial: "FICTIF0000002", Insured: nir(paul.INS), Beneficiary: nir(paul.INS), BirthName: paul.Traits.BirthName,
			BirthDate: paul.Traits.BirthDate, BirthRank: 1}, Person: paul},
	}
}

func nir(i segur.INS) ins.NIR { return must(ins.ParseNIR(i.Body(), i.Key())) }

// AddVitale makes beneficiaries of cards known, and their persons where the server does not have them yet.
func (s *Server) AddVitale(beneficiaries ...Vitale) error {
	for _, v := range beneficiaries {
		p, err := v.Person.check()
		if err != nil {
			return err
		}
		s.mu.Lock()
		if !has(s.persons, p) {
			s.persons = append(s.persons, p)
		}
		s.rights = append(s.rights, right{v.Card.Insured.Number(), v.Card.BirthDate.ISO(), v.Card.BirthRank, p.INS.Body()})
		s.mu.Unlock()
	}
	return nil
}

// VitaleQuery is the search with a card whose assertion was made now, and that stays in the reader.
func (s *Server) VitaleQuery(card ins.VitaleCard) ins.VitaleQuery {
	now := s.clock()
	return ins.VitaleQuery{Card: card, Assertion: s.VitaleAssertion(card, now), AssertedAt: now,
		Reread: func(context.Context) (ins.VitaleCard, error) { return card, nil }}
}

// cardAssertionAge is how long the assertion of a card serves: a conformance test waits "more than 20 minutes".
const cardAssertionAge = 20 * time.Minute

const (
	cardIssuer = "instest:vitale"
	cardProof  = "instest:preuve"
)

// VitaleAssertion makes the assertion of a card at an instant. Content and proof of the real one are not public: this one
// is a contract of the fake, a SAML 2.0 assertion about the serial number of the card whose only attribute is an
// authentication code over its identifier, its instant and the numbers, birth date and rank of the beneficiary. Only the
// server that made it accepts it.
func (s *Server) VitaleAssertion(card ins.VitaleCard, at time.Time) []byte {
	issued := at.UTC().Format("2006-01-02T15:04:05.000Z")
	id := "_" + strings.ToLower(rand.Text())
	c := cardCriteria{insured: card.Insured.Number(), number: card.Beneficiary.Number(), date: card.BirthDate.ISO(), rank: card.BirthRank}
	w := xmlw.New(nil)
	w.Start("Assertion")
	w.NS("", saml.Namespace)
	w.Attr("ID", id)
	w.Attr("IssueInstant", issued)
	w.Attr("Version", "2.0")
	w.Elem("Issuer", cardIssuer)
	w.Start("Subject")
	w.Elem("NameID", card.Serial)
	w.End()
	w.Start("AttributeStatement")
	w.Start("Attribute")
	w.Attr("Name", cardProof)
	w.Elem("AttributeValue", s.proofOf(id, issued, card.Serial, c))
	w.End()
	w.End()
	w.End()
	return must(w.Bytes())
}

func (s *Server) proofOf(id, issued, serial string, c cardCriteria) string {
	h := hmac.New(sha256.New, s.secret[:])
	for _, v := range []string{id, issued, serial, c.insured, c.number, c.date, strconv.Itoa(c.rank)} {
		_, _ = h.Write([]byte(v + "\x00"))
	}
	return hex.EncodeToString(h.Sum(nil))
}

// cardCriteria are the criteria of a search with a card.
type cardCriteria struct {
	insured, number, date string // number: that of the beneficiary, "" where the card has none
	rank                  int
}

// matches: the number of the beneficiary and the birth date, or, without such a number, what the rights say.
func (c cardCriteria) matches(p Person, rights []right) bool {
	if p.INS.IsZero() || p.Traits.BirthDate.ISO() != c.date {
		return false
	}
	if c.number != "" {
		if p.INS.Body() == c.number {
			return true
		}
		for _, h := range p.History {
			if h.INS.Body() == c.number {
				return true
			}
		}
		return false
	}
	for _, r := range rights {
		if r.number == p.INS.Body() && r.insured == c.insured && r.date == c.date && (c.rank == 0 || r.rank == c.rank) {
			return true
		}
	}
	return false
}

// checkCard verifies RECVITALE, its likeness to COUVERTURE, and that the assertion of the card is about both.
func (s *Server) checkCard(body, coverage, assertion *xmlr.Node) (*cardCriteria, *soapFault) {
	c, f := vitaleCriteria(body)
	if f != nil {
		return nil, f
	}
	covered, f := coverageCriteria(coverage)
	if f != nil {
		return nil, f
	}
	if *c != *covered {
		return nil, fault("coverage", "COUVERTURE and RECVITALE do not name the same beneficiary")
	}
	issued := assertion.Attr("IssueInstant")
	at, err := time.Parse(time.RFC3339Nano, issued)
	proof := ""
	for a := range assertion.Each(saml.Namespace, "AttributeStatement/Attribute") {
		if a.Attr("Name") == cardProof {
			proof = a.Child(saml.Namespace, "AttributeValue").TrimText()
		}
	}
	serial := assertion.Find(saml.Namespace, "Subject/NameID").TrimText()
	age := s.clock().Sub(at)
	switch {
	case err != nil || assertion.Child(saml.Namespace, "Issuer").TrimText() != cardIssuer:
		return nil, unauthorized("vitale", "the assertion of the card was not made by Server.VitaleAssertion")
	case !hmac.Equal([]byte(proof), []byte(s.proofOf(assertion.Attr("ID"), issued, serial, *c))):
		return nil, unauthorized("vitale", "the assertion of the card is about another beneficiary, or was altered")
	case age > cardAssertionAge || age < -5*time.Minute:
		return nil, unauthorized("vitale_age", "the assertion of the card is older than 20 minutes, or of the future")
	}
	return c, nil
}

// vitaleCriteria reads RECVITALE: order, presence, form of the numbers.
func vitaleCriteria(n *xmlr.Node) (*cardCriteria, *soapFault) {
	if !n.Is(nsVitale, "RECVITALE") {
		return nil, fault("body", "the body must hold RECVITALE")
	}
	if !ordered(n, nsVitale, "MatriculeIndividu", "MatriculeOD", "NomNaissance", "DateNaissance", "RangNaissance") {
		return nil, fault("body", "RECVITALE: elements must come once, in the order of the schema")
	}
	c := &cardCriteria{date: n.Child(nsVitale, "DateNaissance").Text()}
	for _, m := range []struct {
		name string
		to   *string
	}{{"MatriculeIndividu", &c.number}, {"MatriculeOD", &c.insured}} {
		e := n.Child(nsVitale, m.name)
		if e == nil {
			continue
		}
		*m.to = e.Child(nsVitale, "NumIdentifiant").Text()
		key := e.Child(nsVitale, "Cle")
		switch {
		case !ordered(e, nsVitale, "NumIdentifiant", "Cle", "TypeMatricule") || segur.MatriculeKey(*m.to) == "":
			return nil, fault("lexical", m.name+" must hold a NumIdentifiant of 13 characters")
		case key != nil && key.Text() != segur.MatriculeKey(*m.to):
			return nil, fault("lexical", m.name+": the key does not match the number")
		}
	}
	name := n.Child(nsVitale, "NomNaissance")
	switch {
	case c.insured == "":
		return nil, fault("body", "MatriculeOD is missing")
	case name != nil && !legalName(name.Text()):
		return nil, fault("lexical", "NomNaissance breaks the lexical rules")
	case !datePattern.MatchString(c.date):
		return nil, fault("lexical", "DateNaissance must be YYYY-MM-DD")
	}
	return c, c.readRank(n.Child(nsVitale, "RangNaissance"))
}

func (c *cardCriteria) readRank(n *xmlr.Node) *soapFault {
	if n == nil {
		return nil
	}
	var err error
	if c.rank, err = strconv.Atoi(n.Text()); err != nil || c.rank < 1 || c.rank > 9 {
		return fault("lexical", n.Name.Local+" must be a rank of birth")
	}
	return nil
}

// coverageCriteria reads COUVERTURE.
func coverageCriteria(n *xmlr.Node) (*cardCriteria, *soapFault) {
	insured, beneficiary := n.Child(nsBAM, "ASSURE"), n.Child(nsBAM, "BENEFICIAIRE")
	number := beneficiary.Child(nsBAM, "Nir")
	switch {
	case !ordered(n, nsBAM, "GrandRegime", "Organisme", "CodeCentre", "ASSURE", "BENEFICIAIRE") || insured == nil || beneficiary == nil,
		!ordered(insured, nsBAM, "Id"), !ordered(insured.Child(nsBAM, "Id"), nsBAM, "Num", "Cle"),
		!ordered(beneficiary, nsBAM, "Nir", "DateNai", "Rang", "Porteur"),
		number != nil && !ordered(number, nsBAM, "Num", "Cle", "DateCertification"):
		return nil, fault("context", "ContexteBAM: COUVERTURE must hold ASSURE and BENEFICIAIRE, elements once and in the order of the schema")
	}
	c := &cardCriteria{insured: insured.Find(nsBAM, "Id/Num").Text(), date: beneficiary.Child(nsBAM, "DateNai").Text()}
	if number != nil {
		c.number = number.Child(nsBAM, "Num").Text()
	}
	return c, c.readRank(beneficiary.Child(nsBAM, "Rang"))
}

// ordered reports whether the children of n are among these elements, once at most and in this order.
func ordered(n *xmlr.Node, ns string, names ...string) bool {
	if n == nil {
		return false
	}
	at := 0
	for _, c := range n.Children {
		for at < len(names) && !c.Is(ns, names[at]) {
			at++
		}
		if at == len(names) {
			return false
		}
		at++
	}
	return true
}

// has reports whether a person with the number is among the persons.
func has(persons []Person, p Person) bool {
	for _, q := range persons {
		if !q.INS.IsZero() && q.INS == p.INS {
			return true
		}
	}
	return false
}
