package main

import (
	"context"
	"crypto/x509"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/segur-sdk/segur"
	"github.com/segur-sdk/segur/credential"
	"github.com/segur-sdk/segur/mssante"
	"github.com/segur-sdk/segur/mssante/whitelist"
	"github.com/segur-sdk/segur/psc"
)

// passwordVariable holds the password of -p12 when -password-file is not given.
const passwordVariable = "SEGUR_MSSANTE_PASSWORD"

// operator is a real operator, of qualification: what a vendor has from it (mailbox),
// from IGC-Santé (certificate, authorities) and from the ANS (product number, client
// of Pro Santé Connect).
type operator struct {
	smtp, imap, mailbox, to, product string
	p12, passwordFile, ca            string
	client, secretFile, user         string
	whiteList                        bool
	wait                             time.Duration
}

func (p *operator) flags(f *flag.FlagSet) {
	f.StringVar(&p.mailbox, "mailbox", "", "`address` of the mailbox that sends (default: a fake operator)")
	f.StringVar(&p.to, "to", "", "`address` of the professional mailbox that gets the report of a fictional patient")
	f.StringVar(&p.smtp, "smtp", "", "`host:port` of sending (default: what the DNS announces for the mailbox)")
	f.StringVar(&p.imap, "imap", "", "`host:port` of reading (default: what the DNS announces for the mailbox)")
	f.StringVar(&p.p12, "p12", "", "`file` of the structure's certificate and key, PKCS #12")
	f.StringVar(&p.passwordFile, "password-file", "", "`file` with the password of -p12 (default: the variable "+passwordVariable+")")
	f.StringVar(&p.ca, "ca", "", "comma-separated `files` of the authorities of IGC-Santé, root included")
	f.StringVar(&p.product, "product", "", "`number` of the product (X-MSS-NIL)")
	f.StringVar(&p.client, "psc-client", "", "`identifier` of the client at Pro Santé Connect; the mailbox is then opened by a token, and the user confirms on a phone")
	f.StringVar(&p.secretFile, "psc-secret-file", "", "`file` with the secret of -psc-client")
	f.StringVar(&p.user, "psc-user", "", "national `identifier` of the user of -psc-client")
	f.BoolVar(&p.whiteList, "white-list", false, "fetch the national white list and check the domain of -to")
	f.DurationVar(&p.wait, "wait", 5*time.Minute, "how long to follow the delivery")
}

// given reports whether a real operator is meant.
func (p *operator) given() bool {
	return p.mailbox != "" || p.to != "" || p.smtp != "" || p.imap != "" || p.p12 != "" || p.ca != "" || p.product != "" || p.client != ""
}

// check says what is missing: all of it or nothing.
func (p *operator) check(problems *segur.Problems) {
	if !p.given() {
		return
	}
	for _, f := range []struct{ name, value string }{{"-mailbox", p.mailbox}, {"-to", p.to}, {"-p12", p.p12}, {"-ca", p.ca}, {"-product", p.product}} {
		problems.Require(f.name, f.value)
	}
	if p.client != "" {
		problems.Require("-psc-secret-file", p.secretFile)
		problems.Require("-psc-user", p.user)
	}
	if mssante.IsPatientAddress(p.to) {
		problems.Add("-to", "must be a professional mailbox: test identities have no Mon espace santé")
	}
}

// config is the configuration of a mailbox: this is what a product writes.
func (p *operator) config(ctx context.Context) (mssante.Config, *x509.CertPool, error) {
	fail := func(err error) (mssante.Config, *x509.CertPool, error) { return mssante.Config{}, nil, err }
	var authorities [][]byte
	for name := range strings.SplitSeq(p.ca, ",") {
		b, err := os.ReadFile(name)
		if err != nil {
			return fail(unreadable("-ca", err))
		}
		authorities = append(authorities, b)
	}
	roots, err := credential.Pool(authorities...)
	if err != nil {
		return fail(err)
	}
	// A renewed file is taken up without a restart.
	source, err := credential.WatchFile(credential.FileOptions{Password: p.password}, p.p12)
	if err != nil {
		return fail(err)
	}
	cfg := mssante.Config{
		ClientConfig: segur.ClientConfig{Environment: segur.Qualification, RootCAs: roots, Credentials: source},
		Mailbox:      p.mailbox, SMTP: p.smtp, IMAP: p.imap, ProductNumber: p.product, SourceID: oidRoot + ".587",
		Sender: mssante.ArchiveSender{Application: "secure-mail"}, Actor: "secure-mail",
	}
	if p.smtp == "" || p.imap == "" {
		services, err := mssante.Discover(ctx, p.mailbox, mssante.Discovery{})
		if err != nil {
			return fail(err)
		}
		if err := services.Configure(&cfg); err != nil {
			return fail(err)
		}
	}
	return cfg, roots, nil
}

// sendForReal sends the report of the fictional patient and follows it.
func sendForReal(ctx context.Context, o options, stdout io.Writer) (err error) {
	cfg, roots, err := o.operator.config(ctx)
	if err != nil {
		return err
	}
	t := &tour{options: o, stdout: stdout, address: o.operator.to}
	t.user = segur.Professional{ID: radiologistID, FamilyName: "RADIOLOGUE", GivenName: "Claude", Title: "DR",
		Profession: segur.Code{Code: "10"}, Specialty: segur.Code{Code: "G15_10/SM44"}, Organization: centre()}
	if o.out != "" {
		if cfg.Evidence, err = segur.NewEvidenceDir(filepath.Join(o.out, "exchanges")); err != nil {
			return err
		}
	}
	if o.operator.client != "" {
		if err := t.confirmByPhone(ctx, &cfg, o.operator); err != nil {
			return err
		}
		defer func() { err = errors.Join(err, t.session.Logout(context.WithoutCancel(ctx))) }()
	}
	if o.operator.whiteList {
		list, err := whitelist.New(whitelist.Config{ClientConfig: cfg.ClientConfig, SignerRoots: roots, WithoutRevocation: true})
		if err == nil {
			_, err = list.Refresh(ctx)
		}
		if err != nil {
			return err
		}
		cfg.AllowDomain = list.Guard().AllowDomain
	}
	cfg.Trace = t.traces.add
	if t.centre, err = mssante.New(cfg); err != nil {
		return err
	}
	t.title("a report through " + o.operator.mailbox)
	if t.report, err = writeReport(cfg.Environment, t.user, knownPatient()); err != nil {
		return err
	}
	message := t.toPrescriber(knownPatient(), t.report)
	message.To = []mssante.Recipient{mssante.ToProfessional("", o.operator.to)}
	s, err := t.submit(ctx, "prescriber", message, "recipient")
	if err != nil {
		return err
	}
	if err := t.keep("IHE_XDM.ZIP", s.letter.Archive()); err != nil {
		return err
	}
	following, cancel := context.WithTimeout(ctx, o.operator.wait)
	defer cancel()
	t.followForReal(following, s)
	t.states(s)
	return t.end()
}

// followForReal watches until the mail was read, or until -wait.
func (t *tour) followForReal(ctx context.Context, s *sending) {
	for mail, err := range t.centre.Watch(ctx, mssante.Filter{Since: time.Now().Add(-time.Minute)}) {
		switch {
		case mail == nil:
			t.line("end", "%s", short(err))
		case err == nil:
			if report, err := mail.Report(); err == nil {
				if err := t.apply(mail, report); err != nil {
					t.line("not understood", "%s", short(err))
				}
			}
		}
		if r := s.delivery.Recipients[0]; r.Read != "" || r.State() == mssante.Failed {
			return
		}
	}
}

// confirmByPhone logs in with Pro Santé Connect, without a browser.
func (t *tour) confirmByPhone(ctx context.Context, cfg *mssante.Config, o operator) error {
	secret, err := os.ReadFile(o.secretFile)
	if err != nil {
		return unreadable("-psc-secret-file", err)
	}
	client, err := psc.New(psc.Config{ClientConfig: segur.ClientConfig{Environment: cfg.Environment}, ClientID: o.client, // public authorities
		ClientSecret: psc.Secret(strings.TrimRight(string(secret), "\r\n"))})
	if err != nil {
		return err
	}
	request, err := client.StartBackchannel(ctx, psc.BackchannelRequest{LoginHint: o.user})
	if err != nil {
		return err
	}
	fmt.Fprintf(t.stdout, "confirm on the e-CPS when it shows %s\n", request.BindingMessage())
	if t.session, err = client.Poll(ctx, request); err != nil {
		return err
	}
	cfg.Auth, cfg.Token, cfg.Actor = mssante.Token, t.session.Token, o.user
	return nil
}

// password reads the password: never a flag, which every user of the machine
// could see.
func (p *operator) password() (string, error) {
	if p.passwordFile == "" {
		return os.Getenv(passwordVariable), nil
	}
	b, err := os.ReadFile(p.passwordFile)
	if err != nil {
		return "", unreadable("-password-file", err)
	}
	return strings.TrimRight(string(b), "\r\n"), nil
}

// unreadable is the error of a flag whose file cannot be read.
func unreadable(flag string, err error) error {
	return &segur.Error{Op: "secure-mail", Kind: segur.KindInvalidInput,
		Details: []segur.Detail{{Field: flag, Message: "cannot be read"}}, Err: err}
}
