package dmp

import (
	"strings"

	"github.com/segur-sdk/segur"
)

// knownCode is what the SDK knows of a code of the record.
type knownCode struct {
	kind segur.Kind
	help segur.Text
	// retry is what may be sent again; empty: that of the kind.
	retry Retry
}

func (k knownCode) apply(e *segur.Error) {
	if k.kind != segur.KindUnknown {
		e.Kind = k.kind
	}
	e.Help = k.help
}

// codes are those of the record and of the XDS registry that call for an
// explanation. The complete list of the record is not public: other codes pass
// as they come.
var codes = map[string]knownCode{
	"DMPInvalidCertificate": {segur.KindAuthentication, segur.Text{
		FR: "Le certificat qui a signé le VIHF n'est pas accepté. Vérifier qu'il s'agit du certificat de signature (ORG SIGN, « cachet ») de la structure, et non du certificat d'authentification, et qu'il est valide.",
		EN: "The certificate that signed the assertion is not accepted. Check that it is the signature certificate of the structure (ORG SIGN, \"cachet\"), not the authentication one, and that it is valid."}, ""},
	"DMPAccessDeniedByRightsService": {segur.KindAuthorization, segur.Text{
		FR: "La matrice des droits du DMP refuse cette action à cet utilisateur ou dans ce mode. Ne pas réessayer ; afficher le message.",
		EN: "The rights matrix of the record refuses this act to this user or in this mode. Do not retry; show the message."}, ""},
	"DMPClosed": {segur.KindRefused, segur.Text{
		FR: "Le DMP du patient est fermé : aucun document ne peut y être déposé.",
		EN: "The record of the patient is closed: no document can be added."}, ""},
	"XDSUnknownPatientId": {segur.KindNotFound, segur.Text{
		FR: "Aucun DMP pour cette INS. Vérifier l'INS et son OID auprès d'INSi ; le patient a pu refuser la création de son DMP.",
		EN: "No record for this INS. Check the INS and its OID with INSi; the patient may have refused a record."}, ""},
	"XDSPatientIdDoesNotMatch": {segur.KindRefused, segur.Text{
		FR: "L'INS n'est pas la même dans le VIHF, le lot et les fiches.",
		EN: "The INS is not the same in the assertion, the submission set and the entries."}, ""},
	"XDSDuplicateUniqueIdInRegistry": {segur.KindConflict, segur.Text{
		FR: "L'identifiant du lot a déjà servi : le lot a sans doute été enregistré. Chercher les documents (Client.Resolve) avant d'envoyer sous un nouvel identifiant (Client.Resubmit).",
		EN: "The identifier of the submission set was used already: it has probably been registered. Look the documents up (Client.Resolve) before sending under a new one (Client.Resubmit)."}, RetryAfterLookup},
	"XDSNonIdenticalHash": {segur.KindConflict, segur.Text{
		FR: "Un autre contenu est enregistré sous l'identifiant de ce document. Une correction est un nouveau document, qui remplace l'ancien.",
		EN: "Another content is registered under the identifier of this document. A correction is a new document that replaces the old one."}, ""},
	"XDSNonIdenticalSize": {segur.KindConflict, segur.Text{
		FR: "Un contenu d'une autre taille est enregistré sous l'identifiant de ce document. Une correction est un nouveau document, qui remplace l'ancien.",
		EN: "A content of another size is registered under the identifier of this document. A correction is a new document that replaces the old one."}, ""},
	"XDSDocumentUniqueIdError": {segur.KindNotFound, segur.Text{
		FR: "Aucun document sous cet identifiant : il faut le uniqueId de la fiche, non son entryUUID.",
		EN: "No document under this identifier: it must be the uniqueId of the entry, not its entryUUID."}, ""},
	"XDSUnknownRepositoryId": {segur.KindRefused, segur.Text{
		FR: "L'identifiant d'entrepôt n'est pas celui du DMP : utiliser celui de la fiche.",
		EN: "The repository identifier is not that of the record: use the one of the entry."}, ""},
	"XDSRegistryMetadataError": {segur.KindRefused, segur.Text{
		FR: "Les métadonnées ne sont pas valides : le contexte de l'erreur dit laquelle. Ne pas renvoyer sans correction.",
		EN: "The metadata are not valid: the context of the error says which. Do not send again without correcting."}, ""},
	"XDSRepositoryMetadataError": {segur.KindRefused, segur.Text{
		FR: "Les métadonnées ne sont pas valides pour l'entrepôt : le contexte de l'erreur dit laquelle.",
		EN: "The metadata are not valid for the repository: the context of the error says which."}, ""},
	"XDSRegistryDeprecatedDocumentError": {segur.KindConflict, segur.Text{
		FR: "Le document visé a déjà été remplacé (Deprecated). Chercher celui qui l'a remplacé (Client.Find en INDIRECTE_RENFORCEE ou en DIRECTE ; Client.Lookup avec l'identifiant de la dernière version publiée en INDIRECTE), refaire le document comme son remplaçant et le publier ainsi.",
		EN: "The document meant was replaced already (Deprecated). Find the one that replaced it (Client.Find in INDIRECTE_RENFORCEE or DIRECTE; Client.Lookup with the identifier of the last version published in INDIRECTE), make the document again as its replacement and publish that."}, RetryAfterReading},
	"XDSReplaceFailed": {segur.KindConflict, segur.Text{
		FR: "Le remplacement est impossible : relire le document à remplacer (Client.Find, ou Client.Lookup en INDIRECTE). Il a pu être remplacé ou supprimé, ou l'utilisateur n'en est pas un auteur (EX_2.1-1140).",
		EN: "The replacement is impossible: read the document to replace again (Client.Find, or Client.Lookup in INDIRECTE). It may have been replaced or deleted, or the user is not one of its authors (EX_2.1-1140)."}, RetryAfterReading},
	"UnresolvedReferenceException": {segur.KindNotFound, segur.Text{
		FR: "Aucune fiche sous cet entryUUID : un changement de visibilité en donne un autre. La chercher de nouveau (Client.Lookup) et recommencer.",
		EN: "No entry under this entryUUID: a change of visibility gives another one. Look it up again (Client.Lookup) and start over."}, RetryAfterReading},
	"XDSMissingDocument":         {segur.KindRefused, defect, ""},
	"XDSMissingDocumentMetadata": {segur.KindRefused, defect, ""},
	"XDSTooManyResults": {segur.KindTooLarge, segur.Text{
		FR: "Trop de documents répondent : restreindre la période ou les types.",
		EN: "Too many documents answer: narrow the period or the types."}, ""},
	"XDSRegistryNotAvailable":     {segur.KindUnavailable, busy, ""},
	"XDSRegistryBusy":             {segur.KindUnavailable, busy, ""},
	"XDSRepositoryBusy":           {segur.KindUnavailable, busy, ""},
	"XDSRegistryOutOfResources":   {segur.KindUnavailable, busy, ""},
	"XDSRepositoryOutOfResources": {segur.KindUnavailable, busy, ""},
	"DMPOk":                       {segur.KindUnknown, segur.Text{FR: "La demande a été exécutée.", EN: "The request was carried out."}, RetryNotNeeded},
	"DMPFound":                    {segur.KindConflict, segur.Text{FR: "Le DMP existe déjà et il est actif : rien à créer.", EN: "The record exists already and is active: nothing to create."}, RetryNotNeeded},
	"DMPPatientAccessAlreadyExists": {segur.KindConflict, segur.Text{
		FR: "Le compte internet du patient existe déjà (fonction retirée du service).",
		EN: "The web account of the patient exists already (the service no longer offers this)."}, RetryNotNeeded},
	"DMPPatientAccessOTPAlreadyExists": {segur.KindConflict, segur.Text{
		FR: "Le canal de mot de passe à usage unique existe déjà (fonction retirée du service).",
		EN: "The one-time password channel exists already (the service no longer offers this)."}, RetryNotNeeded},
	"DMPIdentityCertificationFailure": {segur.KindRefused, segur.Text{
		FR: "L'identité n'a pas été certifiée (TD0.0, arrêtée le 30/09/2023) : utiliser INSi.",
		EN: "The identity was not certified (TD0.0, stopped on 30 September 2023): use INSi."}, ""},
	"XDSRegistryDuplicateUniqueIdInMessage":   {segur.KindRefused, twice, ""},
	"XDSRepositoryDuplicateUniqueIdInMessage": {segur.KindRefused, twice, ""},
	"XDSMetadataVersionError": {segur.KindConflict, segur.Text{
		FR: "La fiche a changé depuis qu'elle a été lue. La relire (Client.Find) et recommencer ; le SDK l'a déjà fait une fois quand le mode permet de lire.",
		EN: "The entry has changed since it was read. Read it again (Client.Find) and start over; the SDK has done so once where the mode may read."}, RetryAfterReading},
	"XDSMetadataUpdateError": {segur.KindRefused, segur.Text{
		FR: "La modification de la fiche est refusée : le contexte de l'erreur dit pourquoi (statut qui n'est plus celui annoncé, attribut qui ne se modifie pas, document déjà visible). Relire la fiche.",
		EN: "The change of the entry is refused: the context of the error says why (a status that is no longer the one announced, an attribute that does not change, a document that is visible already). Read the entry again."}, RetryAfterReading},
	"XDSMetadataUpdateOperationError": {segur.KindRefused, segur.Text{
		FR: "Le service n'a pas compris l'opération de mise à jour : défaut du logiciel, à signaler avec l'identifiant du message.",
		EN: "The service did not understand the update: a defect of the software, to report with the message identifier."}, ""},
	"XDSStoredQueryMissingParam": {segur.KindRefused, query, ""},
	"XDSStoredQueryParamNumber":  {segur.KindRefused, query, ""},
	"XDSUnknownStoredQuery":      {segur.KindRefused, query, ""},
	"XDSResultNotSinglePatient": {segur.KindRefused, segur.Text{
		FR: "Les documents demandés sont de plusieurs patients : demander ceux d'un seul.",
		EN: "The documents asked for are of several patients: ask for those of one."}, ""},
	"XDSRegistryError":   {segur.KindUnavailable, internal, RetryOnce},
	"XDSRepositoryError": {segur.KindUnavailable, internal, RetryOnce},
	"XDSExtraMetadataNotSaved": {segur.KindUnknown, segur.Text{
		FR: "Avertissement : le service n'a pas gardé un attribut qu'il ne connaît pas. Rien à faire, sinon le noter.",
		EN: "Warning: the service did not keep an attribute that it does not know. Nothing to do but to note it."}, RetryNotNeeded},
}

var (
	twice = segur.Text{
		FR: "Un identifiant sert deux fois dans le lot. Chaque document a le sien.",
		EN: "An identifier is used twice in the submission. Each document has its own."}
	query = segur.Text{
		FR: "La recherche n'est pas écrite comme le service l'attend : défaut du logiciel, à signaler avec l'identifiant du message.",
		EN: "The query is not written as the service expects: a defect of the software, to report with the message identifier."}
	internal = segur.Text{
		FR: "Erreur interne du service. Recommencer une fois, avec le même lot (Client.Resubmit) ; si elle persiste, la signaler au support avec l'identifiant du message.",
		EN: "An internal error of the service. Start over once, with the same submission (Client.Resubmit); if it persists, report it to the support with the message identifier."}
	busy = segur.Text{
		FR: "Le service est surchargé et n'a rien enregistré. Renvoyer le même lot plus tard.",
		EN: "The service is overloaded and has registered nothing. Send the same submission again later."}
	defect = segur.Text{
		FR: "Un document du lot et ses métadonnées ne correspondent pas : défaut du logiciel, à signaler avec l'identifiant du message.",
		EN: "A document and its metadata do not go together: a defect of the software, to report with the message identifier."}
)

// texts are the refusals that the record gives without a code of their own,
// known by a part of their French text.
var texts = []struct {
	part string
	knownCode
}{
	{"Structure introuvable", knownCode{segur.KindAuthentication, segur.Text{
		FR: "La structure du VIHF (Identifiant_Structure) est inconnue ou fermée. Vérifier structure.id et le secteur d'activité.",
		EN: "The structure of the assertion is unknown or closed. Check structure.id and the sector of activity."}, ""}},
	{"PS et Structure non li", knownCode{segur.KindAuthentication, segur.Text{
		FR: "Le professionnel n'est pas rattaché à la structure du VIHF. Vérifier user.id et structure.id.",
		EN: "The professional is not attached to the structure of the assertion. Check user.id and structure.id."}, ""}},
	{"Aucune spécialité dans le vihf", knownCode{segur.KindAuthentication, segur.Text{
		FR: "Le VIHF d'un médecin ou d'un pharmacien porte une spécialité. Renseigner user.specialty.",
		EN: "The assertion of a physician or a pharmacist bears a specialty. Set user.specialty."}, ""}},
	{"authentification de la personne morale", knownCode{segur.KindAuthentication, segur.Text{
		FR: "La structure du VIHF n'est pas celle du certificat (OU du sujet). Vérifier structure.id et les certificats.",
		EN: "The structure of the assertion is not that of the certificate (subject OU). Check structure.id and the certificates."}, ""}},
	{"Aucun AuthorInstitution ne correspond", knownCode{segur.KindRefused, segur.Text{
		FR: "Aucun auteur du document n'appartient à la structure qui publie (EX_2.1-1140). Corriger l'institution de l'auteur, ou options.authorInstitution.",
		EN: "No author of the document belongs to the structure that publishes (EX_2.1-1140). Correct the author's institution, or set options.authorInstitution."}, ""}},
	{"required header representing a Message Addressing Property", knownCode{segur.KindProtocol, segur.Text{
		FR: "Un en-tête WS-Addressing manque : un intermédiaire modifie les messages, ou défaut du logiciel.",
		EN: "A WS-Addressing header is missing: an intermediary changes the messages, or a defect of the software."}, ""}},
}

func byText(text string) (knownCode, bool) {
	lower := strings.ToLower(text)
	for _, t := range texts {
		if strings.Contains(lower, strings.ToLower(t.part)) {
			return t.knownCode, true
		}
	}
	return knownCode{}, false
}
