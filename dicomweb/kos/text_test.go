package kos_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"pgregory.net/rapid"

	"github.com/segur-sdk/segur"
	"github.com/segur-sdk/segur/dicomweb/kos"
	"github.com/segur-sdk/segur/internal/testkit"
)

func TestText(t *testing.T) {
	t.Parallel()
	text := kos.Text{Exam: "Scanner\r\nthorax", Act: "Scanographie", Series: []kos.TextSeries{
		{UID: "1.2.3", Modality: "CT", Region: "tête : cou", Description: "Thorax : 1mm @ 2"}, {UID: "1.2.4", Modality: "SR"},
	}}
	assert.Equal(t, "Examen : Scanner thorax\nActe = Scanographie\nSérie-1.2.3 : CT @ tête   cou : Thorax : 1mm @ 2\nSérie-1.2.4 : SR @ : \n", text.String())
	assert.Equal(t, "Examen : \nActe = CODE : Acte\n", kos.Text{ActCode: "CODE", Act: "Acte"}.String())
}

func TestParseText(t *testing.T) {
	t.Parallel()
	series := func(uid, modality, region, description string) kos.Text {
		return kos.Text{Series: []kos.TextSeries{{UID: uid, Modality: modality, Region: region, Description: description}}}
	}
	for name, tc := range map[string]struct {
		in   string
		want kos.Text
	}{
		"as written":                  {"Examen : D\nActe = L\nSérie-1.2 : CT @ sein : X\n", kos.Text{Exam: "D", Act: "L", Series: []kos.TextSeries{{"1.2", "CT", "sein", "X"}}}},
		"no region":                   {"Série-1.2 : NM @ : Serie E1", series("1.2", "NM", "", "Serie E1")},
		"two blanks for a region":     {"Série-1.2 : NM @  : Serie E1", series("1.2", "NM", "", "Serie E1")},
		"no accent, no region sign":   {"Serie-1.3.12 : CT : Dentascan  0.75  H60s", series("1.3.12", "CT", "", "Dentascan  0.75  H60s")},
		"at sign in the description":  {"Serie-1.3 : CT : a @ b : c", series("1.3", "CT", "", "a @ b : c")},
		"damaged accent":              {"S\uFFFDrie-1.2 : CT @ : X", series("1.2", "CT", "", "X")},
		"doubly encoded accent":       {"SÃ©rie-1.2 : CT @ : X", series("1.2", "CT", "", "X")},
		"CR LF":                       {"Examen : D\r\nActe = L\r\n", kos.Text{Exam: "D", Act: "L"}},
		"code of the act":             {"Acte = ZCQK002 : Scanner du thorax", kos.Text{ActCode: "ZCQK002", Act: "Scanner du thorax"}},
		"empty code of the act":       {"Acte =  : Scanner du thorax", kos.Text{Act: "Scanner du thorax"}},
		"colon for the act":           {"Acte : Scanographie du thorax", kos.Text{Act: "Scanographie du thorax"}},
		"label with a colon":          {"Acte = Scanner : thorax et cou", kos.Text{Act: "Scanner : thorax et cou"}},
		"label with blanks and colon": {"Acte = Scanner du thorax : suite", kos.Text{Act: "Scanner du thorax : suite"}},
		"colon in a word":             {"Acte = IRM 3T:tête", kos.Text{Act: "IRM 3T:tête"}},
		"no act":                      {"Acte = ", kos.Text{}},
		"unknown lines":               {"Bonjour\nExamens\nActes\nSérie-x\nSérie-", kos.Text{}},
		"series without the rest":     {"Série-1.2", series("1.2", "", "", "")},
		"no separator after the UID":  {"Série-1.2 CT", series("1.2", "", "", "")},
		"nothing":                     {"", kos.Text{}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			assert.Equal(t, tc.want, kos.ParseText(tc.in))
		})
	}
}

// TestTextComesBack: what is written is read as it was.
func TestTextComesBack(t *testing.T) {
	t.Parallel()
	word := rapid.StringMatching(`[A-Za-zéèœ0-9./()-]{1,8}( [A-Za-zéè@:]{1,8}){0,3}`)
	plain := rapid.StringMatching(`([a-zéœ/]{1,8}( [a-zé]{1,8}){0,2})?`)
	rapid.Check(t, func(t *rapid.T) {
		want := kos.Text{Exam: word.Draw(t, "exam"), Act: plain.Draw(t, "act")}
		for range rapid.IntRange(1, 4).Draw(t, "series") {
			want.Series = append(want.Series, kos.TextSeries{UID: rapid.StringMatching(`[0-2](\.[1-9][0-9]{0,5}){1,5}`).Draw(t, "uid"),
				Modality: rapid.StringMatching(`[A-Z]{2,8}`).Draw(t, "modality"), Region: plain.Draw(t, "region"), Description: word.Draw(t, "description")})
		}
		assert.Equal(t, want, kos.ParseText(want.String()))
	})
}

func TestAcquisition(t *testing.T) {
	t.Parallel()
	n := 0
	for _, line := range strings.Split(string(testkit.ReadShared(t, "dicomweb/valuesets/JDV_ModaliteAcquisition_CISIS.tsv")), "\n")[2:] {
		if code, _, ok := strings.Cut(line, "\t"); ok {
			assert.True(t, kos.Acquisition(code), code)
			n++
		}
	}
	assert.Equal(t, 49, n)
	for _, code := range []string{"KO", "SR", "PR", "SEG", "DOC", "RTSTRUCT", "OT", "", "ct"} {
		assert.False(t, kos.Acquisition(code), code)
	}
}

func TestDefaultRegion(t *testing.T) {
	t.Parallel()
	row := func(part string) kos.Row { return kos.Row{Study: kos.Study{UID: study}, BodyPart: part} }
	h := report()
	assert.Equal(t, "segment abdominopelvien du tronc", kos.DefaultRegion(row("LIVER"), h))
	assert.Equal(t, "segment abdominopelvien du tronc", kos.DefaultRegion(row("HEAD"), h), "the only one of the report")
	assert.Equal(t, "segment abdominopelvien du tronc", kos.DefaultRegion(row(""), h))
	thorax := segur.QualifiedCode{Code: segur.Code{Code: "67734004", System: "2.16.840.1.113883.6.96"}, Qualifier: segur.Code{Code: "39111-0"}}
	h.Services[0].Translations = append(h.Services[0].Translations, thorax)
	assert.Equal(t, "segment thoracique du tronc", kos.DefaultRegion(row("lung"), h))
	assert.Empty(t, kos.DefaultRegion(row("HEAD"), h), "two, and neither is that of the series")
	other := kos.Row{Study: kos.Study{UID: "1.2"}, BodyPart: "HEART"}
	assert.Equal(t, "cœur", kos.DefaultRegion(other, h), "the report says nothing of that study")
	assert.Empty(t, kos.DefaultRegion(kos.Row{BodyPart: "XYZ"}, segur.DocumentHeader{}))
	h.Services[0].Translations = []segur.QualifiedCode{{Code: segur.Code{Code: "999"}, Qualifier: segur.Code{Code: "39111-0"}}}
	assert.Equal(t, "999", kos.DefaultRegion(row(""), h))

	want := map[string]string{}
	for _, line := range strings.Split(string(testkit.ReadShared(t, "dicomweb/valuesets/JDV_RegionAnatomique_CISIS.tsv")), "\n")[2:] {
		if f := strings.Split(line, "\t"); len(f) > 2 {
			want[f[0]] = f[2]
		}
	}
	assert.Len(t, want, 10)
	for code, label := range want {
		h.Services[0].Translations = []segur.QualifiedCode{{Code: segur.Code{Code: code}, Qualifier: segur.Code{Code: "39111-0"}}}
		assert.True(t, strings.EqualFold(label, kos.DefaultRegion(row(""), h)), label)
	}
}
