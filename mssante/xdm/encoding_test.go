package xdm_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/segur-sdk/segur/mssante/xdm"
)

// Metadata in the encodings of French workstations are read; others are not.
func TestEncodings(t *testing.T) {
	t.Parallel()
	metadata, document := good(t)
	const title = "Scanner &lt;cérébral> &amp; cou"
	require.Contains(t, metadata, title)
	for name, c := range map[string]struct{ declared, bytes, want string }{
		"Windows-1252": {"windows-1252", "L\x92\x9cil \x80 \xe9", "L’œil € é"},
		"ISO-8859-15":  {"ISO-8859-15", "L'\xbdil \xa4 \xe9", "L'œil € é"},
		"ISO-8859-1":   {"iso-8859-1", "L'il \xe9", "L'il é"},
		"UTF-8":        {"utf-8", "L’œil", "L’œil"},
		"wrong":        {"UTF-8", "\xe9", ""},
		"unknown":      {"UTF-16", "x", ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var b []byte
			text := strings.Replace(metadata, `encoding="UTF-8"`, `encoding="`+c.declared+`"`, 1)
			for _, r := range strings.ReplaceAll(text, title, "\x00") {
				switch {
				case r == 0:
					b = append(b, c.bytes...)
				case strings.EqualFold(c.declared, "UTF-8"):
					b = append(b, string(r)...)
				default:
					b = append(b, byte(r)) // the rest of the metadata fits Latin-1
				}
			}
			a, code := verdict(t, archive(t, item{name: "INDEX.HTM", body: "x"}, item{name: "a/METADATA.XML", body: string(b)}, item{name: "a/DOC00001.XML", body: document}))
			if c.want == "" {
				assert.Equal(t, xdm.CodeBadMetadata, code)
				return
			}
			require.Equal(t, "ok", code)
			assert.Equal(t, c.want, a.Sets[0].Submission.Set.Title)
		})
	}
}
