package cda_test

import (
	"bytes"
	"fmt"
	"log/slog"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/segur-sdk/segur"
	"github.com/segur-sdk/segur/cda"
)

// Nothing that is said of a patient is printed or logged, whatever the type, the
// verb, and whether it is in a list or behind a pointer.
func TestNothingOfThePatientIsPrinted(t *testing.T) {
	t.Parallel()
	const secret = "CONFIDENTIEL"
	code, text := segur.Code{Code: "1", Display: secret}, cda.Text(secret)
	product := cda.Product{Name: secret, Comment: secret, ATC: code}
	given := cda.Radiopharmaceutical(product)
	site := cda.Site{Code: code, Words: secret}
	dose := cda.Dose{Code: code, Value: cda.Quantity{Value: secret}, Site: site}
	exposure := cda.Exposure{Pregnancy: code, Doses: []cda.Dose{dose}, Radiopharmaceutical: &given, Narrative: text}
	act := cda.ActSection{Description: secret, Parameters: secret, Site: site, Products: []cda.Product{product}, Complications: text, Exposure: &exposure, Catalog: cda.Catalog{Link: secret}}
	contra := cda.ContraIndication{Code: code, Comment: secret}
	history := cda.History{Medical: []string{secret}, ContraIndications: []cda.ContraIndication{contra}}
	question := cda.ClinicalQuestion{Justification: secret, Purpose: secret}
	addendum := cda.Addendum{Text: text, Author: cda.Author{Professional: segur.Professional{FamilyName: "RADIOLOGUE"}}}
	device := cda.Device{EMDN: code, UDI: segur.Identifier{Root: "1.2", Extension: secret}, Comment: secret}
	attachment := cda.Attachment{ID: secret, Title: secret, Content: segur.BytesContent([]byte(secret))}
	need, wanted := cda.CareNeed{Code: code, Comment: secret}, cda.RequestedAct{Modality: code, Comment: secret, UrgencyReason: secret, Events: secret, Sites: []cda.Site{site}}
	informant := cda.Informant{FamilyName: secret, Address: segur.Address{City: secret}}
	procedure := cda.Procedure{Code: code, StudyUID: secret, Links: []string{secret}}
	done, order, visit := cda.Act{Code: code, StudyUID: secret}, cda.Order{Accession: segur.Identifier{Extension: secret}}, cda.Encounter{ID: segur.Identifier{Extension: secret}}
	sections := cda.Sections{Question: question, History: history, Acts: []cda.ActSection{act}, Addendum: &addendum, Devices: []cda.Device{device}}
	body := cda.ReportBody{Sections: sections, Procedures: []cda.Procedure{procedure}}
	parsed := cda.Parsed{Raw: []byte(secret), Report: &body, Attachments: []cda.Attachment{attachment}}
	for _, v := range []any{
		product, given, site, dose, exposure, act, act.Catalog, contra, history, question, addendum, device, attachment, need, wanted, informant,
		procedure, done, order, visit, sections, body, parsed,
		&product, &given, &site, &dose, &exposure, &act, &contra, &history, &question, &addendum, &device, &attachment, &need, &wanted, &informant,
		&procedure, &done, &order, &visit, &sections, &body, &parsed,
		[]cda.ActSection{act}, []cda.Device{device}, []cda.Attachment{attachment}, []cda.Informant{informant}, []cda.RequestedAct{wanted},
		map[string]cda.History{"a": history}, struct{ X cda.ClinicalQuestion }{question},
	} {
		for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "%d"} {
			out := fmt.Sprintf(verb, v)
			assert.NotContains(t, out, secret, "%T %s", v, verb)
			assert.NotContains(t, out, fmt.Sprintf("%x", secret), "%T %s", v, verb)
			assert.NotContains(t, out, fmt.Sprintf("%d", []byte(secret)), "%T %s", v, verb)
			assert.NotContains(t, out, fmt.Sprintf("%#v", []byte(secret))[8:], "%T %s", v, verb)
		}
		var log bytes.Buffer
		slog.New(slog.NewTextHandler(&log, nil)).Info("x", "v", v)
		slog.New(slog.NewJSONHandler(&log, nil)).Info("x", "v", v)
		if fmt.Sprintf("%T", v)[0] != '[' && fmt.Sprintf("%T", v)[0] != 'm' && fmt.Sprintf("%T", v)[0] != 's' { // slog gives those to encoding/json as they are
			assert.NotContains(t, log.String(), secret, "%T", v)
		}
	}
	r, s := chest(t)
	doc, err := newWriter(t, allowAnyPDF).Level3(r, s)
	require.NoError(t, err)
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%x"} {
		out := fmt.Sprintf(verb, doc)
		assert.Less(t, len(out), 200, verb)
	}
}
