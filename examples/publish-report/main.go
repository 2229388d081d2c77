// Command publish-report runs the whole journey of one imaging report against
// the fakes of the SDK, with mutual TLS and a throwaway PKI:
//
//  1. identify the patient at INSi;
//  2. build the report, CDA R2 level 1 with an embedded PDF/A-1b;
//  3. store the study in the PACS, find it, read an instance back;
//  4. publish the report in the national record, find it, read it back;
//  5. send it to the prescriber and to the patient, and read the mail back.
//
// It needs no argument. With -pdf and -dicom it takes a real report and a real
// study; with -out it leaves what was produced and the exact messages. The
// patient, the professionals and the order are always the fictional ones of
// this program: nothing leaves the machine.
//
//	go run ./examples/publish-report
//	go run ./examples/publish-report -pdf report.pdf -dicom study/ -out evidence/
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
	pdf, dicom, out string
	allowAnyPDF     bool
	// adjust lets a test change a configuration or script a fault.
	adjust func(*world)
}

func main() {
	var o options
	flag.StringVar(&o.pdf, "pdf", "", "report to publish, a PDF/A-1 `file` (default: one made here)")
	flag.StringVar(&o.dicom, "dicom", "", "`folder` of the DICOM study (default: one made here)")
	flag.StringVar(&o.out, "out", "", "`folder` for what is produced and the evidence; it will hold patient data")
	flag.BoolVar(&o.allowAnyPDF, "allow-any-pdf", false, "take a PDF that is not PDF/A-1")
	flag.Parse()
	if flag.NArg() > 0 {
		fmt.Fprintln(os.Stderr, "publish-report takes flags only; see -help")
		os.Exit(2)
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	err := run(ctx, o, os.Stdout)
	stop()
	if err != nil {
		fmt.Fprintln(os.Stderr, "publish-report:", err)
		if e := (*segur.Error)(nil); errors.As(err, &e) {
			fmt.Fprintln(os.Stderr, "  "+e.Explain(segur.EN))
		}
		os.Exit(1)
	}
}

// run plays the journey and prints a line for each step.
func run(ctx context.Context, o options, stdout io.Writer) (err error) {
	ctx, cancel := context.WithTimeout(ctx, 2*time.Minute)
	defer cancel()
	w, err := newWorld(o)
	if err != nil {
		return err
	}
	defer w.close()
	j := &journey{world: w, options: o, stdout: stdout, patient: localPatient()}
	for _, step := range []func(context.Context) error{
		j.identify, j.buildReport, j.storeStudy, j.publish, j.consult, j.mail, j.readMail,
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

// done prints the line of a step: what, identifier, duration.
func (j *journey) done(start time.Time, what, id string) {
	fmt.Fprintf(j.stdout, "%-36s %-86s %5.0f ms\n", what, id, float64(time.Since(start).Microseconds())/1000)
}
