package main

import (
	"context"
	"fmt"
	"iter"
	"strings"
	"text/tabwriter"
	"unicode/utf8"

	"github.com/segur-sdk/segur"
	"github.com/segur-sdk/segur/dicomweb"
)

// find searches, and prints a table or the rows as DICOM JSON.
func find(ctx context.Context, s *session, args []string) error {
	var q dicomweb.Query
	f := s.flagSet("find", "")
	level := f.String("level", "studies", "`what` to search: studies, series or instances")
	asJSON := f.Bool("json", false, "print every attribute received, a row of DICOM JSON a line")
	f.StringVar(&q.Study, "study", "", "Study Instance `UID`")
	f.StringVar(&q.Series, "series", "", "Series Instance `UID`")
	f.StringVar(&q.PatientID, "patient", "", "local `identifier` of the patient")
	f.StringVar(&q.PatientName, "name", "", "`name` of the patient, FAMILY^GIVEN; * and ? are wildcards")
	f.StringVar(&q.AccessionNumber, "accession", "", "accession `number`")
	f.StringVar(&q.Modality, "modality", "", "`modality`: CT, MR …")
	f.Func("from", "first `day` of the study, YYYY-MM-DD", day(&q.From))
	f.Func("to", "last `day` of the study, YYYY-MM-DD", day(&q.To))
	f.Func("key", "a further key, TAG=VALUE; `TAG` is a keyword or eight digits, SEQUENCE.TAG in a sequence; may be repeated", func(v string) error {
		m, err := key(v)
		q.Match = append(q.Match, m)
		return err
	})
	f.Func("include", "a further `TAG` to return, or all; may be repeated", func(v string) error {
		if v == "all" {
			q.IncludeAll = true
			return nil
		}
		tag, err := dicomweb.ParseTag(v)
		q.Include = append(q.Include, tag)
		return err
	})
	f.BoolVar(&q.Fuzzy, "fuzzy", false, "ask for the server's fuzzy matching of names")
	f.IntVar(&q.Limit, "limit", 0, "`number` of rows at most (default all)")
	if err := s.parse(f, args); err != nil {
		return err
	}
	if f.NArg() > 0 {
		return usage("find has flags only: see pacs find -help")
	}
	q.OnWarning = func(text string) { fmt.Fprintln(s.stderr, "the server says:", text) }
	switch *level {
	case "studies":
		q.Include = append(q.Include, dicomweb.TagStudyDescription)
		return list(s, s.client.SearchStudies(ctx, q), *asJSON, "study", "DATE\tMODALITIES\tPATIENT\tBORN\tSEX\tID\tACCESSION\tSERIES\tIMAGES\tDESCRIPTION\tUID",
			func(r *dicomweb.Study) (*dicomweb.Dataset, []any) {
				return r.Attributes, []any{r.Date, strings.Join(r.Modalities, ","), r.Patient.Name, r.Patient.BirthDate, r.Patient.Sex, r.Patient.ID, r.AccessionNumber,
					r.Series, r.Instances, r.Description, r.UID}
			})
	case "series":
		return list(s, s.client.SearchSeries(ctx, q), *asJSON, "series", "NUMBER\tMODALITY\tIMAGES\tDESCRIPTION\tUID",
			func(r *dicomweb.Series) (*dicomweb.Dataset, []any) {
				return r.Attributes, []any{r.Number, r.Modality, r.Instances, r.Description, name(r.Ref())}
			})
	case "instances":
		return list(s, s.client.SearchInstances(ctx, q), *asJSON, "instance", "NUMBER\tSIZE\tFRAMES\tCLASS\tUID",
			func(r *dicomweb.InstanceRow) (*dicomweb.Dataset, []any) {
				return r.Attributes, []any{r.Number, fmt.Sprintf("%dx%d", r.Columns, r.Rows), r.Frames, r.SOPClass, name(r.Ref())}
			})
	}
	return usage("-level is studies, series or instances")
}

// list prints rows as they come. Those before an error are printed too.
func list[T any](s *session, rows iter.Seq2[T, error], asJSON bool, one, head string, row func(T) (*dicomweb.Dataset, []any)) error {
	table := tabwriter.NewWriter(s.stdout, 0, 0, 2, ' ', 0)
	n := 0
	for r, err := range rows {
		if err != nil {
			_ = table.Flush()
			return err
		}
		attributes, cells := row(r)
		n++
		switch {
		case asJSON:
			fmt.Fprintf(s.stdout, "%s\n", attributes.AppendJSON(nil))
			continue
		case s.narrow:
			s.block(strings.Split(head, "\t"), cells)
			continue
		case n == 1:
			fmt.Fprintln(table, head)
		}
		for i, c := range cells {
			if i > 0 {
				fmt.Fprint(table, "\t")
			}
			fmt.Fprint(table, printable(fmt.Sprint(c)))
		}
		fmt.Fprintln(table)
	}
	if asJSON {
		return nil
	}
	fmt.Fprintln(table, plural(n, one))
	return table.Flush()
}

// columns is the width of a terminal that everybody has.
const columns = 80

// labelled are the columns that do not say what they are by themselves.
const labelled = " BORN ID ACCESSION SERIES IMAGES NUMBER FRAMES "

// block prints a row over several lines of a terminal; the reference, in the
// last cell, has its own, whole.
func (s *session) block(head []string, cells []any) {
	line := ""
	for i, c := range cells {
		text := printable(fmt.Sprint(c))
		if text == "" {
			continue
		}
		if strings.Contains(labelled, " "+head[i]+" ") {
			text = strings.ToLower(head[i]) + " " + text
		}
		if line != "" && (i == len(cells)-1 || utf8.RuneCountInString(line)+2+utf8.RuneCountInString(text) > columns) {
			fmt.Fprintln(s.stdout, line)
			line = ""
		}
		switch {
		case line != "":
			line += "  "
		case i > 0:
			line = "  "
		}
		line += text
	}
	fmt.Fprintln(s.stdout, line)
}

// printable replaces what a terminal would obey: text of images is not ours.
func printable(s string) string {
	return strings.Map(func(r rune) rune {
		if r < ' ' || r >= 0x7F && r < 0xA0 || r == '\u2028' || r == '\u2029' || r >= '\u202A' && r <= '\u202E' {
			return '.'
		}
		return r
	}, s)
}

// day reads a date.
func day(to *segur.Date) func(string) error {
	return func(v string) (err error) {
		*to, err = segur.ParseDate(v)
		return err
	}
}

// key reads TAG=VALUE.
func key(text string) (m dicomweb.Match, err error) {
	path, value, found := strings.Cut(text, "=")
	if !found {
		return m, fmt.Errorf("not TAG=VALUE")
	}
	for item := range strings.SplitSeq(path, ".") {
		tag, err := dicomweb.ParseTag(item)
		if err != nil {
			return m, err
		}
		m.Path = append(m.Path, tag)
	}
	m.Value = value
	return m, nil
}
