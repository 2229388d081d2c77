package psc

import (
	"encoding/json"
	"regexp"

	"github.com/segur-sdk/segur"
	"github.com/segur-sdk/segur/internal/transport"
)

// The codes of OAuth 2.0 (RFC 6749, RFC 6750), OpenID Connect and CIBA that have a meaning of their own here.
const (
	codePending  = "authorization_pending"
	codeSlowDown = "slow_down"
	codeGrant    = "invalid_grant"
	codeDenied   = "access_denied"
	codeExpired  = "expired_token"
)

// meaning is what a code says about the call.
type meaning struct {
	kind    segur.Kind
	message string
	help    segur.Text
}

var (
	loginAgain = segur.Text{
		FR: "La session Pro Santé Connect est terminée ou ne peut pas s'ouvrir : l'utilisateur doit s'authentifier de nouveau.",
		EN: "The Pro Santé Connect session has ended or cannot begin: the user has to log in again.",
	}
	checkClient = segur.Text{
		FR: "Pro Santé Connect ne reconnaît pas ce service : vérifier l'identifiant client, le secret ou le certificat, et l'habilitation.",
		EN: "Pro Santé Connect does not accept this client: check its identifier, its secret or certificate, and its registration.",
	}
	checkRequest = segur.Text{
		FR: "Pro Santé Connect refuse la demande : vérifier les scopes, l'adresse de retour et les flux activés pour ce client.",
		EN: "Pro Santé Connect refuses the request: check the scopes, the redirect address and the flows opened to this client.",
	}
	userRefused = segur.Text{
		FR: "L'utilisateur a refusé ou annulé l'authentification.",
		EN: "The user refused or cancelled the login.",
	}
	userLate = segur.Text{
		FR: "L'utilisateur n'a pas répondu à temps : recommencer la demande d'authentification.",
		EN: "The user did not answer in time: begin the login again.",
	}
)

var meanings = map[string]meaning{
	codeGrant:                    {segur.KindAuthentication, "the code, the refresh token or the request is not valid any more", loginAgain},
	"invalid_token":              {segur.KindAuthentication, "the access token is not accepted", loginAgain},
	"login_required":             {segur.KindAuthentication, "the user has to log in", loginAgain},
	"interaction_required":       {segur.KindAuthentication, "the user has to answer the provider", loginAgain},
	"account_selection_required": {segur.KindAuthentication, "the user has to choose an account", loginAgain},
	"consent_required":           {segur.KindAuthentication, "the user has to consent", loginAgain},
	codeExpired:                  {segur.KindAuthentication, "the user did not answer in time", userLate},
	"invalid_client":             {segur.KindAuthentication, "the client is not accepted", checkClient},
	"unauthorized_client":        {segur.KindAuthorization, "this flow is not opened to the client", checkClient},
	codeDenied:                   {segur.KindAuthorization, "the user refused, or is not admitted", userRefused},
	"insufficient_scope":         {segur.KindAuthorization, "the token does not cover it", checkRequest},
	"unknown_user_id":            {segur.KindNotFound, "the provider does not know this user", segur.Text{}},
	"invalid_request":            {segur.KindRefused, "the provider refuses the request", checkRequest},
	"invalid_scope":              {segur.KindRefused, "the provider refuses the scopes", checkRequest},
	"unsupported_grant_type":     {segur.KindRefused, "the provider does not have this flow", checkRequest},
	"unsupported_response_type":  {segur.KindRefused, "the provider does not have this flow", checkRequest},
	"invalid_binding_message":    {segur.KindRefused, "the provider refuses the binding message", checkRequest},
	"missing_user_code":          {segur.KindRefused, "the provider asks for a user code", checkRequest},
	"invalid_user_code":          {segur.KindRefused, "the provider refuses the user code", checkRequest},
	"server_error":               {segur.KindUnavailable, "the provider failed", segur.Text{}},
	"temporarily_unavailable":    {segur.KindUnavailable, "the provider cannot answer now", segur.Text{}},
	codePending:                  {segur.KindUnavailable, "the user has not answered yet", segur.Text{}},
	codeSlowDown:                 {segur.KindRateLimited, "the provider asks for fewer calls", segur.Text{}},
}

// code is the form of error codes; anything else might quote the request.
var code = regexp.MustCompile(`^[a-z][a-z_]{0,39}$`)

// oauthError is the error of a code. error_description is free text of the provider and is left out.
func oauthError(op, c string, status int) *segur.Error {
	e := &segur.Error{Op: op, Kind: segur.KindRefused, Status: status, Message: "the provider refuses"}
	if status >= 400 {
		e.Kind = transport.StatusKind(status, true)
	}
	if code.MatchString(c) {
		e.Code = c
	}
	if m, ok := meanings[c]; ok {
		e.Kind, e.Message, e.Help = m.kind, m.message, m.help
	}
	return e
}

// refusal is the error of an answer of 400 and more, or nil.
func refusal(op string, reply *transport.Reply) error {
	if reply.Status < 400 {
		return nil
	}
	var body struct {
		Error string `json:"error"`
	}
	if reply.Status < 500 && mediaType(reply.Header) == "application/json" && json.Unmarshal(reply.Body, &body) == nil && body.Error != "" {
		e := oauthError(op, body.Error, reply.Status)
		e.RetryAfter = reply.RetryAfter
		return e
	}
	return reply.StatusError()
}
