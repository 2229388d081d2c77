package dmp_test

import (
	"bytes"
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/segur-sdk/segur"
	"github.com/segur-sdk/segur/dmp"
	"github.com/segur-sdk/segur/dmp/dmptest"
	"github.com/segur-sdk/segur/dmp/xds"
)

func TestFindSelects(t *testing.T) {
	t.Parallel()
	_, client, entry, _ := published(t)
	patient := dmptest.Patient().INS
	dcm := func(code string) segur.Code { return segur.Code{Code: code, System: "1.2.840.10008.2.16.4"} }
	for name, c := range map[string]struct {
		q    dmp.Query
		want int
	}{
		"all":              {dmp.Query{}, 1},
		"type":             {dmp.Query{Types: []segur.Code{{Code: "18748-4"}}}, 1},
		"other type":       {dmp.Query{Types: []segur.Code{{Code: "IMG-KOS", System: "1.2.250.1.213.1.1.4.12"}}}, 0},
		"either type":      {dmp.Query{Types: []segur.Code{{Code: "11528-7"}, {Code: "18748-4"}}}, 1},
		"class":            {dmp.Query{Classes: []segur.Code{{Code: "31", System: "1.2.250.1.213.1.1.4.1"}}}, 1},
		"format":           {dmp.Query{Formats: []segur.Code{{Code: "x", System: "1.3.6.1.4.1.19376.1.2.3"}}}, 0},
		"modality":         {dmp.Query{Events: [][]segur.Code{{dcm("CT"), dcm("MR")}}}, 1},
		"modalities, both": {dmp.Query{Events: [][]segur.Code{{dcm("CT")}, {dcm("MR")}}}, 0},
		"since":            {dmp.Query{ServiceStart: xds.Period{From: examination}}, 1},
		"since later":      {dmp.Query{ServiceStart: xds.Period{From: examination.Add(time.Second)}}, 0},
		"until":            {dmp.Query{ServiceStart: xds.Period{To: examination}}, 0},
		"made":             {dmp.Query{Created: xds.Period{From: time.Now().Add(-time.Hour), To: time.Now().Add(time.Hour)}}, 1},
		"archived":         {dmp.Query{Statuses: []xds.Status{xds.Archived}}, 0},
		"accession":        {dmp.Query{References: [][]xds.Reference{{{ID: "ACC-2026-0042", Authority: "1.2.250.1.999.3", Type: xds.ReferenceAccession}}}}, 1},
		"other accession":  {dmp.Query{References: [][]xds.Reference{{{ID: "ACC-2026-0043", Authority: "1.2.250.1.999.3", Type: xds.ReferenceAccession}}}}, 0},
		"study":            {dmp.Query{References: [][]xds.Reference{{{ID: "1.2.250.1.999.4.1001", Type: xds.ReferenceStudy}}}}, 1},
		"both references": {dmp.Query{References: [][]xds.Reference{{{ID: "1.2.250.1.999.4.1001", Authority: "1.2.3.4.5.6", Type: xds.ReferenceStudy}},
			{{ID: "ACC-2026-0042", Authority: "1.2.250.1.999.3", Type: xds.ReferenceAccession}}}}, 1},
		"one reference missing": {dmp.Query{References: [][]xds.Reference{{{ID: "1.2.250.1.999.4.1001", Type: xds.ReferenceStudy}},
			{{ID: "ACC-2026-0043", Authority: "1.2.250.1.999.3", Type: xds.ReferenceAccession}}}}, 0},
		"region set":      {dmp.Query{Events: [][]segur.Code{{{Code: "MR", System: "1.2.250.1.213.1.1.5.618"}}}}, 1},
		"practice":        {dmp.Query{PracticeSettings: []segur.Code{{Code: "AMBULATOIRE", System: "1.2.250.1.213.1.1.4.9"}}}, 1},
		"other practice":  {dmp.Query{PracticeSettings: []segur.Code{{Code: "DOMICILE", System: "1.2.250.1.213.1.1.4.9"}}}, 0},
		"facility":        {dmp.Query{FacilityTypes: []segur.Code{{Code: "SA07", System: "1.2.250.1.71.4.2.4"}, {Code: "SA08", System: "1.2.250.1.71.4.2.4"}}}, 1},
		"confidentiality": {dmp.Query{Confidentiality: [][]segur.Code{{{Code: "N", System: "2.16.840.1.113883.5.25"}}}}, 1},
		"two markers":     {dmp.Query{Confidentiality: [][]segur.Code{{{Code: "N", System: "2.16.840.1.113883.5.25"}}, {{Code: "MASQUE_PS", System: "1.2.250.1.213.1.1.4.13"}}}}, 0},
		"author":          {dmp.Query{Authors: []string{"%^O'NEIL^%", "%^RADIOLOGUE^Cl_ude^%"}}, 1},
		"other author":    {dmp.Query{Authors: []string{"%^RADIOLOG_^%"}}, 0},
		"ended":           {dmp.Query{ServiceStop: xds.Period{From: examination.Add(25 * time.Minute)}}, 1},
		"ended later":     {dmp.Query{ServiceStop: xds.Period{From: examination.Add(26 * time.Minute)}}, 0},
		"identifier":      {dmp.Query{UniqueIDs: []string{entry.UniqueID, "1.2.3"}}, 1},
		"entry":           {dmp.Query{EntryUUIDs: []string{entry.ID}}, 1},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c.q.Patient = patient
			got, err := found(client, c.q)
			require.NoError(t, err)
			require.Len(t, got, c.want)
			if c.want > 0 {
				assert.Equal(t, entry.UniqueID, got[0].UniqueID)
				assert.Equal(t, "899900000015", got[0].Authors[0].Person.ID)
				assert.Equal(t, xds.Approved, got[0].Status)
				assert.Equal(t, "1", got[0].Version)
			}
		})
	}
}

func TestFindRefuses(t *testing.T) {
	t.Parallel()
	srv := fake(t)
	client := newClient(t, srv, consulting)
	_, err := found(client, dmp.Query{})
	require.ErrorIs(t, err, segur.ErrInvalidInput)
	patient := dmptest.Patient().INS
	_, err = found(client, dmp.Query{Patient: patient, UniqueIDs: []string{"1.2.3"}, Types: []segur.Code{{Code: "1"}}})
	assert.Equal(t, []string{"query"}, fields(t, err))
	_, err = found(client, dmp.Query{Patient: patient, Classes: []segur.Code{{Code: "31"}}})
	assert.Equal(t, []string{"classCodes"}, fields(t, err))
	assert.Empty(t, srv.Calls())
	_, err = found(client, dmp.Query{Patient: otherINS(t, segur.OIDINSNIRTest)})
	require.ErrorIs(t, err, segur.ErrNotFound)
	assert.Equal(t, "XDSUnknownPatientId", asError(t, err).Code)
}

// What a partial answer holds is given, then its error.
func TestFindPartial(t *testing.T) {
	t.Parallel()
	srv, client, _, _ := published(t)
	srv.Fail(dmptest.Fault{Op: "dmp.find", Alter: func(b []byte) []byte {
		return replaceOnce(b, statusSuccess+`">`, statusPartial+`"><rs:RegistryErrorList>`+registryError("XDSRegistryError", "une source manque", "Error")+`</rs:RegistryErrorList>`)
	}})
	got, err := found(client, dmp.Query{Patient: dmptest.Patient().INS})
	require.ErrorIs(t, err, segur.ErrPartial)
	assert.Len(t, got, 1)
	assert.Equal(t, "une source manque", asError(t, err).Details[0].Message)
	_, err = client.Lookup(t.Context(), dmptest.Patient().INS, "1.2.3")
	require.ErrorIs(t, err, segur.ErrNotFound)
	srv.Fail(dmptest.Fault{Op: "dmp.find", ContentType: soapType, Body: envelope(`<query:AdhocQueryResponse xmlns:query="urn:oasis:names:tc:ebxml-regrep:xsd:query:3.0" xmlns:rim="urn:oasis:names:tc:ebxml-regrep:xsd:rim:3.0" status="` + statusPartial + `"><rim:RegistryObjectList/></query:AdhocQueryResponse>`)})
	_, err = client.Lookup(t.Context(), dmptest.Patient().INS, "1.2.3")
	require.ErrorIs(t, err, segur.ErrPartial, "absence is not established")
}

// What the record says of a search in free text names nobody: the client knows
// the INS alone, and cannot compare with a name.
func TestFindErrorsNameNobody(t *testing.T) {
	t.Parallel()
	srv := fake(t)
	client := newClient(t, srv, consulting)
	p := dmptest.Patient()
	for _, said := range []string{
		"Le dossier de M. DURAND Jean-Pierre est inaccessible",
		"Mme Camille Fictive-Durand, née le 14/03/1985, s'oppose à l'accès",
		"Patient DE LA TOUR Élodie introuvable (" + p.INS.Matricule() + ")",
		"Recherche de l'auteur 899900000015^PRESCRIPTEUR^Dominique refusée",
	} {
		srv.Refuse(dmptest.Refusal{Op: "dmp.find", Code: "XDSRegistryError", Context: said},
			dmptest.Refusal{Op: "dmp.find", Code: "XDSRegistryError", Context: said, Fault: true},
			dmptest.Refusal{Op: "dmp.find", Code: "XDSRegistryError", Context: said})
		errs := make([]error, 3)
		_, errs[0] = found(client, dmp.Query{Patient: p.INS, Authors: []string{"%^PRESCRIPTEUR^%"}})
		_, errs[1] = found(client, dmp.Query{Patient: p.INS})
		_, errs[2] = client.Lookup(t.Context(), p.INS, "1.2.3")
		for _, err := range errs {
			require.Error(t, err)
			e := asError(t, err)
			assert.Equal(t, "XDSRegistryError", e.Code)
			for _, text := range []string{err.Error(), fmt.Sprintf("%+v", e), e.Details[0].Message} {
				for _, name := range []string{"DURAND", "Durand", "Jean", "Pierre", "Camille", "Fictive", "1985", "TOUR", "Élodie", "PRESCRIPTEUR", "Dominique", p.INS.Matricule()} {
					assert.NotContains(t, text, name)
				}
			}
		}
	}
}

// A loop that stops early is fine.
func TestFindStops(t *testing.T) {
	t.Parallel()
	_, client, _, _ := published(t)
	n := 0
	for range client.Find(t.Context(), dmp.Query{Patient: dmptest.Patient().INS}) {
		n++
		break
	}
	assert.Equal(t, 1, n)
}

// A masked document is for its authors only.
func TestFindMasked(t *testing.T) {
	t.Parallel()
	srv := fake(t)
	feed := newClient(t, srv)
	_, err := feed.Submit(t.Context(), prepared(t, feed, dmp.SubmissionDocument{Document: newReport(t), Visibility: []xds.Visibility{xds.HiddenFromProfessionals}}))
	require.NoError(t, err)
	own := newClient(t, srv, consulting)
	got, err := found(own, dmp.Query{Patient: dmptest.Patient().INS})
	require.NoError(t, err)
	require.Len(t, got, 1)
	assert.True(t, got[0].Has(xds.HiddenFromProfessionals))
	other := newClient(t, srv, consulting, func(c *dmp.Config) { c.User.ID = "899900000023" })
	got, err = found(other, dmp.Query{Patient: dmptest.Patient().INS})
	require.NoError(t, err)
	assert.Empty(t, got)
}

func replaceOnce(b []byte, old, with string) []byte {
	return bytes.Replace(b, []byte(old), []byte(with), 1)
}
