package ins

import (
	"errors"
	"slices"
	"strings"

	"github.com/segur-sdk/segur"
	"github.com/segur-sdk/segur/internal/names"
)

// advice is the code of a diagnostic.
type advice string

// The codes of [Identification].Diagnostics.
const (
	adviceUsedName      advice = "used-name"
	adviceGivenNames    advice = "given-names-missing"
	adviceDate          advice = "birth-date-interpreted"
	adviceSpelling      advice = "birth-name-spelling"
	advicePlaceSent     advice = "birth-place-sent"
	adviceTraits        advice = "traits-to-check"
	advicePlaceMissing  advice = "birth-place-missing"
	advicePlaceWrong    advice = "birth-place-wrong"
	adviceHomonyms      advice = "homonyms"
	adviceCalls         advice = "calls-spent"
	adviceEventCalls    advice = "event-calls-spent"
	adviceTemporary     advice = "temporary-fault"
	adviceDateUnknown   advice = "birth-date-incomplete"
	adviceSplit         advice = "first-given-name-split"
	adviceOtherNames    advice = "given-names-differ"
	adviceReplaced      advice = "number-replaced"
	adviceOtherName     advice = "other-given-name"
	advicePlaceDiffers  advice = "birth-place-differs"
	adviceDateKnown     advice = "birth-date-completed"
	adviceLocalNumber   advice = "number-differs"
	adviceNumberInvalid advice = "number-invalid"
	adviceContradiction advice = "traits-contradict"
)

type adviceText struct {
	field, severity string
	text            segur.Text
}

var advices = map[advice]adviceText{
	adviceUsedName: {"patient.traits.birthName", "warning", segur.Text{
		FR: "Le nom de naissance est égal au nom utilisé : vérifier sur un document que c'est bien le nom de naissance, première cause des recherches sans résultat.",
		EN: "The birth name equals the used name: check on a document that it is the name at birth, the first cause of searches that find nobody."}},
	adviceGivenNames: {"patient.traits.givenNames", "warning", segur.Text{
		FR: "La liste des prénoms de naissance n'est pas renseignée : l'ajouter telle qu'elle figure sur le document et rechercher à nouveau.",
		EN: "The list of given names at birth is not filled: add it as the document has it and search again."}},
	adviceDate: {"patient.traits.birthDate", "warning", segur.Text{
		FR: "La date de naissance est interprétée : rechercher avec la date telle que l'état civil la connaît, jour ou mois inconnu compris.",
		EN: "The birth date was completed by rule: search with the date as civil status has it, unknown day or month included."}},
	adviceSpelling: {"patient.traits.birthName", "warning", segur.Text{
		FR: "Le nom de naissance est composé : vérifier traits d'union, apostrophes et espaces sur le document, INSi les distingue.",
		EN: "The birth name has several parts: check hyphens, apostrophes and blanks on the document, INSi tells them apart."}},
	advicePlaceSent: {"patient.traits.birthPlace", "warning", segur.Text{
		FR: "La recherche portait aussi sur le lieu de naissance : vérifier le code en vigueur à la naissance, ou rechercher sans lui.",
		EN: "The birth place was part of the search: check the code valid at birth, or search without it."}},
	adviceTraits: {"patient.traits", "warning", segur.Text{
		FR: "Personne n'a ces traits : comparer nom de naissance, prénom, sexe et date de naissance avec un document d'identité.",
		EN: "Nobody has these traits: compare birth name, given name, sex and birth date with an identity document."}},
	advicePlaceMissing: {"patient.traits.birthPlace", "error", segur.Text{
		FR: "Plusieurs identités ont ces traits et le lieu de naissance manque : l'ajouter (code officiel géographique) et rechercher à nouveau.",
		EN: "Several identities have these traits and the birth place is missing: add it (COG code) and search again."}},
	advicePlaceWrong: {"patient.traits.birthPlace", "error", segur.Text{
		FR: "Plusieurs identités ont ces traits, aucune avec ce lieu de naissance : vérifier le code, qui est celui en vigueur à la naissance.",
		EN: "Several identities have these traits and none this birth place: check the code, which is the one valid at birth."}},
	adviceHomonyms: {"patient.traits", "error", segur.Text{
		FR: "Plusieurs identités ont ces traits, lieu de naissance compris : INSi ne peut pas les départager, garder l'identité locale.",
		EN: "Several identities have these traits, birth place included: INSi cannot tell them apart, keep the local identity."}},
	adviceCalls: {"policy.maxCalls", "warning", segur.Text{
		FR: "Le nombre d'appels permis est atteint : il restait des critères à essayer.",
		EN: "The calls allowed are spent: criteria are left untried."}},
	adviceEventCalls: {"event", "warning", segur.Text{
		FR: "Le nombre d'appels permis pour cette venue est atteint.",
		EN: "The calls allowed for this event are spent."}},
	adviceTemporary: {"", "warning", segur.Text{
		FR: "INSi n'a pas répondu : continuer avec l'identité locale et rechercher plus tard.",
		EN: "INSi did not answer: go on with the local identity and search again later."}},
	adviceDateUnknown: {"traits.birthDate", "warning", segur.Text{
		FR: "L'état civil ne connaît pas la date de naissance complète : la date locale, complétée selon les règles, est marquée comme interprétée.",
		EN: "Civil status does not have the whole birth date: the local one, completed by rule, is marked as interpreted."}},
	adviceSplit: {"traits.firstGivenName", "warning", segur.Text{
		FR: "Le premier prénom a été découpé dans la liste rendue par INSi, qui ne sépare pas les prénoms composés : le faire confirmer.",
		EN: "The first given name was cut from the list of INSi, which does not delimit compound names: have it confirmed."}},
	adviceOtherNames: {"traits.givenNames", "warning", segur.Text{
		FR: "Les prénoms suivants diffèrent de ceux du dossier : comparer la liste avec un document, ce peut être un homonyme.",
		EN: "The following given names differ from the local ones: compare the list with a document, it may be somebody of the same name."}},
	adviceReplaced: {"patient.ins", "warning", segur.Text{
		FR: "Le matricule local est un ancien matricule de cette personne : INSi l'a remplacé.",
		EN: "The local number is a former one of this person: INSi has replaced it."}},
	adviceOtherName: {"traits.firstGivenName", "error", segur.Text{
		FR: "Le premier prénom local n'est pas le début de la liste d'INSi : comparer avec un document avant de confirmer, ce peut être une autre personne.",
		EN: "The local first given name does not begin the list of INSi: compare with a document before confirming, it may be another person."}},
	advicePlaceDiffers: {"traits.birthPlace", "error", segur.Text{
		FR: "Le lieu de naissance diffère : vérifier le code en vigueur à la naissance (commune fusionnée ou renommée) avant de confirmer.",
		EN: "The birth place differs: check the code valid at birth (communes merge and change their names) before confirming."}},
	adviceDateKnown: {"traits.birthDate", "error", segur.Text{
		FR: "INSi connaît une date de naissance plus complète que la date locale, interprétée : la comparer avec un document avant de confirmer.",
		EN: "INSi has a more complete birth date than the local one, which is completed by rule: compare it with a document before confirming."}},
	adviceLocalNumber: {"patient.ins", "error", segur.Text{
		FR: "INSi rend un autre matricule que celui du dossier, absent de l'historique : ne rien remplacer, invalider d'abord l'INS du dossier ou rechercher un doublon.",
		EN: "INSi returns another number than the local one, which is not in the history: replace nothing, first invalidate the local INS or look for a duplicate."}},
	adviceNumberInvalid: {"ins", "error", segur.Text{
		FR: "Le matricule reçu n'est pas utilisable (clé ou autorité incorrecte) : garder l'identité locale et transmettre l'identifiant du message au support.",
		EN: "The number received cannot be used (wrong key or authority): keep the local identity and give the message identifier to the support."}},
	adviceContradiction: {"traits", "error", segur.Text{
		FR: "Les traits reçus contredisent l'identité locale, ou manquent : ne rien reprendre, corriger l'identité locale sur document et rechercher à nouveau.",
		EN: "The traits received contradict the local identity, or are missing: take nothing over, correct the local identity from a document and search again."}},
}

func (p *plan) advise(a advice) {
	t := advices[a]
	if slices.ContainsFunc(p.out.Diagnostics, func(d segur.Detail) bool { return d.Code == string(a) }) {
		return
	}
	p.out.Diagnostics = append(p.out.Diagnostics, segur.Detail{Field: t.field, Code: string(a), Severity: t.severity, Message: t.text.EN})
}

// diagnose says what a person should do next.
func (p *plan) diagnose(err error) {
	var e *segur.Error
	switch {
	case errors.As(err, &e) && temporary(e) && e.RequestID != "": // else it is not INSi that did not answer
		p.advise(adviceTemporary)
	case err != nil:
	case p.out.Outcome == NotFound:
		p.nobody()
	case p.out.Outcome == Ambiguous && p.base.BirthPlace == "":
		p.advise(advicePlaceMissing)
	case p.out.Outcome == Ambiguous && p.out.Stop != StopBudget && p.out.Result.Code == crAmbiguous:
		p.advise(adviceHomonyms)
	case p.out.Outcome == Ambiguous && p.out.Stop != StopBudget:
		p.advise(advicePlaceWrong)
	case p.out.Outcome == Unconfirmed:
		for _, d := range p.out.doubts {
			p.advise(d.advice())
		}
	case p.out.Outcome == Found:
		p.taken()
	}
	if p.out.Stop == StopBudget && err == nil && len(p.out.Attempts) >= p.client.cfg.Policy.MaxCalls {
		p.advise(adviceCalls)
	}
}

// taken tells what of an identity that was found is to be looked at.
func (p *plan) taken() {
	got := p.out.Patient.Traits
	if got.FirstGivenName != p.local.Traits.FirstGivenName {
		p.advise(adviceSplit)
	}
	if !sameList(p.local.Traits.GivenNames, p.out.Result.Identity.Traits.GivenNames) {
		p.advise(adviceOtherNames)
	}
	if got.BirthDateInterpreted {
		p.advise(adviceDateUnknown)
	}
}

// sameList reports whether two lists of given names can be one: a list may lack the last names, which are completed
// later.
func sameList(a, b string) bool {
	x, y := names.Words(a), names.Words(b)
	n := min(len(x), len(y))
	return slices.Equal(x[:n], y[:n])
}

// nobody gives hints on a search that found nobody.
func (p *plan) nobody() {
	t, n := p.local.Traits, len(p.out.Diagnostics)
	if t.Sex == segur.Female && t.UsedName != "" && strings.EqualFold(t.UsedName, t.BirthName) {
		p.advise(adviceUsedName)
	}
	if t.GivenNames == "" && !p.client.cfg.Policy.FirstGivenNameOnly {
		p.advise(adviceGivenNames)
	}
	if t.BirthDateInterpreted {
		p.advise(adviceDate)
	}
	if strings.ContainsAny(t.BirthName, " -'") {
		p.advise(adviceSpelling)
	}
	if p.client.cfg.Policy.BirthPlaceFirst && p.base.BirthPlace != "" {
		p.advise(advicePlaceSent)
	}
	if len(p.out.Diagnostics) == n && p.out.Stop == StopExhausted {
		p.advise(adviceTraits)
	}
}

// Explain says in sentences what Diagnostics say in codes: what a person should know or do next. Empty when there is
// nothing to say.
func (i *Identification) Explain(lang segur.Lang) string {
	var out []string
	for _, d := range i.Diagnostics {
		if t, ok := advices[advice(d.Code)]; ok {
			out = append(out, t.text.In(lang))
		}
	}
	return strings.Join(out, " ")
}
