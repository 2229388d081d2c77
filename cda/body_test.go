package cda_test

import (
	"bytes"
	"crypto/sha256"
	"encoding/base64"
	"io"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/segur-sdk/segur"
	"github.com/segur-sdk/segur/cda"
)

func TestBodies(t *testing.T) {
	t.Parallel()
	doc := func(attrs, text string) []byte {
		return []byte(`<ClinicalDocument xmlns="urn:hl7-org:v3"><component><nonXMLBody><text ` + attrs + `>` + text +
			`</text></nonXMLBody></component></ClinicalDocument>`)
	}
	pdf := samplePDF()
	b64 := base64.StdEncoding.EncodeToString(pdf)
	var lines []string
	for s := b64; s != ""; {
		n := min(76, len(s))
		lines, s = append(lines, s[:n]), s[n:]
	}
	const isPDF = `mediaType="application/pdf" representation="B64"`
	for name, text := range map[string]string{
		"one line": b64, "lines": "\n" + strings.Join(lines, "\n") + "\n", "CRLF": strings.Join(lines, "\r\n"),
		"indented": strings.Join(lines, "\n\t    "), "references": strings.Join(lines, "&#13;&#10;"),
		"comment inside": b64[:401] + "<!-- -->" + b64[401:], "CDATA": "<![CDATA[" + b64 + "]]>",
		"mixed": b64[:3] + "<![CDATA[" + b64[3:8] + "]]>" + strings.Join(strings.Split(b64[8:30], ""), " ") + b64[30:],
	} {
		p, err := cda.Parse(doc(isPDF, text))
		require.NoError(t, err, name)
		assert.Equal(t, 1, p.Level)
		assert.Equal(t, cda.KindOther, p.Kind)
		body, err := p.Body()
		require.NoError(t, err, name)
		assert.Equal(t, sha256.Sum256(pdf), body.SHA256, name)
		rc, err := body.Open()
		require.NoError(t, err)
		got, err := io.ReadAll(iotest.OneByteReader(rc))
		require.NoError(t, err)
		assert.True(t, bytes.Equal(pdf, got), name)
	}
	for name, tc := range map[string]struct{ attrs, text, want string }{
		"text in base64": {`mediaType="text/plain" representation="B64"`, base64.StdEncoding.EncodeToString([]byte("Œdème & < >")), "Œdème & < >"},
		"text as text":   {`mediaType="text/plain"`, "Œdème &amp; &lt; &#62;\r\nfin", "Œdème & < >\nfin"},
		"old media type": {`mediaType="image/jpeg" representation="B64"`, "/9j/", "\xff\xd8\xff"},
	} {
		p, err := cda.Parse(doc(tc.attrs, tc.text))
		require.NoError(t, err, name)
		body, err := p.Body()
		require.NoError(t, err, name)
		rc, _ := body.Open()
		got, _ := io.ReadAll(rc)
		assert.Equal(t, tc.want, string(got), name)
		assert.Equal(t, p.Header.BodyMediaType, body.MediaType)
	}
	for name, text := range map[string]string{
		"garbage": "JVBE*i0x", "cut": b64[:len(b64)-1], "cut by two": b64[:len(b64)-2], "after padding": "JVBERi0xLg==JVBE",
		"empty": "", "blank": " \n ", "not a PDF": base64.StdEncoding.EncodeToString([]byte("\x89PNG....")), "padding inside": "JVBERi0=xLjQK",
	} {
		p, err := cda.Parse(doc(isPDF, text))
		require.NoError(t, err, name)
		_, err = p.Body()
		assert.ErrorIs(t, err, segur.ErrProtocol, name)
	}
	p, err := cda.Parse([]byte(`<ClinicalDocument xmlns="urn:hl7-org:v3"><component><structuredBody/></component></ClinicalDocument>`))
	require.NoError(t, err)
	assert.Equal(t, 3, p.Level)
	_, err = p.Body()
	require.ErrorIs(t, err, segur.ErrNotFound)
}
