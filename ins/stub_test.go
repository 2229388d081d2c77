package ins_test

import (
	"bytes"
	"fmt"
	"html"
	"io"
	"net"
	"net/http"
	"regexp"
	"strings"
	"sync"
	"syscall"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/segur-sdk/segur"
	"github.com/segur-sdk/segur/ins"
	"github.com/segur-sdk/segur/ins/instest"
	"github.com/segur-sdk/segur/internal/testkit/fixed"
)

// stub is an INSi below the SOAP layer, inside the process: for tests that make many calls. The fake server checks
// what it is sent; the stub only counts it.
type stub struct {
	persons []instest.Person
	// fault gives what is wrong with the n-th message, from 0; nil: nothing.
	fault func(n int) trouble

	mu   sync.Mutex
	ids  []string
	sent []segur.Traits
}

// trouble is one way for a call to fail.
type trouble int

const (
	healthy trouble = iota
	cutBefore
	cutDuring
	unavailableCode // desir_1020
	technicalCode   // insi_102
	teleservices    // insi_111
	unknownFamily   // siram_40, detail code not known
	softwareRefused // desir_550
	gateway503
	tooMany429
	strangePage
	another // a well-formed answer about somebody else
	troubles
)

var fieldPattern = regexp.MustCompile(`<(?:\w+:)?(NomNaissance|Prenom|Sexe|DateNaissance|LieuNaissance|MessageID)[^>]*>([^<]*)<`)

// RoundTrip implements http.RoundTripper.
func (s *stub) RoundTrip(r *http.Request) (*http.Response, error) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return nil, err
	}
	fields := map[string]string{}
	for _, m := range fieldPattern.FindAllSubmatch(body, -1) {
		fields[string(m[1])] = html.UnescapeString(string(m[2]))
	}
	date, _ := segur.ParseDate(fields["DateNaissance"])
	t := segur.Traits{BirthName: fields["NomNaissance"], FirstGivenName: fields["Prenom"], Sex: segur.Sex(fields["Sexe"]),
		BirthDate: date, BirthPlace: fields["LieuNaissance"]}
	s.mu.Lock()
	n := len(s.ids)
	s.ids, s.sent = append(s.ids, fields["MessageID"]), append(s.sent, t)
	s.mu.Unlock()
	what := healthy
	if s.fault != nil {
		what = s.fault(n)
	}
	answer := s.answer(t)
	coded := func(code string) (*http.Response, error) {
		f := instest.SOAPFault(code, instest.Since2026)
		return response(r, 500, "application/soap+xml", f.Body), nil
	}
	switch what {
	case cutBefore:
		return nil, &net.OpError{Op: "read", Err: syscall.ECONNRESET}
	case cutDuring:
		resp := response(r, 200, "application/soap+xml", answer)
		resp.Body = io.NopCloser(io.MultiReader(bytes.NewReader(answer[:len(answer)/2]), broken{}))
		return resp, nil
	case unavailableCode:
		return coded("desir_1020")
	case technicalCode:
		return coded("insi_102")
	case teleservices:
		return coded("insi_111")
	case unknownFamily:
		f := instest.SOAPFault("insi_111", instest.Until2025)
		return response(r, 500, "application/soap+xml", bytes.ReplaceAll(f.Body, []byte("insi_111"), []byte("insi_199"))), nil
	case softwareRefused:
		return coded("desir_550")
	case gateway503:
		return response(r, 503, "text/html", []byte("<html>later</html>")), nil
	case tooMany429:
		resp := response(r, 429, "text/html", nil)
		resp.Header.Set("Retry-After", "3600")
		return resp, nil
	case strangePage:
		return response(r, 200, "text/html", []byte("<html>hello</html>")), nil
	case another:
		p := somebody("AUTRE-FICTIF", "IVAN", "IVAN", segur.Male, segur.NewDate(1901, 2, 3), "75056", 999)
		return response(r, 200, "application/soap+xml", answerXML("00", &p)), nil
	}
	return response(r, 200, "application/soap+xml", answer), nil
}

// broken is the end of a connection that was cut.
type broken struct{}

func (broken) Read([]byte) (int, error) { return 0, &net.OpError{Op: "read", Err: syscall.ECONNRESET} }

func response(r *http.Request, status int, contentType string, body []byte) *http.Response {
	return &http.Response{StatusCode: status, Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1, Request: r, ContentLength: -1,
		Header: http.Header{"Content-Type": {contentType}}, Body: io.NopCloser(bytes.NewReader(body))}
}

// answer matches as the service is known to: everything exactly, the given name with the first one or the whole list.
func (s *stub) answer(t segur.Traits) []byte {
	var found []instest.Person
	for _, p := range s.persons {
		q := p.Traits
		if q.BirthName == t.BirthName && q.Sex == t.Sex && q.BirthDate == t.BirthDate &&
			(t.FirstGivenName == q.FirstGivenName || t.FirstGivenName == q.GivenNames) && (t.BirthPlace == "" || t.BirthPlace == q.BirthPlace) {
			found = append(found, p)
		}
	}
	switch len(found) {
	case 0:
		return answerXML("01", nil)
	case 1:
		return answerXML("00", &found[0])
	}
	return answerXML("02", nil)
}

func answerXML(code string, p *instest.Person) []byte {
	var b strings.Builder
	b.WriteString(`<s:Envelope xmlns:s="http://www.w3.org/2003/05/soap-envelope"><s:Body><RESULTAT xmlns="http://www.cnamts.fr/INSiResultat"><CR><CodeCR>` +
		code + `</CodeCR><LibelleCR>x</LibelleCR></CR>`)
	record := func(name string, i segur.INS) {
		fmt.Fprintf(&b, "<%s><IdIndividu><NumIdentifiant>%s</NumIdentifiant><Cle>%s</Cle></IdIndividu><OID>%s</OID></%s>", name, i.Body(), i.Key(), i.Authority(), name)
	}
	if p != nil {
		b.WriteString("<INDIVIDU>")
		record("INSACTIF", p.INS)
		for _, f := range p.History {
			record("INSHISTO", f.INS)
		}
		t := p.Traits
		fmt.Fprintf(&b, "<TIQ><NomNaissance>%s</NomNaissance><ListePrenom>%s</ListePrenom><Sexe>%s</Sexe><DateNaissance>%s</DateNaissance><LieuNaissance>%s</LieuNaissance></TIQ></INDIVIDU>",
			html.EscapeString(t.BirthName), html.EscapeString(t.GivenNames), t.Sex, t.BirthDate.ISO(), t.BirthPlace)
	}
	b.WriteString("</RESULTAT></s:Body></s:Envelope>")
	return []byte(b.String())
}

// somebody makes a person with the n-th number.
func somebody(birth, first, list string, sex segur.Sex, date segur.Date, place string, n int) instest.Person {
	body := fmt.Sprintf("%s%02d%02d%s%03d", map[segur.Sex]string{segur.Male: "1", segur.Female: "2"}[sex], date.Year%100, max(date.Month, 1), "69123", n)
	number, err := segur.ParseINS(body+segur.MatriculeKey(body), segur.OIDINSNIR)
	if err != nil {
		panic(err)
	}
	return instest.Person{INS: number, Traits: segur.Traits{BirthName: birth, FirstGivenName: first, GivenNames: list, Sex: sex, BirthDate: date, BirthPlace: place}}
}

// messages returns the identifiers received.
func (s *stub) messages() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return append([]string(nil), s.ids...)
}

// names returns the given names received.
func (s *stub) names() (out []string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, t := range s.sent {
		out = append(out, t.FirstGivenName)
	}
	return out
}

// client returns a client of the stub whose pauses are as good as nothing.
func (s *stub) client(tb interface {
	require.TestingT
	Helper()
}, change ...func(*ins.Config)) *ins.Client {
	tb.Helper()
	cfg := ins.Config{
		ClientConfig: segur.ClientConfig{Environment: segur.Qualification, HTTPClient: &http.Client{Transport: s},
			Clock: fixed.NewSteppingClock(now, time.Millisecond).Now, IDs: segur.NewIDSource(fixed.Rand(7)),
			Retry: segur.RetryPolicy{BaseDelay: time.Microsecond, MaxDelay: time.Microsecond}},
		Issuer:              "1990000019",
		UnknownPersonFaults: []string{},
		Software: ins.Software{AuthorizationNumber: "FICTIF000000", Name: "RIS", Version: "1.0",
			Instance: "0f6e7a36-3c1d-4d55-9f0b-2f4f6c1d8a77"},
	}
	for _, f := range change {
		f(&cfg)
	}
	c, err := ins.New(cfg)
	require.NoError(tb, err)
	return c
}

// faultsInOrder makes the messages fail in this order, then none.
func faultsInOrder(list ...trouble) func(int) trouble {
	return func(n int) trouble {
		if n < len(list) {
			return list[n]
		}
		return healthy
	}
}

// always gives the same answer to everybody.
type always struct {
	stub
	answer []byte
}

// RoundTrip implements http.RoundTripper.
func (a *always) RoundTrip(r *http.Request) (*http.Response, error) {
	if _, err := a.stub.RoundTrip(r); err != nil {
		return nil, err
	}
	return response(r, 200, "application/soap+xml", a.answer), nil
}

func (a *always) client(tb interface {
	require.TestingT
	Helper()
}, change ...func(*ins.Config)) *ins.Client {
	tb.Helper()
	return a.stub.client(tb, append(change, func(c *ins.Config) { c.HTTPClient = &http.Client{Transport: a} })...)
}

// replaceKey makes the key of the number in use wrong.
func replaceKey(answer, key string) string {
	wrong := "01"
	if key == wrong {
		wrong = "02"
	}
	return strings.Replace(answer, "<Cle>"+key+"</Cle>", "<Cle>"+wrong+"</Cle>", 1)
}
