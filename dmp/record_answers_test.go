package dmp_test

import (
	"bytes"
	"context"
	"errors"
	"log/slog"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/segur-sdk/segur"
	"github.com/segur-sdk/segur/dmp"
	"github.com/segur-sdk/segur/dmp/dmptest"
)

func alter(old, with string) dmptest.Fault {
	return dmptest.Fault{Alter: func(b []byte) []byte { return bytes.Replace(b, []byte(old), []byte(with), 1) }}
}

// Whatever the service answers about a record, the error is typed, and the
// service's words name nobody.
func TestRecordAnswersOfAnyKind(t *testing.T) {
	t.Parallel()
	srv := fake(t)
	asGP(srv)
	ins := dmptest.Patient().INS
	const said = "Le dossier de Mme FICTIVE-DURAND Camille née le 14/03/1985 (2 85 03 69 123 456) est inaccessible à Jean Martin"
	var log syncBuffer
	client := newClient(t, srv, consulting, func(cfg *dmp.Config) {
		cfg.Limits.MaxResponseBytes, cfg.Logger = 64<<10, slog.New(slog.NewTextHandler(&log, nil))
	})
	const left = "Le dossier de [removed] née le [removed] ([removed]) est inaccessible à [removed]"
	for _, c := range []struct {
		name  string
		fault dmptest.Fault
		kind  error
		code  string
	}{
		{"fault", dmptest.Fault{Status: 500, ContentType: soapType, Body: soapFault("Sender", "DMPRefus", said)}, segur.ErrRefused, "DMPRefus"},
		{"rights", dmptest.Fault{Status: 500, ContentType: soapType, Body: soapFault("Sender", "DMPAccessDeniedByRightsService", said)}, segur.ErrAuthorization, "DMPAccessDeniedByRightsService"},
		{"certificate", dmptest.Fault{Status: 500, ContentType: soapType, Body: soapFault("Sender", "DMPInvalidCertificate", said)}, segur.ErrAuthentication, "DMPInvalidCertificate"},
		{"503", dmptest.Fault{Status: 503}, segur.ErrUnavailable, ""},
		{"page", dmptest.Fault{ContentType: "text/html", Body: []byte("<html>" + said)}, segur.ErrProtocol, ""},
		{"another message", dmptest.Fault{ContentType: soapType, Body: envelope(`<x xmlns="urn:x">` + said + `</x>`)}, segur.ErrProtocol, ""},
		{"registry answer", dmptest.Fault{ContentType: soapType, Body: registryAnswer(statusSuccess)}, segur.ErrProtocol, ""},
		{"empty body", dmptest.Fault{ContentType: soapType, Body: envelope("")}, segur.ErrProtocol, ""},
		{"doctype", dmptest.Fault{ContentType: soapType, Body: append([]byte("<!DOCTYPE a>"), envelope("")...)}, segur.ErrProtocol, ""},
		{"oversize", dmptest.Fault{ContentType: soapType, Body: envelope(`<x xmlns="urn:x">` + strings.Repeat("x", 70<<10) + `</x>`)}, segur.ErrTooLarge, ""},
		{"cut", dmptest.Fault{CutAfter: 300}, segur.ErrTruncated, ""},
		{"ended early", dmptest.Fault{TruncateAfter: 300}, segur.ErrTruncated, ""},
	} {
		for i, call := range recordCalls {
			if c.name != "fault" && i%3 != len(c.name)%3 { // each with some, every call with several
				continue
			}
			srv.Fail(c.fault)
			err := call.call(t, client, ins)
			require.ErrorIs(t, err, c.kind, "%s, %s", c.name, call.name)
			e := asError(t, err)
			assert.Equal(t, c.code, e.Code)
			assert.Regexp(t, `^dmp\.(existence|administrativeData|authorize|revoke|records|professionals|searchPatient)$`, e.Op)
			if c.name == "fault" {
				assert.Equal(t, left, e.Details[0].Message, call.name)
			}
			for _, s := range []string{err.Error(), log.String(), e.Explain(segur.FR)} {
				noPrivateText(t, s)
				assert.NotContains(t, s, "Martin")
				assert.NotRegexp(t, `(^|[^0-9a-f:.-])1985\b|/1985|-1985-`, random.ReplaceAllString(s, ""), "an identifier or a duration may hold these digits")
			}
		}
	}
}

// The refusals of each transaction, with its code and its words.
func TestRecordRefusals(t *testing.T) {
	t.Parallel()
	srv := fake(t)
	asGP(srv)
	client := newClient(t, srv, consulting)
	for _, call := range recordCalls {
		srv.Refuse(dmptest.Refusal{Code: "DMPNouveauRefus", Context: "Opération impossible pour FICTIVE-DURAND"})
		err := call.call(t, client, dmptest.Patient().INS)
		require.ErrorIs(t, err, segur.ErrRefused, call.name)
		e := asError(t, err)
		assert.Equal(t, "DMPNouveauRefus", e.Code)
		assert.Equal(t, []segur.Detail{{Code: "DMPNouveauRefus", Message: "Opération impossible pour [removed]"}}, e.Details)
		assert.NotEmpty(t, e.RequestID)
		assert.False(t, e.Retryable())
		srv.Refuse(dmptest.Refusal{Code: "DMPAccessDeniedByRightsService", Context: "Accès refusé", Fault: true})
		require.ErrorIs(t, call.call(t, client, dmptest.Patient().INS), segur.ErrAuthorization, call.name)
	}
	calls := srv.Calls()
	assert.Equal(t, "DMPNouveauRefus", calls[0].Code)
}

// What an answer to TD0.2 may hold, beside what the fake writes.
func TestExistenceAnswers(t *testing.T) {
	t.Parallel()
	srv := fake(t)
	ins := dmptest.Patient().INS
	srv.SetPatient(ins, richRecord())
	client := newClient(t, srv, consulting)
	for name, c := range map[string]struct {
		fault dmptest.Fault
		kind  error
		code  string
	}{
		"type as an element":      {alter(`<acknowledgement typeCode="AA">`, `<acknowledgement><typeCode code="AA"/>`), nil, ""},
		"accepted by the wrapper": {alter(`typeCode="AA"`, `typeCode="CA"`), nil, ""},
		"refusal as an element":   {alter(`<acknowledgement typeCode="AA">`, `<acknowledgement><typeCode code="AE"/>`), segur.ErrRefused, "AE"},
		"both, one a refusal":     {alter(`<acknowledgement typeCode="AA">`, `<acknowledgement typeCode="AA"><typeCode code="AR"/>`), segur.ErrRefused, "AR"},
		"no type":                 {alter(`<acknowledgement typeCode="AA">`, `<acknowledgement>`), segur.ErrProtocol, ""},
		"no acknowledgement":      {alter(`acknowledgement typeCode="AA">`, `acknowledgment>`), segur.ErrProtocol, ""},
		"a warning is no code": {alter(`<acknowledgement typeCode="AA">`,
			`<acknowledgement typeCode="AE"><acknowledgementDetail typeCode="W"><code code="DMPAvis"/></acknowledgementDetail><acknowledgementDetail><code code="DMPClosed"/><text>fermé</text></acknowledgementDetail>`),
			segur.ErrRefused, "DMPClosed"},
		"rights in the message": {alter(`<acknowledgement typeCode="AA">`,
			`<acknowledgement typeCode="AE"><acknowledgementDetail><code code="DMPAccessDeniedByRightsService"/></acknowledgementDetail>`), segur.ErrAuthorization, "DMPAccessDeniedByRightsService"},
		"query refused":          {alter(`queryResponseCode code="OK"`, `queryResponseCode code="AE"`), segur.ErrRefused, "AE"},
		"no query response":      {alter(`queryResponseCode code="OK"`, `queryResponseCode code=""`), segur.ErrProtocol, ""},
		"nobody, with a patient": {alter(`queryResponseCode code="OK"`, `queryResponseCode code="NF"`), segur.ErrProtocol, ""},
		"found, without":         {alter(`<subject1 `, `<subject9 `), segur.ErrProtocol, ""}, // not even well formed
		"another message's":      {alter(`<targetMessage><id extension="`, `<targetMessage><id extension="0`), segur.ErrProtocol, ""},
		"another query's":        {alter(`<queryId extension="`, `<queryId extension="0`), segur.ErrProtocol, ""},
		"another patient":        {alter(`<id extension="`+ins.Matricule(), `<id extension="`+otherINS(t, segur.OIDINSNIRTest).Matricule()), segur.ErrConflict, ""},
		"INS-C only":             {alter(`<id extension="`+ins.Matricule()+`" root="1.2.250.1.213.1.4.10"`, `<id extension="0123456789012345678901" root="1.2.250.1.213.1.4.2"`), nil, ""},
		"two patients": {dmptest.Fault{Alter: func(b []byte) []byte {
			i, j := bytes.Index(b, []byte("<subject ")), bytes.Index(b, []byte("</subject>"))+len("</subject>")
			return append(append(append([]byte(nil), b[:j]...), b[i:j]...), b[j:]...)
		}}, segur.ErrProtocol, ""},
	} {
		srv.Fail(c.fault)
		s, err := client.Existence(t.Context(), ins)
		if c.kind == nil {
			require.NoError(t, err, name)
			assert.True(t, s.Active(), name)
			continue
		}
		require.ErrorIs(t, err, c.kind, name)
		assert.Nil(t, s)
		assert.Equal(t, c.code, asError(t, err).Code, name)
		noPrivateText(t, err.Error())
	}

	for name, c := range map[string]struct {
		fault dmptest.Fault
		want  func(*dmp.RecordStatus)
	}{
		"state of another word": {alter(`<statusCode code="active">`, `<statusCode code="suspended">`), func(s *dmp.RecordStatus) { s.State = "suspended" }},
		"no state":              {alter(`<statusCode code="active"></statusCode>`, ``), func(s *dmp.RecordStatus) { s.State = "" }},
		"booleans as digits":    {alter(`value="false" xsi:type="BL"`, `value="1" xsi:type="BL"`), func(s *dmp.RecordStatus) { s.DeclaredGP = ptr(true) }},
		"no boolean":            {alter(`value="false" xsi:type="BL"`, `value="peut-être" xsi:type="BL"`), func(s *dmp.RecordStatus) { s.DeclaredGP = nil }},
		"no authorisation":      {alter(`code="AUTORISATION"`, `code="AUTRE"`), func(s *dmp.RecordStatus) { s.Authorization = "" }},
		"numbered subjectOf": {dmptest.Fault{Alter: func(b []byte) []byte { return bytes.ReplaceAll(b, []byte("subjectOf"), []byte("subjectOf2")) }},
			func(*dmp.RecordStatus) {}},
	} {
		srv.Fail(c.fault)
		s, err := client.Existence(t.Context(), ins)
		require.NoError(t, err, name)
		want := dmp.RecordStatus{Exists: true, State: dmp.RecordActive, Authorization: dmptest.None,
			DeclaredGP: ptr(false), WebAccount: ptr(true), AttachedToENS: ptr(true)}
		c.want(&want)
		assert.Equal(t, want, *s, name)
	}
}

// What the lists may hold, beside what the fake writes.
func TestListAnswers(t *testing.T) {
	t.Parallel()
	srv := fake(t)
	asGP(srv)
	client := newClient(t, srv, consulting)
	ins := dmptest.Patient().INS
	for name, c := range map[string]struct {
		fault dmptest.Fault
		kind  error
	}{
		"no status":    {alter(`<p:status>DMPOk</p:status>`, ``), segur.ErrProtocol},
		"empty status": {alter(`DMPOk`, ` `), segur.ErrProtocol},
		"two statuses": {alter(`<p:status>DMPOk</p:status>`, `<p:status>DMPOk</p:status><p:status>DMPKo</p:status>`), segur.ErrProtocol},
		"other status": {alter(`DMPOk`, `DMPNouveau`), segur.ErrRefused},
		"two outputs":  {alter(`</p:output>`, `</p:output><p:output/>`), segur.ErrProtocol},
		"other payload": {dmptest.Fault{Alter: func(b []byte) []byte {
			return bytes.ReplaceAll(b, []byte("patientListResponse"), []byte("patientList"))
		}}, segur.ErrProtocol},
	} {
		srv.Fail(c.fault)
		list, err := listed(t, client, dmp.RecordsQuery{})
		require.ErrorIs(t, err, c.kind, name)
		assert.Empty(t, list, "nothing before the status was read")
		noPrivateText(t, err.Error())
	}
	for name, c := range map[string]struct {
		fault dmptest.Fault
		check func(*dmp.AuthorizedRecord)
	}{
		"other case": {dmptest.Fault{Alter: func(b []byte) []byte {
			return bytes.ReplaceAll(b, []byte("patientlistData"), []byte("patientListData"))
		}},
			func(r *dmp.AuthorizedRecord) { assert.Equal(t, []segur.INS{ins}, r.INS) }},
		"key is wrong": {alter(ins.Matricule(), ins.Body()+"00"), func(r *dmp.AuthorizedRecord) {
			assert.Empty(t, r.INS)
			assert.Equal(t, []segur.Identifier{{Root: ins.Authority(), Extension: ins.Body() + "00"}}, r.OtherIDs)
		}},
		"not stated": {alter(">FICTIVE-DURAND<", ">NON RENSEIGNE<"), func(r *dmp.AuthorizedRecord) { assert.Empty(t, r.Traits.BirthName) }},
		"bad date":   {alter(">20260102090000<", ">hier<"), func(r *dmp.AuthorizedRecord) { assert.True(t, r.LastAccess.IsZero()) }},
		"bad birth":  {alter(">19850314<", ">19851340<"), func(r *dmp.AuthorizedRecord) { assert.True(t, r.Traits.BirthDate.IsZero()) }},
		"flags": {alter("<p:MT>true</p:MT><p:message>false</p:message>", "<p:MT>1</p:MT>"), func(r *dmp.AuthorizedRecord) {
			assert.Equal(t, ptr(true), r.DeclaredGP)
			assert.Nil(t, r.Message)
		}},
	} {
		srv.Fail(c.fault)
		list, err := listed(t, client, dmp.RecordsQuery{})
		require.NoError(t, err, name)
		require.Len(t, list, 1, name)
		c.check(list[0])
	}

	_, err := client.Authorize(t.Context(), ins, dmp.AuthorizeOptions{Consent: consented})
	require.NoError(t, err)
	srv.Fail(alter("</h:libSpeciality>", "</h:libSpeciality><h:libSpeciality>Autre</h:libSpeciality>"))
	people, err := client.Professionals(t.Context(), ins, dmp.AllAuthorizations)
	require.NoError(t, err)
	assert.Equal(t, []segur.Code{{Code: "G15_10/SM44"}}, people[0].Specialties, "which label is whose cannot be told")
	assert.True(t, people[0].DeclaredGP())
}

func TestSearchPatient(t *testing.T) {
	t.Parallel()
	srv := fake(t)
	other := otherINS(t, segur.OIDINSNIRTest)
	record := richRecord()
	srv.SetPatient(dmptest.Patient().INS, record)
	record.Traits.FirstGivenName, record.OpposesRegulation, record.Closed = "LUCE", true, true
	srv.SetPatient(other, record)
	normal := newClient(t, srv, consulting)
	client := normal.Regulation()
	q := dmp.PatientQuery{FamilyName: "fictive-durand", GivenName: "CAMILLE", BirthDate: segur.NewDate(1985, 3, 14)}
	m, err := client.SearchPatient(t.Context(), q)
	require.NoError(t, err)
	require.Len(t, m.Candidates, 2)
	assert.Equal(t, []any{ptr(2), ptr(0)}, []any{m.Total, m.Remaining})
	first, second := m.Candidates[0], m.Candidates[1]
	assert.Equal(t, []segur.INS{dmptest.Patient().INS}, first.INS)
	assert.Equal(t, ptr(100), first.Score)
	assert.Equal(t, ptr(false), first.OpposesRegulation)
	assert.Equal(t, dmp.RecordActive, first.State)
	assert.Equal(t, record.Address, first.Address)
	assert.Equal(t, record.Telecoms, first.Telecoms)
	assert.Equal(t, "MME", first.Civility)
	assert.Equal(t, "CAMILLE", first.Traits.FirstGivenName)
	assert.Equal(t, ptr(80), second.Score)
	assert.Equal(t, ptr(true), second.OpposesRegulation)
	assert.Equal(t, dmp.RecordClosed, second.State)

	q.BirthDate = segur.NewDate(1985, 3, 15)
	m, err = client.SearchPatient(t.Context(), q)
	require.NoError(t, err, "nobody is an answer")
	assert.Empty(t, m.Candidates)
	assert.Equal(t, ptr(0), m.Total)

	srv.Fail(alter(`<typeCode code="AA"></typeCode>`, ``))
	_, err = client.SearchPatient(t.Context(), dmp.PatientQuery{FamilyName: "FICTIVE-DURAND"})
	require.ErrorIs(t, err, segur.ErrProtocol)
	srv.Fail(alter(`code="OK"`, `code="NF"`))
	_, err = client.SearchPatient(t.Context(), dmp.PatientQuery{FamilyName: "FICTIVE-DURAND"})
	require.ErrorIs(t, err, segur.ErrProtocol)

	sent := len(srv.Calls())
	_, err = client.SearchPatient(t.Context(), dmp.PatientQuery{FamilyName: " ", BirthDate: segur.Date{Year: 1985, Month: 13}, Sex: "X"})
	assert.Equal(t, []string{"familyName", "birthDate", "sex"}, fields(t, err))
	assert.Len(t, srv.Calls(), sent)
	for _, s := range []string{q.String(), first.String()} {
		noPrivateText(t, strings.ToUpper(s))
	}
	_, err = normal.SearchPatient(t.Context(), q)
	require.ErrorIs(t, err, segur.ErrAuthorization, "reserved to regulation")
}

// A call about a record is repeated as a new message: the service takes an
// identifier once. TD0.3 is no exception: twice is as once.
func TestRecordCallsAreRepeated(t *testing.T) {
	t.Parallel()
	srv := fake(t)
	asGP(srv)
	client := newClient(t, srv, consulting, func(c *dmp.Config) { c.Retry = segur.RetryPolicy{MaxAttempts: 2, BaseDelay: 1} })
	for _, c := range recordCalls {
		srv.Fail(dmptest.Fault{DropBeforeResponse: true})
		sent := len(srv.Calls())
		err := c.call(t, client, dmptest.Patient().INS)
		if c.name == "revoke-gp" { // who no longer is the general practitioner would be refused
			require.ErrorIs(t, err, segur.ErrOutcomeUnknown)
			assert.Len(t, srv.Calls(), sent+1)
			s, err := client.Existence(t.Context(), dmptest.Patient().INS)
			require.NoError(t, err)
			assert.Equal(t, ptr(false), s.DeclaredGP)
			continue
		}
		require.NoError(t, err, c.name)
		assert.Len(t, srv.Calls(), sent+2, c.name)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	_, err := client.Existence(ctx, dmptest.Patient().INS)
	require.ErrorIs(t, err, segur.ErrCanceled)
}

// An answer cut anywhere is never taken for a whole one.
func TestRecordAnswersCut(t *testing.T) {
	t.Parallel()
	srv := fake(t)
	asGP(srv)
	n, clean := 0, true
	for _, c := range recordCalls {
		if !strings.Contains("existence records professionals", c.name) {
			continue // the others have the same answers
		}
		answer := capture(t, srv, dmp.IndirecteRenforcee, func(client *dmp.Client) error { return c.call(t, client, dmptest.Patient().INS) })
		if c.name == "existence" { // its identifiers are those of the message
			answer.body = targetID.ReplaceAll(queryIDs.ReplaceAll(answer.body, []byte("${1}")), []byte("${1}"))
		}
		client := cutting(t, srv, dmp.IndirecteRenforcee, answer, &n, &clean)
		for n = 0; n < len(answer.body); n += 1 + len(answer.body)/60 {
			err := c.call(t, client, dmptest.Patient().INS)
			require.Truef(t, anyOf(err, segur.ErrTruncated, segur.ErrProtocol), "%s cut at %d: %v", c.name, n, err)
			noPrivateText(t, err.Error())
		}
		n = len(answer.body)
		require.NoError(t, c.call(t, client, dmptest.Patient().INS))
	}
}

func anyOf(err error, kinds ...error) bool {
	for _, k := range kinds {
		if errors.Is(err, k) {
			return true
		}
	}
	return false
}

// random are the identifiers, ports and durations of a log line.
var random = regexp.MustCompile(`urn:uuid:[0-9a-f-]{36}|127\.0\.0\.1:\d+|duration=\S+`)
