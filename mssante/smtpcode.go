package mssante

import (
	"strings"

	"github.com/segur-sdk/segur"
)

// classify says what an SMTP reply means: enhanced status codes first (RFC
// 3463), then basic ones (RFC 5321).
func classify(status int, code string) (segur.Kind, string, segur.Text) {
	class, detail, _ := strings.Cut(code, ".")
	temporary := status >= 400 && status < 500 || class == "4"
	switch {
	case status == 530 || status == 534 || status == 535 || status == 538 || detail == "7.8":
		return segur.KindAuthentication, "the operator does not accept the credentials of the mailbox", segur.Text{
			FR: "L'opérateur refuse l'ouverture de la boîte : vérifier le certificat, le jeton ou le mot de passe, et le lien entre la structure et la boîte.",
			EN: "The operator refuses to open the mailbox: check the certificate, token or password, and that the structure owns the mailbox."}
	case detail == "3.4" || status == 523 || status == 552 && detail != "2.2":
		return segur.KindTooLarge, "the mail is too large for the recipient's server", segur.Text{
			FR: "Le message dépasse la taille admise : réduire le PDF ou envoyer les documents séparément.",
			EN: "The mail is beyond the size accepted: make the PDF smaller or send the documents one by one."}
	case detail == "2.2" || status == 422:
		kind := segur.KindRefused
		if temporary {
			kind = segur.KindUnavailable
		}
		return kind, "the recipient's mailbox is full", segur.Text{
			FR: "La boîte du destinataire est pleine : le prévenir, puis renvoyer.",
			EN: "The recipient's mailbox is full: tell them, then send again."}
	case detail == "1.1" || detail == "1.2" || detail == "1.3" || detail == "1.10" || status == 551 || status == 553:
		if temporary {
			break
		}
		return segur.KindNotFound, "the mailbox does not exist", segur.Text{
			FR: "Cette adresse n'existe pas ou est fermée : la vérifier dans l'annuaire santé.",
			EN: "This address does not exist or is closed: check it in the health directory."}
	case status == 550 && detail == "":
		return segur.KindNotFound, "the mailbox is not available", segur.Text{
			FR: "Boîte inexistante, fermée ou inaccessible : vérifier l'adresse dans l'annuaire santé.",
			EN: "No such mailbox, or it is closed: check the address in the health directory."}
	case strings.HasPrefix(detail, "7.") && !temporary:
		return segur.KindAuthorization, "the server does not let this mailbox send that", segur.Text{
			FR: "Envoi refusé par la politique de l'opérateur : vérifier l'expéditeur, le domaine du destinataire et la liste blanche.",
			EN: "The operator's policy refuses it: check the sender, the recipient's domain and the white list."}
	}
	if temporary {
		return segur.KindUnavailable, "the server cannot take it now", segur.Text{
			FR: "Refus temporaire (surcharge, liste grise) : renvoyer dans quelques minutes.",
			EN: "Temporary refusal (load, greylisting): send again in a few minutes."}
	}
	if status == 500 || status == 501 || status == 502 || status == 503 || status == 504 {
		return segur.KindProtocol, "the server does not understand the command", segur.Text{}
	}
	return segur.KindRefused, "the server refuses it", segur.Text{}
}

// SMTPErrorCode is the code of table SMTPERRORCODE (business acknowledgement
// ZAM^Z02 of "Transmission d'un document CDA-R2 en HL7v2") for an SMTP reply,
// and what it means: by the enhanced status code first, then by the basic one;
// what the table does not have becomes 451 or 554. Both empty means that no
// server could be reached: 101.
func SMTPErrorCode(status int, code string) (int, segur.Text) {
	n := smtpErrorCode(status, code)
	return n, smtpErrorTexts[n]
}

func smtpErrorCode(status int, code string) int {
	class, detail, _ := strings.Cut(code, ".")
	temporary := class == "4" || class != "5" && status < 500
	either := func(now, forever int) int {
		if temporary {
			return now
		}
		return forever
	}
	switch detail {
	case "1.1", "1.10", "1.6":
		if status == 553 {
			return 553
		}
		return either(450, 550)
	case "1.2":
		return 512
	case "1.3":
		return 553
	case "1.0", "1.4", "1.5", "1.7", "1.8":
		return either(450, 510)
	case "2.0", "2.1":
		return either(450, 550)
	case "2.2":
		return either(422, 552)
	case "2.3", "3.4":
		if status == 552 {
			return 552
		}
		return 523
	case "3.1":
		return either(431, 552)
	case "4.1":
		return 441
	case "4.2":
		return 442
	case "4.3", "4.4":
		return 512
	case "4.5":
		return 452
	case "4.7":
		return 420
	case "7.8", "7.9", "7.11", "7.14":
		return 530
	}
	if strings.HasPrefix(detail, "7.") && !temporary {
		if status == 530 || status == 534 || status == 535 || status == 538 {
			return 530
		}
		return 541
	}
	switch {
	case status == 535 || status == 534 || status == 538:
		return 530
	case status == 0 && code == "":
		return 101
	}
	if _, ok := smtpErrorTexts[status]; ok {
		return status
	}
	return either(451, 554)
}

// smtpErrorTexts has the codes of the table, explained in our words.
var smtpErrorTexts = map[int]segur.Text{
	101: {FR: "Connexion impossible au serveur", EN: "No connection to the server"},
	111: {FR: "Connexion refusée", EN: "Connection refused"},
	251: {FR: "Destinataire sur un autre serveur : le message sera relayé", EN: "The recipient is elsewhere: the mail is forwarded"},
	252: {FR: "Destinataire non vérifié : la remise sera tentée", EN: "Recipient not verified: delivery is tried"},
	420: {FR: "Délai dépassé pendant le transfert", EN: "The transfer took too long"},
	421: {FR: "Service indisponible", EN: "Service not available"},
	422: {FR: "Boîte du destinataire pleine", EN: "The recipient's mailbox is full"},
	431: {FR: "Espace ou mémoire insuffisants sur le serveur", EN: "The server lacks disk space or memory"},
	432: {FR: "Mot de passe de transition nécessaire", EN: "A password transition is needed"},
	441: {FR: "Le serveur du destinataire ne répond pas", EN: "The recipient's server does not answer"},
	442: {FR: "Connexion interrompue pendant la transmission", EN: "The connection ended during the transfer"},
	450: {FR: "Boîte momentanément indisponible", EN: "Mailbox not available now"},
	451: {FR: "Erreur de traitement sur le serveur", EN: "Processing error of the server"},
	452: {FR: "Ressources du serveur insuffisantes", EN: "The server lacks resources"},
	500: {FR: "Commande non reconnue", EN: "Command not understood"},
	501: {FR: "Paramètre mal formé", EN: "Malformed parameter"},
	502: {FR: "Commande non prise en charge", EN: "Command not supported"},
	503: {FR: "Commandes dans le désordre", EN: "Commands out of order"},
	504: {FR: "Paramètre non pris en charge", EN: "Parameter not supported"},
	510: {FR: "Adresse incorrecte", EN: "Bad address"},
	512: {FR: "Domaine du destinataire introuvable", EN: "The recipient's domain is not found"},
	513: {FR: "Type d'adresse incorrect", EN: "Wrong kind of address"},
	523: {FR: "Message trop volumineux pour le serveur du destinataire", EN: "The mail is too large for the recipient's server"},
	530: {FR: "Authentification requise", EN: "Authentication required"},
	541: {FR: "Message rejeté par le destinataire (filtrage)", EN: "Rejected by the recipient (filter)"},
	550: {FR: "Boîte inexistante, fermée ou inaccessible", EN: "No such mailbox, or no access to it"},
	551: {FR: "Destinataire non local, relais refusé", EN: "Recipient not local, no relay"},
	552: {FR: "Capacité de la boîte dépassée", EN: "Storage of the mailbox exceeded"},
	553: {FR: "Nom de boîte invalide", EN: "Invalid mailbox name"},
	554: {FR: "Échec définitif", EN: "Permanent failure"},
}
