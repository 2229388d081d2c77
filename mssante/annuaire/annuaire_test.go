package annuaire_test

import (
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/segur-sdk/segur"
	"github.com/segur-sdk/segur/credential/credentialtest"
	"github.com/segur-sdk/segur/internal/testkit"
	"github.com/segur-sdk/segur/mssante/annuaire"
	"github.com/segur-sdk/segur/mssante/annuaire/annuairetest"
)

var doctor = segur.Professional{ID: "899900000031", FamilyName: "PRESCRIPTEUR", GivenName: "Dominique", Title: "DR"}

var boxes = []annuaire.Mailbox{
	{Address: "dominique.prescripteur@medecin.mssante.test", Kind: "PER", Description: "Personnelle"},
	{Address: "cabinet@cabinet.mssante.test", Kind: "ORG", Organization: "Organization/1", PaperWanted: true},
	{Address: "Cabinet@cabinet.mssante.test", Kind: "ORG", Organization: "Organization/2"},
	{Address: "app@hopital.mssante.test", Kind: "APP", Organization: "Organization/2"},
}

func start(t *testing.T, opts ...annuairetest.Option) (*annuairetest.Server, *annuaire.Client) {
	t.Helper()
	srv := annuairetest.NewServer(opts...)
	t.Cleanup(srv.Close)
	srv.Add(doctor, boxes...)
	client, err := annuaire.New(srv.Config())
	require.NoError(t, err)
	return srv, client
}

func Example() {
	srv := annuairetest.NewServer() // swap for annuaire.Config{Environment: segur.Production, Key: ...}
	defer srv.Close()
	srv.Add(doctor, boxes...)
	client, err := annuaire.New(srv.Config())
	if err != nil {
		fmt.Println(err)
		return
	}
	found, err := client.Practitioner(context.Background(), "99900000031")
	if err != nil {
		fmt.Println(err)
		return
	}
	for _, m := range found.Mailboxes {
		fmt.Println(m.Kind, m.Address)
	}
	// Output:
	// PER dominique.prescripteur@medecin.mssante.test
	// ORG cabinet@cabinet.mssante.test
	// APP app@hopital.mssante.test
}

func TestPractitioner(t *testing.T) {
	t.Parallel()
	for _, size := range []int{1, 2, 50} {
		_, client := start(t, annuairetest.WithPageSize(size))
		for _, number := range []string{"99900000031", "899900000031"} {
			found, err := client.Practitioner(t.Context(), number)
			require.NoError(t, err)
			want := doctor
			assert.Equal(t, want, found.Professional)
			assert.Equal(t, []annuaire.Mailbox{boxes[0], boxes[1], boxes[3]}, found.Mailboxes, "one address once, whatever its case")
			assert.Contains(t, string(found.Raw), `"versionId":2`, "kept as it came")
			assert.Equal(t, "PRESCRIPTEUR", *found.FHIR.Name[0].Family)
		}
	}
}

func TestRefusedBeforeSending(t *testing.T) {
	t.Parallel()
	_, client := start(t)
	for _, number := range []string{"", "123", "8999000000311", "99900000O31", "99900000031&name=x"} {
		_, err := client.Practitioner(t.Context(), number)
		require.ErrorIs(t, err, segur.ErrInvalidInput, number)
	}
	_, err := annuaire.New(annuaire.Config{Key: "a b", Endpoint: "http://x"})
	require.ErrorIs(t, err, segur.ErrInvalidInput)
	for _, field := range []string{"environment", "key", "endpoint"} {
		assert.Contains(t, err.Error(), field)
	}
	assert.NotContains(t, err.Error(), "a b")
}

func TestFailures(t *testing.T) {
	t.Parallel()
	bundle := func(entries ...string) []byte {
		return []byte(`{"resourceType":"Bundle","type":"searchset","entry":[{"resource":` + strings.Join(entries, `},{"resource":`) + `}]}`)
	}
	person := `{"resourceType":"Practitioner","identifier":[{"system":"urn:oid:1.2.250.1.71.4.2.1","value":"899900000031"}]}`
	for name, c := range map[string]struct {
		fault annuairetest.Fault
		want  error
	}{
		"bad request":       {annuairetest.Fault{Status: 400, Body: []byte(`{"resourceType":"OperationOutcome","issue":[{"severity":"error","code":"invalid","diagnostics":"secret"}]}`)}, segur.ErrRefused},
		"forbidden":         {annuairetest.Fault{Status: 403}, segur.ErrAuthorization},
		"page of HTML":      {annuairetest.Fault{Status: 200, Body: []byte("<html>")}, segur.ErrProtocol},
		"null":              {annuairetest.Fault{Status: 200, Body: []byte("null")}, segur.ErrProtocol},
		"wrong type":        {annuairetest.Fault{Status: 200, Body: bundle(`{"resourceType":"Practitioner","name":"x"}`)}, segur.ErrProtocol},
		"no resource type":  {annuairetest.Fault{Status: 200, Body: bundle(`{}`)}, segur.ErrProtocol},
		"another person":    {annuairetest.Fault{Status: 200, Body: bundle(strings.Replace(person, "899900000031", "899900000049", 1))}, segur.ErrProtocol},
		"twice":             {annuairetest.Fault{Status: 200, Body: bundle(person, person)}, segur.ErrProtocol},
		"inactive":          {annuairetest.Fault{Status: 200, Body: bundle(strings.Replace(person, "{", `{"active":false,`, 1))}, segur.ErrNotFound},
		"nobody":            {annuairetest.Fault{Status: 200, Body: []byte(`{"resourceType":"Bundle","type":"searchset","total":0}`)}, segur.ErrNotFound},
		"next page abroad":  {annuairetest.Fault{Status: 200, Body: []byte(`{"resourceType":"Bundle","type":"searchset","link":[{"relation":"next","url":"https://elsewhere.test/fhir/v2/_page?id=1"}]}`)}, segur.ErrProtocol},
		"cut":               {annuairetest.Fault{CutAfter: 40}, segur.ErrTruncated},
		"unavailable twice": {annuairetest.Fault{Status: 503, Times: 10}, segur.ErrUnavailable},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			srv := annuairetest.NewServer()
			t.Cleanup(srv.Close)
			srv.Add(doctor, boxes...)
			cfg := srv.Config()
			cfg.Retry.MaxAttempts = 1
			client, err := annuaire.New(cfg)
			require.NoError(t, err)
			srv.Fail(c.fault)
			_, err = client.Practitioner(t.Context(), "99900000031")
			require.ErrorIs(t, err, c.want)
			assert.NotContains(t, err.Error(), "secret")
			assert.NotContains(t, err.Error(), annuairetest.Key)
		})
	}
}

// A situation gives its boxes to the person that it names, and to nobody else.
func TestSituationsOfOthers(t *testing.T) {
	t.Parallel()
	role := func(extra, address string) string {
		return `{"resourceType":"PractitionerRole",` + extra + `"telecom":[{"system":"email","value":"` + address + `@x.mssante.test","extension":[{` +
			`"url":"https://hl7.fr/ig/fhir/core/StructureDefinition/fr-core-contact-point-email-type","valueCoding":{"code":"MSSANTE"}}]}]}`
	}
	of := func(reference string) string { return `"practitioner":{"reference":"` + reference + `"},` }
	srv := annuairetest.NewServer()
	t.Cleanup(srv.Close)
	srv.Fail(annuairetest.Fault{Status: 200, Body: []byte(`{"resourceType":"Bundle","type":"searchset","entry":[{"resource":` + strings.Join([]string{
		role(of("Practitioner/P1"), "own"),
		`{"resourceType":"Practitioner","id":"P1","identifier":[{"system":"urn:oid:1.2.250.1.71.4.2.1","value":"899900000031"}]}`,
		role(of("https://directory.test/fhir/v2/Practitioner/P1/_history/3"), "absolute"),
		role(of("Practitioner/P2"), "other"), role(of("Practitioner/XP1"), "longer"), role("", "nobody"),
		role(`"active":false,`+of("Practitioner/P1"), "former"),
	}, `},{"resource":`) + `}]}`)})
	client, err := annuaire.New(srv.Config())
	require.NoError(t, err)
	found, err := client.Practitioner(t.Context(), "99900000031")
	require.NoError(t, err)
	assert.Equal(t, []annuaire.Mailbox{{Address: "own@x.mssante.test"}, {Address: "absolute@x.mssante.test"}}, found.Mailboxes)
}

// A service that always has one more page is left after a bounded number.
func TestEndlessPages(t *testing.T) {
	t.Parallel()
	var calls int
	var url string
	pki := credentialtest.NewPKI()
	srv := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		calls++
		fmt.Fprintf(w, `{"resourceType":"Bundle","type":"searchset","link":[{"relation":"next","url":"%s/_page?id=1"}]}`, url)
	}))
	srv.TLS = pki.MutualTLS()
	srv.StartTLS()
	defer srv.Close()
	url = srv.URL
	client, err := annuaire.New(annuaire.Config{Endpoint: srv.URL, Key: "k", ClientConfig: segur.ClientConfig{
		Environment: segur.Fake, RootCAs: pki.Roots(), Credentials: segur.StaticCredential(pki.Organization())}})
	require.NoError(t, err)
	_, err = client.Practitioner(t.Context(), "99900000031")
	require.ErrorIs(t, err, segur.ErrTooLarge)
	assert.Equal(t, 20, calls)
}

func TestWrongKeyAndRedaction(t *testing.T) {
	t.Parallel()
	srv := annuairetest.NewServer()
	t.Cleanup(srv.Close)
	var log strings.Builder
	dir := t.TempDir()
	evidence, err := segur.NewEvidenceDir(dir)
	require.NoError(t, err)
	cfg := srv.Config()
	cfg.Key, cfg.Evidence = "wrong-key-123", evidence
	cfg.Logger = slog.New(slog.NewTextHandler(&log, &slog.HandlerOptions{Level: slog.LevelDebug}))
	client, err := annuaire.New(cfg)
	require.NoError(t, err)
	_, err = client.Practitioner(t.Context(), "99900000031")
	require.ErrorIs(t, err, segur.ErrAuthentication)
	assert.NotContains(t, err.Error()+log.String(), "wrong-key")
	assert.NotContains(t, err.Error()+log.String(), "99900000031", "the query is not logged")
	sent, err := os.ReadFile(dir + "/001-annuaire.search.request")
	require.NoError(t, err)
	assert.NotContains(t, string(sent), "wrong-key")
	assert.Contains(t, string(sent), "GET /fhir/v2/Practitioner?")
}

// The official samples are what the fake imitates.
func TestOfficialSamples(t *testing.T) {
	t.Parallel()
	name := testkit.SharedData(t, "mssante/annuaire/bundle-practitioner-search.json")
	sample, err := os.ReadFile(name)
	require.NoError(t, err)
	var b map[string]json.RawMessage
	require.NoError(t, json.Unmarshal(sample, &b))
	delete(b, "link") // its next page is on another host
	body, err := json.Marshal(b)
	require.NoError(t, err)
	srv := annuairetest.NewServer()
	t.Cleanup(srv.Close)
	srv.Fail(annuairetest.Fault{Status: 200, Body: body})
	client, err := annuaire.New(srv.Config())
	require.NoError(t, err)
	found, err := client.Practitioner(t.Context(), "10003461033")
	require.NoError(t, err)
	assert.Equal(t, "810003461033", found.Professional.ID)
	require.Len(t, found.Mailboxes, 1)
	assert.True(t, strings.HasSuffix(found.Mailboxes[0].Address, "@pro.mssante.fr"))
}

func TestSharedPKI(t *testing.T) {
	t.Parallel()
	pki := credentialtest.NewPKI()
	srv, _ := start(t, annuairetest.WithPKI(pki))
	cfg := srv.Config()
	cfg.RootCAs, cfg.Credentials = pki.Roots(), segur.StaticCredential(pki.Organization())
	client, err := annuaire.New(cfg)
	require.NoError(t, err)
	_, err = client.Practitioner(t.Context(), doctor.ID)
	require.NoError(t, err)
}
