package annuaire_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"iter"
	"log/slog"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/segur-sdk/segur"
	"github.com/segur-sdk/segur/mssante/annuaire"
	"github.com/segur-sdk/segur/mssante/annuaire/annuairetest"
)

var doctor = segur.Professional{
	ID: "899900000031", FamilyName: "PRESCRIPTEUR", GivenName: "Dominique", Title: "DR",
	Profession: segur.Code{Code: "10", System: "1.2.250.1.71.1.2.7"},
}

var boxes = []annuaire.Mailbox{
	{Address: "dominique.prescripteur@medecin.mssante.test", Kind: "PER", Level: annuaire.OfPerson, Description: "Personnelle"},
	{Address: "cabinet@cabinet.mssante.test", Kind: "ORG", Level: annuaire.OfSituation, Organization: "Organization/1", PaperWanted: true},
	{Address: "Cabinet@cabinet.mssante.test", Kind: "ORG", Level: annuaire.OfSituation, Organization: "Organization/2"},
	{Address: "app@hopital.mssante.test", Kind: "APP", Level: annuaire.OfSituation, Organization: "Organization/2"},
}

func start(t *testing.T, opts ...annuairetest.Option) (*annuairetest.Server, *annuaire.Client) {
	t.Helper()
	srv := annuairetest.NewServer(opts...)
	t.Cleanup(srv.Close)
	srv.Add(doctor, boxes...)
	return srv, client(t, still(srv))
}

// timeline is a clock that only waiting moves.
type timeline struct {
	mu     sync.Mutex
	now    time.Time
	waited []time.Duration
}

func newTimeline() *timeline { return &timeline{now: time.Date(2026, 6, 1, 12, 0, 0, 0, time.UTC)} }

func (l *timeline) Now() time.Time {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.now
}

func (l *timeline) Sleep(ctx context.Context, d time.Duration) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	if err := ctx.Err(); err != nil {
		return err
	}
	l.now = l.now.Add(d)
	l.waited = append(l.waited, d)
	return nil
}

func (l *timeline) limiter() *annuaire.Limiter {
	return annuaire.NewLimiter(annuaire.LimiterOptions{Clock: l.Now, Sleep: l.Sleep})
}

// client waits for nothing.
func client(t *testing.T, cfg annuaire.Config) *annuaire.Client {
	t.Helper()
	c, err := annuaire.New(cfg)
	require.NoError(t, err)
	return c
}

// still is the configuration for srv with a limiter that no time passes for.
func still(srv *annuairetest.Server) annuaire.Config {
	cfg := srv.Config()
	cfg.Limiter = newTimeline().limiter()
	return cfg
}

func all[T any](t *testing.T, s iter.Seq2[T, error]) []T {
	t.Helper()
	var out []T
	for v, err := range s {
		require.NoError(t, err)
		out = append(out, v)
	}
	return out
}

func firstError[T any](s iter.Seq2[T, error]) error {
	for _, err := range s {
		if err != nil {
			return err
		}
	}
	return nil
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
	_, client := start(t)
	for _, number := range []string{"99900000031", "899900000031"} {
		found, err := client.Practitioner(t.Context(), number)
		require.NoError(t, err)
		assert.Equal(t, doctor, found.Professional)
		assert.Equal(t, []annuaire.Mailbox{boxes[0], boxes[1], boxes[3]}, found.Mailboxes, "one address once, whatever its case")
		require.Len(t, found.Roles, 2)
		assert.Equal(t, "Organization/2", found.Roles[1].Organization)
		assert.Equal(t, "L", found.Roles[1].Mode.Code)
		assert.Contains(t, string(found.Raw), `"versionId":2`, "kept as it came")
		assert.Equal(t, "PRESCRIPTEUR", *found.FHIR.Name[0].Family)
	}
}

func TestRefusedBeforeSending(t *testing.T) {
	t.Parallel()
	srv, client := start(t)
	for _, number := range []string{"", "123", "8999000000311", "99900000O31", "99900000031&name=x"} {
		_, err := client.Practitioner(t.Context(), number)
		require.ErrorIs(t, err, segur.ErrInvalidInput, number)
	}
	for field, q := range map[string]annuaire.Query{
		"query":         annuaire.PractitionerQuery{},
		"number":        annuaire.OrganizationQuery{Number: "12"},
		"family":        annuaire.PractitionerQuery{Family: "A\x00B"},
		"match":         annuaire.PractitionerQuery{Family: "A", Match: "like"},
		"specialty":     annuaire.PractitionerQuery{Specialty: []string{"SM28", " "}},
		"include":       annuaire.RoleQuery{Number: "1", Options: annuaire.Options{Include: []string{"Patient:x"}}},
		"revInclude":    annuaire.PractitionerQuery{Family: "A", Options: annuaire.Options{RevInclude: []string{"Device:organization"}}},
		"elements":      annuaire.PractitionerQuery{Family: "A", Options: annuaire.Options{Elements: []string{"a&b"}}},
		"pageSize":      annuaire.PractitionerQuery{Family: "A", Options: annuaire.Options{PageSize: 10001}},
		"practitioners": annuaire.RoleQuery{Practitioners: []string{"Organization/1"}},
		"department":    annuaire.OrganizationQuery{Department: "99"},
		"line":          annuaire.OrganizationQuery{Line: strings.Repeat("x", 300)},
	} {
		err := firstError(client.Search(t.Context(), q))
		require.ErrorIs(t, err, segur.ErrInvalidInput, field)
		assert.Contains(t, err.Error(), field+" ")
	}
	_, err := annuaire.Find(t.Context(), client, annuaire.Wanted{Given: "x"})
	require.ErrorIs(t, err, segur.ErrInvalidInput)
	assert.Empty(t, srv.Calls())
	_, err = annuaire.New(annuaire.Config{Key: "a b", Endpoint: "http://x", MaxPages: -1, MaxEntries: -1})
	require.ErrorIs(t, err, segur.ErrInvalidInput)
	for _, field := range []string{"environment", "key", "endpoint", "maxPages", "maxEntries"} {
		assert.Contains(t, err.Error(), field)
	}
	assert.NotContains(t, err.Error(), "a b")
}

func bundle(entries ...string) []byte {
	return []byte(`{"resourceType":"Bundle","type":"searchset","entry":[{"resource":` + strings.Join(entries, `},{"resource":`) + `}]}`)
}

const outcome400 = `{"resourceType":"OperationOutcome","issue":[{"severity":"error","code":"invalid","diagnostics":"HAPI-0302: secret"},
	{"severity":"warning","code":"Secret Name!","diagnostics":"secret"}]}`

func TestFailures(t *testing.T) {
	t.Parallel()
	person := `{"resourceType":"Practitioner","id":"P1","identifier":[{"system":"urn:oid:1.2.250.1.71.4.2.1","value":"899900000031"}]}`
	link := func(urls ...string) []byte {
		var links []string
		for _, u := range urls {
			links = append(links, `{"relation":"next","url":"`+u+`"}`)
		}
		return []byte(`{"resourceType":"Bundle","type":"searchset","link":[` + strings.Join(links, ",") + `]}`)
	}
	srv, _ := start(t)
	cfg := still(srv)
	cfg.Retry.MaxAttempts = 1
	cfg.Limits.MaxResponseBytes = 64 << 10
	client := client(t, cfg)
	for name, c := range map[string]struct {
		fault annuairetest.Fault
		want  error
	}{
		"bad request":        {annuairetest.Fault{Status: 400, Body: []byte(outcome400)}, segur.ErrRefused},
		"forbidden":          {annuairetest.Fault{Status: 403}, segur.ErrAuthorization},
		"too many":           {annuairetest.Fault{Status: 412}, segur.ErrConflict},
		"page of HTML":       {annuairetest.Fault{Status: 200, ContentType: "text/html", Body: []byte("<html>secret")}, segur.ErrProtocol},
		"null":               {annuairetest.Fault{Status: 200, Body: []byte("null")}, segur.ErrProtocol},
		"outcome":            {annuairetest.Fault{Status: 200, Body: []byte(outcome400)}, segur.ErrProtocol},
		"not a search":       {annuairetest.Fault{Status: 200, Body: []byte(`{"resourceType":"Bundle","type":"batch"}`)}, segur.ErrProtocol},
		"wrong type":         {annuairetest.Fault{Status: 200, Body: bundle(`{"resourceType":"Practitioner","name":"x"}`)}, segur.ErrProtocol},
		"no resource type":   {annuairetest.Fault{Status: 200, Body: bundle(`{}`)}, segur.ErrProtocol},
		"a patient":          {annuairetest.Fault{Status: 200, Body: bundle(`{"resourceType":"Patient","id":"1"}`)}, segur.ErrProtocol},
		"bad id":             {annuairetest.Fault{Status: 200, Body: bundle(`{"resourceType":"Practitioner","id":"a/../b"}`)}, segur.ErrProtocol},
		"bad date":           {annuairetest.Fault{Status: 200, Body: bundle(`{"resourceType":"Practitioner","id":"1","meta":{"lastUpdated":"secret"}}`)}, segur.ErrProtocol},
		"no resource":        {annuairetest.Fault{Status: 200, Body: []byte(`{"resourceType":"Bundle","type":"searchset","entry":[{}]}`)}, segur.ErrProtocol},
		"outcome as entry":   {annuairetest.Fault{Status: 200, Body: bundle(person, outcome400)}, segur.ErrPartial},
		"another person":     {annuairetest.Fault{Status: 200, Body: bundle(strings.Replace(person, "899900000031", "899900000049", 1))}, segur.ErrProtocol},
		"twice":              {annuairetest.Fault{Status: 200, Body: bundle(person, strings.Replace(person, `"P1"`, `"P2"`, 1))}, segur.ErrProtocol},
		"inactive":           {annuairetest.Fault{Status: 200, Body: bundle(strings.Replace(person, "{", `{"active":false,`, 1))}, segur.ErrNotFound},
		"nobody":             {annuairetest.Fault{Status: 200, Body: []byte(`{"resourceType":"Bundle","type":"searchset","total":0}`)}, segur.ErrNotFound},
		"next page abroad":   {annuairetest.Fault{Status: 200, Body: link("https://elsewhere.test/fhir/v2/_page?id=1")}, segur.ErrProtocol},
		"next page clear":    {annuairetest.Fault{Status: 200, Body: link(strings.Replace(srv.URL, "https", "http", 1) + "/_page?id=1")}, segur.ErrProtocol},
		"next page up":       {annuairetest.Fault{Status: 200, Body: link(srv.URL + "/../../admin")}, segur.ErrProtocol},
		"next page encoded":  {annuairetest.Fault{Status: 200, Body: link(srv.URL + "/%2e%2e/admin")}, segur.ErrProtocol},
		"next page user":     {annuairetest.Fault{Status: 200, Body: link(strings.Replace(srv.URL, "https://", "https://u:p@", 1) + "/_page?id=1")}, segur.ErrProtocol},
		"next page relative": {annuairetest.Fault{Status: 200, Body: link("_page?id=1")}, segur.ErrProtocol},
		"two next pages":     {annuairetest.Fault{Status: 200, Body: link(srv.URL+"/_page?id=1", srv.URL+"/_page?id=2")}, segur.ErrProtocol},
		"page expired":       {annuairetest.Fault{Status: 200, Body: link(srv.URL + "/_page?id=secret")}, segur.ErrNotFound},
		"circle":             {annuairetest.Fault{Status: 200, Body: link(srv.URL + "/_page?id=1"), Times: 2}, segur.ErrProtocol},
		"oversize":           {annuairetest.Fault{Status: 200, Body: bytes.Repeat([]byte(" "), 65<<10)}, segur.ErrTooLarge},
		"cut":                {annuairetest.Fault{CutAfter: 40}, segur.ErrTruncated},
		"unavailable":        {annuairetest.Fault{Status: 503}, segur.ErrUnavailable},
		"rate":               {annuairetest.Fault{Status: 429}, segur.ErrRateLimited},
		"compressed garbage": {annuairetest.Fault{Status: 200, Header: map[string][]string{"Content-Encoding": {"gzip"}}, Body: bytes.Repeat([]byte("secret"), 9)}, segur.ErrProtocol},
	} {
		srv.Fail(c.fault)
		_, err := client.Practitioner(t.Context(), "99900000031")
		require.ErrorIs(t, err, c.want, name)
		assert.NotContains(t, strings.ToLower(err.Error()), "secret", name)
		assert.NotContains(t, err.Error(), annuairetest.Key, name)
		assert.NotContains(t, err.Error(), "99900000031", name)
		if name == "bad request" {
			var o *annuaire.Outcome
			require.ErrorAs(t, err, &o)
			assert.Equal(t, []annuaire.Issue{{"error", "invalid", "HAPI-0302"}, {"warning", "", ""}}, o.Issues)
			var e *segur.Error
			require.ErrorAs(t, err, &e)
			assert.Equal(t, "invalid", e.Code)
			assert.Equal(t, []string{"error", "warning"}, []string{e.Details[0].Severity, e.Details[1].Severity})
		}
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
	srv.Fail(annuairetest.Fault{Status: 200, Body: bundle(
		role(of("Practitioner/P1"), "own"),
		`{"resourceType":"Practitioner","id":"P1","identifier":[{"system":"urn:oid:1.2.250.1.71.4.2.1","value":"899900000031"}]}`,
		role(of("https://directory.test/fhir/v2/Practitioner/P1/_history/3"), "absolute"),
		role(of("Practitioner/P2"), "other"), role(of("Practitioner/XP1"), "longer"), role("", "nobody"), role(of("Group/P1"), "group"),
		role(`"active":false,`+of("Practitioner/P1"), "former"),
	)})
	found, err := client(t, still(srv)).Practitioner(t.Context(), "99900000031")
	require.NoError(t, err)
	assert.Equal(t, []annuaire.Mailbox{{Address: "own@x.mssante.test", Level: annuaire.OfSituation}, {Address: "absolute@x.mssante.test", Level: annuaire.OfSituation}}, found.Mailboxes)
}

// A service that always has one more page is left after a bounded number.
func TestEndlessPages(t *testing.T) {
	t.Parallel()
	srv, _ := start(t)
	for i := range 20 {
		srv.Fail(annuairetest.Fault{Status: 200, Body: fmt.Appendf(nil, `{"resourceType":"Bundle","type":"searchset","link":[{"relation":"next","url":"%s/_page?id=%d"}]}`, srv.URL, i)})
	}
	cfg := still(srv)
	cfg.MaxPages = 5
	_, err := client(t, cfg).Practitioner(t.Context(), "99900000031")
	require.ErrorIs(t, err, segur.ErrTooLarge)
	assert.Empty(t, srv.Calls(), "a fault answered all")

	srv, _ = start(t)
	for i := range 4 {
		srv.Add(segur.Professional{ID: fmt.Sprintf("8999000000%02d", 50+i), FamilyName: "PRESCRIPTEUR"})
	}
	cfg = still(srv)
	cfg.MaxEntries = 4
	require.ErrorIs(t, firstError(client(t, cfg).Search(t.Context(), annuaire.PractitionerQuery{Family: "presc"})), segur.ErrTooLarge)
}

func TestWrongKeyAndRedaction(t *testing.T) {
	t.Parallel()
	srv, _ := start(t)
	var log strings.Builder
	dir := t.TempDir()
	evidence, err := segur.NewEvidenceDir(dir)
	require.NoError(t, err)
	cfg := still(srv)
	cfg.Key, cfg.Evidence = "wrong-key-123", evidence
	cfg.Logger = slog.New(slog.NewTextHandler(&log, &slog.HandlerOptions{Level: slog.LevelDebug}))
	c := client(t, cfg)
	_, err = c.Practitioner(t.Context(), "99900000031")
	require.ErrorIs(t, err, segur.ErrAuthentication)
	var o *annuaire.Outcome
	require.ErrorAs(t, err, &o)
	assert.Equal(t, "login", o.Issues[0].Code)
	err = errors.Join(err, firstError(c.Practitioners(t.Context(), annuaire.PractitionerQuery{Family: "PRESCRIPTEUR"})))
	for _, secret := range []string{"wrong-key", "99900000031", "PRESCRIPTEUR"} {
		assert.NotContains(t, fmt.Sprintf("%v %+v", err, err)+log.String(), secret)
	}
	sent, err := os.ReadFile(dir + "/001-annuaire.search.request")
	require.NoError(t, err)
	assert.NotContains(t, string(sent), "wrong-key")
	assert.Contains(t, string(sent), "GET /fhir/v2/Practitioner?")
	assert.NotContains(t, strings.ToLower(string(sent)), "gzip", "evidence is read by people")
}

// Names and mailboxes stay out of URLs, and so do long queries.
func TestGetAndPost(t *testing.T) {
	t.Parallel()
	srv, c := start(t, annuairetest.WithGzip())
	require.Len(t, all(t, c.Practitioners(t.Context(), annuaire.PractitionerQuery{Family: "prescr"})), 1)
	require.Len(t, all(t, c.Roles(t.Context(), annuaire.RoleQuery{Mailbox: "app@", Options: annuaire.Options{PageSize: 7}})), 1)
	many := make([]string, 100)
	for i := range many {
		many[i] = fmt.Sprintf("Practitioner/P999000%05d", i)
	}
	require.Len(t, all(t, c.Practitioners(t.Context(), annuaire.PractitionerQuery{References: many})), 1)
	require.Len(t, all(t, c.Practitioners(t.Context(), annuaire.PractitionerQuery{Profession: []string{annuaire.SystemProfession + "|10"}})), 1)
	cfg := still(srv)
	cfg.NamesInURL = true
	require.Len(t, all(t, client(t, cfg).Practitioners(t.Context(), annuaire.PractitionerQuery{Given: "dom", Match: annuaire.Contains})), 1)
	calls := srv.Calls()
	require.Len(t, calls, 5)
	assert.Equal(t, annuairetest.Call{Method: "POST", Path: "/fhir/v2/Practitioner/_search", Form: "active=true&family=prescr"}, calls[0])
	assert.Equal(t, annuairetest.Call{Method: "POST", Path: "/fhir/v2/PractitionerRole/_search", Form: "_count=7&active=true&mailbox-mss=app%40"}, calls[1])
	assert.Equal(t, "POST", calls[2].Method)
	assert.Equal(t, "active=true&qualification-code=https%3A%2F%2Fmos.esante.gouv.fr%2FNOS%2FTRE_G15-ProfessionSante%2FFHIR%2FTRE-G15-ProfessionSante%7C10", calls[3].Query)
	assert.Equal(t, "active=true&given%3Acontains=dom", calls[4].Query)
}

// What inflates past the limit is refused, and so is an archive cut short.
func TestCompressedAnswers(t *testing.T) {
	t.Parallel()
	srv, _ := start(t, annuairetest.WithGzip())
	srv.Put(`{"resourceType":"Organization","id":"big","active":true,"name":"` + strings.Repeat("A", 200<<10) + `"}`)
	cfg := still(srv)
	cfg.Retry.MaxAttempts = 1
	cfg.Limits.MaxResponseBytes = 64 << 10
	c := client(t, cfg)
	q := annuaire.OrganizationQuery{References: []string{"big"}}
	require.ErrorIs(t, firstError(c.Organizations(t.Context(), q)), segur.ErrTooLarge)
	for _, n := range []int64{3, 30} {
		srv.Fail(annuairetest.Fault{TruncateAfter: n})
		require.ErrorIs(t, firstError(c.Practitioners(t.Context(), annuaire.PractitionerQuery{Number: doctor.ID})), segur.ErrTruncated)
	}
	require.Len(t, all(t, c.Practitioners(t.Context(), annuaire.PractitionerQuery{Number: doctor.ID})), 1)
}
