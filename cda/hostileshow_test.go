package cda_test

import (
	"bytes"
	"os"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/segur-sdk/segur"
	"github.com/segur-sdk/segur/cda"
)

// withBody is the minimal report with another text in its first section.
func withBody(t *testing.T, text, entries string) string {
	t.Helper()
	b, err := os.ReadFile("testdata/level3-minimal.xml")
	require.NoError(t, err)
	head, rest, _ := strings.Cut(string(b), "<text>")
	_, tail, ok := strings.Cut(rest, "</text>")
	require.True(t, ok)
	return head + "<text>" + text + "</text>" + entries + tail
}

// What an attachment is called, holds or belongs to is found once, however often
// it is shown: neither time nor the page grow with the product of both.
func TestShowingHostileAttachments(t *testing.T) {
	t.Parallel()
	const many = 1000 // minutes before each was looked up once
	media := func(id, mediaType, content string) string {
		return `<observationMedia classCode="OBS" moodCode="EVN" ID="` + id + `"><value mediaType="` + mediaType +
			`" representation="B64">` + content + `</value></observationMedia>`
	}
	shown := func(id string) string { return strings.Repeat(`<renderMultiMedia referencedObject="`+id+`"/>`, many) }
	long := strings.Repeat("x ", 150_000)
	for name, doc := range map[string]string{
		"no image": withBody(t, "<paragraph>"+shown("m")+"</paragraph>", "<entry>"+media("m", "image/png", strings.Repeat("A", 3_000_001))+"</entry>"),
		"region": withBody(t, "<paragraph>"+shown("r")+"</paragraph>", `<entry><regionOfInterest classCode="ROIOVL" moodCode="EVN" ID="r">`+
			strings.Repeat(`<code code="POLY"/>`, 30_000)+"</regionOfInterest></entry>"),
		"text": withBody(t, `<paragraph><content ID="t">`+long+"</content>"+shown("m")+"</paragraph>",
			`<entry><organizer classCode="CLUSTER" moodCode="EVN"><component><observation classCode="OBS" moodCode="EVN"><text><reference value="#t"/></text></observation></component><component>`+
				media("m", "application/zip", "AAAA")+"</component></organizer></entry>"),
		"title": strings.Replace(withBody(t, "<paragraph>x</paragraph>", strings.Repeat("<entry>"+media("m", "application/zip", "AAAA")+"</entry>", many)),
			"<section>", "<section><title>"+long+"</title>", 1),
		"caption": withBody(t, `<renderMultiMedia referencedObject="`+strings.Repeat("m ", many)+`"><caption>`+long+"</caption></renderMultiMedia>",
			"<entry>"+media("m", "application/zip", "AAAA")+"</entry>"),
	} {
		parsed, err := cda.Parse([]byte(doc))
		require.NoError(t, err, name)
		var page bytes.Buffer
		require.NoError(t, cda.HTML(&page, parsed, cda.HTMLOptions{}), name)
		assert.Less(t, page.Len(), 6<<20, name)
		pdf, err := cda.PDF(parsed, cda.PDFOptions{Substitute: true}) // or refused: too long
		assert.Less(t, len(pdf), 20<<20, name)
		if err != nil {
			require.ErrorIs(t, err, segur.ErrInvalidInput, name)
		}
	}
}

// Two persons must not be taken for one: the page says so, and so does the paper
// that must be made; else there is none.
func TestSeveralPatientsAreSaid(t *testing.T) {
	t.Parallel()
	b, err := os.ReadFile("testdata/level3-minimal.xml")
	require.NoError(t, err)
	for element, want := range map[string][2]string{
		"recordTarget": {"Ce document nomme 2 patients", "This document names 2 patients"},
		"patientRole":  {"Ce document nomme 2 patients", "This document names 2 patients"},
		"patient":      {"Ce document nomme 2 patients", "This document names 2 patients"},
		"name":         {"Ce document nomme le patient plusieurs fois", "This document names the patient several times"},
	} {
		doc := string(b)
		from := strings.Index(doc, "<recordTarget>")
		from += strings.Index(doc[from:], "<"+element+">")
		end := from + strings.Index(doc[from:], "</"+element+">") + len("</"+element+">")
		other := strings.ReplaceAll(doc[from:end], "FICTIVE-DURAND", "AUTRE-PATIENT")
		parsed, err := cda.Parse([]byte(doc[:end] + other + doc[end:]))
		require.NoError(t, err, element)
		assert.Equal(t, "FICTIVE-DURAND", parsed.Header.Patient.BirthName, element)
		for i, language := range []string{"fr", "en"} {
			var page bytes.Buffer
			require.NoError(t, cda.HTML(&page, parsed, cda.HTMLOptions{Language: language}))
			assert.Contains(t, page.String(), want[i], element)
			assert.NotContains(t, page.String(), "AUTRE-PATIENT", element)
			_, err = cda.PDF(parsed, cda.PDFOptions{Language: language})
			require.ErrorIs(t, err, segur.ErrInvalidInput, element)
			assert.Contains(t, err.Error(), "header.patient", element)
			pdf, err := cda.PDF(parsed, cda.PDFOptions{Language: language, Substitute: true})
			require.NoError(t, err, element)
			assert.NotEmpty(t, pdf)
		}
	}
}

// The labels of a page in English are English, and its dates are read in one way.
func TestEnglishLabelsAndDates(t *testing.T) {
	t.Parallel()
	b, err := os.ReadFile("testdata/level3-minimal.xml")
	require.NoError(t, err)
	parsed, err := cda.Parse(b)
	require.NoError(t, err)
	var page bytes.Buffer
	require.NoError(t, cda.HTML(&page, parsed, cda.HTMLOptions{Language: "en"}))
	assert.Contains(t, page.String(), "test NIR, 1.2.250.1.213.1.4.10")
	assert.NotContains(t, page.String(), "NIR de test")
	pdf, err := cda.PDF(parsed, cda.PDFOptions{Language: "en"})
	require.NoError(t, err)
	if words := paperText(t, pdf); assert.Contains(t, words, "1985-03-14") {
		assert.NotContains(t, words, "14/03/1985")
	}
}

// A percent sign is written once for each that a reader sees.
func TestCheckNamesTheEndMark(t *testing.T) {
	t.Parallel()
	b, err := os.ReadFile("testdata/minimal.xml")
	require.NoError(t, err)
	doc := string(b)
	from := strings.Index(doc, `representation="B64">`) + len(`representation="B64">`)
	end := from + strings.Index(doc[from:], "</text>")
	report := cda.Check([]byte(doc[:from] + "JVBERi0xLjQK" + doc[end:]))
	found := issues(report, "CDA050")
	require.Len(t, found, 1)
	assert.Equal(t, "le PDF est tronqué : il ne finit pas par %%EOF", found[0].Text.FR)
	assert.Equal(t, "the PDF is cut short: it does not end with %%EOF", found[0].Text.EN)
}

// A section is looked at once for all the attachments that it holds.
func TestReadingManyAttachments(t *testing.T) {
	t.Parallel()
	const many = 40_000 // half a minute before
	doc := withBody(t, "<paragraph>x</paragraph>", strings.Repeat(`<entry><observationMedia classCode="OBS" moodCode="EVN"><value mediaType="application/pdf" representation="B64">AAAA</value></observationMedia></entry>`, many))
	parsed, err := cda.Parse([]byte(doc))
	require.NoError(t, err)
	assert.Len(t, parsed.Attachments, many)
}

// A unit that is quoted is one short line, whatever its annotation holds.
func TestCheckQuotesUnitsShort(t *testing.T) {
	t.Parallel()
	b, err := os.ReadFile("testdata/level3-complete.xml")
	require.NoError(t, err)
	doc := strings.Replace(string(b), `unit="mGy.cm"`, `unit="mGy{`+strings.Repeat("a", 300)+`&#10;}"`, 1)
	require.NotEqual(t, string(b), doc)
	for _, i := range cda.Check([]byte(doc)).Issues {
		assert.Less(t, len(i.Text.FR), 200)
		assert.NotContains(t, i.Text.FR, "\n")
	}
}
