package mssante_test

import (
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/segur-sdk/segur"
	"github.com/segur-sdk/segur/mssante"
)

func TestBuildSubject(t *testing.T) {
	t.Parallel()
	born := segur.NewDate(1978, time.November, 26)
	vial := segur.Traits{BirthName: "Vial", FirstGivenName: "Paul", BirthDate: born}
	for _, c := range []struct {
		labels  []string
		patient segur.Traits
		want    string
	}{
		{[]string{"CR d'examens biologiques"}, vial, "XDM/1.0/DDM+CR d'examens biologiques VIAL Paul 26/11/1978"},
		{[]string{"Lettre de liaison à la sortie d'un établissement de soins"}, vial,
			"XDM/1.0/DDM+Lettre de liaison a la sortie d'un etabl VIAL Paul 26/11/1978"},
		{[]string{"a", "b"}, vial, "XDM/1.0/DDM+2 documents VIAL Paul 26/11/1978"},
		{[]string{"CR d’imagerie médicale"}, segur.Traits{BirthName: "D'Arç-Élu", FirstGivenName: "Zoé", BirthDate: born},
			"XDM/1.0/DDM+CR d'imagerie medicale D'ARC-ELU Zoe 26/11/1978"},
		{[]string{"CR d'imagerie médicale"}, segur.Traits{BirthName: "Œuvrard", FirstGivenName: "Anne  Sophie", BirthDate: segur.Date{Year: 1978}},
			"XDM/1.0/DDM+CR d'imagerie medicale OEUVRARD Anne Sophie"},
		// The cut never leaves a blank at the end, nor two in a row.
		{[]string{"Compte rendu de consultation medicale d hospitalisation"}, vial,
			"XDM/1.0/DDM+Compte rendu de consultation medicale d VIAL Paul 26/11/1978"},
		{[]string{"x\r\nBcc: y"}, vial, "XDM/1.0/DDM+x Bcc: y VIAL Paul 26/11/1978"},
	} {
		assert.Equal(t, c.want, mssante.BuildSubject(c.labels, c.patient))
	}
}

func TestShownSubject(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		subject, shown string
		archive        bool
	}{
		{"XDM/1.0/DDM+CR VIAL Paul", "CR VIAL Paul", true},
		{"Re: XDM/1.0/DDM+CR VIAL Paul", "Re: CR VIAL Paul", true},
		{"[KO Intégration système !][902] XDM/1.0/DDM+CR", "[KO Intégration système !] [902] CR", true},
		{"[Erreur d’intégration !][902] xdm/1.0/ddm+CR", "[Erreur d’intégration !] [902] CR", true},
		{"TR: Re: [Annule et remplace] XDM/1.0/DDM+CR", "TR: Re: [Annule et remplace] CR", true},
		{"Bonjour XDM/1.0/DDM+CR", "Bonjour XDM/1.0/DDM+CR", false},
		{"", "", false},
	} {
		shown, archive := mssante.ShownSubject(c.subject)
		assert.Equal(t, c.shown, shown)
		assert.Equal(t, c.archive, archive, c.subject)
	}
}

func TestLabel(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		sender mssante.Sender
		want   string
	}{
		{mssante.Sender{Title: "Dr", GivenName: "Marie", FamilyName: "Martin", Entity: "Cabinet Medical"}, "Dr_Marie_MARTIN_Cabinet Medical"},
		{mssante.Sender{GivenName: "Marie", FamilyName: "Martin"}, "Marie_MARTIN"},
		{mssante.Sender{Entity: "Hopital A – Service Cardiologie"}, "Hopital A – Service Cardiologie"},
	} {
		assert.Equal(t, c.want, c.sender.Label())
	}
}

func TestPDFName(t *testing.T) {
	t.Parallel()
	h := segur.DocumentHeader{
		Type: segur.Code{Display: "CR d’imagerie médicale"}, Created: segur.At(now),
		Services: []segur.DocumentService{{Start: segur.At(time.Date(2022, 5, 31, 23, 30, 0, 0, time.FixedZone("", 7200)))}},
	}
	corse := segur.Traits{BirthName: "Corse", FirstGivenName: "FIGATELLIX"}
	assert.Equal(t, "20220531_CR_d_imagerie_medicale_CORSE_FIGATELLIX.pdf", mssante.PDFName(h, corse, ""))
	assert.Equal(t, "20220531_CR_d_imagerie_medicale_CORSE_FIGATELLIX_D-7_2.pdf", mssante.PDFName(h, corse, "D-7/2"))
	h.Services = nil
	assert.Equal(t, "20260115_CR_d_imagerie_medicale_PAT-TROIS_DOMINIQUE.pdf",
		mssante.PDFName(h, segur.Traits{BirthName: "PAT-TROIS", FirstGivenName: "DOMINIQUE"}, ""))
	// Whatever the traits hold, the name is a plain file name.
	name := mssante.PDFName(h, segur.Traits{BirthName: `..\..\/etc"` + "\r\n", FirstGivenName: strings.Repeat("é", 500)}, "../x")
	assert.Regexp(t, `^[0-9A-Za-z_-]+\.pdf$`, name)
	assert.Less(t, len(name), 250)
}

func TestPatientAddress(t *testing.T) {
	t.Parallel()
	p := patient()
	got, err := mssante.PatientAddress(p, segur.Fake)
	require.NoError(t, err)
	assert.Equal(t, matriculeBody+segur.MatriculeKey(matriculeBody)+"@patient.mssante.fr", got)
	assert.True(t, mssante.IsPatientAddress(strings.ToUpper(got)))

	_, err = mssante.PatientAddress(p, segur.Production)
	require.ErrorIs(t, err, segur.ErrInvalidInput)
	assert.NotContains(t, err.Error(), matriculeBody)
	for _, s := range []segur.IdentityStatus{segur.Provisional, segur.Retrieved, segur.Validated} {
		p.Status = s
		_, err = mssante.PatientAddress(p, segur.Fake)
		require.ErrorIs(t, err, segur.ErrInvalidInput)
		assert.NotContains(t, err.Error(), matriculeBody)
	}

	corsica, err := segur.ParseINS("285032a123456"+segur.MatriculeKey("285032A123456"), segur.OIDINSNIA)
	require.NoError(t, err)
	got, err = mssante.PatientAddress(segur.Patient{Status: segur.Qualified, INS: corsica}, segur.Production)
	require.NoError(t, err)
	assert.True(t, strings.HasPrefix(got, "285032A123456"), "letters of Corsica are capitals")
}
