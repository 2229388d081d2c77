package dmp_test

import (
	"bytes"
	"context"
	"io"
	"log/slog"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/segur-sdk/segur"
	"github.com/segur-sdk/segur/cda"
	"github.com/segur-sdk/segur/dmp"
	"github.com/segur-sdk/segur/dmp/dmptest"
	"github.com/segur-sdk/segur/dmp/xds"
)

func queryAnswer(status, errs, objects string) []byte {
	return envelope(`<query:AdhocQueryResponse xmlns:query="urn:oasis:names:tc:ebxml-regrep:xsd:query:3.0" xmlns:rim="urn:oasis:names:tc:ebxml-regrep:xsd:rim:3.0" xmlns:rs="urn:oasis:names:tc:ebxml-regrep:xsd:rs:3.0" status="` +
		status + `"><rs:RegistryErrorList>` + errs + `</rs:RegistryErrorList><rim:RegistryObjectList>` + objects + `</rim:RegistryObjectList></query:AdhocQueryResponse>`)
}

// What the log and the observer are told is what the caller gets, refusals
// inside an HTTP 200 and bad contents included.
func TestObservedAsReturned(t *testing.T) {
	t.Parallel()
	ins := dmptest.Patient().INS
	refusal := registryAnswer(statusFailure, registryError("DMPClosed", "Le DMP est fermé", "Error"))
	fault := soapFault("Sender", "DMPAccessDeniedByRightsService", "Accès refusé")
	submit := func(t *testing.T, c *dmp.Client, _ *xds.DocumentEntry) error {
		_, err := c.Submit(t.Context(), prepared(t, c))
		return err
	}
	lookup := func(t *testing.T, c *dmp.Client, _ *xds.DocumentEntry) error {
		_, err := c.Lookup(t.Context(), ins, "1.2.3")
		return err
	}
	find := func(_ *testing.T, c *dmp.Client, _ *xds.DocumentEntry) error {
		_, err := found(c, dmp.Query{Patient: ins})
		return err
	}
	retrieve := func(t *testing.T, c *dmp.Client, e *xds.DocumentEntry) error {
		r, err := c.Retrieve(t.Context(), ins, e)
		if err != nil {
			return err
		}
		_, err = io.Copy(io.Discard, r)
		require.Equal(t, err, r.Close())
		return err
	}
	tampered := func(b []byte) []byte { return bytes.Replace(b, []byte("<title>"), []byte("<title>!"), 1) }
	two := `<rim:ObjectRef id="urn:uuid:1"/><rim:ObjectRef id="urn:uuid:2"/>`
	for name, c := range map[string]struct {
		fault dmptest.Fault
		call  func(*testing.T, *dmp.Client, *xds.DocumentEntry) error
		kind  segur.Kind
		code  string
	}{
		"submit, refusal":    {dmptest.Fault{ContentType: soapType, Body: refusal}, submit, segur.KindRefused, "DMPClosed"},
		"submit, fault":      {dmptest.Fault{ContentType: soapType, Body: fault}, submit, segur.KindAuthorization, "DMPAccessDeniedByRightsService"},
		"submit, failure":    {dmptest.Fault{Status: 500, ContentType: soapType, Body: soapFault("Receiver", "", "Erreur")}, submit, segur.KindOutcomeUnknown, "Receiver"},
		"submit, no status":  {dmptest.Fault{ContentType: soapType, Body: registryAnswer("")}, submit, segur.KindOutcomeUnknown, ""},
		"submit, partial":    {dmptest.Fault{ContentType: soapType, Body: registryAnswer(statusPartial)}, submit, segur.KindPartial, ""},
		"lookup, refusal":    {dmptest.Fault{ContentType: soapType, Body: refusal}, lookup, segur.KindRefused, "DMPClosed"},
		"lookup, two":        {dmptest.Fault{ContentType: soapType, Body: queryAnswer(statusSuccess, "", two)}, lookup, segur.KindProtocol, ""},
		"find, fault":        {dmptest.Fault{ContentType: soapType, Body: fault}, find, segur.KindAuthorization, "DMPAccessDeniedByRightsService"},
		"find, partial":      {dmptest.Fault{ContentType: soapType, Body: queryAnswer(statusPartial, registryError("XDSRegistryError", "x", "Error"), "")}, find, segur.KindPartial, "XDSRegistryError"},
		"find, not XDS":      {dmptest.Fault{ContentType: soapType, Body: envelope(`<x xmlns="urn:x"/>`)}, find, segur.KindProtocol, ""},
		"retrieve, refusal":  {dmptest.Fault{ContentType: soapType, Body: refusal}, retrieve, segur.KindRefused, "DMPClosed"},
		"retrieve, tampered": {dmptest.Fault{Alter: tampered}, retrieve, segur.KindSignature, ""},
		"retrieve, absent": {dmptest.Fault{Alter: func(b []byte) []byte { return bytes.Replace(b, []byte(`href="cid:`), []byte(`href="cid:no`), 1) }},
			retrieve, segur.KindProtocol, ""},
		// A code is no place for a text: it goes to the log.
		"code of a stranger": {dmptest.Fault{ContentType: soapType, Body: registryAnswer(statusFailure, registryError("FICTIVE-DURAND CAMILLE", "x", "Error"))},
			find, segur.KindRefused, "[removed]"},
		"matricule as code": {dmptest.Fault{ContentType: soapType, Body: registryAnswer(statusFailure, registryError("E"+ins.Matricule(), "x", "Error"))},
			find, segur.KindRefused, "[removed]"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			srv, _, entry, _ := published(t)
			var log syncBuffer
			var seen lastOutcome
			mode := dmp.IndirecteRenforcee
			if name[:6] == "submit" {
				mode = dmp.Indirecte
			}
			client := newClient(t, srv, func(cfg *dmp.Config) {
				cfg.Mode, cfg.Observer, cfg.Logger = mode, &seen, slog.New(slog.NewTextHandler(&log, nil))
			})
			srv.Fail(c.fault)
			err := c.call(t, client, entry)
			e := asError(t, err)
			assert.Equal(t, c.kind, e.Kind)
			assert.Equal(t, c.code, e.Code)
			require.Equal(t, 1, seen.n)
			assert.Equal(t, c.kind, seen.last.Kind)
			assert.Same(t, e, asError(t, seen.last.Err), "the very error of the caller")
			assert.Contains(t, log.b.String(), "level=WARN")
			assert.Contains(t, log.b.String(), "code="+slogText(c.code))
			noPrivateText(t, log.b.String()+err.Error())
		})
	}
}

func slogText(s string) string {
	if s == "" {
		return `""`
	}
	return s
}

type lastOutcome struct {
	observations
	n    int
	last segur.Outcome
}

func (o *lastOutcome) OperationEnd(_ context.Context, out segur.Outcome) { o.n, o.last = o.n+1, out }

// A consultation knows the patient by the entries: their names, and the forms
// in which registries quote people, are in no error.
func TestTextsOfConsultationAreCleaned(t *testing.T) {
	t.Parallel()
	srv, client, entry, _ := published(t)
	require.Equal(t, dmptest.Patient().Traits.BirthName, entry.SourcePatient().BirthName)
	said := "Patient Fictive-Durand Camille (IPP-0001) : PID-5|FICTIVE^X PID-7|19850314, DE LA TOUR^JEAN^^^M, code 26257-6^^2.16.840.1.113883.6.1, G15_10/SM44"
	body := registryAnswer(statusFailure, registryError("DMPRefus", said, "Error"))
	srv.Fail(dmptest.Fault{ContentType: soapType, Body: body})
	_, err := client.Retrieve(t.Context(), dmptest.Patient().INS, entry)
	require.ErrorIs(t, err, segur.ErrRefused)
	assert.Equal(t, "Patient [removed] ([removed]) : [removed], [removed], code 26257-6^^2.16.840.1.113883.6.1, G15_10/SM44",
		asError(t, err).Details[0].Message)

	srv.Fail(dmptest.Fault{ContentType: soapType, Body: body})
	_, err = found(client, dmp.Query{Patient: dmptest.Patient().INS})
	require.ErrorIs(t, err, segur.ErrRefused)
	assert.Contains(t, asError(t, err).Details[0].Message, "Patient [removed] ([removed]) : [removed], [removed], code 26257-6")

	srv.Fail(dmptest.Fault{Op: "dmp.find", Alter: func(b []byte) []byte {
		return replaceOnce(b, statusSuccess+`">`, statusPartial+`"><rs:RegistryErrorList>`+registryError("XDSRegistryError", said, "Error")+`</rs:RegistryErrorList>`)
	}})
	_, err = found(client, dmp.Query{Patient: dmptest.Patient().INS})
	require.ErrorIs(t, err, segur.ErrPartial)
	noPrivateText(t, err.Error())
	assert.NotContains(t, err.Error(), "Durand")
}

// A short name does not spoil the words of the record, nor what is made of
// them.
func TestShortNamesAndTexts(t *testing.T) {
	t.Parallel()
	srv := fake(t)
	client := newClient(t, srv)
	patient := dmptest.Patient()
	patient.Traits.BirthName, patient.Traits.UsedName = "ALI", ""
	sealed, err := client.Prepare(t.Context(), dmp.Submission{Patient: patient, Opposition: dmp.NotOpposed, ContentType: consultation,
		Documents: []dmp.SubmissionDocument{{Document: newReport(t, func(r *cda.Report) { r.Patient = patient })}}})
	require.NoError(t, err)
	srv.Fail(dmptest.Fault{ContentType: soapType, Body: registryAnswer(statusFailure,
		registryError("DMPRefus", "Aucune spécialité dans le vihf, patient Ali, ALI.", "Error"))})
	_, err = client.Submit(t.Context(), sealed)
	require.ErrorIs(t, err, segur.ErrAuthentication, "known by its text")
	assert.Equal(t, "Aucune spécialité dans le vihf, patient [removed], [removed].", asError(t, err).Details[0].Message)
}
