package main

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"

	"github.com/segur-sdk/segur"
	"github.com/segur-sdk/segur/cda"
	"github.com/segur-sdk/segur/cda/pdfa"
)

// errFound says that documents have errors: the list says which.
var errFound = errors.New("there are errors")

// check checks documents of the user, one list for each.
func check(o options, stdout io.Writer) error {
	var checks []cda.CheckOption
	if o.production {
		checks = append(checks, cda.ForEnvironment(segur.Production))
	}
	if o.official {
		checks = append(checks, cda.LikeOfficialChecker())
	}
	var out error
	for _, name := range o.files {
		b, err := readFile(name)
		if err != nil {
			return err
		}
		report := cda.Check(b, checks...)
		explain(stdout, filepath.Base(name), report, o.lang)
		if !report.OK() {
			out = errFound
		}
	}
	return out
}

// explain writes what is wrong with a document: rule, place, text, field of the
// model of the SDK, norm.
func explain(w io.Writer, name string, r *cda.CheckReport, lang segur.Lang) {
	words := segur.Text{FR: "%s : %s, niveau %d ; erreurs : %d, avertissements : %d\n", EN: "%s: %s, level %d; errors: %d, warnings: %d\n"}
	fmt.Fprintf(w, words.In(lang), name, kinds[r.Kind].In(lang), r.Level, r.Errors(), len(r.Issues)-r.Errors())
	for _, i := range r.Issues {
		fmt.Fprintf(w, "  %s %s  %s\n", severities[i.Severity].In(lang), i.Rule, i.Text.In(lang))
		place := i.Path
		if i.Line > 0 {
			place = fmt.Sprintf("%d:%d %s", i.Line, i.Column, i.Path)
		}
		fmt.Fprintf(w, "      %s\n", place)
		source := i.Source
		if i.Field != "" {
			source = i.Field + " | " + source
		}
		if i.KitOnly {
			source += segur.Text{FR: " (outil officiel seulement)", EN: " (official checker only)"}.In(lang)
		}
		fmt.Fprintf(w, "      %s\n", source)
	}
	if r.Truncated {
		fmt.Fprintln(w, segur.Text{FR: "  … et d'autres", EN: "  … and more"}.In(lang))
	}
}

var (
	kinds = map[cda.Kind]segur.Text{
		cda.KindImagingReport:  {FR: "compte rendu d'imagerie", EN: "imaging report"},
		cda.KindImagingRequest: {FR: "demande d'imagerie", EN: "imaging request"},
		cda.KindOther:          {FR: "autre document", EN: "other document"},
	}
	severities = map[cda.Severity]segur.Text{
		cda.SeverityError:   {FR: "erreur", EN: "error"},
		cda.SeverityWarning: {FR: "avertissement", EN: "warning"},
	}
)

// show writes a document of the user as a page: to -out, or to standard output.
func show(o options, stdout io.Writer) error {
	b, err := readFile(o.files[0])
	if err != nil {
		return err
	}
	document, err := cda.Parse(b)
	if err != nil {
		return err
	}
	page := func(w io.Writer) error { return cda.HTML(w, document, cda.HTMLOptions{Language: string(o.lang)}) }
	if o.out == "" {
		return page(stdout)
	}
	f, err := os.OpenFile(o.out, os.O_WRONLY|os.O_CREATE|os.O_TRUNC, 0o600)
	if err != nil {
		return flagError("-out", "cannot be written")
	}
	return errors.Join(page(f), f.Close())
}

// readFile reads a document; more than the SDK would read is refused.
func readFile(name string) ([]byte, error) {
	f, err := os.Open(name)
	if err != nil {
		return nil, flagError(name, "cannot be read")
	}
	defer f.Close()
	b, err := io.ReadAll(io.LimitReader(f, cda.DefaultMaxDocumentBytes+1))
	if err != nil {
		return nil, flagError(name, "cannot be read")
	}
	return b, nil
}

// flagError is an input error on one flag or file.
func flagError(field, rule string) error {
	return &segur.Error{Op: "imaging-report", Kind: segur.KindInvalidInput, Details: []segur.Detail{{Field: field, Message: rule}}}
}

// conforms says what the check of PDF/A-1 finds in a file.
func conforms(pdf []byte) string {
	if problems := pdfa.Check(pdf); len(problems) > 0 {
		return problems[0].String()
	}
	return "nothing to object"
}
