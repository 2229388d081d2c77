package ins_test

import (
	"bytes"
	"errors"
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/segur-sdk/segur"
	"github.com/segur-sdk/segur/ins"
	"github.com/segur-sdk/segur/internal/testkit/fixed"
)

// canned answers every call with the same body, without a network.
type canned []byte

func (c canned) RoundTrip(r *http.Request) (*http.Response, error) {
	_, _ = io.Copy(io.Discard, r.Body)
	return &http.Response{StatusCode: http.StatusOK, Proto: "HTTP/1.1", Header: http.Header{"Content-Type": {"application/soap+xml"}},
		Body: io.NopCloser(bytes.NewReader(c)), ContentLength: int64(len(c)), Request: r}, nil
}

// cannedClient reads the body as an answer of the environment.
func cannedClient(tb testing.TB, env segur.Environment, body []byte, change ...func(*ins.Config)) *ins.Client {
	tb.Helper()
	endpoint := ""
	if env == segur.Fake {
		endpoint = "https://127.0.0.1/lps"
	}
	cfg := ins.Config{
		ClientConfig: segur.ClientConfig{Environment: env, HTTPClient: &http.Client{Transport: canned(body)}, Clock: fixed.NewClock(now).Now,
			Limits: segur.Limits{MaxResponseBytes: 64 << 10}},
		Endpoint: endpoint, Issuer: "1990000019",
		Software: ins.Software{AuthorizationNumber: "FICTIF000000", Name: "RIS", Version: "1.0", Instance: "0f6e7a36-3c1d-4d55-9f0b-2f4f6c1d8a77"},
	}
	for _, f := range change {
		f(&cfg)
	}
	c, err := ins.New(cfg)
	require.NoError(tb, err)
	return c
}

func inEnvelope(payload string) []byte {
	return []byte(`<s:Envelope xmlns:s="http://www.w3.org/2003/05/soap-envelope"><s:Body>` + payload + `</s:Body></s:Envelope>`)
}

const (
	active = `<INSACTIF><IdIndividu><NumIdentifiant>2850369123456</NumIdentifiant><Cle>56</Cle></IdIndividu><OID>1.2.250.1.213.1.4.8</OID></INSACTIF>`
	tiq    = `<TIQ><NomNaissance>FICTIVE-DURAND</NomNaissance><ListePrenom>CAMILLE LUCE</ListePrenom><Sexe>F</Sexe><DateNaissance>1985-03-14</DateNaissance></TIQ>`
	cr00   = `<CR><CodeCR>00</CodeCR><LibelleCR>OK</LibelleCR></CR>`
)

func resultat(content string) string {
	return `<RESULTAT xmlns="http://www.cnamts.fr/INSiResultat">` + content + `</RESULTAT>`
}

func individu(content string) string { return resultat(cr00 + `<INDIVIDU>` + content + `</INDIVIDU>`) }

func TestAnswersAccepted(t *testing.T) {
	t.Parallel()
	require.Equal(t, "56", segur.MatriculeKey("2850369123456"))
	re := strings.NewReplacer
	tests := map[string]struct {
		payload  string
		outcome  ins.Outcome
		warnings []string // fields
	}{
		"as the schema says": {individu(active + tiq), ins.Found, nil},
		"prefixes": {`<r:RESULTAT xmlns:r="http://www.cnamts.fr/INSiResultat">` +
			re("</", "</r:", "<", "<r:").Replace(cr00+"<INDIVIDU>"+active+tiq+"</INDIVIDU>") + `</r:RESULTAT>`, ins.Found, nil},
		"any order":           {resultat(`<INDIVIDU>` + tiq + active + `</INDIVIDU>` + cr00), ins.Found, nil},
		"comments everywhere": {re(">", "><!-- c -->").Replace(individu(active + tiq)), ins.Found, nil},
		"comment in a number": {re("2850369", "285<!--x-->0369").Replace(individu(active + tiq)), ins.Found, nil},
		"unknown elements":    {individu(active + tiq + `<NOUVEAU><X/></NOUVEAU><n:Y xmlns:n="urn:n">1</n:Y>`), ins.Found, nil},
		"indented":            {re("><", ">\n\t <").Replace(individu(active + tiq)), ins.Found, nil},
		"no key":              {re("<Cle>56</Cle>", "").Replace(individu(active + tiq)), ins.Found, nil},
		"empty key":           {re("<Cle>56</Cle>", "<Cle/>").Replace(individu(active + tiq)), ins.Found, nil},
		"wrong key":           {re(">56<", ">57<").Replace(individu(active + tiq)), ins.Unconfirmed, []string{"RESULTAT/INDIVIDU/INSACTIF/IdIndividu/Cle"}},
		"other given name":    {re("CAMILLE LUCE", "LUCE CAMILLE").Replace(individu(active + tiq)), ins.Unconfirmed, nil},
		"other name":          {re("FICTIVE-DURAND", "FICTIVE-DUPONT").Replace(individu(active + tiq)), ins.Unconfirmed, nil},
		"other sex":           {re(">F<", ">M<").Replace(individu(active + tiq)), ins.Unconfirmed, nil},
		"other date":          {re("1985-03-14", "1985-03-15").Replace(individu(active + tiq)), ins.Unconfirmed, nil},
		"no traits":           {individu(active + `<TIQ/>`), ins.Unconfirmed, nil},
		"impossible date":     {re("1985-03-14", "1985-02-30").Replace(individu(active + tiq)), ins.Unconfirmed, []string{"RESULTAT/INDIVIDU/TIQ/DateNaissance"}},
		"bad dates of use":    {re("</OID></INSACTIF>", "</OID><DateDeb>hier</DateDeb><DateFin>2020-01-01Z</DateFin></INSACTIF>").Replace(individu(active + tiq)), ins.Found, []string{"RESULTAT/INDIVIDU/INSACTIF/DateDeb"}},
		"bad history":         {individu(active + `<INSHISTO><IdIndividu><NumIdentifiant>12</NumIdentifiant><Cle>A</Cle></IdIndividu><OID>1.2.250.1.213.1.4.2</OID></INSHISTO><INSHISTO/>` + tiq), ins.Found, []string{"RESULTAT/INDIVIDU/INSHISTO/IdIndividu/NumIdentifiant", "RESULTAT/INDIVIDU/INSHISTO/IdIndividu/Cle", "RESULTAT/INDIVIDU/INSHISTO/OID", "RESULTAT/INDIVIDU/INSHISTO/IdIndividu", "RESULTAT/INDIVIDU/INSHISTO/OID"}},
		"nobody":              {resultat(`<CR><CodeCR>01</CodeCR><LibelleCR>Aucune identite trouvee</LibelleCR></CR>`), ins.NotFound, nil},
		"several":             {resultat(`<CR><CodeCR> 02 </CodeCR></CR>`), ins.Ambiguous, nil},
	}
	for name, tc := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			q := camille()
			q.BirthPlace = ""
			r, err := cannedClient(t, segur.Qualification, inEnvelope(tc.payload)).Search(t.Context(), ins.Query{Traits: q})
			require.NoError(t, err)
			assert.Equal(t, tc.outcome, r.Outcome)
			var fields []string
			for _, w := range r.Warnings {
				fields = append(fields, w.Field)
				assert.Equal(t, "warning", w.Severity)
			}
			assert.Equal(t, tc.warnings, fields)
			switch {
			case r.Identity == nil:
			case name == "wrong key":
				assert.True(t, r.Identity.INS.IsZero(), "no INS is made of it")
				assert.Equal(t, "2850369123456", r.Identity.Active.Number(), "kept as received")
				assert.Equal(t, "57", r.Identity.Active.Key())
			default:
				assert.Equal(t, "285036912345656", r.Identity.INS.Matricule())
			}
		})
	}
}

func TestAnswersRefused(t *testing.T) {
	t.Parallel()
	re := strings.NewReplacer
	whole := individu(active + tiq)
	tests := map[string]struct {
		payload string
		env     segur.Environment
		want    []string // field and rule
	}{
		"another message":        {`<RESULTAT xmlns="urn:other"/>`, segur.Qualification, []string{"no RESULTAT"}},
		"empty body":             {``, segur.Qualification, []string{"no RESULTAT"}},
		"no CR":                  {resultat(``), segur.Qualification, []string{"RESULTAT/CR is missing"}},
		"no code":                {resultat(`<CR/>`), segur.Qualification, []string{"RESULTAT/CR/CodeCR is missing"}},
		"empty code":             {resultat(`<CR><CodeCR/></CR>`), segur.Qualification, []string{"RESULTAT/CR/CodeCR is empty"}},
		"unknown code":           {resultat(`<CR><CodeCR>03</CodeCR></CR>`), segur.Qualification, []string{"RESULTAT/CR/CodeCR is not 00, 01 or 02"}},
		"two codes":              {resultat(`<CR><CodeCR>00</CodeCR><CodeCR>01</CodeCR></CR>`), segur.Qualification, []string{"RESULTAT/CR/CodeCR comes more than once"}},
		"00 without a person":    {resultat(cr00), segur.Qualification, []string{"RESULTAT/INDIVIDU is missing though"}},
		"01 with a person":       {re(">00<", ">01<").Replace(whole), segur.Qualification, []string{"RESULTAT/INDIVIDU is present though"}},
		"02 with a person":       {re(">00<", ">02<").Replace(whole), segur.Qualification, []string{"RESULTAT/INDIVIDU is present though"}},
		"two persons":            {resultat(cr00 + `<INDIVIDU>` + active + tiq + `</INDIVIDU><INDIVIDU>` + active + tiq + `</INDIVIDU>`), segur.Qualification, []string{"RESULTAT/INDIVIDU comes more than once"}},
		"two active numbers":     {individu(active + active + tiq), segur.Qualification, []string{"INSACTIF comes more than once"}},
		"two sets of traits":     {individu(active + tiq + tiq), segur.Qualification, []string{"TIQ comes more than once"}},
		"two birth names":        {re("<NomNaissance>", "<NomNaissance>AUTRE</NomNaissance><NomNaissance>").Replace(whole), segur.Qualification, []string{"TIQ/NomNaissance comes more than once"}},
		"no active number":       {individu(tiq), segur.Qualification, []string{"INSACTIF is missing"}},
		"no traits element":      {individu(active), segur.Qualification, []string{"TIQ is missing"}},
		"no number":              {re("<NumIdentifiant>2850369123456</NumIdentifiant>", "").Replace(whole), segur.Qualification, []string{"NumIdentifiant is missing"}},
		"fifteen characters":     {re("2850369123456<", "285036912345656<").Replace(whole), segur.Qualification, []string{"NumIdentifiant must have 13 digits"}},
		"letter in the number":   {re("2850369123456", "28503C9123456").Replace(whole), segur.Qualification, []string{"NumIdentifiant must have 13 digits"}},
		"letter in the key":      {re(">56<", ">6A<").Replace(whole), segur.Qualification, []string{"Cle must have 2 digits"}},
		"element in the number":  {re("2850369123456", "<b>2850369123456</b>").Replace(whole), segur.Qualification, []string{"NumIdentifiant must hold text only"}},
		"no authority":           {re("<OID>1.2.250.1.213.1.4.8</OID>", "").Replace(whole), segur.Qualification, []string{"INSACTIF/OID is missing"}},
		"former INS-C":           {re("1.4.8<", "1.4.2<").Replace(whole), segur.Qualification, []string{"INSACTIF/OID is not an authority"}},
		"test number in service": {re("1.4.8<", "1.4.10<").Replace(whole), segur.Production, []string{"INSACTIF/OID is a test authority"}},
		"sex of another kind":    {re(">F<", ">I<").Replace(whole), segur.Qualification, []string{"TIQ/Sexe must be F or M"}},
		"date of another form":   {re("1985-03-14", "14/03/1985").Replace(whole), segur.Qualification, []string{"TIQ/DateNaissance must be YYYY-MM-DD"}},
		"several things": {re("1.4.8<", "1.4.2<", ">F<", ">I<", ">56<", ">6<").Replace(whole), segur.Qualification,
			[]string{"INSACTIF/OID is not", "TIQ/Sexe must", "Cle must have 2 digits"}},
	}
	for name, tc := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r, err := cannedClient(t, tc.env, inEnvelope(tc.payload)).Search(t.Context(), ins.Query{Traits: camille()})
			require.Nil(t, r)
			require.ErrorIs(t, err, segur.ErrProtocol)
			var e *segur.Error
			require.ErrorAs(t, err, &e)
			assert.Equal(t, "ins.search", e.Op)
			assert.Equal(t, 200, e.Status)
			assert.NotEmpty(t, e.RequestID)
			if len(e.Details) > 0 {
				assert.Len(t, e.Details, len(tc.want))
			}
			for _, w := range tc.want {
				assert.ErrorContains(t, err, w)
			}
			for _, secret := range []string{"2850369", "DURAND", "CAMILLE", "1985", "03</"} {
				assert.NotContains(t, err.Error(), secret)
			}
		})
	}
}

func TestTestNumbersOutsideOfProduction(t *testing.T) {
	t.Parallel()
	body := inEnvelope(strings.Replace(individu(active+tiq), "1.4.8<", "1.4.10<", 1))
	q := camille()
	q.BirthPlace = ""
	for _, env := range []segur.Environment{segur.Qualification, segur.Fake} {
		r, err := cannedClient(t, env, body).Search(t.Context(), ins.Query{Traits: q})
		require.NoError(t, err)
		assert.True(t, r.Identity.INS.IsTest())
	}
}

func TestAnswerBeyondTheLimit(t *testing.T) {
	t.Parallel()
	body := inEnvelope(individu(active + tiq + "<X>" + strings.Repeat("x", 64<<10) + "</X>"))
	_, err := cannedClient(t, segur.Qualification, body).Search(t.Context(), ins.Query{Traits: camille()})
	require.ErrorIs(t, err, segur.ErrTooLarge)
}

// Whatever comes back, the result is an outcome that holds together or a typed error.
func FuzzAnswer(f *testing.F) {
	f.Add(inEnvelope(individu(active + tiq)))
	f.Add(inEnvelope(individu(active + strings.ReplaceAll(active, "INSACTIF", "INSHISTO") + tiq)))
	f.Add(inEnvelope(resultat(`<CR><CodeCR>02</CodeCR></CR>`)))
	f.Add(inEnvelope(`<s:Fault><s:Code><s:Value>s:Sender</s:Value><s:Subcode><s:Value>s:siram_40</s:Value></s:Subcode></s:Code><s:Detail><x:Erreur xmlns:x="urn:siram" code="insi_102" severite="fatal"/></s:Detail></s:Fault>`))
	f.Fuzz(func(t *testing.T, body []byte) {
		r, err := cannedClient(t, segur.Qualification, body).Search(t.Context(), ins.Query{Traits: camille()})
		if err != nil {
			var e *segur.Error
			if !errors.As(err, &e) || e.Kind == segur.KindUnknown || e.Op != "ins.search" {
				t.Fatalf("untyped error: %v", err)
			}
			return
		}
		switch r.Outcome {
		case ins.Found:
			if r.Identity == nil || r.Identity.INS.IsZero() || !r.Verdict.Coherent() {
				t.Fatal("found without a coherent identity")
			}
		case ins.Unconfirmed:
			if r.Identity == nil {
				t.Fatal("unconfirmed without an identity")
			}
		default:
			if r.Identity != nil {
				t.Fatal("an identity that should not be")
			}
		}
	})
}
