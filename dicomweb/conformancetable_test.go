package dicomweb_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/segur-sdk/segur"
	"github.com/segur-sdk/segur/dicomweb"
	"github.com/segur-sdk/segur/dicomweb/dicomwebtest"
)

// deviations is the table of docs/dicomweb.md: what a strict server does, which is the fake, and what Orthanc 1.10.1 with
// the DICOMweb plugin 1.7 of Debian 12 does. Both are asked by the same requests, without our client; the page is held
// against this table by TestDeviationsPage.
var deviations = []struct {
	topic, strict, orthanc string
	ask                    func(*asked) string
}{
	{"search without match", "204", "200, `[]`", func(a *asked) string { return a.search("PatientID=NOBODY") }},
	{"unknown key", "400", "200, every row", func(a *asked) string { return a.search("NoSuchKeyword=1") }},
	{"key inside a sequence", "204", "200, every row", func(a *asked) string { return a.search("00400275.00400009=X") }},
	{"escapes of the query (`%5E`)", "200, 1 row", "200, `[]`", func(a *asked) string { return a.search("PatientName=PROBE%5EONE") }},
	{"names with accents", "200, 1 row", "200, `[]`", func(a *asked) string { return a.search("PatientName=PROBE-%C3%89*") }},
	{"fuzzymatching", "200, 1 row", "200, `[]`", func(a *asked) string { return a.search("PatientName=one&fuzzymatching=true") }},
	{"multiplevaluematching", "200, 2 rows", "200, 2 rows", func(a *asked) string { return a.search("PatientID=PROBE-1,PROBE-2&multiplevaluematching=true") }},
	{"emptyvaluematching", "200, 1 row", "200, `[]`", func(a *asked) string {
		return a.search(`AccessionNumber=%22%22&emptyvaluematching=true&PatientID=PROBE-2`)
	}},
	{"limit and offset in a search for a modality", "200, 1 row", "200, `[]`", func(a *asked) string { return a.search("ModalitiesInStudy=CT&limit=1&offset=1") }},
	{"includefield=all", "more", "no more", (*asked).include},
	{"store: one part is no DICOM file", "202; names 1 of 1 good", "400; names 1 of 1 good", (*asked).storeMixed},
	{"store: instance of another study", "409", "409", (*asked).storeElsewhere},
	{"store: metadata and bulk data", "200", "415", (*asked).storeMetadata},
	{"store: the same again", "200", "200", (*asked).storeAgain},
	{"Accept that no server has", "406", "400", func(a *asked) string { return a.get(a.one.Path(), "image/jls") }},
	{"instance in one part", "200", "400", func(a *asked) string { return a.get(a.one.Path(), "application/dicom; transfer-syntax=*") }},
	{"another transfer syntax", "406", "200", func(a *asked) string {
		return a.get(a.one.Path(), `multipart/related; type="application/dicom"; transfer-syntax=1.2.840.10008.1.2`)
	}},
	{"end of a study", "marked by HTTP", "by the last delimiter only", (*asked).framing},
	{"frame in one part", "200", "400", func(a *asked) string { return a.get(a.one.Path()+"/frames/1", "application/octet-stream") }},
	{"frame that is not there", "404", "400", func(a *asked) string {
		return a.get(a.one.Path()+"/frames/2", `multipart/related; type="application/octet-stream"`)
	}},
	{"metadata in XML", "200", "200", func(a *asked) string {
		return a.get(a.one.Path()+"/metadata", `multipart/related; type="application/dicom+xml"`)
	}},
	{"text of decimal strings in metadata", "kept", "lost", (*asked).decimal},
	{"empty items in metadata", "kept", "lost", (*asked).emptyItem},
	{"bulk data by range", "206", "200", (*asked).bulkRange},
	{"rendered study", "200", "200", func(a *asked) string { return a.get("/studies/"+a.one.Study+"/rendered", "image/jpeg") }},
	{"rendered as GIF", "200", "400", func(a *asked) string { return a.get(a.one.Path()+"/rendered", "image/gif") }},
	{"thumbnail", "200", "404", func(a *asked) string { return a.get(a.one.Path()+"/thumbnail", "image/jpeg") }},
	{"WADO-URI: type of a JPEG image", "image/jpeg", "image/png", (*asked).wadoType},
	{"two patients under one study UID", "200", "404", (*asked).twoPatients},
	{"worklists (UPS-RS)", "204", "404", func(a *asked) string { return a.get("/workitems", "application/dicom+json") }},
	{"DELETE", "204", "405", (*asked).delete},
}

// asked is a server that is asked by plain HTTP.
type asked struct {
	t    *testing.T
	base string
	one  dicomweb.Ref // of the study of PROBE-1
	file []byte       // it
}

// probe stores two small studies and asks everything.
func probe(t *testing.T, base string) map[string]string {
	t.Helper()
	a := &asked{t: t, base: base}
	for i, traits := range []segur.Traits{{BirthName: "PROBE", FirstGivenName: "ONE"}, {BirthName: "PROBE-ÉLAN", FirstGivenName: "DEUX"}} {
		traits.Sex, traits.BirthDate = segur.Female, segur.NewDate(1970, 1, 1)
		o := dicomwebtest.SampleOptions{Series: 1, Instances: 1, Patient: segur.Patient{Traits: traits,
			LocalIDs: []segur.Identifier{{Root: "1.2.250.1.999.1", Extension: fmt.Sprintf("PROBE-%d", i+1)}}}}
		if i == 1 {
			o.AccessionNumber = " "
		}
		s := study(t, 4000+uint64(i), o)
		file := s.Instances[0].File
		if i == 0 {
			item := dicomweb.NewDataset()
			file = changed(t, file, dicomweb.Put(dicomweb.Element{Tag: 0x00180050, VR: dicomweb.DS, Values: []string{"+1.50"}}),
				dicomweb.Put(dicomweb.Sequence(0x00400275, item)))
			a.one, a.file = s.Instances[0].Ref, file
		}
		status, _, _ := a.store("/studies", file)
		require.Equal(t, http.StatusOK, status)
	}
	answers := map[string]string{}
	for _, d := range deviations {
		answers[d.topic] = d.ask(a)
	}
	return answers
}

func changed(t *testing.T, file []byte, changes ...dicomweb.Change) []byte {
	t.Helper()
	out, err := io.ReadAll(dicomweb.Edit(bytes.NewReader(file), changes...))
	require.NoError(t, err)
	return out
}

func (a *asked) do(method, path, contentType string, body []byte, header ...string) (*http.Response, []byte) {
	a.t.Helper()
	req, err := http.NewRequestWithContext(a.t.Context(), method, a.base+path, bytes.NewReader(body))
	require.NoError(a.t, err)
	req.Header.Set("Accept-Encoding", "identity") // as our client: net/http would ask for gzip and hide how the answer came
	if contentType != "" {
		req.Header.Set("Content-Type", contentType)
	}
	for i := 0; i < len(header); i += 2 {
		req.Header.Set(header[i], header[i+1])
	}
	resp, err := http.DefaultClient.Do(req)
	require.NoError(a.t, err)
	defer resp.Body.Close()
	out, err := io.ReadAll(resp.Body)
	require.NoError(a.t, err)
	return resp, out
}

func (a *asked) get(path, accept string, header ...string) string {
	a.t.Helper()
	resp, _ := a.do(http.MethodGet, path, "", nil, append([]string{"Accept", accept}, header...)...)
	return fmt.Sprint(resp.StatusCode)
}

func (a *asked) rows(path string) (int, []map[string]any) {
	a.t.Helper()
	resp, body := a.do(http.MethodGet, path, "", nil, "Accept", "application/dicom+json")
	var rows []map[string]any
	if resp.StatusCode == http.StatusOK {
		require.NoError(a.t, json.Unmarshal(body, &rows))
	}
	return resp.StatusCode, rows
}

// search tells the status and how many of the two studies come; "every row" when the two come to what asks for neither.
func (a *asked) search(query string) string {
	a.t.Helper()
	status, rows := a.rows("/studies?" + query)
	switch {
	case status != http.StatusOK:
		return fmt.Sprint(status)
	case len(rows) == 0:
		return "200, `[]`"
	case len(rows) == 1:
		return "200, 1 row"
	case strings.Contains(query, "PROBE"):
		return fmt.Sprintf("200, %d rows", len(rows))
	}
	return "200, every row"
}

func (a *asked) include() string {
	a.t.Helper()
	_, few := a.rows("/studies?PatientID=PROBE-1")
	_, all := a.rows("/studies?PatientID=PROBE-1&includefield=all")
	require.Len(a.t, few, 1)
	require.Len(a.t, all, 1)
	if len(all[0]) > len(few[0]) {
		return "more"
	}
	return "no more"
}

// store posts parts and tells the status and how many instances are said to be stored.
func (a *asked) store(path string, parts ...[]byte) (status, stored int, answer string) {
	a.t.Helper()
	var body bytes.Buffer
	for _, p := range parts {
		body.WriteString("--probe\r\nContent-Type: application/dicom\r\n\r\n")
		body.Write(p)
		body.WriteString("\r\n")
	}
	body.WriteString("--probe--\r\n")
	resp, out := a.do(http.MethodPost, path, `multipart/related; type="application/dicom"; boundary=probe`, body.Bytes(), "Accept", "application/dicom+json")
	if list, err := dicomweb.ParseJSON(out); err == nil && len(list) == 1 {
		stored = len(list[0].Items(dicomweb.TagReferencedSOPSequence))
	}
	return resp.StatusCode, stored, string(out)
}

func (a *asked) storeMixed() string {
	status, stored, _ := a.store("/studies", a.file, []byte("no DICOM file"))
	return fmt.Sprintf("%d; names %d of 1 good", status, stored)
}

func (a *asked) storeElsewhere() string {
	status, _, _ := a.store("/studies/1.2.3", a.file)
	return fmt.Sprint(status)
}

func (a *asked) storeAgain() string {
	status, _, _ := a.store("/studies", a.file)
	return fmt.Sprint(status)
}

func (a *asked) storeMetadata() string {
	a.t.Helper()
	base := dicomweb.NewDataset(dicomweb.Text(dicomweb.TagStudyInstanceUID, a.one.Study), dicomweb.Text(dicomweb.TagSeriesInstanceUID, a.one.Series+".9"),
		dicomweb.Text(dicomweb.TagSOPInstanceUID, "1.2.250.1.999.4000"), dicomweb.Text(dicomweb.TagPatientID, "PROBE-1"), dicomweb.Text(dicomweb.TagPatientName, "PROBE^ONE"))
	pdf, err := dicomweb.EncapsulatedPDF(base, "probe", segur.BytesContent([]byte("%PDF-1.7\n")))
	require.NoError(a.t, err)
	client := newClient(a.t, dicomweb.Config{ClientConfig: segur.ClientConfig{Environment: segur.Fake}, Endpoint: a.base, PlainHTTP: true})
	result, err := client.StoreMetadata(a.t.Context(), dicomweb.StoreMetadataRequest{Instances: []dicomweb.MetadataInstance{pdf}})
	if err == nil {
		return fmt.Sprint(result.Status)
	}
	var e *segur.Error
	require.ErrorAs(a.t, err, &e)
	return fmt.Sprint(e.Status)
}

func (a *asked) framing() string {
	a.t.Helper()
	s := study(a.t, 4020, another(dicomwebtest.SampleOptions{Series: 1, Instances: 2}))
	status, _, _ := a.store("/studies", s.Instances[0].File, s.Instances[1].File)
	require.Equal(a.t, http.StatusOK, status)
	resp, _ := a.do(http.MethodGet, "/studies/"+s.UID, "", nil, "Accept", `multipart/related; type="application/dicom"; transfer-syntax=*`)
	require.Equal(a.t, http.StatusOK, resp.StatusCode)
	if resp.ContentLength >= 0 || len(resp.TransferEncoding) > 0 {
		return "marked by HTTP"
	}
	return "by the last delimiter only"
}

func (a *asked) metadata() *dicomweb.Dataset {
	a.t.Helper()
	_, body := a.do(http.MethodGet, a.one.Path()+"/metadata", "", nil, "Accept", "application/dicom+json")
	list, err := dicomweb.ParseJSON(body)
	require.NoError(a.t, err)
	require.Len(a.t, list, 1)
	return list[0]
}

func kept(yes bool) string {
	if yes {
		return "kept"
	}
	return "lost"
}

func (a *asked) decimal() string   { return kept(a.metadata().Value(0x00180050) == "+1.50") }
func (a *asked) emptyItem() string { return kept(len(a.metadata().Items(0x00400275)) == 1) }

func (a *asked) bulkRange() string {
	a.t.Helper()
	e, _ := a.metadata().Get(dicomweb.TagPixelData)
	require.NotNil(a.t, e.Bulk)
	_, path, found := strings.Cut(e.Bulk.URI, "/studies/")
	require.True(a.t, found)
	return a.get("/studies/"+path, `multipart/related; type="application/octet-stream"`, "Range", "bytes=0-9")
}

// wado is the path of the older service: below the base at the fake, beside it at Orthanc.
func (a *asked) wadoType() string {
	a.t.Helper()
	query := "/wado?requestType=WADO&studyUID=" + a.one.Study + "&seriesUID=" + a.one.Series + "&objectUID=" + a.one.Instance + "&contentType=image/jpeg"
	resp, body := a.do(http.MethodGet, query, "", nil)
	if resp.StatusCode == http.StatusNotFound {
		resp, body = a.do(http.MethodGet, "/.."+query, "", nil)
	}
	require.Equal(a.t, http.StatusOK, resp.StatusCode)
	assert.True(a.t, bytes.HasPrefix(body, []byte("\xFF\xD8\xFF")), "it is a JPEG image")
	return resp.Header.Get("Content-Type")
}

func (a *asked) twoPatients() string {
	a.t.Helper()
	s := study(a.t, 4010, dicomwebtest.SampleOptions{Series: 1, Instances: 2})
	status, _, _ := a.store("/studies", s.Instances[0].File, changed(a.t, s.Instances[1].File, dicomweb.Put(dicomweb.Text(dicomweb.TagPatientID, "PROBE-3"))))
	require.Equal(a.t, http.StatusOK, status)
	return a.get("/studies/"+s.UID, `multipart/related; type="application/dicom"; transfer-syntax=*`)
}

func (a *asked) delete() string {
	a.t.Helper()
	resp, _ := a.do(http.MethodDelete, a.one.Path(), "", nil)
	return fmt.Sprint(resp.StatusCode)
}

func TestDeviationsFake(t *testing.T) {
	t.Parallel()
	srv := dicomwebtest.NewServer(dicomwebtest.WithoutTLS())
	t.Cleanup(srv.Close)
	got := probe(t, srv.URL)
	for _, d := range deviations {
		assert.Equal(t, d.strict, got[d.topic], d.topic)
	}
}

func TestDeviationsOrthanc(t *testing.T) {
	target := orthanc(t)
	alone := probe(t, target.String())
	behind := probe(t, nginx(t, target).plain+"/dicom-web")
	for _, d := range deviations {
		assert.Equal(t, d.orthanc, alone[d.topic], d.topic)
		want := d.orthanc
		if other, ok := deviationsNginx[d.topic]; ok {
			want = other
		}
		assert.Equal(t, want, behind[d.topic], "behind nginx: %s", d.topic)
	}
}

// deviationsNginx is what nginx changes of the answers of Orthanc.
var deviationsNginx = map[string]string{
	"end of a study": "marked by HTTP",
}

// TestDeviationsPage holds the table of the page against what is measured.
func TestDeviationsPage(t *testing.T) {
	t.Parallel()
	page, err := os.ReadFile("../docs/dicomweb.md")
	require.NoError(t, err)
	for _, d := range deviations {
		assert.Contains(t, string(page), "\n| "+d.topic+" | "+d.strict+" | "+d.orthanc+" |")
	}
}
