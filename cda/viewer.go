package cda

import (
	"net/url"
	"strings"

	"github.com/segur-sdk/segur"
)

// viewerQuery is the query of IHE Invoke Image Display as the French guide
// spells it.
const viewerQuery = "?requestType=STUDY&studyUID={study}&Accessionnumber={accession}&idCDA={document}"

// ViewerLink is the address at which a source of images shows a study: the
// accession number is written root.extension, the document as its OID.
//
// template is an address of the service, such as
// https://images.example.org/IHEInvokeImageDisplay, to which the query of the
// French guide is added; or, for another spelling, a whole address with the
// placeholders {study}, {accession} and {document}. At level 1 the document has
// no place for the link: print it in the PDF, with an identifier given in
// [Report.ID].
func ViewerLink(template string, study segur.OID, accession segur.Identifier, document segur.OID) string {
	if !strings.Contains(template, "{") {
		template += viewerQuery
	}
	number := string(accession.Root)
	if number != "" && accession.Extension != "" {
		number += "."
	}
	var link strings.Builder
	link.Grow(len(template) + len(study) + len(number) + len(accession.Extension) + len(document))
	for {
		text, rest, more := strings.Cut(template, "{")
		if link.WriteString(text); !more {
			return link.String()
		}
		name, tail, closed := strings.Cut(rest, "}")
		switch {
		case closed && name == "study":
			rest = tail
			link.WriteString(url.QueryEscape(string(study)))
		case closed && name == "accession":
			rest = tail
			link.WriteString(url.QueryEscape(number + accession.Extension))
		case closed && name == "document":
			rest = tail
			link.WriteString(url.QueryEscape(string(document)))
		default:
			link.WriteByte('{')
		}
		template = rest
	}
}

// isViewerLink reports whether a link is a whole https address.
func isViewerLink(s string) bool { return isWebLink(s) && strings.HasPrefix(s, "https://") }
