package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/segur-sdk/segur/dicomweb"
)

// show tells what a study or a series holds, or prints an instance.
func show(ctx context.Context, s *session, args []string) error {
	f := s.flagSet("show", "REF")
	image := f.String("image", "", "`file` for the image for the screen, JPEG or PNG as the server has it")
	asJSON := f.Bool("json", false, "print the metadata as DICOM JSON, an instance a line")
	if err := s.parse(f, args); err != nil {
		return err
	}
	refs, err := references(f.Args())
	switch {
	case err != nil:
		return err
	case len(refs) > 1:
		return usage("one study, series or instance at a time")
	}
	ref := refs[0]
	if *image != "" {
		return s.render(ctx, ref, *image)
	}
	if ref.Instance == "" && !*asJSON {
		return s.outline(ctx, ref)
	}
	for ds, err := range s.client.Metadata(ctx, ref) {
		if err != nil {
			return err
		}
		if *asJSON {
			fmt.Fprintf(s.stdout, "%s\n", ds.AppendJSON(nil))
			continue
		}
		dump(s.stdout, ds, "")
	}
	return nil
}

// outline prints the tree of a study, without the instances of other series
// than the one that was asked for.
func (s *session) outline(ctx context.Context, ref dicomweb.Ref) error {
	for r, err := range s.client.SearchStudies(ctx, dicomweb.Query{Study: ref.Study, Include: []dicomweb.Tag{dicomweb.TagStudyDescription}}) {
		if err != nil {
			return err
		}
		p := r.Patient
		fmt.Fprintln(s.stdout, printable(fmt.Sprintf("%s (%s, %v), ID %s", p.Name, p.Sex, p.BirthDate, p.ID)))
		fmt.Fprintln(s.stdout, printable(fmt.Sprintf("%v %s, accession %s", r.Date, r.Description, r.AccessionNumber)))
		fmt.Fprintf(s.stdout, "study %s: %s, %s\n", r.UID, plural(r.Series, "series"), plural(r.Instances, "instance"))
	}
	found := 0 // a study has a series
	for r, err := range s.client.SearchSeries(ctx, dicomweb.Query{Study: ref.Study, Series: ref.Series}) {
		if err != nil {
			return err
		}
		found++
		fmt.Fprintln(s.stdout, printable(fmt.Sprintf("  %d %s %s: %s", r.Number, r.Modality, r.Description, plural(r.Instances, "instance"))))
		fmt.Fprintf(s.stdout, "    %s\n", name(r.Ref()))
	}
	if found == 0 {
		fmt.Fprintln(s.stdout, "the server does not hold it")
		return errNotAll
	}
	if ref.Series == "" {
		return nil
	}
	for r, err := range s.client.SearchInstances(ctx, dicomweb.Query{Study: ref.Study, Series: ref.Series}) {
		if err != nil {
			return err
		}
		fmt.Fprintf(s.stdout, "      %4d  %dx%d  %s\n", r.Number, r.Columns, r.Rows, r.UID)
	}
	return nil
}

// longest is the number of characters of a value that are printed.
const longest = 96

// dump prints the attributes of an instance, those of sequences indented.
func dump(w io.Writer, ds *dicomweb.Dataset, indent string) {
	for e := range ds.All() {
		value := strings.Join(e.Values, `\`)
		if e.Bulk != nil {
			value = fmt.Sprintf("<%d bytes>", len(e.Bulk.Data))
			if e.Bulk.URI != "" {
				value = "<elsewhere>"
			}
		}
		if r := []rune(value); len(r) > longest {
			value = string(r[:longest]) + "…"
		}
		keyword := e.Tag.Keyword()
		if keyword == "" && e.Tag.Private() {
			keyword = "(private)"
		}
		fmt.Fprintf(w, "%s%v %v %-*s %s\n", indent, e.Tag, e.VR, max(34-len(indent), 1), keyword, printable(value))
		for i, item := range e.Items {
			fmt.Fprintf(w, "%s  item %d\n", indent, i+1)
			dump(w, item, indent+"    ")
		}
	}
}

// render saves the image for the screen. A file of that name is replaced.
func (s *session) render(ctx context.Context, ref dicomweb.Ref, file string) (err error) {
	image, err := s.client.Rendered(ctx, dicomweb.RenderRequest{Ref: ref})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, image.Close()) }()
	out, err := os.Create(file)
	if err != nil {
		return usage("-image: %w", err)
	}
	n, err := io.Copy(out, image)
	if err := errors.Join(err, out.Close()); err != nil {
		_ = os.Remove(file) // not whole
		return err
	}
	fmt.Fprintf(s.stdout, "%s: %s, %s\n", file, image.Type, amount(n))
	return nil
}
