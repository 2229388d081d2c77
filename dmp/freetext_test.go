package dmp_test

import (
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/segur-sdk/segur/dmp"
)

// The words of the field stay; whoever is named, and what dates or numbers
// somebody, does not.
func TestFreeText(t *testing.T) {
	t.Parallel()
	for _, s := range []string{
		"texte libre", "libellé renvoyé par le DMP", "Structure introuvable ou Inactive", "PS et Structure non liés",
		"Aucune spécialité dans le vihf. Spécialité obligatoire pour les Médecins et les Pharmaciens",
		"Aucun AuthorInstitution ne correspond à l'utilisateur du VIHF", "Erreur d'authentification de la personne morale",
		"A required header representing a Message Addressing Property is not present", "This MessageID was used already",
		"L'INS du VIHF n'est pas celle du document 1.2.250.1.213.1.4.10", "Le DMP est rattaché à Mon espace santé",
		"Code G15_10/SM44 inconnu", "DMPClosed : DMP fermé. Veuillez réessayer", "Opération impossible", "Inattendue : la réponse", "", "é", "42 %", "٨٨ digits of others",
	} {
		assert.Equal(t, s, dmp.FreeText(s))
	}
	for s, want := range map[string]string{
		"Le dossier de M. PAT-TROIS Dominique":      "Le dossier de M. [removed]",
		"DUPONT JEAN n'est pas le patient":          "[removed] n'est pas le patient",
		"Jean Dupont n'a pas de DMP":                "[removed] n'a pas de DMP",
		"nom=DUPONT, prénom=JEAN":                   "nom=[removed], prénom=[removed]",
		"Le patient D'ARTAGNAN":                     "Le patient D'[removed]",
		"Le patient ÉLOÏSE de la TOUR":              "Le patient [removed] de la [removed]",
		"né le 14/03/1985, 1985-03-14 ou 19850314":  "né le [removed], [removed] ou [removed]",
		"tél. 06 12 34 56 78":                       "tél. [removed]",
		"INS 285036912345656 du patient":            "INS [removed] du patient",
		"Patient LI inconnu":                        "Patient [removed] inconnu",
		"DUPONT^JEAN est inconnu":                   "[removed]^[removed] est inconnu",
		"[removed] Martin [removed]":                "[removed]",
		"Accès de Claude RADIOLOGUE (899900000015)": "Accès de [removed] ([removed])",
		"Dupont n'a pas d'accès":                    "[removed] n'a pas d'accès",
		"Refus. Élodie : opposition":                "Refus. [removed] : opposition",
		"accès refusé par mme dupont":               "accès refusé par mme [removed]",
		"m. jean-pierre dupont est inconnu":         "m. [removed] est inconnu",
		"née dupont, le 14/03/1985":                 "née [removed], le [removed]",
		"le dr martin a refusé":                     "le dr [removed] a refusé",
	} {
		assert.Equal(t, want, dmp.FreeText(s))
	}
}
