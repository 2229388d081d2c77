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
