package annuairetest_test

import (
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/segur-sdk/segur"
	"github.com/segur-sdk/segur/credential/credentialtest"
	"github.com/segur-sdk/segur/internal/transport"
	"github.com/segur-sdk/segur/mssante/annuaire/annuairetest"
)

// The fake refuses what the directory refuses.
func TestStrict(t *testing.T) {
	t.Parallel()
	srv := annuairetest.NewServer(annuairetest.WithPKI(credentialtest.NewPKI()))
	defer srv.Close()
	srv.Add(segur.Professional{ID: "899900000031", FamilyName: "PRESCRIPTEUR"})
	srv.Put(`{"resourceType":"Organization","id":"1","type":[{"coding":[{"system":"s","code":"SA07"}]}],"meta":{"lastUpdated":"2026-05-01T10:00:00Z"}}`)
	c, err := transport.New(srv.ClientConfig(), transport.Options{})
	require.NoError(t, err)
	rest := c.REST()
	do := func(method, path, key, accept, body, contentType string) (int, string) {
		call := transport.Call{Op: "test", Method: method, URL: srv.URL + path, RepeatSafe: true, Once: true, ContentType: contentType,
			Header: http.Header{"Esante-Api-Key": {key}, "Accept": {accept}}}
		if contentType != "" {
			call.Body = []byte(body)
		}
		reply, err := rest.Do(t.Context(), call)
		require.NoError(t, err, path)
		return reply.Status, string(reply.Body)
	}
	const fhir, form = "application/fhir+json", "application/x-www-form-urlencoded"
	for path, want := range map[string]int{
		"/Practitioner?family=presc": 200, "/Practitioner?color=red": 400, "/Practitioner?family:like=x": 400, "/Practitioner?active:not=true": 400,
		"/Practitioner?_count=0": 400, "/Practitioner?_count=10001": 400, "/Practitioner?_total=all": 400, "/Practitioner?_total=accurate": 200,
		"/Practitioner?_revinclude=Device:organization": 400, "/Practitioner?_include=PractitionerRole:practitioner": 400,
		"/Practitioner?_lastUpdated=geyesterday": 400, "/Practitioner?_lastUpdated=xx2026-01-01": 400, "/PractitiXXXner": 404, "/_page?id=1": 410,
		"/Practitioner?practitioner.name=x": 400,
	} {
		status, body := do("", path, annuairetest.Key, fhir, "", "")
		assert.Equal(t, want, status, path)
		assert.Equal(t, want != 200, strings.Contains(body, "OperationOutcome"), path)
	}
	for query, want := range map[string]bool{
		"type=SA07": true, "type=s|SA07": true, "type=other|SA07": false, "type=s|": true, "type:not=SA07": false, "type:not=SA08": true,
		"_lastUpdated=2026-05-01": true, "_lastUpdated=gt2026-05-01": false, "_lastUpdated=ge2026-05-01T10:00:00Z": true,
		"_lastUpdated=lt2026-05-01": false, "_lastUpdated=le2026-05-01": true, "_lastUpdated=ne2026-05-01": false,
		"type=SA07&type=SA08": false, "type=SA07,SA08": true,
	} {
		_, body := do("", "/Organization?"+strings.ReplaceAll(query, "|", "%7C"), annuairetest.Key, fhir, "", "")
		assert.Equal(t, want, strings.Contains(body, `"id":"1"`), query)
	}
	for _, c := range []struct {
		method, path, key, accept, body, contentType string
		want                                         int
	}{
		{"", "/Practitioner", "other", fhir, "", "", 401},
		{"", "/Practitioner", annuairetest.Key, "application/json", "", "", 406},
		{"PUT", "/Practitioner", annuairetest.Key, fhir, "x", form, 405},
		{"DELETE", "/Practitioner", annuairetest.Key, fhir, "", "", 405},
		{"POST", "/Practitioner/_search", annuairetest.Key, fhir, "family=p", form, 200},
		{"POST", "/Practitioner/_search", annuairetest.Key, fhir, "family=p", "text/plain", 400},
		{"POST", "/Practitioner/_search?a=b", annuairetest.Key, fhir, "family=p", form, 400},
	} {
		status, _ := do(c.method, c.path, c.key, c.accept, c.body, c.contentType)
		assert.Equal(t, c.want, status, "%s %s", c.method, c.path)
	}
	assert.Panics(t, func() { srv.Put(`{"resourceType":"Patient","id":"1"}`) })
	assert.NotNil(t, srv.PKI())
}
