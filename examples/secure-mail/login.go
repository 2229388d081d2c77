package main

import (
	"context"

	"github.com/segur-sdk/segur/mssante"
	"github.com/segur-sdk/segur/psc"
	"github.com/segur-sdk/segur/psc/psctest"
)

// login opens the session of the radiologist, whose tokens open the mailbox.
func (t *tour) login(ctx context.Context) error {
	t.title("log in with Pro Santé Connect")
	client, err := psc.New(t.providerConfig)
	if err != nil {
		return err
	}

	// In a browser: keep pending in the server-side session of this browser, redirect it to target.
	target, pending, err := client.AuthCodeURL(ctx, psc.LoginOptions{})
	if err != nil {
		return err
	}
	callback, err := t.provider.Login(ctx, target, psctest.Decision{User: radiologistID}) // plays the browser and the user
	if err != nil {
		return err
	}
	if t.session, err = client.Exchange(ctx, pending, callback); err != nil {
		return err
	}
	t.line("browser", "code and PKCE; level %s; ID token verified", t.session.Claims().ACR)

	// Who it is, and where: a user with several situations chooses one.
	info, err := t.session.UserInfo(ctx)
	if err != nil {
		return err
	}
	for _, s := range info.Situations() {
		t.line("situation", "%s", s.Label())
	}
	if t.user, err = info.Professional(psc.InStructure(centreID)); err != nil {
		return err
	}
	t.user.Organization = centre() // with the address of the structure, which reports show
	t.line("user", "Dr %s %s, %s", t.user.GivenName, t.user.FamilyName, t.user.ID)

	// The mailbox takes a token at each connection, renewed when it has to be, and keeps none.
	cfg := t.centreConfig
	cfg.Token, cfg.Actor, cfg.Trace = t.session.Token, t.user.ID, t.traces.add
	cfg.AllowDomain = func(domain string) bool { return t.guard.AllowDomain(domain) }
	if t.centre, err = mssante.New(cfg); err != nil {
		return err
	}
	return t.loginByPhone(ctx, client)
}

// loginByPhone is the login of a workstation without a browser: the user confirms
// on a phone, and compares the number that both screens show.
func (t *tour) loginByPhone(ctx context.Context, client *psc.Client) error {
	request, err := client.StartBackchannel(ctx, psc.BackchannelRequest{LoginHint: radiologistID, Channel: psc.Mobile})
	if err != nil {
		return err
	}
	t.line("phone (CIBA)", "confirm on the e-CPS when it shows %s", request.BindingMessage())
	t.provider.Confirm(radiologistID, request.BindingMessage(), true) // plays the user, who compares the numbers
	session, err := client.Poll(ctx, request)                         // at the pace that the provider sets
	if err != nil {
		return err
	}
	t.line("", "confirmed; level %s. This one is not used: its tokens are revoked", session.Claims().ACR)
	return session.Revoke(ctx)
}

// logout ends the session: from then on no token, and no connection, is given.
func (t *tour) logout(ctx context.Context) error {
	t.title("log out")
	if err := t.session.Logout(ctx); err != nil {
		return err
	}
	_, err := t.centre.Send(ctx, t.sendings[0].letter)
	t.line("session", "ended: %v", t.session.Ended())
	t.line("mailbox", "%s", short(err))
	return nil
}
