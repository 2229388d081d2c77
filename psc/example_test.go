package psc_test

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/segur-sdk/segur"
	"github.com/segur-sdk/segur/psc"
	"github.com/segur-sdk/segur/psc/psctest"
)

// A login in the browser, up to the professional who signs a document or opens a record.
func Example() {
	srv := psctest.NewServer() // the real one: psc.Config{Environment: segur.Production, ...}
	defer srv.Close()
	client, err := psc.New(srv.Config())
	if err != nil {
		panic(err)
	}
	ctx := context.Background()

	// 1. The user wants to log in: keep login in the session of the browser, on the server, and redirect to target.
	target, login, err := client.AuthCodeURL(ctx, psc.LoginOptions{})
	if err != nil {
		panic(err)
	}
	callback, err := srv.Login(ctx, target, psctest.Decision{User: "899900000023"}) // plays the browser
	if err != nil {
		panic(err)
	}

	// 2. The browser is back at the redirect address: callback is the query of the request.
	session, err := client.Exchange(ctx, login, callback)
	if err != nil {
		panic(err)
	}

	// 3. The user says where he works.
	info, err := session.UserInfo(ctx)
	if err != nil {
		panic(err)
	}
	for _, s := range info.Situations() {
		fmt.Println(s.Label())
	}
	user, err := info.Professional(psc.InStructure("1990000027"))
	if err != nil {
		panic(err)
	}
	fmt.Println(user.ID, user.Title, user.FamilyName, user.Specialty.Code, user.Organization.Name)

	// 4. session.Token serves mssante.Config.Token and dmp.Config.BearerToken; session.AuthenticatedAt, dmp.Config.
	if _, err := session.Token(ctx); err != nil {
		panic(err)
	}
	fmt.Println(session, session.Logout(ctx), session.Ended())
	// Output:
	// CENTRE D'IMAGERIE FICTIF, 69003 LYON
	// HOPITAL FICTIF, 69003 LYON
	// 899900000023 DR VACATAIRE G15_10/SM44 HOPITAL FICTIF
	// Session(redacted) <nil> true
}

// A login on the mobile of the user, from a service that knows his identifier (CIBA).
func ExampleClient_StartBackchannel() {
	now := time.Now()
	srv := psctest.NewServer(psctest.WithAuthentication(psc.MutualTLS), psctest.WithClock(func() time.Time { return now }))
	defer srv.Close()
	cfg := srv.Config()
	cfg.Pause = func(_ context.Context, d time.Duration) error { // leave it out: the client then waits
		fmt.Println("wait", d)
		now = now.Add(d)
		return nil
	}
	client, err := psc.New(cfg)
	if err != nil {
		panic(err)
	}
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	request, err := client.StartBackchannel(ctx, psc.BackchannelRequest{LoginHint: "899900000015", BindingMessage: "42"})
	if err != nil {
		panic(err)
	}
	fmt.Println("show", request.BindingMessage())
	session, err := client.Poll(ctx, request)
	if err != nil {
		panic(err)
	}
	fmt.Println(session.Claims().ACR)
	// Output:
	// show 42
	// wait 1s
	// wait 1s
	// eidas3
}

// What a refusal says to the user and to the log.
func ExampleClient_Exchange_refused() {
	srv := psctest.NewServer()
	defer srv.Close()
	client, err := psc.New(srv.Config())
	if err != nil {
		panic(err)
	}
	ctx := context.Background()
	target, login, err := client.AuthCodeURL(ctx, psc.LoginOptions{})
	if err != nil {
		panic(err)
	}
	callback, err := srv.Login(ctx, target, psctest.Decision{Refuse: true})
	if err != nil {
		panic(err)
	}
	_, err = client.Exchange(ctx, login, callback)
	var refusal *segur.Error
	if errors.As(err, &refusal) {
		fmt.Println(refusal)
		fmt.Println(refusal.Explain(segur.FR))
	}
	// Output:
	// psc.login: authorization [access_denied]: the user refused, or is not admitted
	// L'utilisateur a refusé ou annulé l'authentification.
}
