package dicomweb

import (
	"net/http"
	"strings"

	"github.com/segur-sdk/segur"
	"github.com/segur-sdk/segur/internal/transport"
)

// Codes of the refusals of the worklist service, read from the texts of the
// header Warning (PS3.18 11, PS3.4 CC.2).
const (
	CodeAlreadyCanceled      = "already-canceled"
	CodeAlreadyCompleted     = "already-completed"
	CodeTransactionMissing   = "transaction-missing"
	CodeTransactionIncorrect = "transaction-incorrect"
	CodeInconsistentState    = "inconsistent-state"
	CodeDeletionLockDenied   = "deletion-lock-denied"
	CodeFilteredUnsupported  = "filtered-subscription-unsupported"
	CodePerformerDeclines    = "performer-declines"
	CodePerformerUnreachable = "performer-unreachable"
	CodeCreatedModified      = "created-with-modifications"
	CodeUpdatedModified      = "updated-with-modifications"
)

// upsText is one of the texts that the standard fixes.
type upsText struct {
	phrase string // of the text, lower case
	code   string
	kind   segur.Kind
	help   segur.Text
}

// upsTexts are searched in order.
var upsTexts = []upsText{
	{"already in the requested state of canceled", CodeAlreadyCanceled, segur.KindConflict, segur.Text{
		FR: "La tâche est déjà annulée.", EN: "The workitem is canceled already."}},
	{"already in the requested state of completed", CodeAlreadyCompleted, segur.KindConflict, segur.Text{
		FR: "La tâche est déjà terminée.", EN: "The workitem is completed already."}},
	{"already completed", CodeAlreadyCompleted, segur.KindConflict, segur.Text{
		FR: "La tâche est déjà terminée : elle ne peut plus être annulée.", EN: "The workitem is completed: it cannot be canceled any more."}},
	{"transaction uid is missing", CodeTransactionMissing, segur.KindInvalidInput, segur.Text{
		FR: "La tâche est en cours : donner son identifiant de transaction.", EN: "The workitem is in progress: give its Transaction UID."}},
	{"transaction uid is incorrect", CodeTransactionIncorrect, segur.KindAuthorization, segur.Text{
		FR: "L'identifiant de transaction n'est pas celui de la tâche : un autre poste l'a prise.", EN: "The Transaction UID is not that of the workitem: another performer has it."}},
	{"inconsistent with the", CodeInconsistentState, segur.KindConflict, segur.Text{
		FR: "L'état de la tâche ne permet pas cette demande : la relire.", EN: "The state of the workitem does not allow this: retrieve it again."}},
	{"deletion lock not granted", CodeDeletionLockDenied, segur.KindPartial, segur.Text{
		FR: "L'abonnement est pris, sans verrou de suppression.", EN: "The subscription is made, without the deletion lock."}},
	{"filtered worklist subscriptions are not supported", CodeFilteredUnsupported, segur.KindRefused, segur.Text{
		FR: "Le serveur n'a pas d'abonnement filtré : s'abonner à tout, ou à chaque tâche.", EN: "The server has no filtered subscription: subscribe to all, or to each workitem."}},
	{"chooses not to cancel", CodePerformerDeclines, segur.KindRefused, segur.Text{
		FR: "L'exécutant n'annule pas la tâche.", EN: "The performer chooses not to cancel the workitem."}},
	{"cannot be contacted", CodePerformerUnreachable, segur.KindUnavailable, segur.Text{
		FR: "L'exécutant ne peut être joint.", EN: "The performer cannot be contacted."}},
	{"no longer be updated", CodeInconsistentState, segur.KindConflict, segur.Text{
		FR: "La tâche n'est plus modifiable.", EN: "The workitem may no longer be updated."}},
	{"created with modifications", CodeCreatedModified, segur.KindPartial, segur.Text{
		FR: "La tâche est créée, avec des éléments modifiés par le serveur : la relire.", EN: "The workitem is created, with attributes changed by the server: retrieve it."}},
	{"requested optional attributes are not supported", CodeUpdatedModified, segur.KindPartial, segur.Text{
		FR: "La tâche est modifiée, sans certains éléments : la relire.", EN: "The workitem is updated, without some attributes: retrieve it."}},
	{"updated with modifications", CodeUpdatedModified, segur.KindPartial, segur.Text{
		FR: "La tâche est modifiée, avec des changements du serveur : la relire.", EN: "The workitem is updated, with changes made by the server: retrieve it."}},
}

// Warning is a header Warning of an answer that is a success.
type Warning struct {
	// Code is one of ours (CodeDeletionLockDenied ...), "" for a text that the
	// standard does not have.
	Code string
	// Text is as received. It may hold patient data.
	Text string
}

// warnings reads the headers Warning: `299 agent: text` or `299 agent "text"`.
func warnings(h http.Header) []Warning {
	var out []Warning
	for _, v := range h.Values("Warning") {
		w := Warning{Text: strings.TrimSpace(v)}
		if t := upsTextOf(v); t != nil {
			w.Code = t.code
		}
		out = append(out, w)
	}
	return out
}

func upsTextOf(v string) *upsText {
	v = strings.ToLower(v)
	for i := range upsTexts {
		if strings.Contains(v, upsTexts[i].phrase) {
			return &upsTexts[i]
		}
	}
	return nil
}

// upsRefused turns a status that is not a success into an error, with the code
// that a Warning gives.
func upsRefused(resp *transport.Response, op string) error {
	for _, v := range resp.Header.Values("Warning") {
		if t := upsTextOf(v); t != nil {
			return resp.Fail(&segur.Error{Op: op, Kind: t.kind, Code: t.code, Status: resp.Status,
				Message: strings.ToLower(t.help.EN[:1]) + strings.TrimSuffix(t.help.EN[1:], "."), Help: t.help, RetryAfter: resp.RetryAfter})
		}
	}
	if resp.Status == http.StatusGone {
		return resp.Fail(&segur.Error{Op: op, Kind: segur.KindNotFound, Status: resp.Status, Message: "the workitem is there no more"})
	}
	return notSupported(resp, op)
}
