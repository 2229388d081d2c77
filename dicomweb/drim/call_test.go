package drim_test

import (
	"bytes"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/segur-sdk/segur"
	"github.com/segur-sdk/segur/dicomweb/drim"
	"github.com/segur-sdk/segur/internal/testkit"
)

func contextualCall(t testing.TB) *drim.Call {
	t.Helper()
	body := "2850369123456"
	ins, err := segur.ParseINS(body+segur.MatriculeKey(body), segur.OIDINSNIRTest)
	require.NoError(t, err)
	return &drim.Call{
		INS: ins, Traits: segur.Traits{BirthName: "FICTIVE-DURAND", FirstGivenName: "CAMILLE", Sex: segur.Female, BirthDate: segur.NewDate(1985, 3, 14), BirthPlace: "69123"},
		Information: "true", LocalID: "IPP-0001", LocalIssuer: "CENTRE&1.2.250.1.999.1&ISO",
		StudyUID: "1.2.250.1.999.2.1", Modality: "CT", Accession: segur.Identifier{Root: "1.2.250.1.999.5", Extension: "ACN=1+8&é%"},
		StudyFrom: segur.NewDate(2026, 1, 1), StudyTo: segur.NewDate(2026, 2, 28), Region: "67734004", Situation: "1990000019",
	}
}

const callBody = "Patient.identifier.value=285036912345656&Patient.identifier.system=1.2.250.1.213.1.4.10&Patient.name.family=FICTIVE-DURAND&Patient.name.given=CAMILLE" +
	"&Patient.gender=female&Patient.birthDate=1985-03-14&Address.district=69123&InformationEtOppositionConsultation=true&PatientID=IPP-0001&PatientIDIssuer=CENTRE%261.2.250.1.999.1%26ISO"

func postCall(body string) *http.Request {
	r := httptest.NewRequest(http.MethodPost, "/call", strings.NewReader(body))
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	return r
}

// What a RIS writes is what the consumer reads, blanks, plus signs, equal signs and accents included.
func TestCallRoundTrip(t *testing.T) {
	t.Parallel()
	c := contextualCall(t)
	for _, f := range []drim.CallFormat{{}, {GenderLetter: true, CompactBirthDate: true, FormerName: true}} {
		body, err := f.Encode(c)
		require.NoError(t, err)
		got, err := drim.ParseCall(postCall(string(body)))
		require.NoError(t, err)
		assert.Equal(t, *c, *got)
		assert.Equal(t, f.FormerName, strings.Contains(string(body), "InformationEtConsentement=true"))
		assert.Equal(t, f.GenderLetter, strings.Contains(string(body), "gender=F&Patient.birthDate=19850314"))
		v, err := f.Values(c)
		require.NoError(t, err)
		assert.Equal(t, "ACN=1+8&é%", v.Get("AccessionNumber"))
		got, err = drim.ParseCall(postCall(v.Encode()))
		require.NoError(t, err)
		assert.Equal(t, *c, *got)
	}
	body, err := c.Encode()
	require.NoError(t, err)
	assert.True(t, strings.HasPrefix(string(body), "Patient.identifier.value="), "the order of the specification")
	assert.Contains(t, string(body), "StudyDate=20260101-20260228")

	// A day, a date of birth in part, the least that is allowed.
	c.StudyTo, c.Traits.BirthDate = c.StudyFrom, segur.Date{Year: 1985, Month: 3}
	v, err := c.Values()
	require.NoError(t, err)
	assert.Equal(t, "20260101", v.Get("StudyDate"))
	assert.Equal(t, "1985-03", v.Get("Patient.birthDate"))
	got, err := drim.ParseCall(postCall(callBody))
	require.NoError(t, err)
	id, ok := got.LocalIdentifier()
	assert.True(t, ok)
	assert.Equal(t, segur.Identifier{Root: "1.2.250.1.999.1", Extension: "IPP-0001"}, id)
	assert.True(t, got.StudyFrom.IsZero())
	for word, want := range map[string][2]bool{"OUI": {true, true}, "1": {true, true}, "false": {false, true}, "N": {false, true}, "accord": {false, false}} {
		yes, known := (&drim.Call{Information: word}).Informed()
		assert.Equal(t, want, [2]bool{yes, known}, word)
	}
	_, ok = (&drim.Call{LocalIssuer: "CENTRE"}).LocalIdentifier()
	assert.False(t, ok)
	printed := fmt.Sprintf("%v %+v %#v %s", c, *c, *c, c)
	for _, secret := range []string{"FICTIVE", "CAMILLE", "2850369", "IPP-0001"} {
		assert.NotContains(t, printed, secret)
	}

	_, err = (&drim.Call{StudyTo: segur.NewDate(2026, 1, 1), Modality: "scanner"}).Encode()
	require.ErrorIs(t, err, segur.ErrInvalidInput)
	for _, field := range []string{"Patient.identifier.value", "Patient.name.family", "Patient.gender", "PatientIDIssuer", "StudyDate", "Modality"} {
		assert.Contains(t, err.Error(), field)
	}
}

// The published list of parameters is the one that is known, mandatory ones first.
func TestCallParameters(t *testing.T) {
	t.Parallel()
	rows := strings.Split(strings.TrimSpace(string(testkit.ReadShared(t, "dicomweb/drim/appel-contextuel.tsv"))), "\n")[1:]
	require.Len(t, rows, 17)
	_, err := drim.ParseCall(postCall(""))
	var e *segur.Error
	require.ErrorAs(t, err, &e)
	n := 0
	for _, row := range rows {
		cells := strings.Split(row, "\t")
		if cells[1] == "yes" {
			assert.Equal(t, segur.Detail{Field: cells[0], Message: "is required"}, e.Details[n])
			n++
			continue
		}
		_, err := drim.ParseCall(postCall(callBody + "&" + cells[0] + "="))
		require.ErrorContains(t, err, cells[0]+" has no value")
	}
	assert.Len(t, e.Details, n)
}

// What is wrong is refused with the name of the parameter, and no value is ever repeated.
func TestCallRefuses(t *testing.T) {
	t.Parallel()
	without := func(name string) string {
		i := strings.Index(callBody, name+"=")
		j := strings.Index(callBody[i:], "&")
		return callBody[:i] + callBody[i+j+1:]
	}
	set := func(name, value string) string { return without(name) + "&" + name + "=" + value }
	for name, c := range map[string]struct{ body, want string }{
		"missing":            {without("Patient.name.family"), "Patient.name.family is required"},
		"missing name, old":  {without("InformationEtOppositionConsultation"), "InformationEtOppositionConsultation is required"},
		"empty":              {set("Patient.name.given", ""), "Patient.name.given has no value"},
		"blanks":             {set("Patient.name.given", "+%20"), "Patient.name.given has no value"},
		"no equal sign":      {without("Patient.name.given") + "&Patient.name.given", "Patient.name.given has no value"},
		"unknown":            {callBody + "&nom=SECRET", "parameter number 11 is not known"},
		"other case":         {callBody + "&studyDate=20260101", "parameter number 11 is not known"},
		"old demonstration":  {callBody + "&ins=SECRET", "parameter number 11 is not known"},
		"unknown, encoded":   {callBody + "&%zzSECRET=1", "parameter number 11 is not known"},
		"twice":              {callBody + "&PatientID=SECRET", "PatientID is given twice"},
		"twice by old name":  {callBody + "&InformationEtConsentement=true", "InformationEtOppositionConsultation is given twice"},
		"bad percent":        {set("Patient.name.family", "SECRET%4"), "Patient.name.family is not percent-encoded UTF-8"},
		"latin-1":            {set("Patient.name.family", "SECRET%E9"), "Patient.name.family is not percent-encoded UTF-8"},
		"control":            {set("Patient.name.family", "SECRET%0A"), "Patient.name.family holds a control"},
		"nul":                {set("PatientID", "SECRET%00"), "PatientID holds a control"},
		"long":               {set("PatientID", strings.Repeat("SECRET", 200)), "PatientID is longer"},
		"key":                {set("Patient.identifier.value", "285036912345657"), "Patient.identifier.value must be a matricule"},
		"authority":          {set("Patient.identifier.system", "1.2.250.1.213.1.4.6"), "Patient.identifier.system must be the OID"},
		"gender":             {set("Patient.gender", "SECRET"), "Patient.gender must be male"},
		"date":               {set("Patient.birthDate", "14/03/1985"), "Patient.birthDate must be a date"},
		"day":                {set("Patient.birthDate", "1985-02-30"), "Patient.birthDate must be a date"},
		"place":              {set("Address.district", "LYON"), "Address.district must be an INSEE code"},
		"study":              {callBody + "&StudyInstanceUID=1.02", "StudyInstanceUID must be a UID"},
		"modality":           {callBody + "&Modality=scanner", "Modality must be a DICOM code"},
		"issuer":             {callBody + "&AccessionNumberIssuer=RIS", "AccessionNumberIssuer must be an OID"},
		"study date":         {callBody + "&StudyDate=2026-01-01", "StudyDate must be"},
		"open range":         {callBody + "&StudyDate=20260101-", "StudyDate must be"},
		"range backwards":    {callBody + "&StudyDate=20260102-20260101", "StudyDate must be"},
		"three days":         {callBody + "&StudyDate=20260101-20260102-20260103", "StudyDate must be"},
		"many":               {callBody + strings.Repeat("&x=1", 60), "more than 64 parameters"},
		"all that is wrong":  {set("Patient.gender", "x") + "&Modality=x&nom=SECRET", "Modality must be"},
		"separated by colon": {strings.ReplaceAll(callBody, "&", ";"), "Patient.name.family is required"},
	} {
		_, err := drim.ParseCall(postCall(c.body))
		var e *segur.Error
		require.ErrorAs(t, err, &e, name)
		assert.Equal(t, drim.CodeBadCall, e.Code, name)
		assert.Equal(t, 400, e.Status, name)
		assert.Contains(t, err.Error(), c.want, name)
		for _, secret := range []string{"SECRET", "2850369", "FICTIVE"} {
			assert.NotContains(t, err.Error(), secret, name)
		}
	}
	for name, c := range map[string]struct {
		change func(*http.Request)
		status int
	}{
		"get":       {func(r *http.Request) { r.Method = http.MethodGet }, 405},
		"json":      {func(r *http.Request) { r.Header.Set("Content-Type", "application/json") }, 415},
		"no type":   {func(r *http.Request) { r.Header.Del("Content-Type") }, 415},
		"two types": {func(r *http.Request) { r.Header.Add("Content-Type", "application/x-www-form-urlencoded") }, 415},
		"latin-1": {func(r *http.Request) {
			r.Header.Set("Content-Type", "application/x-www-form-urlencoded; charset=iso-8859-1")
		}, 415},
		"compressed":  {func(r *http.Request) { r.Header.Set("Content-Encoding", "gzip") }, 415},
		"multipart":   {func(r *http.Request) { r.Header.Set("Content-Type", "multipart/form-data; boundary=x") }, 415},
		"in the URL":  {func(r *http.Request) { r.URL.RawQuery = "PatientID=1" }, 400},
		"empty query": {func(r *http.Request) { r.URL.ForceQuery = true }, 400},
		"large":       {func(r *http.Request) { r.Body = http.NoBody; r.ContentLength = 1 << 20 }, 413},
		"large still": {func(r *http.Request) {
			r.Body = postCall(callBody + strings.Repeat("&", 64<<10)).Body
			r.ContentLength = -1
		}, 413},
		"cut":     {func(r *http.Request) { r.Body = cutCallBody{} }, 400},
		"no body": {func(r *http.Request) { r.Body = nil }, 400},
	} {
		r := postCall(callBody)
		c.change(r)
		_, err := drim.ParseCall(r)
		var e *segur.Error
		require.ErrorAs(t, err, &e, name)
		assert.Equal(t, c.status, e.Status, name)
		assert.NotEqual(t, e.Explain(segur.FR), e.Explain(segur.EN), name)
	}
	r := postCall(callBody)
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded; charset=UTF-8")
	_, err := drim.ParseCall(r)
	require.NoError(t, err)
}

type cutCallBody struct{}

func (cutCallBody) Read([]byte) (int, error) { return 0, errors.New("cut") }
func (cutCallBody) Close() error             { return nil }

// The form of a RIS posts the same, whatever the values hold.
func TestCallForm(t *testing.T) {
	t.Parallel()
	c := contextualCall(t)
	c.Traits.BirthName = `D'ARC "><script>`
	var page bytes.Buffer
	require.NoError(t, drim.CallFormat{}.WriteForm(&page, "https://dbx.site-fictif.example/call", "Voir les images", c))
	assert.Contains(t, page.String(), `action="https://dbx.site-fictif.example/call"`)
	assert.Contains(t, page.String(), `value="D&#39;ARC &#34;&gt;&lt;script&gt;"`)
	assert.Equal(t, 17, strings.Count(page.String(), "<input "))
	for _, action := range []string{"http://x.example/", "javascript:alert(1)", "https://u@x.example/", "https://x.example/?a=b", "/x"} {
		require.ErrorIs(t, drim.CallFormat{}.WriteForm(&page, action, "x", c), segur.ErrInvalidInput, action)
	}
	require.Error(t, drim.CallFormat{}.WriteForm(&page, "https://x.example/", "x", &drim.Call{}))
	require.ErrorIs(t, drim.CallFormat{}.WriteForm(fullCallDisk{}, "https://x.example/", "x", c), segur.ErrUnavailable)
}

type fullCallDisk struct{}

func (fullCallDisk) Write([]byte) (int, error) { return 0, errors.New("full") }

// Consumers do not agree on the answer.
func TestReadCallAnswer(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		status         int
		location, body string
		want           string
	}{
		"303":            {303, "/ui?uuid=1", "", "https://dbx.example/ui?uuid=1"},
		"302":            {302, "https://ui.example/?uuid=1", "", "https://ui.example/?uuid=1"},
		"200":            {200, "", " https://dbx.example/viewer?uuid=1\n", "https://dbx.example/viewer?uuid=1"},
		"plain http":     {303, "http://dbx.example/ui?uuid=1", "", ""},
		"user":           {303, "https://u@dbx.example/ui?uuid=1", "", ""},
		"script":         {303, "javascript:alert(1)", "", ""},
		"no address":     {303, "", "", ""},
		"a word":         {200, "", "OK", ""},
		"short page":     {200, "", "<html>uuid=1</html>", ""},
		"path":           {200, "", "/ui?uuid=1", ""},
		"page":           {200, "", strings.Repeat("<html>", 1000), ""},
		"bad address":    {200, "", "https://%zz/uuid=1", ""},
		"refused":        {400, "", "", ""},
		"moved for ever": {301, "/ui", "", ""},
	} {
		r := httptest.NewRequest(http.MethodPost, "https://dbx.example/call", nil)
		w := httptest.NewRecorder()
		if c.location != "" {
			w.Header().Set("Location", c.location)
		}
		w.WriteHeader(c.status)
		_, _ = w.WriteString(c.body)
		resp := w.Result()
		resp.Request = r
		u, err := drim.ReadCallAnswer(resp)
		require.NoError(t, resp.Body.Close())
		if c.want == "" {
			require.Error(t, err, name)
			assert.NotContains(t, err.Error(), "uuid=1", name)
			continue
		}
		require.NoError(t, err, name)
		assert.Equal(t, c.want, u.String(), name)
	}
	_, err := drim.ReadCallAnswer(&http.Response{StatusCode: http.StatusSeeOther})
	require.ErrorIs(t, err, segur.ErrProtocol)
}

func TestCallLogs(t *testing.T) {
	t.Parallel()
	var log bytes.Buffer
	h, err := drim.NewCallHandler(drim.CallHandlerConfig{Environment: segur.Fake, Front: "/ui", Logger: slog.New(slog.NewTextHandler(&log, nil))})
	require.NoError(t, err)
	for _, body := range []string{callBody, callBody + "&PatientID=SECRET", callBody + "&SECRET=1"} {
		h.ServeHTTP(httptest.NewRecorder(), postCall(body))
	}
	assert.Contains(t, log.String(), "given twice")
	for _, secret := range []string{"SECRET", "2850369", "FICTIVE", "IPP-0001"} {
		assert.NotContains(t, log.String(), secret)
	}
}

// Nothing panics, and a call that is read is written and read as itself.
func FuzzParseCall(f *testing.F) {
	f.Add(callBody)
	f.Add(callBody + "&StudyDate=20260101-20260228&Modality=CT&AccessionNumber=%2B1&AccessionNumberIssuer=1.2.3&StudyInstanceUID=1.2.3&Situation=1")
	f.Fuzz(func(t *testing.T, body string) {
		c, err := drim.ParseCall(postCall(body))
		if err != nil {
			return
		}
		again, err := c.Encode()
		if err != nil {
			t.Fatal(err)
		}
		if got, err := drim.ParseCall(postCall(string(again))); err != nil || *got != *c {
			t.Fatal("another call")
		}
		if _, err := url.ParseQuery(string(again)); err != nil {
			t.Fatal(err)
		}
	})
}
