package dmp_test

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/segur-sdk/segur"
	"github.com/segur-sdk/segur/dmp"
	"github.com/segur-sdk/segur/dmp/dmptest"
)

// An answer that may be about somebody else, or that says two things, is
// never the status of the patient who was asked for.
func TestExistenceOfSomebodyElse(t *testing.T) {
	t.Parallel()
	srv := fake(t)
	ins := dmptest.Patient().INS
	srv.SetPatient(ins, dmptest.Record{Traits: dmptest.Patient().Traits, AttachedToENS: true})
	client := newClient(t, srv, consulting)
	number := `<id extension="` + ins.Matricule() + `" root="` + string(ins.Authority()) + `"`
	const line = `<attentionLine><keyWordText code="AUTORISATION"`
	second := func(value string) string {
		return line + `/><value code="` + value + `"/></attentionLine>` + line
	}
	const fact = `<subjectOf typeCode="SBJ"><administrativeObservation classCode="OBS" moodCode="EVN"><code code="RATTACHEMENT_ENS"`
	for name, c := range map[string]struct {
		old, with string
		kind      error
	}{
		"a number that is none":        {number, `<id extension="285036912345699" root="` + string(ins.Authority()) + `"`, segur.ErrConflict},
		"a number of letters":          {number, `<id extension="X" root="1.2.250.1.213.1.4.8"`, segur.ErrConflict},
		"the number of another system": {number, `<id extension="` + ins.Matricule() + `" root="1.2.250.1.213.1.4.9"`, segur.ErrConflict},
		"blanks around the number":     {number, `<id extension=" ` + ins.Matricule() + ` " root=" ` + string(ins.Authority()) + ` "`, nil},
		"a second number":              {number, number + `/><id extension="285036912345699" root="1.2.250.1.213.1.4.8"`, nil},
		"authorised, and not":          {line, second("EXPIREE"), segur.ErrProtocol},
		"authorised twice":             {line, second("VALIDE"), nil},
	} {
		srv.Fail(alter(c.old, c.with))
		s, err := client.Existence(t.Context(), ins)
		if c.kind == nil {
			require.NoError(t, err, name)
			assert.True(t, s.Authorization.Valid(), name)
			continue
		}
		require.ErrorIs(t, err, c.kind, name)
		assert.Nil(t, s)
		noPrivateText(t, err.Error())
	}
	for name, value := range map[string]string{"two facts": "false", "fact twice": "true"} {
		srv.Fail(alter(fact, `<subjectOf><administrativeObservation><code code="RATTACHEMENT_ENS"/><value value="`+value+`"/></administrativeObservation></subjectOf>`+fact))
		s, err := client.Existence(t.Context(), ins)
		require.NoError(t, err, name)
		if value == "true" {
			assert.Equal(t, ptr(true), s.AttachedToENS, name)
		} else {
			assert.Nil(t, s.AttachedToENS, name)
		}
	}
}

// An answer that names nobody must at least name the request.
func TestExistenceOfNobody(t *testing.T) {
	t.Parallel()
	asked := dmptest.Patient().INS
	answer := func(id, ids string) []byte {
		return []byte(`<PRPA_IN201308UV02 xmlns="urn:hl7-org:v3"><acknowledgement typeCode="AA"><targetMessage><id extension="` + id + `"/></targetMessage></acknowledgement>` +
			`<controlActProcess><subject><registrationEvent><subject1><patient>` + ids + `<statusCode code="active"/></patient></subject1></registrationEvent></subject>` +
			`<queryAck><queryResponseCode code="OK"/></queryAck></controlActProcess></PRPA_IN201308UV02>`)
	}
	const legacy = `<id root="1.2.250.1.213.1.4.2" extension="0123456789012345678901"/>`
	status, _, err := dmp.ReadIdentity(answer("m-1", legacy), asked)
	require.NoError(t, err)
	assert.True(t, status.Active())
	for _, ids := range []string{legacy, ""} {
		_, _, err = dmp.ReadIdentity(answer("", ids), asked)
		require.ErrorIs(t, err, segur.ErrProtocol)
	}
	status, _, err = dmp.ReadIdentity(answer("", `<id root="`+string(asked.Authority())+`" extension="`+asked.Matricule()+`"/>`), asked)
	require.NoError(t, err)
	assert.True(t, status.Active())
}

// Names that an answer writes without parts are private as well.
func TestNamesWithoutParts(t *testing.T) {
	t.Parallel()
	srv := fake(t)
	ins := dmptest.Patient().INS
	srv.SetPatient(ins, dmptest.Record{Traits: dmptest.Patient().Traits})
	client := newClient(t, srv, consulting)
	srv.Fail(dmptest.Fault{Alter: func(b []byte) []byte {
		b = replaceOnce(b, `<patientPerson classCode="PSN" determinerCode="INSTANCE"><name>`, `<patientPerson classCode="PSN" determinerCode="INSTANCE"><name>de la rivière <prefix>Mme</prefix> tilleul`)
		return replaceOnce(b, `typeCode="AA">`, `typeCode="AE"><acknowledgementDetail><code code="X"/><text>le dossier de tilleul, rivière, est fermé</text></acknowledgementDetail>`)
	}})
	_, err := client.Existence(t.Context(), ins)
	require.Error(t, err)
	assert.Equal(t, "le dossier de [removed], [removed], est fermé", asError(t, err).Details[0].Message)
}
