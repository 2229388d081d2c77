package pdfa_test

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/segur-sdk/segur"
	"github.com/segur-sdk/segur/cda/pdfa"
	"github.com/segur-sdk/segur/internal/testkit"
)

func TestSubstitute(t *testing.T) {
	t.Parallel()
	r := kneeReport()
	r.Title, r.Author = "Titre 中", "Auteur 中\x01"
	r.Sections = []pdfa.Section{{Paragraphs: []string{"☑ cochée, e\u0301t\u200d\ufe0fé, \u0085 \xe9 \U0001F600 fin"}}}
	r.Substitute = true
	pdf := build(t, r)
	assert.Empty(t, pdfa.Check(pdf))
	text := string(testkit.Run(t, pdf, "pdftotext", "-raw", "-", "-").Stdout)
	assert.Contains(t, text, "Titre [U+4E2D]")
	assert.Contains(t, text, "[U+2611] cochée, été, [U+0085] [E9] [U+1F600] fin")
	assert.Contains(t, string(testkit.Run(t, pdf, "pdfinfo", "-").Stdout), "Auteur 中[U+0001]")

	r.Substitute = false
	_, err := pdfa.Build(r)
	require.ErrorIs(t, err, segur.ErrInvalidInput)
}

func TestCheckJPEG(t *testing.T) {
	t.Parallel()
	whole := keyImage(t, 24, 40, true)
	require.NoError(t, pdfa.CheckJPEG(whole))
	for _, b := range [][]byte{nil, []byte("x"), whole[:len(whole)/2], make([]byte, pdfa.MaxImageBytes+1)} {
		require.ErrorIs(t, pdfa.CheckJPEG(b), segur.ErrInvalidInput)
	}
}

func TestFieldInBold(t *testing.T) {
	t.Parallel()
	r := kneeReport()
	r.Sections, r.Letterhead = nil, nil
	r.Identity = []pdfa.Field{{Label: "Nom", Value: "ABC"}}
	plain := build(t, r)
	r.Identity[0].Bold = true
	bold := build(t, r)
	assert.NotEqual(t, plain, bold)
	assert.Contains(t, string(testkit.Run(t, bold, "pdftotext", "-raw", "-", "-").Stdout), "Nom ABC")
}
