package ins_test

import (
	"bytes"
	"errors"
	"io"
	"net/http"
	"reflect"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/segur-sdk/segur"
	"github.com/segur-sdk/segur/ins"
	"github.com/segur-sdk/segur/internal/testkit/fixed"
	"github.com/segur-sdk/segur/internal/xmlr"
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
		"CDATA":               {re("FICTIVE-DURAND", "<![CDATA[FICTIVE-]]>DURAND").Replace(individu(active + tiq)), ins.Found, nil},
		"instruction":         {re("<TIQ>", "<?x y?><TIQ>").Replace(individu(active + tiq)), ins.Found, nil},
		"first given name":    {re("<ListePrenom>", "<Prenom>CAMILLE</Prenom><ListePrenom>").Replace(individu(active + tiq)), ins.Found, nil},
		"no list":             {re("<ListePrenom>CAMILLE LUCE</ListePrenom>", "<Prenom>CAMILLE</Prenom>").Replace(individu(active + tiq)), ins.Found, nil},
		"type of number":      {re("</Cle>", "</Cle><TypeMatricule>NIR</TypeMatricule>").Replace(individu(active + tiq)), ins.Found, nil},
		"no label":            {re("<LibelleCR>OK</LibelleCR>", "").Replace(individu(active + tiq)), ins.Found, nil},
		"waiting number":      {re("1.4.8<", "1.4.9<").Replace(individu(active + tiq)), ins.Found, nil},
		"dates reversed":      {re("</OID></INSACTIF>", "</OID><DateDeb>2019-03-01</DateDeb><DateFin>2019-02-28+01:00</DateFin></INSACTIF>").Replace(individu(active + tiq)), ins.Found, nil},
		"dates before":        {re("<INSACTIF>", "<INSACTIF><DateFin>2019-02-28</DateFin><DateDeb>2019-03-01</DateDeb>").Replace(individu(active + tiq)), ins.Found, nil},
		"wrong key of old":    {individu(active + re("INSACTIF", "INSHISTO", "28503", "18503").Replace(active) + tiq), ins.Found, []string{"RESULTAT/INDIVIDU/INSHISTO/IdIndividu/Cle"}},
		"test number of old":  {individu(active + re("INSACTIF", "INSHISTO", "1.4.8<", "1.4.10<").Replace(active) + tiq), ins.Found, nil},
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

// Only what the schema requires: no key, no place, no dates, no label. The key is computed.
func TestAnswerWithoutOptionalElements(t *testing.T) {
	t.Parallel()
	body := inEnvelope(resultat(`<CR><CodeCR>00</CodeCR><LibelleCR/></CR><INDIVIDU><INSACTIF><IdIndividu><NumIdentifiant>297022a020778</NumIdentifiant></IdIndividu>` +
		`<OID>1.2.250.1.213.1.4.8</OID></INSACTIF>` + tiq + `</INDIVIDU>`))
	r, err := cannedClient(t, segur.Production, body).Search(t.Context(), ins.Query{Traits: camille()})
	require.NoError(t, err)
	assert.Equal(t, ins.Found, r.Outcome)
	assert.Equal(t, "297022A02077878", r.Identity.INS.Matricule(), "Corsica, in capitals")
	assert.Equal(t, "297022a020778", r.Identity.Active.Number(), "as received")
	assert.Empty(t, r.Identity.Active.Key(), "as received")
	assert.Empty(t, r.Identity.History)
	assert.Empty(t, r.Identity.Traits.BirthPlace)
	assert.Empty(t, r.Warnings)
}

// Prefixes that change between the envelope, its body and the answer, as the gateway writes them.
func TestPrefixesOfEnvelopes(t *testing.T) {
	t.Parallel()
	for _, p := range []string{"S", "soap", "env", "SOAP-ENV"} {
		body := `<?xml version="1.0" encoding="utf-8"?><soap:Envelope xmlns:soap="http://www.w3.org/2003/05/soap-envelope"><soap:Header/>` +
			`<` + p + `:Body xmlns:` + p + `="http://www.w3.org/2003/05/soap-envelope"><!-- c -->` +
			strings.Replace(individu(active+tiq), "<RESULTAT", `<RESULTAT xmlns:ns0="http://www.cnamts.fr/INSiRecVit" xmlns:ns3="urn:x"`, 1) + "\n</" + p + ":Body></soap:Envelope>\n"
		for _, bom := range []string{"", "\ufeff"} {
			r, err := cannedClient(t, segur.Qualification, []byte(bom+body)).Search(t.Context(), ins.Query{Traits: camille()})
			require.NoError(t, err, p)
			assert.Equal(t, ins.Found, r.Outcome, p)
			assert.Equal(t, "285036912345656", r.Identity.INS.Matricule())
			assert.Equal(t, bom+body, string(r.Raw), "byte for byte")
		}
	}
}

// The history is kept as it came; what is shown leaves out the active number and repetitions.
func TestFormerNumbers(t *testing.T) {
	t.Parallel()
	old := func(number, rest string) string {
		return `<INSHISTO><IdIndividu><NumIdentifiant>` + number + `</NumIdentifiant></IdIndividu><OID>1.2.250.1.213.1.4.8</OID>` + rest + `</INSHISTO>`
	}
	const first, then = `<DateDeb>1990-01-01</DateDeb><DateFin>1991-01-01</DateFin>`, `<DateDeb>1995-01-01</DateDeb>`
	nia := strings.Replace(old("2850369123456", ""), "1.4.8<", "1.4.9<", 1)
	payload := individu(active + old("1850369123456", then) + old("2850369123456", first) + old("1850369123456", then) + old("1850369123456", first) + nia + tiq)
	r, err := cannedClient(t, segur.Qualification, inEnvelope(payload)).Search(t.Context(), ins.Query{Traits: camille()})
	require.NoError(t, err)
	require.Len(t, r.Identity.History, 5, "raw")
	former := r.Identity.Former()
	require.Len(t, former, 3)
	assert.Equal(t, []ins.Record{r.Identity.History[0], r.Identity.History[3], r.Identity.History[4]}, former)
	assert.Equal(t, "1850369123456", former[0].Number())
	assert.Equal(t, segur.NewDate(1995, 1, 1), former[0].From)
	assert.Equal(t, segur.NewDate(1990, 1, 1), former[1].From, "two periods of one number are two entries")
	assert.Equal(t, segur.OIDINSNIA, former[2].Authority, "the same digits of another authority are another number")
	assert.Empty(t, ins.Identity{}.Former())
}

// Dates known in part come and go as INSi has them; dates that do not exist neither leave nor are believed.
func TestPartialAndImpossibleDates(t *testing.T) {
	t.Parallel()
	for date, iso := range map[segur.Date]string{{Year: 1934}: "1934-00-00", {Year: 1934, Month: 2}: "1934-02-00"} {
		s := &sending{}
		q := camille()
		q.BirthDate = date
		_, err := cannedClient(t, segur.Qualification, nil, func(c *ins.Config) { c.HTTPClient = &http.Client{Transport: s} }).Search(t.Context(), ins.Query{Traits: q})
		require.NoError(t, err)
		assert.Contains(t, string(s.request), ">"+iso+"<")
		r, err := cannedClient(t, segur.Qualification, inEnvelope(strings.Replace(individu(active+tiq), "1985-03-14", iso, 1))).Search(t.Context(), ins.Query{Traits: q})
		require.NoError(t, err)
		assert.Equal(t, ins.Found, r.Outcome)
		assert.Equal(t, date, r.Identity.Traits.BirthDate)
	}
	for _, iso := range []string{"2021-02-30", "1985-13-01", "0000-00-00", "1985-00-14"} {
		r, err := cannedClient(t, segur.Qualification, inEnvelope(strings.Replace(individu(active+tiq), "1985-03-14", iso, 1))).Search(t.Context(), ins.Query{Traits: camille()})
		require.NoError(t, err, iso)
		assert.Equal(t, ins.Unconfirmed, r.Outcome, iso)
		assert.True(t, r.Identity.Traits.BirthDate.IsZero())
		require.Len(t, r.Warnings, 1)
		assert.Equal(t, "RESULTAT/INDIVIDU/TIQ/DateNaissance", r.Warnings[0].Field)
		assert.Contains(t, string(r.Raw), iso)
	}
	for _, date := range []segur.Date{segur.NewDate(2021, 2, 30), segur.NewDate(1985, 13, 1), {Year: 1985, Day: 14}, {Month: 3, Day: 14}} {
		q := camille()
		q.BirthDate = date
		_, err := cannedClient(t, segur.Qualification, nil).Search(t.Context(), ins.Query{Traits: q})
		require.ErrorContains(t, err, "traits.birthDate is not a date of the calendar")
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
	for _, answer := range []string{active + `<TIQ/>`, strings.ReplaceAll(active, "28503", "18503") + tiq, strings.ReplaceAll(active, "1.4.8<", "1.4.10<") + tiq,
		strings.ReplaceAll(active, "<Cle>56</Cle>", "") + strings.ReplaceAll(tiq, "1985-03-14", "1985-02-30"), active + active + tiq,
		tiq + strings.ReplaceAll(active, "2850369123456", "297022A020778")} {
		f.Add(inEnvelope(individu(answer)))
		f.Add(inEnvelope(strings.ReplaceAll(individu(answer), ">", "><!-- c -->")))
	}
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
			i := r.Identity.INS
			if again, err := segur.ParseINS(i.Matricule(), i.Authority()); err != nil || again != i {
				t.Fatal("found with a number that is not one")
			}
			if key := r.Identity.Active.Key(); key != "" && key != i.Key() {
				t.Fatal("found with a key that does not match")
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
		// The same message in its canonical form is the same answer.
		canonical, err := xmlr.Canonicalize(nil, bytes.TrimPrefix(body, []byte("\ufeff")), xmlr.Canonical{})
		if err != nil {
			t.Fatal("read and not canonical")
		}
		again, err := cannedClient(t, segur.Qualification, canonical).Search(t.Context(), ins.Query{Traits: camille()})
		if err != nil {
			t.Fatal("not read again")
		}
		if again.Outcome != r.Outcome || again.Code != r.Code || again.Verdict != r.Verdict ||
			!reflect.DeepEqual(again.Identity, r.Identity) || !reflect.DeepEqual(again.Warnings, r.Warnings) {
			t.Fatal("another answer when read again")
		}
	})
}
