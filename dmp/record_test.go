package dmp_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/segur-sdk/segur"
	"github.com/segur-sdk/segur/dmp"
	"github.com/segur-sdk/segur/dmp/dmptest"
)

var consented = dmp.Consent{Act: dmp.ConsentDialog, At: time.Date(2026, 1, 20, 9, 0, 0, 0, time.UTC)}

func ptr[T any](v T) *T { return &v }

// richRecord is a record in which everything is stated.
func richRecord() dmptest.Record {
	return dmptest.Record{
		Unauthorized: true, Traits: dmptest.Patient().Traits, Civility: "MME", WebAccount: true, AttachedToENS: true,
		Address:           segur.Address{Lines: []string{"1 RUE FICTIVE"}, PostalCode: "69003", City: "LYON"},
		Telecoms:          []segur.Telecom{{Value: "tel:+33600000000", Use: "MC"}, {Value: "mailto:camille@example.org"}},
		Representatives:   []dmptest.Representative{{FamilyName: "FICTIF-TUTEUR", GivenName: "SACHA", Relation: "FTH", Telecoms: []segur.Telecom{{Value: "tel:+33600000001"}}}},
		OpposesBreakGlass: true,
		LastAccess:        time.Date(2026, 1, 2, 9, 0, 0, 0, time.UTC), LastUpdate: time.Date(2026, 1, 2, 9, 5, 0, 0, time.UTC),
		LastAdd: time.Date(2026, 1, 2, 9, 6, 0, 0, time.UTC),
	}
}

func TestExistence(t *testing.T) {
	t.Parallel()
	srv := fake(t)
	ins := dmptest.Patient().INS
	closed := time.Date(2026, 1, 3, 10, 0, 0, 0, time.UTC)
	closing := dmptest.Closing{At: closed, Reason: "à la demande du patient"}
	elsewhere := closing
	elsewhere.Observation = true
	stated := &dmp.RecordClosing{At: segur.At(closed), Reason: "à la demande du patient",
		Motive: segur.Code{Code: "FERMETURE_DEMANDE_PATIENT", System: "1.2.250.1.213.4.1.2.4"}}
	status := func(change func(*dmp.RecordStatus)) dmp.RecordStatus {
		s := dmp.RecordStatus{Exists: true, State: dmp.RecordActive, Authorization: dmp.AuthorizationValid,
			DeclaredGP: ptr(false), WebAccount: ptr(false), AttachedToENS: ptr(false)}
		change(&s)
		return s
	}
	user := dmptest.Radiologist().ID
	client := newClient(t, srv, consulting)
	for _, c := range []struct {
		name   string
		record dmptest.Record
		want   dmp.RecordStatus
	}{
		{"open", dmptest.Record{}, status(func(*dmp.RecordStatus) {})},
		{"everything", dmptest.Record{WebAccount: true, AttachedToENS: true, DeclaredGPs: []string{user}},
			status(func(s *dmp.RecordStatus) {
				s.DeclaredGP, s.WebAccount, s.AttachedToENS = ptr(true), ptr(true), ptr(true)
			})},
		{"not authorised", dmptest.Record{Unauthorized: true}, status(func(s *dmp.RecordStatus) { s.Authorization = dmptest.None })},
		{"expired", dmptest.Record{Authorizations: map[string]dmptest.Authorization{user: {Status: dmptest.Expired}}},
			status(func(s *dmp.RecordStatus) { s.Authorization = dmptest.Expired })},
		{"blocked", dmptest.Record{Authorizations: map[string]dmptest.Authorization{user: {Status: dmptest.Blocked}}},
			status(func(s *dmp.RecordStatus) { s.Authorization = dmptest.Blocked })},
		{"a new code", dmptest.Record{Authorizations: map[string]dmptest.Authorization{user: {Status: "NOUVEAU"}}},
			status(func(s *dmp.RecordStatus) { s.Authorization = "NOUVEAU" })},
		{"closed", dmptest.Record{Closed: true, Closing: closing},
			status(func(s *dmp.RecordStatus) { s.State, s.Closing = dmp.RecordClosed, stated })},
		{"closed, said elsewhere", dmptest.Record{Closed: true, Closing: elsewhere},
			status(func(s *dmp.RecordStatus) { s.State, s.Closing = dmp.RecordClosed, stated })},
		{"several numbers", dmptest.Record{FormerINS: []segur.INS{otherINS(t, segur.OIDINSNIRTest)}}, status(func(*dmp.RecordStatus) {})},
	} {
		srv.SetPatient(ins, c.record)
		got, err := client.Existence(t.Context(), ins)
		require.NoError(t, err, c.name)
		assert.Equal(t, c.want, *got, c.name)
		assert.Equal(t, c.want.State == dmp.RecordActive, got.Active(), c.name)
		assert.Equal(t, c.want.Authorization == "VALIDE", got.Authorization.Valid(), c.name)
	}

	got, err := client.Existence(t.Context(), otherINS(t, segur.OIDINSNIRTest))
	require.NoError(t, err, "no record is an answer")
	assert.Equal(t, dmp.RecordStatus{}, *got)
	assert.False(t, got.Active())
}

func TestAdministrativeData(t *testing.T) {
	t.Parallel()
	srv := fake(t)
	ins := dmptest.Patient().INS
	record := richRecord()
	record.Traits.UsedName = "FICTIVE-MARTIN"
	srv.SetPatient(ins, record)
	client := newClient(t, srv)
	d, err := client.AdministrativeData(t.Context(), ins)
	require.NoError(t, err)
	assert.True(t, d.Status.Exists)
	assert.Equal(t, dmp.AuthorizationStatus(dmptest.None), d.Status.Authorization)
	assert.Equal(t, []segur.INS{ins}, d.INS)
	assert.Empty(t, d.OtherIDs)
	want := record.Traits
	want.GivenNames = "CAMILLE"
	assert.True(t, want == d.Traits)
	assert.Equal(t, "MME", d.Civility)
	assert.Equal(t, record.Address, d.Address)
	assert.Equal(t, record.Telecoms, d.Telecoms)
	assert.Equal(t, ptr(false), d.Deceased)
	assert.Equal(t, ptr(true), d.OpposesBreakGlass)
	assert.Equal(t, ptr(false), d.OpposesRegulation)
	require.Len(t, d.Representatives, 1)
	r := d.Representatives[0]
	assert.Equal(t, "FTH", r.Relation.Code)
	assert.Equal(t, "FICTIF-TUTEUR SACHA", r.FamilyName+" "+r.GivenName)
	assert.Equal(t, []segur.Telecom{{Value: "tel:+33600000001"}}, r.Telecoms)
	assert.Len(t, d.Observations, 4)

	srv.SetPatient(ins, dmptest.Record{})
	d, err = client.AdministrativeData(t.Context(), ins)
	require.NoError(t, err)
	assert.True(t, segur.Traits{} == d.Traits, "NON RENSEIGNE is nothing")

	for _, s := range []string{fmt.Sprint(d), fmt.Sprintf("%+v", d), fmt.Sprintf("%#v", *d), fmt.Sprint(r)} {
		noPrivateText(t, s)
		assert.NotContains(t, s, "TUTEUR")
	}
	d, err = client.AdministrativeData(t.Context(), otherINS(t, segur.OIDINSNIRTest))
	require.NoError(t, err)
	assert.False(t, d.Status.Exists)
}

func TestAuthorization(t *testing.T) {
	t.Parallel()
	srv := fake(t)
	ins := dmptest.Patient().INS
	srv.SetPatient(ins, richRecord())
	client := newClient(t, srv, consulting)
	status := func() dmp.AuthorizationStatus {
		s, err := client.Existence(t.Context(), ins)
		require.NoError(t, err)
		return s.Authorization
	}
	_, err := found(client, dmp.Query{Patient: ins})
	require.ErrorIs(t, err, segur.ErrAuthorization)

	change, err := client.Authorize(t.Context(), ins, dmp.AuthorizeOptions{Consent: consented})
	require.NoError(t, err)
	assert.Equal(t, dmp.AuthorizationChange{Status: "DMPOk", Context: "Autorisation ajoutée"}, *change)
	assert.Equal(t, dmp.AuthorizationValid, status())
	_, err = found(client, dmp.Query{Patient: ins})
	require.NoError(t, err)
	change, err = client.Authorize(t.Context(), ins, dmp.AuthorizeOptions{Consent: consented})
	require.NoError(t, err, "once more is a success")
	assert.Equal(t, "Autorisation déjà présente, aucune action", change.Context)

	list, err := client.Professionals(t.Context(), ins, dmp.AllAuthorizations)
	require.NoError(t, err)
	require.Len(t, list, 1)
	assert.Equal(t, segur.Identifier{Root: segur.OIDProfessional, Extension: dmptest.Radiologist().ID}, list[0].ID)
	assert.Equal(t, "RADIOLOGUE Claude", list[0].FamilyName+" "+list[0].GivenName)
	assert.Equal(t, dmp.ActiveAuthorizations, list[0].Mode)
	assert.Equal(t, "G15_10/SM44", list[0].Specialties[0].Code)
	assert.NotEmpty(t, list[0].Specialties[0].Display)
	assert.WithinDuration(t, time.Now(), list[0].Since.Time, time.Minute)
	assert.False(t, list[0].DeclaredGP())
	assert.NotContains(t, fmt.Sprintf("%+v", list[0]), "RADIOLOGUE")

	_, err = client.Authorize(t.Context(), ins, dmp.AuthorizeOptions{Consent: consented, DeclaredGP: true})
	require.NoError(t, err)
	list, err = client.Professionals(t.Context(), ins, dmp.ActiveAuthorizations)
	require.NoError(t, err)
	assert.True(t, list[0].DeclaredGP())

	change, err = client.Revoke(t.Context(), ins, dmp.RevokeOptions{})
	require.NoError(t, err)
	assert.Equal(t, "Autorisation supprimée", change.Context)
	assert.Equal(t, dmp.AuthorizationStatus(dmptest.None), status())
	change, err = client.Revoke(t.Context(), ins, dmp.RevokeOptions{})
	require.NoError(t, err)
	assert.Contains(t, change.Context, "aucune action")
}

func TestAuthorizationRefused(t *testing.T) {
	t.Parallel()
	srv := fake(t)
	ins := dmptest.Patient().INS
	client := newClient(t, srv, consulting)
	authorize := func() error {
		_, err := client.Authorize(t.Context(), ins, dmp.AuthorizeOptions{Consent: consented})
		return err
	}

	srv.SetPatient(ins, dmptest.Record{Authorizations: map[string]dmptest.Authorization{dmptest.Radiologist().ID: {Status: dmptest.Blocked}}})
	err := authorize()
	require.ErrorIs(t, err, segur.ErrAuthorization)
	assert.Equal(t, "DMPAccessDeniedByRightsService", asError(t, err).Code)
	_, err = client.Professionals(t.Context(), ins, dmp.BlockedProfessionals)
	require.ErrorIs(t, err, segur.ErrAuthorization)
	_, err = client.AdministrativeData(t.Context(), ins)
	require.ErrorIs(t, err, segur.ErrAuthorization)

	srv.SetPatient(ins, dmptest.Record{Closed: true})
	err = authorize()
	require.ErrorIs(t, err, segur.ErrRefused)
	assert.Equal(t, "DMPClosed", asError(t, err).Code)
	assert.Equal(t, []segur.Detail{{Code: "DMPClosed", Message: "Le DMP est fermé"}}, asError(t, err).Details)
	assert.Contains(t, asError(t, err).Explain(segur.FR), "fermé")

	srv.SetPatient(ins, dmptest.Record{})
	sent := len(srv.Calls())
	for _, c := range []struct {
		consent dmp.Consent
		fields  []string
	}{
		{dmp.Consent{}, []string{"consent.act", "consent.at"}},
		{dmp.Consent{Act: "habit", At: consented.At}, []string{"consent.act"}},
		{dmp.Consent{Act: dmp.ConsentRequest, At: time.Now().Add(time.Hour)}, []string{"consent.at"}},
	} {
		_, err := client.Authorize(t.Context(), ins, dmp.AuthorizeOptions{Consent: c.consent})
		assert.Equal(t, c.fields, fields(t, err))
	}
	_, err = client.Authorize(t.Context(), segur.INS{}, dmp.AuthorizeOptions{Consent: consented})
	assert.Equal(t, []string{"patient"}, fields(t, err))
	_, err = client.Revoke(t.Context(), segur.INS{}, dmp.RevokeOptions{})
	assert.Equal(t, []string{"patient"}, fields(t, err))
	_, err = client.Existence(t.Context(), segur.INS{})
	assert.Equal(t, []string{"patient"}, fields(t, err))
	_, err = client.Professionals(t.Context(), segur.INS{}, "ALL")
	assert.Equal(t, []string{"mode", "patient"}, fields(t, err))
	assert.Len(t, srv.Calls(), sent, "nothing was sent")
}

// listed collects what TD0.4 lists.
func listed(t *testing.T, c *dmp.Client, q dmp.RecordsQuery) ([]*dmp.AuthorizedRecord, error) {
	t.Helper()
	var out []*dmp.AuthorizedRecord
	for r, err := range c.AuthorizedRecords(t.Context(), q) {
		if err != nil {
			return out, err
		}
		out = append(out, r)
	}
	return out, nil
}

func TestAuthorizedRecords(t *testing.T) {
	t.Parallel()
	srv := fake(t)
	ins, other := dmptest.Patient().INS, otherINS(t, segur.OIDINSNIRTest)
	record := richRecord()
	record.Authorizations = map[string]dmptest.Authorization{dmptest.Radiologist().ID: {Status: dmptest.Valid, Since: record.LastAccess}}
	record.DeclaredGPs, record.FormerINS = []string{dmptest.Radiologist().ID}, []segur.INS{other}
	srv.SetPatient(ins, record)
	client := newClient(t, srv, consulting)
	list, err := listed(t, client, dmp.RecordsQuery{})
	require.NoError(t, err)
	require.Len(t, list, 1)
	r := list[0]
	assert.Equal(t, []segur.INS{ins, other}, r.INS)
	assert.Equal(t, "FICTIVE-DURAND", r.Traits.BirthName)
	assert.Equal(t, "CAMILLE", r.Traits.GivenNames)
	assert.Equal(t, segur.NewDate(1985, 3, 14), r.Traits.BirthDate)
	assert.Equal(t, "MME", r.Civility)
	assert.Equal(t, ptr(true), r.DeclaredGP)
	assert.Equal(t, ptr(false), r.Message)
	assert.Equal(t, segur.At(record.LastAccess), r.LastAccess)
	assert.Equal(t, segur.At(record.LastUpdate), r.LastUpdate)
	assert.Equal(t, segur.At(record.LastAdd), r.LastAdd)
	noPrivateText(t, fmt.Sprintf("%+v %v", r, *r))

	srv.SetPatient(other, dmptest.Record{Authorizations: map[string]dmptest.Authorization{
		dmptest.Radiologist().ID: {Status: dmptest.Valid, Since: record.LastAccess.Add(time.Hour)}}})
	for _, c := range []struct {
		q dmp.RecordsQuery
		n int
	}{
		{dmp.RecordsQuery{}, 2},
		{dmp.RecordsQuery{Since: record.LastAccess.Add(time.Minute), By: dmp.ByAuthorization}, 1},
		{dmp.RecordsQuery{Since: record.LastAdd.In(time.FixedZone("CET", 3600)), By: dmp.ByDocument}, 1},
		{dmp.RecordsQuery{Since: record.LastAdd.Add(time.Second), By: dmp.ByDocument}, 0},
	} {
		list, err := listed(t, client, c.q)
		require.NoError(t, err)
		assert.Len(t, list, c.n, "%+v", c.q)
	}
	for range client.AuthorizedRecords(t.Context(), dmp.RecordsQuery{}) {
		break
	}

	sent := len(srv.Calls())
	for _, c := range []struct {
		client *dmp.Client
		q      dmp.RecordsQuery
		fields []string
	}{
		{client, dmp.RecordsQuery{By: dmp.ByDocument}, []string{"since"}},
		{client, dmp.RecordsQuery{Since: record.LastAdd}, []string{"by"}},
		{client, dmp.RecordsQuery{Since: record.LastAdd, By: "LASTAUTHORIZATION"}, []string{"by"}},
		{client.SecretConnection(), dmp.RecordsQuery{}, []string{""}},
		{newClient(t, srv), dmp.RecordsQuery{}, []string{"since"}},
	} {
		_, err := listed(t, c.client, c.q)
		assert.Equal(t, c.fields, fields(t, err))
	}
	assert.Len(t, srv.Calls(), sent, "nothing was sent")

	structure := newClient(t, srv)
	list, err = listed(t, structure, dmp.RecordsQuery{Since: record.LastAdd, By: dmp.ByAuthorization})
	require.NoError(t, err)
	assert.Empty(t, list, "the structure was given no authorisation")
}

func TestWebURL(t *testing.T) {
	t.Parallel()
	srv := fake(t)
	ins := dmptest.Patient().INS
	client := newClient(t, srv, onCard(srv), func(c *dmp.Config) { c.WebHost = "web.dmp.example:8443" })
	for page, with := range map[dmp.WebPage]bool{
		dmp.WebRecord: true, dmp.WebManagement: true, dmp.WebDocuments: true, dmp.WebCarePathway: true, dmp.WebAccessLog: true,
		dmp.WebRights: true, dmp.WebVaccination: true, dmp.WebSettings: false,
	} {
		patient, other, suffix := ins, segur.INS{}, "/"+ins.Matricule()
		if !with {
			patient, other, suffix = other, patient, ""
		}
		a, err := client.WebURL(page, patient)
		require.NoError(t, err, page)
		assert.Equal(t, "https://web.dmp.example:8443/AccesDirect/"+string(page)+suffix, a.URL())
		noPrivateText(t, fmt.Sprintf("%v %+v %#v %s", a, a, a, a))
		_, err = a.MarshalJSON()
		require.ErrorIs(t, err, segur.ErrInvalidInput)
		_, err = client.WebURL(page, other)
		assert.Equal(t, []string{"patient"}, fields(t, err))
	}
	a, err := client.WebURL(dmp.WebDashboard, segur.INS{})
	require.NoError(t, err)
	assert.Equal(t, "https://web.dmp.example:8443/AccesDirect/TableauDeBord", a.URL())
	a, err = client.WebURL(dmp.WebDashboard, ins)
	require.NoError(t, err)
	assert.Equal(t, "https://web.dmp.example:8443/AccesDirect/TableauDeBord/"+ins.Matricule(), a.URL())
	_, err = client.WebURL("Autre", ins)
	assert.Equal(t, []string{"page"}, fields(t, err))
	assert.Empty(t, srv.Calls())

	_, err = newClient(t, srv, consulting, func(c *dmp.Config) { c.WebHost = "web.dmp.example" }).WebURL(dmp.WebRecord, ins)
	require.ErrorIs(t, err, segur.ErrAuthorization, "TD0.10 is not public")
	assert.Contains(t, asError(t, err).Explain(segur.FR), "DIRECTE")
	_, err = newClient(t, srv).WebURL(dmp.WebRecord, ins)
	require.ErrorIs(t, err, segur.ErrAuthorization)

	_, err = newClient(t, srv, onCard(srv)).WebURL(dmp.WebDashboard, ins)
	assert.Equal(t, []string{"webHost"}, fields(t, err))
	for _, host := range []string{"https://web.example", "web.example/x", "user@web.example", "web.example?x", "a b", "web.example#"} {
		cfg := srv.Config()
		cfg.WebHost = host
		_, err := dmp.New(cfg)
		assert.Equal(t, []string{"webHost"}, fields(t, err), host)
	}
}
