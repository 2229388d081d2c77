package segur

// kindHelp is what [Error.Explain] says when a service gave no code that the
// SDK knows, indexed by kind.
var kindHelp = [...]Text{
	KindUnknown: {
		FR: "Erreur non classée : voir le message et la cause.",
		EN: "Unclassified error: see the message and the cause."},
	KindInvalidInput: {
		FR: "Une donnée de l'appel ne respecte pas une règle ; rien n'a été envoyé. Corriger chaque champ cité, puis appeler de nouveau.",
		EN: "Something in the call breaks a rule; nothing was sent. Correct every field listed, then call again."},
	KindAuthentication: {
		FR: "Le service refuse l'identité présentée. Vérifier le certificat (expiration, émetteur, usage), l'assertion ou le jeton.",
		EN: "The service does not accept the identity presented. Check the certificate (expiry, issuer, usage), the assertion or the token."},
	KindAuthorization: {
		FR: "Le service connaît l'appelant et lui refuse cette action. Vérifier les droits, le mode d'authentification et l'autorisation du patient.",
		EN: "The service knows the caller and refuses this act. Check the rights, the authentication mode and the patient's authorisation."},
	KindNotFound: {
		FR: "L'élément demandé n'existe pas dans le service interrogé.",
		EN: "What was asked for does not exist at the service."},
	KindConflict: {
		FR: "L'élément existe déjà ou a changé entre-temps. Relire son état avant d'agir.",
		EN: "The item exists already or was changed meanwhile. Read its state before acting."},
	KindRefused: {
		FR: "Le service a compris la demande et en refuse le contenu. Corriger d'après le code et les détails ; renvoyer tel quel échouera.",
		EN: "The service understood the request and refuses its content. Correct it from the code and details; sending it unchanged will fail."},
	KindRateLimited: {
		FR: "Trop d'appels. Attendre le délai indiqué avant de recommencer.",
		EN: "Too many calls. Wait for the delay given before trying again."},
	KindUnavailable: {
		FR: "Le service ne répond pas ou se dit indisponible. Réessayer plus tard est sans risque.",
		EN: "The service does not answer or says it is unavailable. Trying again later is safe."},
	KindTimeout: {
		FR: "Le délai est dépassé. Réessayer est sans risque pour cet appel.",
		EN: "The deadline passed. Trying again is safe for this call."},
	KindCanceled: {
		FR: "L'appel a été annulé par le programme.",
		EN: "The program cancelled the call."},
	KindProtocol: {
		FR: "La réponse n'est pas conforme à la spécification. Vérifier l'adresse du service ; conserver les traces pour son support.",
		EN: "The answer does not follow the specification. Check the endpoint address; keep the traces for its support."},
	KindSignature: {
		FR: "Une signature, une empreinte ou une chaîne de certificats ne se vérifie pas. Ne pas utiliser le contenu reçu.",
		EN: "A signature, a digest or a certificate chain does not verify. Do not use the content received."},
	KindTruncated: {
		FR: "Le contenu s'est arrêté avant sa fin. Ne pas l'utiliser ; le relire.",
		EN: "The content stopped before its end. Do not use it; read it again."},
	KindTooLarge: {
		FR: "Une limite de taille ou de nombre est dépassée.",
		EN: "A size or count limit was passed."},
	KindOutcomeUnknown: {
		FR: "La demande est partie et aucune réponse n'est revenue. Rechercher l'objet par son identifiant avant tout nouvel envoi.",
		EN: "The request left and no answer came. Look the object up by its identifier before sending again."},
	KindPartial: {
		FR: "Une partie seulement a été acceptée. Les détails citent chaque élément refusé ; ne renvoyer que ceux-là.",
		EN: "Only a part was accepted. The details name each item refused; send only those again."},
}
