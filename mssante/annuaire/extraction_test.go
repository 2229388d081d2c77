package annuaire_test

import (
	"archive/zip"
	"bytes"
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/segur-sdk/segur"
	"github.com/segur-sdk/segur/mssante/annuaire"
)

const extractionHeader = "Type de BAL|Adresse BAL|Type Identifiant PP|Identifiant PP|Identification nationale PP|Type identifiant structure|" +
	"Identification Structure|Service de rattachement|Civilité d'exercice|Nom d'exercice|Prénom d'exercice|Catégorie profession|" +
	"Libellé de catégorie profession|Code Profession|Libellé Profession|Code savoir-faire|Libellé savoir-faire|Dématérialisation|" +
	"Raison Sociale structure BAL|Enseigne commerciale structure BAL|L2COMPLEMENTLOCALISATION|L3COMPLEMENTDISTRIBUTION|L4NUMEROVOIE|" +
	"L4COMPLEMENTNUMEROVOIE|NL4TYPEVOIE|L4LIBELLEVOIE|L5LIEUDITMENTION|L6LIGNEACHEMINEMENT|Code postal|Département|Pays"

const extractionRows = `PER|dominique@medecin.mssante.test|8|99900000031|899900000031||||DR|PRESCRIPTEUR|DOMINIQUE|C|Civil|10|Médecin|SM28|Radio-diagnostic|O|||||||||||||
PER|dominique@medecin.mssante.test|8|99900000031|899900000031||||DR|PRESCRIPTEUR|DOMINIQUE|C|Civil|10|Médecin|SM54|Médecine générale|O

PER|dominique@hopital.mssante.test|8|99900000031||1|990000027||DR|PRESCRIPTEUR|DOMINIQUE|C|Civil|10|Médecin|||N|HOPITAL FICTIF||||1|B|RUE|DU TEST|LIEU|75014 PARIS|75014|75|France||
ORG|secretariat@hopital.mssante.test||||1|1990000027|Imagerie||||||||||N|HOPITAL FICTIF|||BP 1|1||RUE|DU TEST||75014 PARIS CEDEX|75014|75|France|
`

func TestReadExtraction(t *testing.T) {
	t.Parallel()
	for _, text := range []string{extractionHeader + "\n" + extractionRows, "\ufeff" + strings.ReplaceAll(strings.ReplaceAll(extractionHeader, "'", "’")+"|\n"+extractionRows, "\n", "\r\n")} {
		rows := all(t, annuaire.ReadExtraction(iotest.OneByteReader(strings.NewReader(text))))
		require.Len(t, rows, 4)
		first := rows[0]
		assert.Equal(t, annuaire.Mailbox{Address: "dominique@medecin.mssante.test", Kind: annuaire.Personal, Level: annuaire.OfPerson}, first.Mailbox)
		assert.Equal(t, &segur.Professional{ID: "899900000031", FamilyName: "PRESCRIPTEUR", GivenName: "DOMINIQUE", Title: "DR",
			Profession: segur.Code{Code: "10", System: "1.2.250.1.71.1.2.7", Display: "Médecin"}}, first.Person)
		assert.Equal(t, annuaire.Coding{Code: "SM28", Display: "Radio-diagnostic"}, first.Specialty)
		assert.Equal(t, annuaire.Coding{Code: "C", Display: "Civil"}, first.Category)
		assert.Nil(t, first.Structure)
		assert.Len(t, rows[1].Fields, 31, "completed")
		assert.Equal(t, 5, rows[2].Line)
		assert.Equal(t, "899900000031", rows[2].Person.ID, "made of its two columns")
		assert.Equal(t, annuaire.OfSituation, rows[2].Mailbox.Level)
		assert.True(t, rows[2].Mailbox.PaperWanted)
		assert.Equal(t, &segur.Organization{ID: "1990000027", Name: "HOPITAL FICTIF", Address: segur.Address{
			Lines: []string{"1 B RUE DU TEST", "LIEU"}, PostalCode: "75014", City: "PARIS", Country: "France"}}, rows[2].Structure)
		assert.Equal(t, annuaire.Mailbox{Address: "secretariat@hopital.mssante.test", Kind: annuaire.Organizational, Level: annuaire.OfOrganization,
			Service: "Imagerie", PaperWanted: true}, rows[3].Mailbox)
		assert.Equal(t, "75", rows[3].Department)
		assert.Equal(t, []string{"BP 1", "1 RUE DU TEST"}, rows[3].Structure.Address.Lines)
	}
}

func TestExtractionFailures(t *testing.T) {
	t.Parallel()
	long := extractionHeader + "\nPER|" + strings.Repeat("a", 70<<10)
	for name, c := range map[string]struct {
		r    io.Reader
		want error
	}{
		"empty":         {strings.NewReader(""), segur.ErrProtocol},
		"HTML":          {strings.NewReader("<html><body>secret</body></html>"), segur.ErrProtocol},
		"other columns": {strings.NewReader(strings.Replace(extractionHeader, "Adresse BAL|Type Identifiant PP", "Type Identifiant PP|Adresse BAL", 1)), segur.ErrProtocol},
		"few columns":   {strings.NewReader("Type de BAL|Adresse BAL"), segur.ErrProtocol},
		"Latin-1":       {strings.NewReader(strings.ReplaceAll(extractionHeader, "é", "\xe9")), segur.ErrProtocol},
		"long line":     {strings.NewReader(long), segur.ErrTooLarge},
		"no reading":    {io.MultiReader(strings.NewReader(extractionHeader+"\n"), iotest.ErrReader(errors.New("device"))), segur.ErrUnavailable},
		"no address":    {strings.NewReader(extractionHeader + "\nPER|secret\n"), segur.ErrProtocol},
		"no kind":       {strings.NewReader(extractionHeader + "\n|secret@x.test\n"), segur.ErrProtocol},
		"not UTF-8":     {strings.NewReader(extractionHeader + "\nPER|secret@x.test|\xff\n"), segur.ErrProtocol},
	} {
		err := firstError(annuaire.ReadExtraction(c.r))
		require.ErrorIs(t, err, c.want, name)
		assert.NotContains(t, err.Error(), "secret", name)
	}
	// One bad line is not the end.
	good, bad := 0, 0
	for row, err := range annuaire.ReadExtraction(strings.NewReader(extractionHeader + "\nPER|\n" + extractionRows)) {
		if err != nil {
			bad++
			assert.Contains(t, err.Error(), "line 2 ")
			assert.Nil(t, row)
			continue
		}
		good++
	}
	assert.Equal(t, []int{4, 1}, []int{good, bad})
}

func archive(t *testing.T, files map[string]string) []byte {
	t.Helper()
	var b bytes.Buffer
	z := zip.NewWriter(&b)
	for name, text := range files {
		w, err := z.Create(name)
		require.NoError(t, err)
		_, err = io.WriteString(w, text)
		require.NoError(t, err)
	}
	require.NoError(t, z.Close())
	return b.Bytes()
}

func TestReadExtractionZIP(t *testing.T) {
	t.Parallel()
	const name = "Extraction_Correspondance_MSSante_202611220405.txt"
	text := extractionHeader + "\n" + extractionRows
	good := archive(t, map[string]string{name: text})
	assert.Len(t, all(t, annuaire.ReadExtractionZIP(bytes.NewReader(good), int64(len(good)))), 4)
	for _, files := range []map[string]string{{}, {"other.txt": text}, {name: text, "x/" + name: text}} {
		b := archive(t, files)
		require.ErrorIs(t, firstError(annuaire.ReadExtractionZIP(bytes.NewReader(b), int64(len(b)))), segur.ErrProtocol)
	}
	for n := range good { // cut anywhere: an error, and no line is made up
		err := firstError(annuaire.ReadExtractionZIP(bytes.NewReader(good[:n]), int64(n)))
		require.Error(t, err, n)
	}
	damaged := bytes.Clone(good)
	damaged[len(name)+30+20] ^= 0xff
	require.Error(t, firstError(annuaire.ReadExtractionZIP(bytes.NewReader(damaged), int64(len(damaged)))))
}

// The extraction alone finds addresses, and a new one replaces the old.
func TestExtractionInMemory(t *testing.T) {
	t.Parallel()
	m := annuaire.NewMemory()
	text := extractionHeader + "\n" + extractionRows + "PER|\n"
	taken, bad, err := m.AddExtraction(t.Context(), annuaire.ReadExtraction(strings.NewReader(text)))
	require.NoError(t, err)
	assert.Equal(t, []int{4, 1}, []int{taken, bad})
	got, err := annuaire.Find(t.Context(), m, annuaire.Wanted{Family: "prescripteur", Given: "Dominique", Specialties: []string{"SM54"}, PostalCode: "75"})
	require.NoError(t, err)
	assert.Equal(t, []string{"secretariat@hopital.mssante.test", "dominique@hopital.mssante.test", "dominique@medecin.mssante.test"}, addresses(got.List))
	assert.Len(t, got.People[0].Specialties, 2, "of two lines")
	got, err = annuaire.Find(t.Context(), m, annuaire.Wanted{Structure: "990000027"})
	require.NoError(t, err)
	assert.Len(t, got.List, 1)
	byNumber, err := annuaire.Find(t.Context(), m, annuaire.Wanted{Number: "99900000031"})
	require.NoError(t, err)
	assert.Len(t, byNumber.List, 3)

	_, _, err = m.AddExtraction(t.Context(), annuaire.ReadExtraction(strings.NewReader("<html>")))
	require.ErrorIs(t, err, segur.ErrProtocol)
	assert.Equal(t, 1, m.Len(annuaire.TypePractitioner), "a file that is none changes nothing")
	_, _, err = m.AddExtraction(t.Context(), annuaire.ReadExtraction(strings.NewReader(extractionHeader+"\nORG|autre@x.mssante.test\n")))
	require.NoError(t, err)
	assert.Zero(t, m.Len(annuaire.TypePractitioner))
}

func ExampleReadExtraction() {
	file := strings.NewReader(extractionHeader + "\n" + extractionRows) // the text file of the day
	for row, err := range annuaire.ReadExtraction(file) {
		if err != nil {
			fmt.Println(err)
			continue
		}
		fmt.Println(row.Mailbox.Kind, row.Mailbox.Address)
	}
	// Output:
	// PER dominique@medecin.mssante.test
	// PER dominique@medecin.mssante.test
	// PER dominique@hopital.mssante.test
	// ORG secretariat@hopital.mssante.test
}
