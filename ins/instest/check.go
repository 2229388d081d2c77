package instest

import (
	"mime"
	"net/http"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/segur-sdk/segur"
	"github.com/segur-sdk/segur/ins"
	"github.com/segur-sdk/segur/internal/soap"
	"github.com/segur-sdk/segur/internal/xmlr"
)

const (
	nsBAM    = "urn:siram:bam:ctxbam"
	nsLPS    = "urn:siram:lps:ctxlps"
	nsSearch = "http://www.cnamts.fr/INSiRecSans"
	nsVitale = "http://www.cnamts.fr/INSiRecVit"

	actionTraits = "urn:ServiceIdentiteCertifiee:1.0.0:rechercherInsAvecTraitsIdentite"
	actionVitale = "urn:ServiceIdentiteCertifiee:1.0.0:rechercherInsAvecCarteVitale"
)

var (
	uuidPattern = regexp.MustCompile(`^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$`)
	datePattern = regexp.MustCompile(`^\d{4}-\d{2}-\d{2}$`)
	cogPattern  = regexp.MustCompile(`^(\d{5}|2[AB]\d{3})$`)
	// The alphabet and the first character; what follows each other is tested apart, since Go has no look-ahead.
	namePattern = regexp.MustCompile(`^[A-Z'][A-Z' -]*$`)
)

func fault(code, text string) *soapFault {
	f := refused(code, text)
	return &f
}

func knownFault(code string) *soapFault {
	f := known[code]
	return &f
}

// question is what a request asks: traits, or a card.
type question struct {
	traits segur.Traits
	card   *cardCriteria
}

// check verifies a request in the order of the service: transport, certificate, envelope, headers with the
// authorisation number, proof of who calls, body. It returns the criteria, or the fault.
func (s *Server) check(r *http.Request, raw []byte, call *Call) (*question, *soapFault) {
	action, f := s.checkHTTP(r)
	if f != nil {
		return nil, f
	}
	call.Action = action
	if s.mode == organizations {
		call.CommonName = r.TLS.PeerCertificates[0].Subject.CommonName
		if cn := call.CommonName; cn != ins.CommonNameAuto && cn != ins.CommonNameManual {
			return nil, knownFault("desir_560")
		}
	}
	m, err := soap.ParseMessage(op, raw, maxRequest)
	if err != nil || m.Version != soap.V12 {
		return nil, fault("envelope", "the request is not a SOAP 1.2 envelope")
	}
	call.MessageID = m.MessageID
	blocks, f := s.checkHeaders(m, action)
	if f != nil {
		return nil, f
	}
	call.Issuer = blocks[bam].Child(nsBAM, "Emetteur").TrimText()
	vitale, f := s.checkSecurity(r, blocks[security], action == actionVitale, call)
	if f != nil {
		return nil, f
	}
	if wrong := misshapen(m.Payload); wrong != "" {
		return nil, fault("body", wrong)
	}
	if action == actionVitale {
		card, f := s.checkCard(m.Payload, blocks[bam].Child(nsBAM, "COUVERTURE"), vitale)
		return &question{card: card}, f
	}
	traits, f := criteria(m.Payload)
	if f != nil {
		return nil, f
	}
	return &question{traits: *traits}, nil
}

func (s *Server) checkHTTP(r *http.Request) (action string, f *soapFault) {
	mediaType, params, err := mime.ParseMediaType(r.Header.Get("Content-Type"))
	action = params["action"]
	switch {
	case r.Method != http.MethodPost || r.URL.RequestURI() != path:
		return "", fault("http", "the request must be a POST of "+path)
	case err != nil || mediaType != "application/soap+xml":
		return "", fault("http", "the media type must be application/soap+xml")
	case !strings.EqualFold(params["charset"], "utf-8"):
		return "", fault("http", "the charset must be utf-8")
	case action != actionTraits && (action != actionVitale || s.mode == organizations):
		return "", fault("http", "the parameter action of the media type must be that of an operation of this mode")
	}
	return action, nil
}

// The header blocks: no less, no more. To, ReplyTo and From are for others, Security for professionals only.
var (
	bam      = xmlr.Name{Space: nsBAM, Local: "ContexteBAM"}
	lps      = xmlr.Name{Space: nsLPS, Local: "ContexteLPS"}
	security = xmlr.Name{Space: soap.NamespaceSecurity, Local: "Security"}

	headerNames = []xmlr.Name{bam, lps,
		{Space: soap.NamespaceAddressing, Local: "Action"}, {Space: soap.NamespaceAddressing, Local: "MessageID"}}
)

func (s *Server) checkHeaders(m *soap.Message, action string) (map[xmlr.Name]*xmlr.Node, *soapFault) {
	names := headerNames
	if s.mode != organizations {
		names = append(slices.Clone(names), security)
	}
	blocks := map[xmlr.Name]*xmlr.Node{}
	if m.Header != nil {
		for _, c := range m.Header.Children {
			switch {
			case !slices.Contains(names, c.Name):
				return nil, fault("header", "the header block "+c.Name.Local+" is not expected")
			case blocks[c.Name] != nil:
				return nil, fault("header", "the header block "+c.Name.Local+" comes twice")
			}
			blocks[c.Name] = c
		}
	}
	for _, n := range names {
		if blocks[n] == nil {
			return nil, fault("header", "the header block "+n.Local+" is missing")
		}
	}
	id, ok := strings.CutPrefix(m.MessageID, "uuid:")
	switch {
	case m.Action != action:
		return nil, fault("action", "the action is not that of the operation")
	case !ok || !uuidPattern.MatchString(id):
		return nil, fault("message_id", "the MessageID must be uuid: and a UUID in lower case")
	case !s.fresh(id):
		return nil, fault("message_id", "the MessageID was used before")
	}
	for _, n := range []xmlr.Name{bam, lps} {
		if wrong := misshapen(blocks[n]); wrong != "" {
			return nil, fault("context", n.Local+": "+wrong)
		}
	}
	if f := s.checkBAM(blocks[bam], action == actionVitale); f != nil {
		return nil, f
	}
	return blocks, s.checkLPS(blocks[lps])
}

// checkBAM verifies ContexteBAM, schema CTXBAM V01_02, but for a COUVERTURE that is filled.
func (s *Server) checkBAM(n *xmlr.Node, vitale bool) *soapFault {
	nature, present := n.LookupAttr("", "Nature")
	switch {
	case n.Attr("Version") != "01_02":
		return fault("context", "ContexteBAM: the version must be 01_02")
	case present && nature != "CTXBAM":
		return fault("context", "ContexteBAM: the nature must be CTXBAM")
	case !sequence(n, nsBAM, "Id", "Temps", "Emetteur", "COUVERTURE"):
		return fault("context", "ContexteBAM: must hold Id, Temps, Emetteur, COUVERTURE in this order")
	case !vitale && len(n.Child(nsBAM, "COUVERTURE").Children) > 0:
		return fault("context", "ContexteBAM: COUVERTURE must be empty without a Vitale card")
	}
	return s.checkContext(n, nsBAM)
}

// checkLPS verifies ContexteLPS, schema CTXLPS V01_00, and the authorisation number.
func (s *Server) checkLPS(n *xmlr.Node) *soapFault {
	lps := n.Child(nsLPS, "LPS")
	switch {
	case n.Attr("Version") != "01_00":
		return fault("context", "ContexteLPS: the version must be 01_00")
	case n.Attr("Nature") != "CTXLPS":
		return fault("context", "ContexteLPS: the nature must be CTXLPS")
	case !sequence(n, nsLPS, "Id", "Temps", "Emetteur", "LPS"):
		return fault("context", "ContexteLPS: must hold Id, Temps, Emetteur, LPS in this order")
	case !sequence(lps, nsLPS, "IDAM", "Version", "Instance", "Nom"):
		return fault("context", "ContexteLPS: LPS must hold IDAM, Version, Instance, Nom in this order")
	case lps.Child(nsLPS, "IDAM").Attr("R") != "4":
		return fault("context", "ContexteLPS: the attribute R of IDAM must be 4")
	}
	for _, c := range lps.Children {
		if c.TrimText() == "" {
			return fault("context", "ContexteLPS: "+c.Name.Local+" is empty")
		}
	}
	if f := s.checkContext(n, nsLPS); f != nil {
		return f
	}
	if !slices.Contains(s.numbers, lps.Child(nsLPS, "IDAM").Text()) {
		return knownFault("desir_550")
	}
	return nil
}

// checkContext verifies what both contexts begin with.
func (s *Server) checkContext(n *xmlr.Node, ns string) *soapFault {
	id, at := n.Child(ns, "Id").Text(), n.Child(ns, "Temps").Text()
	switch {
	case !uuidPattern.MatchString(id):
		return fault("context", n.Name.Local+": Id must be a UUID")
	case !s.fresh(id):
		return fault("context", n.Name.Local+": Id was used before")
	case n.Child(ns, "Emetteur").TrimText() == "":
		return fault("context", n.Name.Local+": Emetteur is empty")
	}
	if _, err := time.Parse(time.RFC3339Nano, at); err != nil {
		return fault("context", n.Name.Local+": Temps must be a date and time with a zone")
	}
	return nil
}

// sequence reports whether the children of n are these elements, once each and in this order.
func sequence(n *xmlr.Node, ns string, names ...string) bool {
	if n == nil || len(n.Children) != len(names) {
		return false
	}
	for i, c := range n.Children {
		if !c.Is(ns, names[i]) {
			return false
		}
	}
	return true
}

// criteria verifies RECSANSVITALE: order, presence, alphabet.
func criteria(n *xmlr.Node) (*segur.Traits, *soapFault) {
	if !n.Is(nsSearch, "RECSANSVITALE") {
		return nil, fault("body", "the body must hold RECSANSVITALE")
	}
	order := []string{"NomNaissance", "Prenom", "Sexe", "DateNaissance", "LieuNaissance"}
	value := map[string]string{}
	at := 0
	for _, c := range n.Children {
		i := slices.Index(order, c.Name.Local)
		if i < at || c.Name.Space != nsSearch || len(c.Children) > 0 {
			return nil, fault("body", "RECSANSVITALE: elements must come once, in the order of the schema")
		}
		at = i + 1
		value[c.Name.Local] = c.Text()
	}
	t := &segur.Traits{BirthName: value["NomNaissance"], FirstGivenName: value["Prenom"], Sex: segur.Sex(value["Sexe"]), BirthPlace: value["LieuNaissance"]}
	date, err := segur.ParseDate(value["DateNaissance"])
	_, hasPlace := value["LieuNaissance"]
	switch {
	case t.BirthName == "":
		return nil, knownFault("insi_19")
	case t.Sex != segur.Female && t.Sex != segur.Male:
		return nil, knownFault("insi_24")
	case !legalName(t.BirthName):
		return nil, fault("lexical", "NomNaissance breaks the lexical rules")
	case !legalName(t.FirstGivenName) || strings.Contains(t.FirstGivenName, "--") || strings.ContainsAny(t.FirstGivenName[len(t.FirstGivenName)-1:], "-'"):
		return nil, fault("lexical", "Prenom breaks the lexical rules")
	case err != nil || !datePattern.MatchString(value["DateNaissance"]):
		return nil, fault("lexical", "DateNaissance must be YYYY-MM-DD")
	case hasPlace && !cogPattern.MatchString(t.BirthPlace):
		return nil, fault("lexical", "LieuNaissance must be a COG code")
	}
	t.BirthDate = date
	return t, nil
}

func legalName(s string) bool {
	if !namePattern.MatchString(s) || len(s) > 100 {
		return false
	}
	for _, pair := range []string{"  ", "''", " '", "' "} {
		if strings.Contains(s, pair) {
			return false
		}
	}
	return true
}
