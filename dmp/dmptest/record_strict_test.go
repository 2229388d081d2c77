package dmptest_test

import (
	"bytes"
	"net/http"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/segur-sdk/segur"
	"github.com/segur-sdk/segur/dmp"
	"github.com/segur-sdk/segur/dmp/dmptest"
)

func consent() dmp.AuthorizeOptions {
	return dmp.AuthorizeOptions{Consent: dmp.Consent{Act: dmp.ConsentCheckBox, At: mustTime("2026-01-20T09:30:00+01:00")}}
}

// Whatever is wrong with a request about a record is refused, for its own
// reason.
func TestRecordRequestsRefused(t *testing.T) {
	t.Parallel()
	srv := dmptest.NewServer()
	defer srv.Close()
	ins := dmptest.Patient().INS
	var change func(http.Header, []byte) []byte
	c := client(t, srv, func(c *dmp.Config) { c.Mode = dmp.IndirecteRenforcee },
		meddling(t, srv, func(h http.Header, b []byte) []byte { return change(h, b) }))
	existence := func() error { _, err := c.Existence(t.Context(), ins); return err }
	search := func() error {
		_, err := c.Regulation().SearchPatient(t.Context(), dmp.PatientQuery{FamilyName: "FICTIVE-DURAND"})
		return err
	}
	authorize := func() error { _, err := c.Authorize(t.Context(), ins, consent()); return err }
	professionals := func() error {
		_, err := c.Professionals(t.Context(), ins, dmp.AllAuthorizations)
		return err
	}
	records := func() error {
		for _, err := range c.AuthorizedRecords(t.Context(), dmp.RecordsQuery{Since: time.Now(), By: dmp.ByDocument}) {
			return err
		}
		return nil
	}
	other := "1700799352017" + segur.MatriculeKey("1700799352017")
	// An interaction that the media type and the header name as well.
	renamed := func(old, with string) func(http.Header, []byte) []byte {
		return func(h http.Header, b []byte) []byte {
			h.Set("Content-Type", string(bytes.ReplaceAll([]byte(h.Get("Content-Type")), []byte(old), []byte(with))))
			return bytes.ReplaceAll(b, []byte(old), []byte(with))
		}
	}
	for name, x := range map[string]struct {
		call         func() error
		change       func(http.Header, []byte) []byte
		code, reason string
	}{
		"existence as it is":      {existence, func(_ http.Header, b []byte) []byte { return b }, "", ""},
		"another INS":             {existence, swap(`<value extension="`+ins.Matricule(), `<value extension="`+other), "DMPInvalidVihf", "L'INS de la requête"},
		"another authority":       {existence, swap(`root="1.2.250.1.213.1.4.10"></value>`, `root="1.2.250.1.213.1.4.8"></value>`), "DMPInvalidVihf", "L'INS de la requête"},
		"no version":              {existence, swap(` ITSVersion="XML_1.0"`, ``), "", "PRPA_IN201307UV02"},
		"other version":           {existence, swap(`ITSVersion="XML_1.0"`, `ITSVersion="XML_2.0"`), "", "PRPA_IN201307UV02"},
		"other namespace":         {existence, swap(`UV02 xmlns="urn:hl7-org:v3"`, `UV02 xmlns="urn:hl7-org:v2"`), "", "PRPA_IN201307UV02"},
		"id without extension":    {existence, cut(` extension="[0-9a-f-]{36}"`), "", ": id"},
		"id that is no OID":       {existence, swap(`root="1.2.250.1.999.8"></id><creationTime`, `root="1.2.250.x"></id><creationTime`), "", ": id"},
		"no id":                   {existence, cut(`<id [^>]*></id>`), "", "order"},
		"order":                   {existence, swap(`<processingModeCode code="T"></processingModeCode><acceptAckCode code="AL"></acceptAckCode>`, `<acceptAckCode code="AL"></acceptAckCode><processingModeCode code="T"></processingModeCode>`), "", "order"},
		"creation with an offset": {existence, swap(`"></creationTime>`, `+0000"></creationTime>`), "", "creationTime"},
		"other interaction":       {existence, swap(`extension="PRPA_IN201307UV02"`, `extension="PRPA_IN201305UV02"`), "", "interactionId"},
		"processing":              {existence, swap(`<processingCode code="D">`, `<processingCode code="X">`), "", "processingCode"},
		"mode of processing":      {existence, swap(`<processingModeCode code="T">`, `<processingModeCode code="A">`), "", "processingModeCode"},
		"no acknowledgement":      {existence, swap(`<acceptAckCode code="AL">`, `<acceptAckCode code="NE">`), "", "acceptAckCode"},
		"other receiver":          {existence, swap(`<id root="1.2.250.1.213.4.1.1.1">`, `<id root="1.2.250.1.213.4.1.1.2">`), "", "receiver"},
		"sender's name":           {existence, swap(`<softwareName>RIS FICTIF<`, `<softwareName><`), "", "sender"},
		"sender's OID":            {existence, swap(`<id root="1.2.250.1.999.8"></id><softwareName>`, `<id root="urn:x"></id><softwareName>`), "", "sender"},
		"act":                     {existence, swap(`code="TEST_EXST"`, `code="TEST"`), "", "reasonCode"},
		"system of the act":       {existence, swap(`codeSystem="1.2.250.1.213.1.1.4.11"`, `codeSystem="1.2.250.1.213.1.1.4.1"`), "", "reasonCode"},
		"query":                   {existence, swap(`<statusCode code="new">`, `<statusCode code="deliveredResponse">`), "", "queryByParameter"},
		"query without id":        {existence, cut(`<queryId [^>]*></queryId>`), "", "queryByParameter"},
		"data source":             {existence, swap(`<dataSource xsi:nil="true"></dataSource>`, ``), "", "parameterList"},
		"semantics":               {existence, swap(`>Patient.id<`, `>patient.id<`), "", "patientIdentifier"},
		"unknown action":          {existence, renamed("urn:hl7-org:v3:PRPA_IN201307UV02", "urn:hl7-org:v3:PRPA_IN201314UV02"), "", "is not one of the service"},

		"search as it is":       {search, func(_ http.Header, b []byte) []byte { return b }, "", ""},
		"search with attention": {search, swap(`<controlActProcess `, `<attentionLine xsi:nil="true"></attentionLine><controlActProcess `), "", "order"},
		"trigger":               {search, swap(`code="PRPA_TE201305UV02"`, `code="PRPA_TE201306UV02"`), "", "controlActProcess/code"},
		"criterion unknown":     {search, swap(`<livingSubjectName>`, `<livingSubjectDeceasedTime><value value="2026"></value></livingSubjectDeceasedTime><livingSubjectName>`), "", "parameterList"},
		"search semantics":      {search, swap(`>LivingSubject.name<`, `>Patient.name<`), "", "livingSubjectName"},

		"authorize as it is":   {authorize, func(_ http.Header, b []byte) []byte { return b }, "", ""},
		"action":               {authorize, swap(`<action>AJOUT<`, `<action>Ajout<`), "", "setAuthorization"},
		"role":                 {authorize, swap(`</action>`, `</action><role>MEDECIN</role>`), "", "setAuthorization"},
		"role before":          {authorize, swap(`<action>AJOUT</action>`, `<role>MEDECIN_TRAITANT</role><action>AJOUT</action>`), "", "setAuthorization"},
		"namespace of the act": {authorize, swap(`xmlns="urn:si-dmp-habilitations"`, `xmlns="urn:si-dmp-patients"`), "", "setAuthorization"},

		"professionals as it is": {professionals, func(_ http.Header, b []byte) []byte { return b }, "", ""},
		"mode":                   {professionals, swap(`<mode>TOUTE<`, `<mode>TOUT<`), "", "listAuthorizationByPatient"},
		"no mode":                {professionals, cut(`<mode>TOUTE</mode>`), "", "listAuthorizationByPatient"},

		"records as it is":   {records, func(_ http.Header, b []byte) []byte { return b }, "", ""},
		"date type":          {records, swap(`<dateType>LASTDOC<`, `<dateType>LASTAUTHORIZATION<`), "", "patientList"},
		"date, no type":      {records, cut(`<dateType>LASTDOC</dateType>`), "", "patientList"},
		"date with offset":   {records, swap(`</startDate>`, `+0100</startDate>`), "", "patientList"},
		"another's records":  {records, swap(`</patientList>`, `<psOwnerId>899900000023</psOwnerId></patientList>`), "DMPAccessDeniedByRightsService", "autre professionnel"},
		"order of the dates": {records, swap(`<startDate>`, `<psOwnerId>1</psOwnerId><startDate>`), "", "patientList"},
	} {
		change = x.change
		sent := len(srv.Calls())
		err := x.call()
		last := srv.Calls()[sent]
		if x.reason == "" {
			require.NoError(t, err, name)
			assert.Empty(t, last.Code)
			continue
		}
		require.Error(t, err, name)
		assert.Equal(t, x.code, last.Code, name)
		assert.Contains(t, last.Reason, x.reason, name)
	}
}

// Authorisations of the structure, for who is no professional.
func TestAuthorizationOfTheStructure(t *testing.T) {
	t.Parallel()
	srv := dmptest.NewServer()
	defer srv.Close()
	ins := dmptest.Patient().INS
	srv.SetPatient(ins, dmptest.Record{Unauthorized: true})
	employee := client(t, srv, func(c *dmp.Config) {
		c.Mode, c.User.Specialty = dmp.IndirecteRenforcee, segur.Code{}
		c.User.Profession = segur.Code{Code: "SECRETARIAT_MEDICAL", System: "1.2.250.1.213.1.1.4.6", Display: "Secrétariat médical"}
	})
	_, err := employee.Authorize(t.Context(), ins, consent())
	require.NoError(t, err)
	r, ok := srv.Record(ins)
	require.True(t, ok)
	assert.Equal(t, dmptest.Valid, r.Authorizations[dmptest.Structure().ID].Status)
	_, err = employee.Revoke(t.Context(), ins, dmp.RevokeOptions{})
	require.ErrorIs(t, err, segur.ErrAuthorization)
	var n int
	for _, err := range employee.AuthorizedRecords(t.Context(), dmp.RecordsQuery{Since: time.Now().Add(-time.Minute), By: dmp.ByAuthorization}) {
		require.NoError(t, err)
		n++
	}
	assert.Equal(t, 1, n)
}

// A change of the state that a test was given does not reach the fake.
func TestRecordIsACopy(t *testing.T) {
	t.Parallel()
	srv := dmptest.NewServer()
	defer srv.Close()
	ins := dmptest.Patient().INS
	list := map[string]dmptest.Authorization{"899900000015": {Status: dmptest.Valid}}
	srv.SetPatient(ins, dmptest.Record{Authorizations: list})
	list["899900000015"] = dmptest.Authorization{Status: dmptest.Blocked}
	r, _ := srv.Record(ins)
	assert.Equal(t, dmptest.Valid, r.Authorizations["899900000015"].Status)
	r.Authorizations["899900000015"] = dmptest.Authorization{}
	r, _ = srv.Record(ins)
	assert.Equal(t, dmptest.Valid, r.Authorizations["899900000015"].Status)

	require.NoError(t, publish(t, client(t, srv)))
	r, _ = srv.Record(ins)
	assert.WithinDuration(t, time.Now(), r.LastAdd, time.Minute, "publishing dates the record")
	_, known := srv.Record(segur.INS{})
	assert.False(t, known)
}
