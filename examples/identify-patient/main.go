// Command identify-patient shows the national identity at work, against the
// fake INSi of the SDK, with mutual TLS and a throwaway PKI:
//
//   - a patient typed as people type: what is replaced before the search, each
//     call, the verdict field by field, the identity that results;
//   - the passport that qualifies it, the datamatrix of documents, and the
//     identity in HL7 v2, CDA, FHIR, DICOM and XDS, and back;
//   - whether it still holds, by comparison and in a batch;
//   - homonyms, told apart by the birth place; someone found by another given
//     name, whom a person confirms; a Vitale card;
//   - input that INSi would refuse, refused before anything is sent;
//   - a temporary fault of the service, repeated; a refusal.
//
// Everyone is fictional, so names are printed; the numbers are masked all the
// same. It needs no argument. With -out it leaves what it made and the exact
// messages.
//
//	go run ./examples/identify-patient
//	go run ./examples/identify-patient -out identity/
//
// With -cnda it plays the conformance cases of CNDA that need no card, prints
// the verdict of each, and leaves in -out the SOAP traces that an approval file
// needs, with a summary; the exit status is 1 when a case fails. The cases run
// against the fake unless -endpoint leads to the qualification platform, with
// the vendor's own certificate and authorization number:
//
//	go run ./examples/identify-patient -cnda -out cnda/
//	go run ./examples/identify-patient -cnda -out cnda/ -endpoint qualification \
//	    -p12 insi-auto.p12 -password-file secret.txt -ca root.cer,issuing.cer \
//	    -idam NUMBER -name "My RIS" -version 4.2 -instance UUID
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
	"github.com/segur-sdk/segur/ins"
	"github.com/segur-sdk/segur/ins/instest"
)

// options are the flags.
type options struct {
	out       string
	cnda      bool
	responses string
	platform  platform
	// adjust lets a test change a server.
	adjust func(*instest.Server)
	// configure lets a test change the configuration of the scenes, or of the platform.
	configure func(*ins.Config)
	// servers lets a test choose what a fake knows.
	servers []instest.Option
}

// parse reads the flags.
func parse(args []string, usage io.Writer) (options, error) {
	var o options
	f := flag.NewFlagSet("identify-patient", flag.ContinueOnError)
	f.SetOutput(usage)
	f.StringVar(&o.out, "out", "", "`folder` for the exact messages and what is made; it must be empty, and will hold patient data")
	f.BoolVar(&o.cnda, "cnda", false, "play the conformance cases that need no card")
	f.StringVar(&o.responses, "responses", "", "`folder` of the response files that CNDA supplies; they replace the answers of the fake (-cnda)")
	o.platform.flags(f)
	if err := f.Parse(args); err != nil {
		return o, err
	}
	var p segur.Problems
	if f.NArg() > 0 {
		p.Add("arguments", "there are none, flags only: see -help")
	}
	if o.responses != "" && !o.cnda {
		p.Add("-responses", "goes with -cnda")
	}
	if o.platform.given() && !o.cnda {
		p.Add("-endpoint", "goes with -cnda: the scenes are those of the fake")
	}
	o.platform.check(&p)
	return o, p.Err("identify-patient")
}

// errFailed says that cases failed: the table says which.
var errFailed = errors.New("not every case passes")

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
		fmt.Fprintln(os.Stderr, "identify-patient:", err)
		if e := (*segur.Error)(nil); errors.As(err, &e) {
			fmt.Fprintln(os.Stderr, "  "+e.Explain(segur.EN))
		}
		os.Exit(1)
	}
}

// run plays the cases or the scenes.
func run(ctx context.Context, o options, stdout io.Writer) error {
	ctx, cancel := context.WithTimeout(ctx, 5*time.Minute)
	defer cancel()
	if err := emptyFolder(o.out); err != nil {
		return err
	}
	if o.cnda {
		return playCases(ctx, o, stdout)
	}
	return showScenes(ctx, o, stdout)
}

// emptyFolder makes the folder of -out, and refuses one that holds something:
// an approval file must not mix two runs.
func emptyFolder(dir string) error {
	if dir == "" {
		return nil
	}
	fail := func(rule string) error {
		return &segur.Error{Op: "identify-patient", Kind: segur.KindInvalidInput, Details: []segur.Detail{{Field: "-out", Message: rule}}}
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
