package ins_test

import (
	"encoding/xml"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/segur-sdk/segur"
	"github.com/segur-sdk/segur/ins"
	"github.com/segur-sdk/segur/internal/testkit"
)

// reading is what encoding/xml finds in an official answer: a second reader, so that no sample is copied here.
type reading struct {
	Code   string `xml:"Body>RESULTAT>CR>CodeCR"`
	Person *struct {
		Active  recordReading   `xml:"INSACTIF"`
		History []recordReading `xml:"INSHISTO"`
		Traits  struct {
			NomNaissance, Prenom, ListePrenom, Sexe, DateNaissance, LieuNaissance string
		} `xml:"TIQ"`
	} `xml:"Body>RESULTAT>INDIVIDU"`
}

type recordReading struct {
	Number string `xml:"IdIndividu>NumIdentifiant"`
	Key    string `xml:"IdIndividu>Cle"`
	Type   string `xml:"IdIndividu>TypeMatricule"`
	OID    string
	From   string `xml:"DateDeb"`
	To     string `xml:"DateFin"`
}

// official lists the answers captured on the qualification platform and the response files of the conformance tests,
// with what is particular to each.
var official = map[string]struct {
	outcome  ins.Outcome
	history  int
	oid      segur.OID
	warnings int
	invalid  bool // keys that do not match, as published: kept, warned about, never made an INS
	reversed bool // a history entry that ends before it begins: stays as it is
}{
	"captured/resp_00_ADRTROIS_DOMINIQUE.xml":         {outcome: ins.Found, oid: segur.OIDINSNIR},
	"captured/resp_00_ADRTROIS_TOUSSAINT.xml":         {outcome: ins.Found, oid: segur.OIDINSNIR},
	"captured/resp_00_ECETINSI_PIERRE-ALAIN_live.xml": {outcome: ins.Found, oid: segur.OIDINSNIR, history: 1, reversed: true},
	"captured/resp_00_TCHITCHI_CATARINA.xml":          {outcome: ins.Found, oid: segur.OIDINSNIR},
	"captured/resp_02_DE_VINCI_LEONARDO.xml":          {outcome: ins.Ambiguous},
	"cnda-responses/REP_CR01.xml":                     {outcome: ins.NotFound},
	"cnda-responses/TEST_2.04_cas2.xml":               {outcome: ins.Found, oid: segur.OIDINSNIR, history: 2, reversed: true}, // dates before the number, against the schema
	"cnda-responses/TEST_2.05.xml":                    {outcome: ins.Found, oid: segur.OIDINSNIA},                             // a comment beside the OID
	"cnda-responses/TEST_2.08_cas1.xml":               {outcome: ins.Found, oid: segur.OIDINSNIR, history: 1},                 // the history repeats the active number
	"cnda-responses/TEST_2.08_cas2.xml":               {outcome: ins.Unconfirmed, oid: segur.OIDINSNIR, history: 2, warnings: 3, invalid: true},
	"samples/resp_00_with_history.xml":                {outcome: ins.Found, oid: segur.OIDINSNIR, history: 2, reversed: true},
}

func TestOfficialAnswers(t *testing.T) {
	t.Parallel()
	srv := newServer(t)
	client := newClient(t, srv)
	for name, tc := range official {
		t.Run(name, func(t *testing.T) { // one after the other: the server is scripted
			raw := testkit.ReadShared(t, "insi/"+name)
			var want reading
			require.NoError(t, xml.Unmarshal(raw, &want))
			query := camille()
			if want.Person != nil {
				x := want.Person.Traits
				first, _, _ := strings.Cut(x.ListePrenom, " ")
				date, err := segur.ParseDate(x.DateNaissance)
				require.NoError(t, err)
				query = segur.Traits{BirthName: x.NomNaissance, FirstGivenName: first, Sex: segur.Sex(x.Sexe), BirthDate: date}
			}
			srv.Fail(answered(raw))
			r, err := client.Search(t.Context(), ins.Query{Traits: query})
			require.NoError(t, err)
			assert.Equal(t, tc.outcome, r.Outcome)
			assert.Equal(t, want.Code, r.Code)
			assert.Equal(t, raw, r.Raw, "byte for byte")
			assert.Len(t, r.Warnings, tc.warnings)
			if want.Person == nil {
				assert.Nil(t, r.Identity)
				return
			}
			check := func(want recordReading, got ins.Record) {
				assert.Equal(t, want.Number, got.Number())
				assert.Equal(t, want.Key, got.Key())
				assert.Equal(t, want.Type, got.Type)
				assert.Equal(t, tc.oid, got.Authority)
				assert.Equal(t, want.OID, string(got.Authority))
				if want.From != "" {
					assert.Equal(t, want.From, got.From.ISO())
					assert.Equal(t, want.To, got.To.ISO())
				} else {
					assert.True(t, got.From.IsZero() && got.To.IsZero())
				}
				if tc.invalid {
					assert.True(t, got.INS.IsZero())
					return
				}
				assert.Equal(t, want.Number+want.Key, got.INS.Matricule())
				assert.Equal(t, tc.oid, got.INS.Authority())
			}
			id := r.Identity
			check(want.Person.Active, id.Active)
			assert.Equal(t, id.Active.INS, id.INS)
			require.Len(t, id.History, tc.history)
			require.Len(t, want.Person.History, tc.history)
			for i := range id.History {
				check(want.Person.History[i], id.History[i])
			}
			if tc.reversed {
				assert.Greater(t, id.History[0].From.ISO(), id.History[0].To.ISO())
			}
			x := want.Person.Traits
			assert.Equal(t, segur.Traits{BirthName: x.NomNaissance, FirstGivenName: x.Prenom, GivenNames: x.ListePrenom,
				Sex: segur.Sex(x.Sexe), BirthDate: query.BirthDate, BirthPlace: x.LieuNaissance}, id.Traits)
			assert.True(t, r.Verdict.Coherent())
		})
	}
}

func TestOfficialFaults(t *testing.T) {
	t.Parallel()
	type codes struct {
		code, subcode, detail, severity, lang, messageID string
		kind                                             segur.Kind
		retryable                                        bool
	}
	const id = "uuid:b3549edd-4ae9-472a-b26f-fd2fb4ef397f"
	srv := newServer(t)
	client := newClient(t, srv, func(c *ins.Config) { c.UnknownPersonFaults = []string{} })
	for name, want := range map[string]codes{
		"fault_siram_100_desir_550_2023-2025.xml":   {"Sender", "siram_100", "desir_550", "erreur", "en", id, segur.KindAuthorization, false},
		"fault_siram_100_desir_550_2026.xml":        {"Sender", "siram_100", "desir_550", "erreur", "fr", id, segur.KindAuthorization, false},
		"fault_siram_40_desir_1020.xml":             {"Sender", "siram_40", "desir_1020", "fatale", "fr", id, segur.KindUnavailable, true},
		"fault_siram_40_insi_102_D-AEION_COEUR.xml": {"Receiver", "siram_40", "insi_102", "fatal", "en", "", segur.KindUnavailable, true},
	} {
		t.Run(name, func(t *testing.T) {
			raw := testkit.ReadShared(t, "insi/captured/"+name)
			f := answered(raw)
			f.Status = 500
			srv.Fail(f)
			_, err := client.Search(t.Context(), ins.Query{Traits: camille()})
			var e *segur.Error
			require.ErrorAs(t, err, &e)
			var fault *ins.Fault
			require.ErrorAs(t, err, &fault)
			assert.Equal(t, want, codes{fault.Code, fault.Subcode, fault.DetailCode, fault.Severity, fault.Lang, fault.MessageID, e.Kind, e.Retryable()})
			assert.Equal(t, want.detail, e.Code)
			assert.Equal(t, 500, e.Status)
			assert.Equal(t, 500, fault.Status)
			assert.NotEmpty(t, fault.Reason)
			assert.NotEmpty(t, fault.Message)
			assert.NotContains(t, err.Error(), fault.Reason)
			assert.NotContains(t, err.Error(), fault.Message)
			assert.NotEmpty(t, e.Help.FR)
			assert.NotEmpty(t, e.Help.EN)
		})
	}
}
