// Command imaging-report shows a report of the imaging room from request to page,
// in CDA R2:
//
//   - a request (IMG-DA-IMG) and the report that answers it, structured (level 3,
//     IMG-CR-IMG) and as a PDF/A-1 (level 1), of what an information system holds;
//   - the structured report as a page in HTML and in PDF;
//   - everything read back: what was understood, the metadata for the national
//     record, whether request and report are of one person;
//   - a report with mistakes, refused before anything is written;
//   - a document that somebody broke, explained: rule, place and text.
//
// Everyone is fictional. It needs no argument; with -out it leaves level1.xml,
// level3.xml, request.xml, level3.html, level3.pdf and broken.xml in a folder, and
// reads them back from there.
//
//	go run ./examples/imaging-report
//	go run ./examples/imaging-report -out report/
//
// With -check it checks documents of your own and prints all that is missing or
// wrong, in French or in English, and nothing of the patient; the exit status is 1
// when there are errors. With -show it makes a page of one, which is health data.
//
//	go run ./examples/imaging-report -check report.xml -lang en
//	go run ./examples/imaging-report -show report.xml -out report.html
package main

import (
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"time"

	"github.com/segur-sdk/segur"
)

// options are the flags.
type options struct {
	out, check, show     string
	lang                 segur.Lang
	production, official bool
	// files are the documents of -check or -show.
	files []string
	// now and ids let a test choose the time and the identifiers.
	now func() time.Time
	ids segur.IDSource
}

// parse reads the flags and says everything that is wrong with them.
func parse(args []string, usage io.Writer) (options, error) {
	o := options{now: legalTime}
	f := flag.NewFlagSet("imaging-report", flag.ContinueOnError)
	f.SetOutput(usage)
	f.StringVar(&o.out, "out", "", "`folder` for the documents; with -show the HTML file")
	f.StringVar(&o.check, "check", "", "check a document `file`, and those after the flags")
	f.StringVar(&o.show, "show", "", "show a document `file` as a page")
	lang := f.String("lang", "fr", "language of the texts of the check and of the page: fr or en")
	f.BoolVar(&o.production, "production", false, "refuse test identities (-check)")
	f.BoolVar(&o.official, "official", false, "make errors of what only the official checker refuses (-check)")
	if err := f.Parse(args); err != nil {
		return o, err
	}
	o.lang = segur.Lang(*lang)
	var p segur.Problems
	if o.lang != segur.FR && o.lang != segur.EN {
		p.Add("-lang", "must be fr or en")
	}
	switch {
	case o.check != "" && o.show != "":
		p.Add("-show", "does not go with -check")
	case o.check != "":
		o.files = append([]string{o.check}, f.Args()...)
		if o.out != "" {
			p.Add("-out", "does not go with -check, which prints")
		}
	case o.show != "":
		o.files = []string{o.show}
	}
	if o.check == "" {
		if o.production {
			p.Add("-production", "goes with -check")
		}
		if o.official {
			p.Add("-official", "goes with -check")
		}
		if f.NArg() > 0 {
			p.Add("arguments", "there are none but the documents of -check: see -help")
		}
	}
	return o, p.Err("imaging-report")
}

func main() { os.Exit(command(os.Args[1:], os.Stdout, os.Stderr)) }

// command does what the arguments say and returns the exit status.
func command(args []string, stdout, stderr io.Writer) int {
	o, err := parse(args, stderr)
	if err == nil {
		err = run(o, stdout)
	}
	switch {
	case err == nil, errors.Is(err, flag.ErrHelp):
		return 0
	case !errors.Is(err, errFound): // the list was printed
		complain(stderr, err)
	}
	return 1
}

// complain prints an error: of an input error, everything that is wrong.
func complain(w io.Writer, err error) {
	e := (*segur.Error)(nil)
	if errors.As(err, &e) && len(e.Details) > 0 {
		fmt.Fprintln(w, "imaging-report:", e.Kind)
		details(w, e)
		return
	}
	fmt.Fprintln(w, "imaging-report:", err)
	if e != nil {
		fmt.Fprintln(w, "  "+e.Explain(segur.EN))
	}
}

// details writes the fields at fault, one a line.
func details(w io.Writer, e *segur.Error) {
	for _, d := range e.Details {
		fmt.Fprintf(w, "  %-34s %s\n", d.Field, d.Message)
	}
}

func run(o options, stdout io.Writer) error {
	switch {
	case o.check != "":
		return check(o, stdout)
	case o.show != "":
		return show(o, stdout)
	}
	return tell(o, stdout)
}

// legalTime is now in Paris: people read the times of a report as they are written.
func legalTime() time.Time {
	now := time.Now()
	if paris, err := time.LoadLocation("Europe/Paris"); err == nil {
		return now.In(paris)
	}
	return now
}
