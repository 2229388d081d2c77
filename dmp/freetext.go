package dmp

import (
	"regexp"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/segur-sdk/segur/internal/xmlr"
)

// freeText removes from a text of the service what may identify somebody whom
// the caller did not name: capitalised words that are no words of the field,
// dates, long numbers. The calls that only know the INS read texts such as
// « Dossier de M. X » that no comparison with known names can clean. A name in
// lower case is only known by the title before it.
func freeText(s string) string {
	var b strings.Builder
	titled := 0 // words that a title may still announce
	for i := 0; i < len(s); {
		r, size := utf8.DecodeRuneInString(s[i:])
		switch {
		case unicode.IsLetter(r):
			word, end := letters(s, i)
			title := titles[strings.ToLower(word)]
			named := titled > 0 && !title && utf8.RuneCountInString(word) > 1 && !known(word)
			if (named || suspicious(word)) && !part(s, i, end) {
				b.WriteString(removed)
			} else {
				b.WriteString(word)
			}
			switch i = end; {
			case title:
				titled = 4
			case named:
				titled--
			default:
				titled = 0
			}
		case r >= '0' && r <= '9':
			number, end := digits(s, i)
			if identifies(number) && !part(s, i, end) {
				b.WriteString(removed)
			} else {
				b.WriteString(number)
			}
			i, titled = end, 0
		default:
			b.WriteRune(r)
			if !strings.ContainsRune(" .-'’\u00a0", r) {
				titled = 0
			}
			i += size
		}
	}
	return marks.ReplaceAllString(b.String(), removed)
}

// marks are several marks that follow each other, and the number that belongs
// to one (IPP-0001).
var marks = regexp.MustCompile(`\[removed\](?:[ '’-]*\[removed\]|[-/]?\d+)+`)

func letters(s string, from int) (word string, end int) {
	end = len(s)
	for i, r := range s[from:] {
		if !unicode.IsLetter(r) && !unicode.Is(unicode.Mn, r) {
			end = from + i
			break
		}
	}
	return s[from:end], end
}

// digits takes a number with what joins its groups: dates, OIDs, matricules.
func digits(s string, from int) (number string, end int) {
	end = from
	for i := from; i < len(s); i++ {
		if c := s[i]; c >= '0' && c <= '9' {
			end = i + 1
		} else if !strings.ContainsRune("./- ", rune(c)) || i > end {
			break
		}
	}
	return s[from:end], end
}

// identifies reports whether a number may be a date or an identifier of a
// person: eight digits in all, unless it is an OID.
func identifies(number string) bool {
	count := 0
	for _, r := range number {
		if unicode.IsDigit(r) {
			count++
		}
	}
	return count >= 8 && strings.Count(number, ".") < 3
}

// part reports whether a word belongs to a code (G15_10/SM44, DMPi_2), an OID
// or a URN, which are no words.
func part(s string, from, end int) bool {
	return from > 0 && strings.ContainsRune("_0123456789", rune(s[from-1])) || end < len(s) && strings.ContainsRune("_0123456789", rune(s[end]))
}

// suspicious reports whether a word may be a name: a sentence begins with a
// capital, but as well with a name.
func suspicious(word string) bool {
	return capital(word) && utf8.RuneCountInString(word) > 1 && !known(word)
}

// titles announce a name.
var titles = map[string]bool{"m": true, "mr": true, "mme": true, "mlle": true, "monsieur": true, "madame": true, "mademoiselle": true,
	"dr": true, "docteur": true, "pr": true, "professeur": true, "né": true, "née": true}

// known reports whether a word is one of the field, or made of such words:
// AuthorInstitution, MessageID, DMPClosed.
func known(word string) bool {
	if vocabulary[strings.ToLower(word)] {
		return true
	}
	from, parts := 0, 0
	runes := []rune(word)
	for i := 1; i <= len(runes); i++ {
		if i < len(runes) && !(unicode.IsUpper(runes[i]) && (unicode.IsLower(runes[i-1]) || i+1 < len(runes) && unicode.IsLower(runes[i+1]))) {
			continue
		}
		if !vocabulary[strings.ToLower(string(runes[from:i]))] {
			return false
		}
		from, parts = i, parts+1
	}
	return parts > 1
}

func capital(word string) bool {
	for _, r := range word {
		return unicode.IsUpper(r)
	}
	return false
}

// vocabulary are the words of the field that its messages write with a
// capital, and those that follow a name.
var vocabulary = func() map[string]bool {
	out := map[string]bool{}
	for _, w := range strings.Fields(`
		le la les un une des du de au aux ce cet cette ces il elle on vous votre vos nous pas non oui et ou en par pour avec sans si
		aucun aucune impossible accès erreur échec refus refusé refusée opération action ajout suppression demande autorisation
		autorisations habilitation habilitations patient patients dossier dossiers identifiant identité structure structures
		profession professionnel professionnels professionnelle ps médecin médecins traitant mt rôle mode valeur champ paramètre date
		format service services serveur système droit droits certificat signature requête message réponse document documents données
		recherche veuillez merci déjà opposition consentement dmp ins insc nir nia vihf cps cpe cpf air ens lps si rpps finess siret
		adeli igc ans cnam directe indirecte renforcee renforcée valide active interdite toute inactive introuvable fermé ouvert
		mon espace santé ségur author institution person id name code message header reply to action entry unique registry repository
		metadata addressing property required this that it user query body security assertion schema not found closed ok hl7 xds soap saml tls xml oid uuid
		kos cda pdf leaf class object ref list too many results source sources résultats résultat trop période
		pharmaciens pharmacien médecins spécialité obligatoire not valid invalid unknown error access denied the an no is request response ok nok
		est sont a ont été peut doit peuvent doivent existe inattendu inattendue inconnu inconnue inconnus incorrect incorrecte manquant manquante
		absent absente absence présence expiré expirée invalides interdit interdite bloqué bloquée blocage anomalie problème délai durée dépassé dépassée
		dépassement taille type nombre nom prénom sexe lieu naissance pays adresse version contenu élément attribut balise schéma jeton traitement
		technique interne fonction fonctionnelle consultation alimentation création modification fermeture réactivation mise liste lot soumission
		entrée référence plusieurs doublon vérifier vérifiez contacter contactez réessayer réessayez attention information avertissement
		internal failed failure missing unable cannot could duplicate expired unexpected bad timeout time out must has have already`) {
		out[w] = true
	}
	return out
}()

// keepNames adds the names that an answer holds to what no error may repeat.
func (f *failure) keepNames(payload *xmlr.Node) {
	if payload == nil {
		return
	}
	for n := range payload.Walk() {
		switch n.Name.Local {
		case "family", "given", "lastName", "patronymicalName", "firstName", "nationalId":
			f.private = append(f.private, privateTexts(n.DeepText())...)
		case "name": // what stands beside the parts, or without any
			for _, word := range strings.FieldsFunc(n.Text(), func(r rune) bool { return !unicode.IsLetter(r) }) {
				if !vocabulary[strings.ToLower(word)] {
					f.private = append(f.private, privateTexts(word)...)
				}
			}
		}
	}
}
