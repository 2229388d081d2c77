package ins_test

import (
	"bytes"
	"context"
	"encoding/json"
	"encoding/xml"
	"io"
	"io/fs"
	"net/http"
	"os"
	"path"
	"path/filepath"
	"slices"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/segur-sdk/segur"
	"github.com/segur-sdk/segur/ins"
	"github.com/segur-sdk/segur/internal/testkit"
)

// numberFact is one number of an official answer.
type numberFact struct {
	number, key, kind, from, to string
	badKey                      bool // as published: kept, warned about, never made an INS
}

// answerFacts are what an official answer says.
type answerFacts struct {
	outcome ins.Outcome
	code    string
	oid     segur.OID
	active  numberFact
	history []numberFact
	former  int // entries of the history without the active number
	traits  segur.Traits
	first   string // the given name to search with
	warned  []string
}

var (
	ecetinsi = segur.Traits{BirthName: "ECETINSI", GivenNames: "PIERRE-ALAIN MURIEL FLORIANT", Sex: segur.Male,
		BirthDate: segur.NewDate(2009, 7, 14), BirthPlace: "63220"}
	ecetinsiActive = numberFact{number: "1090763220834", key: "89"}
	ecetinsiFormer = numberFact{number: "2090763220834", key: "39", from: "2019-03-01", to: "2019-02-28"}
)

// official lists the answers captured on the qualification platform and the response files of the conformance tests.
var official = map[string]answerFacts{
	"captured/resp_00_ADRTROIS_DOMINIQUE.xml": {outcome: ins.Found, code: "00", oid: segur.OIDINSNIR, first: "DOMINIQUE",
		active: numberFact{number: "297022A020778", key: "78"},
		traits: segur.Traits{BirthName: "ADRTROIS", GivenNames: "DOMINIQUE", Sex: segur.Female, BirthDate: segur.NewDate(1997, 2, 26), BirthPlace: "2A020"}},
	"captured/resp_00_ADRTROIS_TOUSSAINT.xml": {outcome: ins.Found, code: "00", oid: segur.OIDINSNIR, first: "TOUSSAINT",
		active: numberFact{number: "160012B020777", key: "13"},
		traits: segur.Traits{BirthName: "ADRTROIS", GivenNames: "TOUSSAINT", Sex: segur.Male, BirthDate: segur.NewDate(1960, 1, 1), BirthPlace: "2B020"}},
	"captured/resp_00_ECETINSI_PIERRE-ALAIN_live.xml": {outcome: ins.Found, code: "00", oid: segur.OIDINSNIR, first: "PIERRE-ALAIN",
		active: ecetinsiActive, history: []numberFact{ecetinsiFormer}, former: 1, traits: ecetinsi},
	"captured/resp_00_TCHITCHI_CATARINA.xml": {outcome: ins.Found, code: "00", oid: segur.OIDINSNIR, first: "CATARINA",
		active: numberFact{number: "2360663220836", key: "56"},
		traits: segur.Traits{BirthName: "TCHITCHI", GivenNames: "CATARINA BELLA", Sex: segur.Female, BirthDate: segur.NewDate(1936, 6, 21), BirthPlace: "63220"}},
	"captured/resp_02_DE_VINCI_LEONARDO.xml": {outcome: ins.Ambiguous, code: "02"},
	"cnda-responses/REP_CR01.xml":            {outcome: ins.NotFound, code: "01"},
	// The dates come before the number, against the schema.
	"cnda-responses/TEST_2.04_cas2.xml": {outcome: ins.Found, code: "00", oid: segur.OIDINSNIR, first: "PIERRE-ALAIN",
		active: ecetinsiActive, history: []numberFact{ecetinsiFormer, {number: "2090663220123", key: "55"}}, former: 2, traits: ecetinsi},
	// A waiting number (NIA), with a comment beside the OID.
	"cnda-responses/TEST_2.05.xml": {outcome: ins.Found, code: "00", oid: segur.OIDINSNIA, first: "MATRICULE",
		active: numberFact{number: "1090763220888", key: "35"},
		traits: segur.Traits{BirthName: "PROVISOIRE", FirstGivenName: "MATRICULE", GivenNames: "MATRICULE", Sex: segur.Male, BirthDate: segur.NewDate(2009, 7, 1), BirthPlace: "63220"}},
	// The history repeats the active number.
	"cnda-responses/TEST_2.08_cas1.xml": {outcome: ins.Found, code: "00", oid: segur.OIDINSNIR, first: "ANTHONY",
		active: numberFact{number: "180032B020401", key: "23"}, history: []numberFact{{number: "180032B020401", key: "23"}},
		traits: segur.Traits{BirthName: "CORSE", FirstGivenName: "ANTHONY", GivenNames: "ANTHONY", Sex: segur.Male, BirthDate: segur.NewDate(1980, 3, 2), BirthPlace: "2B020"}},
	"cnda-responses/TEST_2.08_cas2.xml": {outcome: ins.Unconfirmed, code: "00", oid: segur.OIDINSNIR, first: "GATIEN",
		active:  numberFact{number: "1810363220456", key: "60", badKey: true},
		history: []numberFact{{number: "1810363220456", key: "60", badKey: true}, {number: "2810363220456", key: "10", badKey: true}}, former: 1,
		traits: segur.Traits{BirthName: "HERMANN", FirstGivenName: "GATIEN", GivenNames: "GATIEN", Sex: segur.Male, BirthDate: segur.NewDate(1981, 3, 24), BirthPlace: "63220"},
		warned: []string{"RESULTAT/INDIVIDU/INSACTIF/IdIndividu/Cle", "RESULTAT/INDIVIDU/INSHISTO/IdIndividu/Cle", "RESULTAT/INDIVIDU/INSHISTO/IdIndividu/Cle"}},
	"samples/resp_00_with_history.xml": {outcome: ins.Found, code: "00", oid: segur.OIDINSNIR, first: "PIERRE-ALAIN",
		active: ecetinsiActive, history: []numberFact{ecetinsiFormer, {number: "2090663220123", key: "55", kind: "NIR"}}, former: 2, traits: ecetinsi},
}

func TestOfficialAnswers(t *testing.T) {
	t.Parallel()
	for name, want := range official {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			raw := testkit.ReadShared(t, "insi/"+name)
			query := camille()
			if want.first != "" {
				query = want.traits
				query.FirstGivenName = want.first
			}
			r, err := cannedClient(t, segur.Qualification, raw).Search(t.Context(), ins.Query{Traits: query})
			require.NoError(t, err)
			assert.Equal(t, want.outcome, r.Outcome)
			assert.Equal(t, want.code, r.Code)
			assert.Equal(t, raw, r.Raw, "byte for byte")
			var warned []string
			for _, w := range r.Warnings {
				warned = append(warned, w.Field)
			}
			assert.Equal(t, want.warned, warned)
			if want.first == "" {
				assert.Nil(t, r.Identity)
				return
			}
			check := func(want numberFact, oid segur.OID, got ins.Record) {
				assert.Equal(t, want.number, got.Number())
				assert.Equal(t, want.key, got.Key())
				assert.Equal(t, want.kind, got.Type)
				assert.Equal(t, oid, got.Authority)
				if want.from != "" {
					assert.Equal(t, want.from, got.From.ISO())
					assert.Equal(t, want.to, got.To.ISO())
				} else {
					assert.True(t, got.From.IsZero() && got.To.IsZero())
				}
				if want.badKey {
					assert.True(t, got.INS.IsZero())
					return
				}
				assert.Equal(t, want.number+want.key, got.INS.Matricule())
				assert.Equal(t, oid, got.INS.Authority())
			}
			id := r.Identity
			check(want.active, want.oid, id.Active)
			assert.Equal(t, id.Active.INS, id.INS)
			require.Len(t, id.History, len(want.history))
			for i := range id.History {
				check(want.history[i], want.oid, id.History[i])
			}
			assert.Len(t, id.Former(), want.former)
			assert.Equal(t, want.traits, id.Traits)
			assert.True(t, r.Verdict.Coherent())
		})
	}
}

// faultFacts are what an official fault says.
type faultFacts struct {
	Code, Subcode, DetailCode, Severity, Lang, MessageID, Reason, Message string
	Kind                                                                  segur.Kind
	Retryable                                                             bool
}

const (
	faultMessageID = "uuid:b3549edd-4ae9-472a-b26f-fd2fb4ef397f"
	notAuthorised  = "L'accès par ce progiciel au service n'est pas autorisé. Contactez l'éditeur du progiciel ou votre responsable informatique."
	unknownNumber  = "Numéro d'autorisation du logiciel inconnu."
	notAccessible  = "Le service est temporairement inaccessible. Veuillez renouveler votre demande ultérieurement. " +
		"Si le problème persiste, contactez l'éditeur du progiciel ou votre responsable informatique."
)

var officialFaults = map[string]faultFacts{
	"captured/fault_siram_100_desir_550_2023-2025.xml": {"Sender", "siram_100", "desir_550", "erreur", "en", faultMessageID, notAuthorised, unknownNumber, segur.KindAuthorization, false},
	"captured/fault_siram_100_desir_550_2026.xml":      {"Sender", "siram_100", "desir_550", "erreur", "fr", faultMessageID, notAuthorised, unknownNumber, segur.KindAuthorization, false},
	"captured/fault_siram_40_desir_1020.xml":           {"Sender", "siram_40", "desir_1020", "fatale", "fr", faultMessageID, notAccessible, "Le service appelé est temporairement indisponible", segur.KindUnavailable, true},
	"captured/fault_siram_40_insi_102_D-AEION_COEUR.xml": {"Receiver", "siram_40", "insi_102", "fatal", "en", "", notAccessible,
		"L'appel au service de recherche avec les traits d'identité renvoie une erreur technique.", segur.KindUnavailable, true},
}

func TestOfficialFaults(t *testing.T) {
	t.Parallel()
	for name, want := range officialFaults {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			raw := testkit.ReadShared(t, "insi/"+name)
			client := cannedClient(t, segur.Qualification, raw, func(c *ins.Config) { c.UnknownPersonFaults = []string{} })
			_, err := client.Search(t.Context(), ins.Query{Traits: camille()})
			var e *segur.Error
			require.ErrorAs(t, err, &e)
			var f *ins.Fault
			require.ErrorAs(t, err, &f)
			assert.Equal(t, want, faultFacts{f.Code, f.Subcode, f.DetailCode, f.Severity, f.Lang, f.MessageID, f.Reason, f.Message, e.Kind, e.Retryable()})
			assert.Equal(t, want.DetailCode, e.Code)
			assert.NotContains(t, err.Error(), f.Reason)
			assert.NotContains(t, err.Error(), f.Message)
			assert.NotEmpty(t, e.Help.FR)
			assert.NotEmpty(t, e.Help.EN)
			assert.True(t, bytes.Contains(raw, f.Raw) && len(f.Raw) > 0)
		})
	}
}

// officialRequests lists the captured searches: this package must send the same criteria. typed is what was typed
// where that is known to differ.
var officialRequests = map[string]struct{ sent, typed segur.Traits }{
	"captured/req_RECSANSVITALE_ADRTROIS_DOMINIQUE_no_security.xml":       {sent: adrtrois},
	"captured/req_RECSANSVITALE_ADRTROIS_DOMINIQUE_with_assertion_ps.xml": {sent: adrtrois},
	"captured/req_RECSANSVITALE_D-AEION_COEUR_2023-09-26.xml": {
		sent:  segur.Traits{BirthName: "D'AEION", FirstGivenName: "COEUR", Sex: segur.Male, BirthDate: segur.NewDate(1987, 1, 25)},
		typed: segur.Traits{BirthName: "D’ÆION", FirstGivenName: "CŒUR", Sex: segur.Male, BirthDate: segur.NewDate(1987, 1, 25)}},
	"captured/req_RECSANSVITALE_D-ARTAGNAN_DE_L-HERAULT_2023-09-26.xml": {
		sent: segur.Traits{BirthName: "D'ARTAGNAN DE L'HERAULT", FirstGivenName: "PIERRE-ALAIN", Sex: segur.Male, BirthDate: segur.NewDate(2001, 6, 17)}},
	"captured/req_RECSANSVITALE_ECETINSI_2023-09-26.xml": {
		sent: segur.Traits{BirthName: "ECETINSI", FirstGivenName: "PIERRE-ALAIN", Sex: segur.Male, BirthDate: segur.NewDate(2009, 7, 14)}},
	"samples/req_ws_ins2_mtls.xml": {sent: segur.Traits{BirthName: "ADRTROIS", FirstGivenName: "DOMINIQUE", Sex: segur.Female,
		BirthDate: segur.NewDate(1997, 2, 26), BirthPlace: "2A020"}},
}

var adrtrois = segur.Traits{BirthName: "ADRTROIS", FirstGivenName: "DOMINIQUE", Sex: segur.Female, BirthDate: segur.NewDate(1997, 2, 26)}

// criteria is what encoding/xml, a second reader, finds in a request.
type criteria struct {
	Search struct {
		XMLName xml.Name
		Fields  []struct {
			XMLName xml.Name
			Value   string `xml:",chardata"`
		} `xml:",any"`
	} `xml:"Body>RECSANSVITALE"`
}

// sending keeps the request and answers that nobody was found.
type sending struct{ request []byte }

func (s *sending) RoundTrip(r *http.Request) (*http.Response, error) {
	var err error
	if s.request, err = io.ReadAll(r.Body); err != nil {
		return nil, err
	}
	return canned(inEnvelope(resultat(`<CR><CodeCR>01</CodeCR></CR>`))).RoundTrip(r)
}

func TestOfficialRequests(t *testing.T) {
	t.Parallel()
	for name, tc := range officialRequests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var want, got criteria
			require.NoError(t, xml.Unmarshal(testkit.ReadShared(t, "insi/"+name), &want))
			if tc.typed.BirthName != "" {
				n, err := ins.Normalize(tc.typed)
				require.NoError(t, err)
				require.Equal(t, tc.sent, n.Traits)
				require.Len(t, n.Changes, 3, "an apostrophe and two ligatures")
			}
			s := &sending{}
			client := cannedClient(t, segur.Qualification, nil, func(c *ins.Config) { c.HTTPClient = &http.Client{Transport: s} })
			_, err := client.Search(t.Context(), ins.Query{Traits: tc.sent})
			require.NoError(t, err)
			require.NoError(t, xml.Unmarshal(s.request, &got))
			require.GreaterOrEqual(t, len(got.Search.Fields), 4)
			assert.Equal(t, want, got)
		})
	}
}

// The search by card of the samples: the same element from what a card says.
func TestOfficialVitaleRequest(t *testing.T) {
	t.Parallel()
	type search struct {
		Beneficiary struct{ NumIdentifiant, Cle string } `xml:"Body>RECVITALE>MatriculeIndividu"`
		Insured     struct{ NumIdentifiant, Cle string } `xml:"Body>RECVITALE>MatriculeOD"`
		Name        string                               `xml:"Body>RECVITALE>NomNaissance"`
		Date        string                               `xml:"Body>RECVITALE>DateNaissance"`
		Rank        string                               `xml:"Body>RECVITALE>RangNaissance"`
		Num         []string                             `xml:"Header>ContexteBAM>COUVERTURE>BENEFICIAIRE>Nir>Num"`
		Assured     []string                             `xml:"Header>ContexteBAM>COUVERTURE>ASSURE>Id>Num"`
	}
	beneficiary, err := ins.ParseNIR("1090763220834", "89")
	require.NoError(t, err)
	insured, err := ins.ParseNIR("2770763220834", "")
	require.NoError(t, err)
	card := ins.VitaleCard{Serial: "FICTIF-1", Insured: insured, Beneficiary: beneficiary, BirthName: "ECETINSI", BirthDate: ecetinsi.BirthDate, BirthRank: 1}
	var want, got search
	require.NoError(t, xml.Unmarshal(testkit.ReadShared(t, "insi/samples/req_ws_ins1_vitale_cps.xml"), &want))
	s := &sending{}
	client := cannedClient(t, segur.Qualification, nil, func(c *ins.Config) {
		c.HTTPClient = &http.Client{Transport: s}
		c.Authentication = ins.Assertion(func(context.Context) ([]byte, error) { return assertion("professional"), nil })
	})
	_, err = client.SearchVitale(t.Context(), ins.VitaleQuery{Card: card, Assertion: assertion("card"), AssertedAt: now,
		Reread: func(context.Context) (ins.VitaleCard, error) { return card, nil }})
	require.NoError(t, err)
	require.NoError(t, xml.Unmarshal(s.request, &got))
	require.Equal(t, "1090763220834", want.Beneficiary.NumIdentifiant)
	assert.Equal(t, want, got)
}

// assertion is an assertion that nothing reads but its name.
func assertion(name string) []byte {
	return []byte(`<saml:Assertion xmlns:saml="urn:oasis:names:tc:SAML:2.0:assertion" ID="_` + name + `" Version="2.0"><saml:Subject><saml:NameID>` + name + `</saml:NameID></saml:Subject></saml:Assertion>`)
}

// readElsewhere are the files that other tests read.
var readElsewhere = map[string]string{
	"captured/assertion_ps_cps_test_sample.xml":         "package internal/saml",
	"test-identities/matricule_key_vectors.json":        "TestMatriculeKeyVectors",
	"test-identities/franceconnect_insiAmeliQualif.csv": "package instest",
}

// Every official message has its facts here: a new one fails until it has.
func TestOfficialFilesAreKnown(t *testing.T) {
	t.Parallel()
	root := testkit.SharedData(t, "insi")
	known := map[string]bool{}
	for name := range official {
		known[name] = true
	}
	for name := range officialFaults {
		known[name] = true
	}
	for name := range officialRequests {
		known[name] = true
	}
	known["samples/req_ws_ins1_vitale_cps.xml"] = true // TestOfficialVitaleRequest
	for name := range readElsewhere {
		known[name] = true
	}
	var found []string
	for _, dir := range []string{"captured", "cnda-responses", "samples", "test-identities"} {
		require.NoError(t, fs.WalkDir(os.DirFS(root), dir, func(p string, d fs.DirEntry, err error) error {
			if err != nil || d.IsDir() {
				return err
			}
			found = append(found, path.Clean(filepath.ToSlash(p)))
			return nil
		}))
	}
	for _, name := range found {
		assert.True(t, known[name], "%s has no expectation", name)
		delete(known, name)
	}
	assert.Empty(t, known, "expected and gone")
	assert.True(t, slices.Contains(found, "cnda-responses/REP_CR01.xml"))
}

// A number whose key is in the answer, and one whose key must be computed, make the same INS.
func TestMatriculeKeyVectors(t *testing.T) {
	t.Parallel()
	type vector struct{ Body, Key string }
	var vectors struct {
		Valid   []vector
		Invalid []vector `json:"published_but_invalid_key"`
	}
	require.NoError(t, json.Unmarshal(testkit.ReadShared(t, "insi/test-identities/matricule_key_vectors.json"), &vectors))
	require.Len(t, vectors.Valid, 15)
	require.Len(t, vectors.Invalid, 3)
	read := func(body, key string) *ins.Result {
		number := `<INSACTIF><IdIndividu><NumIdentifiant>` + body + `</NumIdentifiant>` + key + `</IdIndividu><OID>1.2.250.1.213.1.4.8</OID></INSACTIF>`
		q := camille()
		r, err := cannedClient(t, segur.Qualification, inEnvelope(individu(number+tiq))).Search(t.Context(), ins.Query{Traits: q})
		require.NoError(t, err)
		return r
	}
	for _, v := range vectors.Valid {
		for _, key := range []string{"<Cle>" + v.Key + "</Cle>", "", "<Cle/>"} {
			r := read(v.Body, key)
			assert.Equal(t, ins.Found, r.Outcome, v.Body)
			assert.Equal(t, v.Body+v.Key, r.Identity.INS.Matricule())
			assert.Empty(t, r.Warnings)
		}
	}
	for _, v := range vectors.Invalid {
		r := read(v.Body, "<Cle>"+v.Key+"</Cle>")
		assert.Equal(t, ins.Unconfirmed, r.Outcome, v.Body)
		assert.True(t, r.Identity.INS.IsZero())
		require.Len(t, r.Warnings, 1)
		assert.Equal(t, "RESULTAT/INDIVIDU/INSACTIF/IdIndividu/Cle", r.Warnings[0].Field)
	}
}
