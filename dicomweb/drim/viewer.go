package drim

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"github.com/segur-sdk/segur"
)

// ViewerLink is the link of a report that opens the source's viewer. Its format puts the accession number and the
// identifier of the report in an address, and nothing else of the patient: no other part of this package writes either in
// one.
type ViewerLink struct {
	// Study is the Study Instance UID (studyUID). Required.
	Study segur.OID
	// Accession is the accession number (Accessionnumber): "root.extension" as the French guide wants it, or the extension
	// alone as others write it.
	Accession string
	// Document is the root of the identifier of the report (idCDA), Extension what some write after it and "_".
	Document  segur.OID
	Extension string
}

// String is redacted: the study alone.
func (l ViewerLink) String() string { return "ViewerLink(" + string(l.Study) + ", redacted)" }

// Format writes the redacted form whatever the verb.
func (l ViewerLink) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, l.String()) }

// LogValue makes slog write the redacted form.
func (l ViewerLink) LogValue() slog.Value { return slog.StringValue(l.String()) }

// NewViewerLink makes the link of a report: its accession number is written root.extension.
func NewViewerLink(study segur.OID, accession segur.Identifier, document segur.OID) ViewerLink {
	return ViewerLink{Study: study, Accession: dotted(accession), Document: document}
}

func dotted(id segur.Identifier) string {
	if id.Root == "" || id.Extension == "" {
		return string(id.Root) + id.Extension
	}
	return string(id.Root) + "." + id.Extension
}

const opViewer = "drim.viewer"

func viewerError(kind segur.Kind, status int, code, message string, details ...segur.Detail) *segur.Error {
	return &segur.Error{Op: opViewer, Kind: kind, Status: status, Code: code, Message: message, Details: details, Help: helpOf(code)}
}

// maxViewerLink bounds a link.
const maxViewerLink = 4096

// URL gives the link at a service of the source's viewer, such as https://vi.example.org/IHEInvokeImageDisplay, in the
// spelling of the French guide (requestType, studyUID, Accessionnumber, idCDA). All three values are required; the error
// ([segur.ErrInvalidInput]) lists what is wrong.
func (l ViewerLink) URL(service string) (string, error) {
	var p segur.Problems
	u, err := url.Parse(service)
	if err != nil || u.Scheme != "https" || u.Host == "" || u.User != nil || u.RawQuery != "" || u.ForceQuery || u.Fragment != "" {
		p.Add("service", "must be an https address without user, query and fragment")
	}
	if !l.Study.Valid() {
		p.Add("study", "must be a UID")
	}
	if !plainText(l.Accession) {
		p.Add("accession", "is required, 128 characters at most")
	}
	if !l.Document.Valid() {
		p.Add("document", "must be an OID")
	}
	if err := p.Err(opViewer); err != nil {
		return "", err
	}
	document := string(l.Document)
	if l.Extension != "" {
		document += "_" + l.Extension
	}
	return u.String() + "?requestType=STUDY&studyUID=" + url.QueryEscape(string(l.Study)) + "&Accessionnumber=" + url.QueryEscape(l.Accession) +
		"&idCDA=" + url.QueryEscape(document), nil
}

// plainText accepts what an accession number may be.
func plainText(s string) bool {
	return s != "" && len(s) <= 128 && !strings.ContainsFunc(s, func(r rune) bool { return r < ' ' || r == 0x7f || r == 0xfffd })
}

// ReadViewerLink reads a link, or the request that a viewer receives ([http.Request.URL]): names of parameters in any
// case, studyUID or studyInstanceUID, idCDA with or without its part after "_". Parameters of the viewer itself are passed
// over. The accession number and the report may be absent, in a partial link of teleradiology for instance; Study may not.
// The error is of [CodeBadViewerLink] and holds no value.
func ReadViewerLink(u *url.URL) (*ViewerLink, error) {
	bad := func(field, message string) (*ViewerLink, error) {
		return nil, viewerError(segur.KindInvalidInput, http.StatusBadRequest, CodeBadViewerLink, "the link does not designate a study",
			segur.Detail{Field: field, Message: message})
	}
	if u == nil || len(u.RawQuery) > maxViewerLink {
		return bad("", "is absent or longer than 4096 bytes")
	}
	values := map[string]string{}
	for pair := range strings.SplitSeq(u.RawQuery, "&") {
		name, value, _ := strings.Cut(pair, "=")
		name, err := url.QueryUnescape(name)
		if err != nil {
			continue // of the viewer itself
		}
		field := viewerParams[strings.ToLower(name)]
		if field == "" {
			continue
		}
		value, err = url.QueryUnescape(value)
		value = strings.TrimSpace(value)
		switch _, twice := values[field]; {
		case twice:
			return bad(field, "is given twice")
		case err != nil || value != "" && !plainText(value):
			return bad(field, "is not text, 128 characters at most")
		}
		values[field] = value
	}
	l := &ViewerLink{Study: segur.OID(values["studyUID"]), Accession: values["accessionNumber"]}
	document, extension, _ := strings.Cut(values["idCDA"], "_")
	l.Document, l.Extension = segur.OID(document), extension
	switch {
	case !l.Study.Valid():
		return bad("studyUID", "must be a UID")
	case values["idCDA"] != "" && !l.Document.Valid():
		return bad("idCDA", "must begin with an OID")
	case values["requestType"] != "" && !strings.EqualFold(values["requestType"], "STUDY"):
		return bad("requestType", "must be STUDY")
	}
	return l, nil
}

var viewerParams = map[string]string{
	"requesttype": "requestType", "studyuid": "studyUID", "studyinstanceuid": "studyUID", "accessionnumber": "accessionNumber", "idcda": "idCDA",
}

// ViewerStudy is what a source knows of a study that a link may open.
type ViewerStudy struct {
	// Documents are the identifiers of the reports that share it, "root" or "root^extension", earlier versions included:
	// the link in an earlier version still opens the study.
	Documents []string
	// Accessions are its accession numbers, "extension" or "root^extension".
	// Without root, the link may give any.
	Accessions []string
}

// ViewerRecords is the source's archive as the check of a link asks it. See [ArchiveViewer].
type ViewerRecords interface {
	// ViewerStudy gives a study that is shared now; [segur.ErrNotFound] when it is unknown or no longer shared.
	ViewerStudy(ctx context.Context, study segur.OID) (*ViewerStudy, error)
}

// Check says whether the source's viewer may open the link: the study is shared now, the report is one of those that share
// it and the accession number is one of the study. The error is of [CodeViewerMismatch], the same whatever differs but for
// the fields in Details: answer all alike. That of an archive which cannot be read is its own. Who the user is, and whether
// the patient agrees, are for the viewer.
func (l *ViewerLink) Check(ctx context.Context, records ViewerRecords) error {
	mismatch := func(fields ...string) error {
		var details []segur.Detail
		for _, f := range fields {
			details = append(details, segur.Detail{Field: f, Message: "is not that of a study that is shared"})
		}
		return viewerError(segur.KindNotFound, http.StatusNotAcceptable, CodeViewerMismatch, "the link does not fit the archive", details...)
	}
	s, err := records.ViewerStudy(ctx, l.Study)
	switch {
	case errors.Is(err, segur.ErrNotFound) || err == nil && s == nil:
		return mismatch("studyUID")
	case err != nil:
		return asSegur(opViewer, segur.KindUnavailable, "the archive cannot be read", err)
	}
	var wrong []string
	if !slices.ContainsFunc(s.Documents, l.isDocument) {
		wrong = append(wrong, "idCDA")
	}
	if !slices.ContainsFunc(s.Accessions, l.isAccession) {
		wrong = append(wrong, "accessionNumber")
	}
	if len(wrong) > 0 {
		return mismatch(wrong...)
	}
	return nil
}

// isDocument compares roots; extensions too when both have one.
func (l *ViewerLink) isDocument(id string) bool {
	root, extension, _ := strings.Cut(id, "^")
	return l.Document != "" && root == string(l.Document) && (l.Extension == "" || extension == "" || l.Extension == extension)
}

func (l *ViewerLink) isAccession(number string) bool {
	root, extension, ok := strings.Cut(number, "^")
	if !ok {
		root, extension = "", number
	}
	if extension == "" || l.Accession == extension {
		return extension != ""
	}
	of, ok := strings.CutSuffix(l.Accession, "."+extension)
	return ok && (of == root || root == "" && segur.OID(of).Valid())
}

// ArchiveViewer answers out of the archive of a source.
type ArchiveViewer struct{ Archive Archive }

// ViewerStudy implements [ViewerRecords]: a study is shared while its manifest is in the record and nothing is to take it
// out. A version of the report that was about another person opens nothing.
func (v ArchiveViewer) ViewerStudy(ctx context.Context, study segur.OID) (*ViewerStudy, error) {
	s, err := v.Archive.Load(ctx, string(study))
	if err != nil {
		return nil, err
	}
	out := &ViewerStudy{Accessions: s.Accessions}
	if !s.gives(s.Published) {
		return nil, viewerError(segur.KindNotFound, http.StatusNotAcceptable, CodeViewerMismatch, "the study is not shared")
	}
	for _, r := range s.Reports {
		if !r.Withdrawn {
			out.Documents = append(out.Documents, slices.DeleteFunc(slices.Clone(r.IDs), func(id string) bool { return slices.Contains(r.OtherPerson, id) })...)
		}
	}
	return out, nil
}
