// Command share-images shows the images of an exam shared between two sites as
// the programme DRIM-M has it, against the fakes of the SDK, with TLS and a
// throwaway PKI:
//
//   - site A stores a study; its RIS publishes the report in the national record
//     (DMP) and sends it to the DRIMbox (HL7 ORU over MLLP and TLS), which makes
//     the manifest (KOS), checks everything against everything, and publishes it;
//   - site B is called for the patient, finds the exam in the record, asks for
//     the images at the box of site A, a host of the white list, with the Pro
//     Santé Connect token of its radiologist, and files them in its own PACS
//     under its own patient number;
//   - site A corrects the report, rejects an image (IOCM), deletes another one
//     (OMI), hides the exam and withdraws it: after each step, what B sees;
//   - what must not be shared or shown is refused, with the rule.
//
// It needs no argument. With -dicom it shares a real study: the images are given
// the identity of the fictional patient first. With -out it leaves each version
// of the manifest, the cross-checks, the completeness reports, the HL7 messages,
// the exact exchanges, and story.txt, which says which of them belong to which
// step: that folder names the patient.
//
//	go run ./examples/share-images
//	go run ./examples/share-images -dicom study/ -out images/
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"path/filepath"
	"time"

	"github.com/segur-sdk/segur"
)

// options are the flags.
type options struct {
	dicom, out string
	// adjust lets a test script a fault, scenes end the story early.
	adjust func(*world)
	scenes int
}

// parse reads the flags.
func parse(args []string, usage io.Writer) (options, error) {
	var o options
	f := flag.NewFlagSet("share-images", flag.ContinueOnError)
	f.SetOutput(io.Discard)
	f.StringVar(&o.dicom, "dicom", "", "`folder` of the DICOM study to share (default: one made here)")
	f.StringVar(&o.out, "out", "", "`folder` for manifests, messages and exchanges; it must be empty, and will name the patient")
	if err := f.Parse(args); err != nil {
		if errors.Is(err, flag.ErrHelp) {
			fmt.Fprintln(usage, "share-images [flags]")
			f.SetOutput(usage)
			f.PrintDefaults()
			return o, err
		}
		return o, fmt.Errorf("%w: see -help", err)
	}
	var p segur.Problems
	if f.NArg() > 0 {
		p.Add("arguments", "there are none, flags only: see -help")
	}
	return o, p.Err("share-images")
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
		fmt.Fprintln(os.Stderr, "share-images:", err)
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
	w, err := newWorld(o)
	if err != nil {
		return err
	}
	defer w.close()
	if o.out != "" {
		story, err := os.OpenFile(filepath.Join(o.out, "story.txt"), os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
		if err != nil {
			return fmt.Errorf("-out: %w", err)
		}
		defer story.Close()
		stdout = io.MultiWriter(stdout, story)
	}
	t := &tour{world: w, options: o, stdout: stdout}
	fmt.Fprintln(stdout, "images shared between two sites, on the fakes of the SDK: fictional persons, throwaway certificates, nothing leaves the machine")
	if t.a, err = openSiteA(ctx, w); err != nil {
		return err
	}
	defer t.a.close()
	if t.b, err = openSiteB(ctx, w); err != nil {
		return err
	}
	defer t.b.close()
	scenes := []func(context.Context) error{t.publish, t.consult, t.correct, t.reject, t.remove, t.hide, t.withdraw, t.refusedBySource, t.refusedByConsumer}
	if o.scenes > 0 {
		scenes = scenes[:o.scenes]
	}
	for _, scene := range scenes {
		if err := scene(ctx); err != nil {
			return err
		}
		if err := t.exchanges(); err != nil {
			return err
		}
	}
	if o.out != "" {
		fmt.Fprintf(stdout, "\neverything is in %s, with the exact exchanges in exchanges/: it names the patient\n", o.out)
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
		return &segur.Error{Op: "share-images", Kind: segur.KindInvalidInput, Details: []segur.Detail{{Field: "-out", Message: rule}}}
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
