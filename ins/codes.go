package ins

import "github.com/segur-sdk/segur"

// codeTechnicalFailure is the detail code that the qualification platform also gives when it does not have the person.
const codeTechnicalFailure = "insi_102"

type code struct {
	kind  segur.Kind
	field string // of the query, when the code is about one
	help  segur.Text
}

// codes are the detail codes and families of faults that are known. The full list is in the guide d'intégration INSi
// (SEL-MP-043), which GIE SESAM-Vitale gives to registered vendors; other codes are passed on as they come.
var codes = map[string]code{
	"desir_550": {segur.KindAuthorization, "", segur.Text{
		FR: "Numéro d'autorisation du logiciel inconnu. Vérifier le numéro délivré par le CNDA (software.authorizationNumber) et l'environnement pour lequel il est délivré.",
		EN: "The software's authorisation number is unknown. Check the number given by CNDA (software.authorizationNumber) and the environment it was given for."}},
	"desir_560": {segur.KindAuthorization, "", segur.Text{
		FR: "Droits insuffisants : le certificat client n'est pas un certificat INSi. Commander un certificat logiciel IGC-Santé, offre ORG, usage AUTH_CLI, nommé INSI-AUTO ou INSI-MANU.",
		EN: "Insufficient rights: the client certificate is not one for INSi. Order an IGC-Santé software certificate, offer ORG, usage AUTH_CLI, named INSI-AUTO or INSI-MANU."}},
	"desir_1020": {segur.KindUnavailable, "", segur.Text{
		FR: "Le service appelé est temporairement indisponible. Réessayer plus tard ; la prise en charge continue avec l'identité locale.",
		EN: "The service called is unavailable for now. Try again later; care goes on with the local identity."}},
	codeTechnicalFailure: {segur.KindUnavailable, "", segur.Text{
		FR: "Erreur technique de la recherche par traits. Réessayer plus tard. En qualification, ce code signifie le plus souvent que la personne n'existe pas dans la base de test.",
		EN: "Technical failure of the search by traits. Try again later. On qualification this code mostly means that the test base does not have the person."}},
	"insi_111": {segur.KindUnavailable, "", segur.Text{
		FR: "Téléservices indisponibles. Réessayer plus tard.",
		EN: "The teleservices are unavailable. Try again later."}},
	"insi_19": {segur.KindRefused, "traits.birthName", segur.Text{
		FR: "Le nom de naissance est obligatoire. Le saisir, sans le remplacer par le nom utilisé.",
		EN: "The birth name is required. Enter it; the used name does not replace it."}},
	"insi_24": {segur.KindRefused, "traits.sex", segur.Text{
		FR: "Le sexe doit être F ou M.",
		EN: "The sex must be F or M."}},
	"siram_10": {segur.KindRefused, "", segur.Text{
		FR: "La demande n'est pas correcte pour le service. Corriger les traits saisis ; si le refus persiste, transmettre les codes à l'éditeur.",
		EN: "The request is not correct for the service. Correct the traits entered; if the refusal stays, give the codes to the vendor."}},
	"siram_40": {segur.KindUnavailable, "", segur.Text{
		FR: "Le service de l'Assurance Maladie est temporairement inaccessible ; le poste n'est pas en cause. Réessayer plus tard.",
		EN: "The health insurance's service cannot be reached for now; the workstation is not at fault. Try again later."}},
	"siram_100": {segur.KindAuthorization, "", segur.Text{
		FR: "Ce logiciel n'est pas autorisé à accéder au service. Contacter l'éditeur ou le responsable informatique.",
		EN: "This software is not authorised to use the service. Contact the vendor or the IT manager."}},
}
