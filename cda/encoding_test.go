package cda_test

import (
	"strings"
	"testing"
	"unicode/utf16"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/segur-sdk/segur"
	"github.com/segur-sdk/segur/cda"
)

func TestLatin9(t *testing.T) {
	t.Parallel()
	in := "<?xml version='1.0' encoding='ISO-8859-15'?><ClinicalDocument xmlns='urn:hl7-org:v3'><title>\xbcdème \xa4 \xb8</title></ClinicalDocument>"
	in = strings.ReplaceAll(in, "è", "\xe8")
	p, err := cda.Parse([]byte(in))
	require.NoError(t, err)
	assert.Equal(t, "Œdème € ž", p.Header.Title)
	p, err = cda.Parse([]byte(strings.Replace(in, "8859-15", "8859-1", 1)))
	require.NoError(t, err)
	assert.Equal(t, "¼dème ¤ ¸", p.Header.Title)
}

func TestRefused(t *testing.T) {
	t.Parallel()
	doc := `<ClinicalDocument xmlns="urn:hl7-org:v3"><title>secret-title</title></ClinicalDocument>`
	utf16le := []byte{0xFF, 0xFE}
	for _, u := range utf16.Encode([]rune(doc)) {
		utf16le = append(utf16le, byte(u), byte(u>>8))
	}
	deep := `<ClinicalDocument xmlns="urn:hl7-org:v3">` + strings.Repeat("<a>", 300)
	for name, tc := range map[string]struct {
		in   string
		want error
		says string
	}{
		"empty":            {"", segur.ErrTruncated, ""},
		"not XML":          {"hello", segur.ErrProtocol, ""},
		"PDF":              {"%PDF-1.4 ...", segur.ErrProtocol, "a PDF"},
		"archive":          {"PK\x03\x04....", segur.ErrProtocol, "ZIP"},
		"other root":       {`<html/>`, segur.ErrProtocol, "root element"},
		"other namespace":  {`<ClinicalDocument/>`, segur.ErrProtocol, "root element"},
		"DOCTYPE":          {`<!DOCTYPE a [<!ENTITY x SYSTEM "file:///etc/passwd">]>` + doc, segur.ErrProtocol, "DOCTYPE"},
		"entity":           {strings.Replace(doc, "secret", "&x;", 1), segur.ErrProtocol, "entit"},
		"two documents":    {`<xsl:stylesheet xmlns:xsl="http://www.w3.org/1999/XSL/Transform">` + doc + doc + `</xsl:stylesheet>`, segur.ErrProtocol, "several"},
		"no document":      {`<xsl:transform xmlns:xsl="http://www.w3.org/1999/XSL/Transform"/>`, segur.ErrProtocol, "no ClinicalDocument"},
		"after the end":    {doc + "<b/>", segur.ErrProtocol, ""},
		"depth":            {deep, segur.ErrTooLarge, "limit"},
		"UTF-16":           {string(utf16le), segur.ErrProtocol, "UTF-16"},
		"other encoding":   {`<?xml version="1.0" encoding="EBCDIC"?>` + doc, segur.ErrProtocol, "encoding"},
		"bad UTF-8":        {strings.Replace(doc, "secret", "secr\xe9t", 1), segur.ErrProtocol, ""},
		"control":          {strings.Replace(doc, "secret", "\x01", 1), segur.ErrProtocol, ""},
		"duplicate attr":   {`<ClinicalDocument xmlns="urn:hl7-org:v3" a="1" a="2"/>`, segur.ErrProtocol, ""},
		"undeclared":       {`<ClinicalDocument xmlns="urn:hl7-org:v3"><x:id/></ClinicalDocument>`, segur.ErrProtocol, ""},
		"declaration only": {`<?xml version="1.0" encoding="UTF-8"?>`, segur.ErrTruncated, ""},
		"half declaration": {`<?xml version="1.0" encodi`, segur.ErrTruncated, ""},
		"empty encoding":   {`<?xml version="1.0" encoding=?>` + doc, segur.ErrProtocol, ""},
	} {
		p, err := cda.Parse([]byte(tc.in))
		assert.Nil(t, p, name)
		if assert.ErrorIs(t, err, tc.want, name) {
			assert.Contains(t, err.Error(), tc.says, name)
			assert.NotContains(t, err.Error(), "secret", name)
		}
	}
}

// encode writes text, whose characters are all in ISO-8859-1, in that encoding.
func encode(tb testing.TB, text string) string {
	tb.Helper()
	var b []byte
	for _, c := range text {
		require.Less(tb, c, rune(256))
		b = append(b, byte(c))
	}
	return string(b)
}
