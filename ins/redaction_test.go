package ins_test

import (
	"bytes"
	"log/slog"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/segur-sdk/segur"
	"github.com/segur-sdk/segur/ins"
	"github.com/segur-sdk/segur/ins/instest"
)

// Whatever happens, neither log nor error holds a matricule, a name or a place.
func TestNothingPersonalIsLogged(t *testing.T) {
	t.Parallel()
	var log bytes.Buffer
	srv := newServer(t)
	client := newClient(t, srv, func(c *ins.Config) {
		c.Logger = slog.New(slog.NewJSONHandler(&log, steady()))
		c.UnknownPersonFaults = []string{}
	})
	secret := `<RESULTAT xmlns="http://www.cnamts.fr/INSiResultat">FICTIVE-DURAND</RESULTAT>`
	var texts []string
	note := func(v any, err error) {
		texts = append(texts, slog.AnyValue(v).Resolve().String())
		if err != nil {
			texts = append(texts, err.Error())
		}
	}
	scripts := []instest.Fault{
		{}, instest.SOAPFault("insi_102", instest.Until2025), instest.SOAPFault("desir_550", instest.Since2026),
		{ContentType: "text/html", Body: []byte("FICTIVE-DURAND CAMILLE 2850369123456")}, answered([]byte(secret)),
		answered([]byte("<FICTIVE-DURAND>")), {CutAfter: 700}, {TruncateAfter: 700}, {DropBeforeResponse: true},
		{Alter: func(b []byte) []byte { return bytes.Replace(b, []byte("2850369123456"), []byte("28503691234X6"), 1) }},
		{Alter: func(b []byte) []byte { return bytes.Replace(b, []byte("CAMILLE"), []byte("LUCE"), 1) }},
	}
	for _, f := range scripts {
		srv.Fail(f)
		r, err := client.Search(t.Context(), ins.Query{Traits: camille()})
		note(r, err)
		srv.Fail(f)
		id, err := client.Identify(t.Context(), instest.DefaultPatient())
		note(id, err)
	}
	bad := camille()
	bad.BirthName, bad.FirstGivenName, bad.BirthPlace = "FICTIVE-DURAND_", "CAMILLE4", "LYON"
	r, err := client.Search(t.Context(), ins.Query{Traits: bad})
	note(r, err)
	require.NotEmpty(t, log.String())
	texts = append(texts, log.String())
	for _, text := range texts {
		for _, secret := range []string{"DURAND", "CAMILLE", "LUCE", "2850369123456", "28503691234", "69123", "1985-03-14", "LYON"} {
			assert.NotContains(t, strings.ToUpper(text), secret)
		}
	}
	require.True(t, segur.KindOf(err) == segur.KindInvalidInput)
}

// The evidence is the opposite: it holds the exact messages.
func TestEvidenceHoldsTheMessages(t *testing.T) {
	t.Parallel()
	srv := newServer(t)
	dir := t.TempDir()
	evidence, err := segur.NewEvidenceDir(dir)
	require.NoError(t, err)
	client := newClient(t, srv, func(c *ins.Config) { c.Evidence = evidence })
	r, err := client.Search(t.Context(), ins.Query{Traits: camille()})
	require.NoError(t, err)
	request := readFile(t, dir, "001-ins.search.request")
	assert.True(t, bytes.HasSuffix(request, srv.Calls()[0].Request))
	assert.True(t, bytes.HasPrefix(request, []byte("POST /lps HTTP/1.1\r\n")))
	assert.True(t, bytes.HasSuffix(readFile(t, dir, "001-ins.search.response"), r.Raw))
}
