package segur_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"log/slog"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/segur-sdk/segur"
	"github.com/segur-sdk/segur/internal/testkit"
)

const (
	body = "2850369123456"
)

func TestMatriculeKey(t *testing.T) {
	t.Parallel()
	// Published examples of the Corsican rule: 2A counts as 19, 2B as 18.
	for body, key := range map[string]string{
		"297022A020778": "78", "160012B020777": "13", "180032B020401": "23",
		"": "", "12345": "", "29702CA020778": "", "2970A20207788": "",
	} {
		assert.Equal(t, key, segur.MatriculeKey(body), body)
	}
}

// Every published number, and those that were published with a wrong key.
func TestMatriculeKeyOfOfficialNumbers(t *testing.T) {
	t.Parallel()
	type vector struct{ Body, Key string }
	var vectors struct {
		Valid   []vector
		Invalid []vector `json:"published_but_invalid_key"`
	}
	require.NoError(t, json.Unmarshal(testkit.ReadShared(t, "insi/test-identities/matricule_key_vectors.json"), &vectors))
	require.GreaterOrEqual(t, len(vectors.Valid), 15)
	require.Len(t, vectors.Invalid, 3)
	for _, v := range vectors.Valid {
		ins, err := segur.ParseINS(v.Body+v.Key, segur.OIDINSNIR)
		require.NoError(t, err, v.Body)
		assert.Equal(t, v.Key, ins.Key())
	}
	for _, v := range vectors.Invalid {
		_, err := segur.ParseINS(v.Body+v.Key, segur.OIDINSNIR)
		require.ErrorContains(t, err, "the key does not match", v.Body)
	}
}

func TestParseINS(t *testing.T) {
	t.Parallel()
	key := segur.MatriculeKey(body)
	ins, err := segur.ParseINS(" 2 85 03 69 123 456 "+key, segur.OIDINSNIRTest)
	require.NoError(t, err)
	assert.Equal(t, body+key, ins.Matricule())
	assert.Equal(t, body, ins.Body())
	assert.Equal(t, key, ins.Key())
	assert.Equal(t, segur.OIDINSNIRTest, ins.Authority())
	assert.True(t, ins.IsTest())
	same, err := segur.ParseINS(body+key, segur.OIDINSNIRTest)
	require.NoError(t, err)
	assert.True(t, ins == same, "comparable")

	corsica, err := segur.ParseINS("297022a02077878", segur.OIDINSNIR)
	require.NoError(t, err)
	assert.Equal(t, "297022A02077878", corsica.Matricule())
}

func TestParseINSRefuses(t *testing.T) {
	t.Parallel()
	key := segur.MatriculeKey(body)
	cases := map[string]struct {
		matricule string
		authority segur.OID
		fields    []string
	}{
		"wrong key":              {body + "01", segur.OIDINSNIR, []string{"ins.matricule"}},
		"no key":                 {body, segur.OIDINSNIR, []string{"ins.matricule"}},
		"letter elsewhere":       {"28503B9123456" + key, segur.OIDINSNIR, []string{"ins.matricule"}},
		"INS-C root":             {body + key, "1.2.250.1.213.1.4.2", []string{"ins.authority"}},
		"both wrong, both named": {"x", "1.2", []string{"ins.authority", "ins.matricule"}},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, err := segur.ParseINS(c.matricule, c.authority)
			require.ErrorIs(t, err, segur.ErrInvalidInput)
			var e *segur.Error
			require.ErrorAs(t, err, &e)
			var fields []string
			for _, d := range e.Details {
				fields = append(fields, d.Field)
			}
			assert.Equal(t, c.fields, fields)
			if len(c.matricule) > 2 {
				assert.NotContains(t, err.Error(), c.matricule)
			}
		})
	}
}

// Nothing that prints a value by accident may show the person.
func TestIdentityIsRedactedEverywhere(t *testing.T) {
	t.Parallel()
	ins, err := segur.ParseINS(body+segur.MatriculeKey(body), segur.OIDINSNIRTest)
	require.NoError(t, err)
	patient := segur.Patient{INS: ins, Status: segur.Qualified, Traits: segur.Traits{
		BirthName: "FICTIVE-DURAND", FirstGivenName: "CAMILLE", GivenNames: "CAMILLE LUCE",
		Sex: segur.Female, BirthDate: segur.Date{Year: 1985, Month: 3, Day: 14}, BirthPlace: "69123",
	}}
	header := segur.DocumentHeader{ID: segur.Identifier{Root: "1.2.3"}, Patient: patient.Traits,
		PatientIDs: []segur.Identifier{{Root: ins.Authority(), Extension: ins.Matricule()}}}
	type holder struct {
		P *segur.Patient
		V segur.Patient
		i segur.INS // fmt cannot call methods on it
	}
	h := holder{P: &patient, V: patient, i: ins}
	var out bytes.Buffer
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "%d"} {
		fmt.Fprintf(&out, verb+verb+verb+verb+verb, ins, patient, h, patient.Traits, header)
	}
	for _, handler := range []slog.Handler{slog.NewTextHandler(&out, nil), slog.NewJSONHandler(&out, nil)} {
		slog.New(handler).Info("x", "ins", ins, "patient", patient, "traits", patient.Traits, "header", header)
	}
	// The year alone would be found in a clock or an address.
	for _, secret := range []string{body, "FICTIVE", "CAMILLE", "1985-03", "19850314", "1985 3", "Year:1985", "69123"} {
		assert.NotContains(t, out.String(), secret)
	}
	assert.Contains(t, out.String(), "redacted")

	// The same person outside of Patient: as an identifier and as the author of a document.
	out.Reset()
	id := header.PatientIDs[0]
	author := segur.DocumentActor{Authority: ins.Authority(), Professional: segur.Professional{ID: ins.Matricule(), FamilyName: "FICTIVE-DURAND", GivenName: "CAMILLE"}}
	service := segur.DocumentService{Performer: author}
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x"} {
		fmt.Fprintf(&out, verb+verb+verb+verb+verb, id, &id, header.PatientIDs, author, service)
	}
	for _, handler := range []slog.Handler{slog.NewTextHandler(&out, nil), slog.NewJSONHandler(&out, nil)} {
		slog.New(handler).Info("x", "id", id, "author", author)
	}
	for _, secret := range []string{body, "FICTIVE", "CAMILLE", fmt.Sprintf("%x", body)} {
		assert.NotContains(t, out.String(), secret)
	}
	assert.Equal(t, "{1.2.3 IPP-1 }", fmt.Sprint(segur.Identifier{Root: "1.2.3", Extension: "IPP-1"}), "other identifiers are printed")
	assert.Contains(t, fmt.Sprintf("%+v", segur.DocumentActor{Professional: segur.Professional{ID: "899900000015"}}), "ID:899900000015")

	_, err = json.Marshal(struct{ I segur.INS }{ins})
	require.Error(t, err, "an INS is not serialised by accident")
	require.Error(t, json.Unmarshal([]byte(`{"I":"x"}`), &struct{ I segur.INS }{}))
}

func TestQualifiedINS(t *testing.T) {
	t.Parallel()
	ins, err := segur.ParseINS(body+segur.MatriculeKey(body), segur.OIDINSNIRTest)
	require.NoError(t, err)
	for status, want := range map[segur.IdentityStatus]bool{
		segur.Provisional: false, segur.Retrieved: false, segur.Validated: false, segur.Qualified: true,
	} {
		_, ok := segur.Patient{INS: ins, Status: status}.QualifiedINS()
		assert.Equal(t, want, ok, status)
	}
	_, ok := segur.Patient{Status: segur.Qualified}.QualifiedINS()
	assert.False(t, ok, "no INS")
	for attributes, want := range map[segur.IdentityAttributes]bool{
		0: true, segur.Homonym: true, segur.Doubtful: false, segur.Fictitious: false, segur.Doubtful | segur.Homonym: false,
	} {
		_, ok := segur.Patient{INS: ins, Status: segur.Qualified, Attributes: attributes}.QualifiedINS()
		assert.Equal(t, want, ok, attributes)
	}
	assert.Equal(t, "QUAL", segur.Qualified.String())
	assert.Equal(t, "", segur.INS{}.Matricule())
	assert.Equal(t, "INS(none)", segur.INS{}.String())
}

func TestStatusIsTwoFacts(t *testing.T) {
	t.Parallel()
	for _, status := range []segur.IdentityStatus{segur.Provisional, segur.Retrieved, segur.Validated, segur.Qualified} {
		assert.Equal(t, status, segur.StatusOf(status.IsRetrieved(), status.IsChecked()), status)
	}
	assert.Equal(t, segur.Retrieved, segur.StatusOf(true, false))
	assert.Equal(t, segur.Validated, segur.StatusOf(false, true))
	assert.Equal(t, segur.Qualified, segur.StatusOf(true, true))
}

func TestIdentityAttributes(t *testing.T) {
	t.Parallel()
	for a, want := range map[segur.IdentityAttributes]struct {
		text            string
		valid, blocking bool
	}{
		0:                                 {"", true, false},
		segur.Homonym:                     {"homonyme", true, false},
		segur.Doubtful:                    {"douteux", true, true},
		segur.Fictitious:                  {"fictif", true, true},
		segur.Homonym | segur.Doubtful:    {"homonyme+douteux", true, true},
		segur.Homonym | segur.Fictitious:  {"homonyme+fictif", false, true},
		segur.Doubtful | segur.Fictitious: {"douteux+fictif", false, true},
		8:                                 {"invalid", false, false},
	} {
		assert.Equal(t, want.text, a.String())
		assert.Equal(t, want.valid, a.Valid(), a)
		assert.Equal(t, want.blocking, a.Blocking(), a)
	}
	assert.True(t, (segur.Homonym | segur.Doubtful).Has(segur.Doubtful))
	assert.False(t, segur.Homonym.Has(segur.Homonym|segur.Doubtful))
}

func TestEnvironment(t *testing.T) {
	t.Parallel()
	assert.False(t, segur.Environment("").Valid())
	assert.False(t, segur.Environment("prod").Valid())
	assert.True(t, segur.Production.Valid())
	assert.False(t, segur.Production.AcceptsINS(segur.OIDINSNIRTest))
	assert.False(t, segur.Production.AcceptsINS(segur.OIDINSNIRDemo))
	assert.True(t, segur.Production.AcceptsINS(segur.OIDINSNIA))
	assert.True(t, segur.Qualification.AcceptsINS(segur.OIDINSNIR))
	assert.True(t, segur.Fake.AcceptsINS(segur.OIDINSNIRTest))
	assert.False(t, segur.Fake.AcceptsINS("1.2.250.1.213.1.4.2"))
	assert.True(t, segur.IsFormerINSAuthority("1.2.250.1.213.1.4.2"))
	assert.False(t, segur.IsFormerINSAuthority(segur.OIDINSNIR))
}
