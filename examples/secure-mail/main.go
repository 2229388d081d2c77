// Command secure-mail shows secure health mail (MSSanté) at work, against the
// fakes of the SDK, with TLS and a throwaway PKI:
//
//   - a radiologist logs in with Pro Santé Connect, in a browser and by CIBA;
//     the access token opens the mailbox, and lives in memory only;
//   - the national white list is fetched and its signature verified;
//   - the prescriber is looked up in the health directory: candidates with the
//     reasons of their rank;
//   - the report and its PDF go to the prescriber and to the patient in Mon
//     espace santé, a mail each;
//   - the prescriber's software watches its mailbox, opens the archive, finds
//     the patient, files the document and says so with a read receipt (MDN);
//   - the centre follows what became of each recipient: delivery notification,
//     read receipt, error of integration, bounce of a closed mailbox;
//   - what must not leave is refused before anything is sent;
//   - a mail that one of two recipients could not get is sent again to that one.
//
// It needs no argument. With -out it leaves the mails, the archive, the exact
// exchanges and the functional traces: that folder holds patient data, of
// fictional people.
//
//	go run ./examples/secure-mail
//	go run ./examples/secure-mail -out mail/
//
// With -mailbox and -to the report of the same fictional patient goes through a
// real operator of qualification, and its delivery is followed; see operator.go:
//
//	go run ./examples/secure-mail -mailbox ris@centre.mssante.fr -to test@cabinet.mssante.fr \
//	    -p12 structure.p12 -password-file secret.txt -ca root.cer,issuing.cer -product NUMBER
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"time"

	"github.com/segur-sdk/segur"
)

// options are the flags.
type options struct {
	out      string
	operator operator
	// adjust lets a test change a configuration or script a fault.
	adjust func(*world)
}

// parse reads the flags.
func parse(args []string, usage io.Writer) (options, error) {
	var o options
	f := flag.NewFlagSet("secure-mail", flag.ContinueOnError)
	f.SetOutput(usage)
	f.StringVar(&o.out, "out", "", "`folder` for the mails, the exchanges and the traces; it must be empty, and will hold patient data")
	o.operator.flags(f)
	if err := f.Parse(args); err != nil {
		return o, err
	}
	var p segur.Problems
	if f.NArg() > 0 {
		p.Add("arguments", "there are none, flags only: see -help")
	}
	o.operator.check(&p)
	return o, p.Err("secure-mail")
}

func main() {
	o, err := parse(os.Args[1:], os.Stderr)
	if errors.Is(err, flag.ErrHelp) {
		return
	}
	if err == nil {
		ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
		err = run(ctx, o, os.Stdout)
		stop()
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "secure-mail:", err)
		if e := (*segur.Error)(nil); errors.As(err, &e) {
			fmt.Fprintln(os.Stderr, "  "+e.Explain(segur.EN))
		}
		os.Exit(1)
	}
}

// run plays the scenes on the fakes, or sends one report through a real operator.
func run(ctx context.Context, o options, stdout io.Writer) error {
	if err := emptyFolder(o.out); err != nil {
		return err
	}
	if o.operator.given() {
		return sendForReal(ctx, o, stdout)
	}
	ctx, cancel := context.WithTimeout(ctx, 2*time.Minute)
	defer cancel()
	return showScenes(ctx, o, stdout)
}

// emptyFolder makes the folder of -out, and refuses one that holds something:
// an approval file must not mix two runs.
func emptyFolder(dir string) error {
	if dir == "" {
		return nil
	}
	fail := func(rule string) error {
		return &segur.Error{Op: "secure-mail", Kind: segur.KindInvalidInput, Details: []segur.Detail{{Field: "-out", Message: rule}}}
	}
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return fail("cannot be made")
	}
	entries, err := os.ReadDir(dir)
	switch {
	case err != nil:
		return fail("cannot be read")
	case len(entries) > 0:
		return fail("must be empty: traces of two runs must not mix")
	}
	return nil
}
