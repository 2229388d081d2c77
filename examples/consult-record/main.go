// Command consult-record shows the national medical record (DMP) as a
// radiologist works with it, against the fake of the SDK, with mutual TLS and
// a throwaway PKI:
//
//  1. the centre publishes a report (INDIRECTE: the structure);
//  2. the radiologist asks whether the patient has a record, and is authorised
//     to read it (INDIRECTE_RENFORCEE: Pro Santé Connect);
//  3. the imaging documents of the last five years, listed as people read them;
//  4. one is read, and judged by its size and hash;
//  5. the report is corrected, then hidden from other professionals;
//  6. what another workstation learns of it when it synchronises;
//  7. the report is deleted, once it was shown and confirmed;
//  8. a right that a mode does not have, an access in emergency, a page of the
//     web site, and the examination of a minor without the parents' knowledge.
//
// It needs no argument. With -out it leaves the documents and the exact
// messages. The people are fictional.
//
//	go run ./examples/consult-record
//	go run ./examples/consult-record -out record/
//
// With -endpoint it plays the same on a test platform of the record, for the
// structure, the user and the test patient that a file describes (see
// site.json beside this program); what needs a card or a minor is then left
// out. What it publishes there, it deletes.
//
//	go run ./examples/consult-record -out record/ -endpoint URL -site site.json \
//	    -p12 auth.p12 -sign-p12 sign.p12 -password-file secret.txt -ca root.cer,issuing.cer
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
	platform platform
	// adjust lets a test change a configuration or script a fault.
	adjust func(*world)
}

// parse reads the flags.
func parse(args []string, usage io.Writer) (options, error) {
	var o options
	f := flag.NewFlagSet("consult-record", flag.ContinueOnError)
	f.SetOutput(usage)
	f.StringVar(&o.out, "out", "", "`folder` for the documents and the exact messages; it must be empty, and will hold patient data")
	o.platform.flags(f)
	if err := f.Parse(args); err != nil {
		return o, err
	}
	var p segur.Problems
	if f.NArg() > 0 {
		p.Add("arguments", "there are none, flags only: see -help")
	}
	o.platform.check(&p)
	return o, p.Err("consult-record")
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
		fmt.Fprintln(os.Stderr, "consult-record:", err)
		if e := (*segur.Error)(nil); errors.As(err, &e) {
			fmt.Fprintln(os.Stderr, "  "+e.Explain(segur.EN))
		}
		os.Exit(1)
	}
}

// run plays the story.
func run(ctx context.Context, o options, stdout io.Writer) error {
	ctx, cancel := context.WithTimeout(ctx, 5*time.Minute)
	defer cancel()
	if err := emptyFolder(o.out); err != nil {
		return err
	}
	w, err := newWorld(ctx, o)
	if err != nil {
		return err
	}
	defer w.close()
	j := &journey{world: w, options: o, stdout: stdout}
	if err := j.connect(); err != nil {
		return err
	}
	for _, step := range []func(context.Context) error{
		j.publish, j.exists, j.authorize, j.search, j.read, j.synchronise,
		j.correct, j.hide, j.synchronise, j.remove,
		j.refused, j.emergency, j.website, j.secret,
	} {
		if err := step(ctx); err != nil {
			return err
		}
	}
	if o.out != "" {
		fmt.Fprintf(stdout, "\neverything is in %s, with the exact messages in exchanges/: it holds patient data\n", o.out)
	}
	return nil
}

// emptyFolder makes the folder of -out, and refuses one that holds something:
// an approval file must not mix two runs.
func emptyFolder(dir string) error {
	if dir == "" {
		return nil
	}
	fail := func(rule string) error {
		return &segur.Error{Op: "consult-record", Kind: segur.KindInvalidInput, Details: []segur.Detail{{Field: "-out", Message: rule}}}
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

// say prints a line of the story.
func (j *journey) say(what, format string, args ...any) {
	fmt.Fprintf(j.stdout, "%-34s %s\n", what, fmt.Sprintf(format, args...))
}
