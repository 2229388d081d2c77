package dicomweb

import (
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"github.com/segur-sdk/segur"
)

// RetrieveOptions tunes a retrieval. The zero value asks the server of the
// client for what it has stored, as it has stored it.
type RetrieveOptions struct {
	// Header is sent in addition, such as KOS-SOPInstanceUID between DRIMbox.
	// Accept, Authorization, Host and Range are not among them: they have
	// settings of their own.
	Header http.Header
	// TransferSyntaxes are those that the caller can read, in any order. Empty:
	// any. A server that refuses the list is asked for one after the other, the
	// preferred one first, and for no other.
	TransferSyntaxes []AcceptedSyntax
	// Accept are complete values of the Accept header, tried in this order when
	// the server answers 400, 406 or 415, instead of those that the client
	// makes. TransferSyntaxes must be empty then.
	Accept []string
	// URL is where to ask instead of the place that the client builds from its
	// endpoint: the RetrieveURL of a row or of a KOS, which may be on another
	// host. It names the same study, series or instance as the reference;
	// "/metadata", "/frames" and the like are appended to it.
	URL string
	// Rebase asks the endpoint for what URL, or the URI of bulk data, names from
	// "/studies/" on, whatever host it names: servers behind a proxy often do not
	// know their own address.
	Rebase bool
	// SendCredentials lets the token go to the host of URL when that is not the
	// host of the endpoint. The caller answers for that host.
	SendCredentials bool
}

// AcceptedSyntax is a transfer syntax that the caller can read.
type AcceptedSyntax struct {
	// UID is the transfer syntax; "*" stands for any.
	UID string
	// Q is the preference, above 0 and at most 1, three decimals at most. 0: not
	// said, which counts as 1.
	Q float64
}

func (s AcceptedSyntax) weight() float64 {
	if s.Q == 0 {
		return 1
	}
	return s.Q
}

// value writes a media range with the syntax; the transfer syntax is beside the
// type, never within its quotation marks.
func (s AcceptedSyntax) value(mediaRange string) string {
	v := mediaRange + "; transfer-syntax=" + s.UID
	if s.Q == 0 {
		return v
	}
	q := strconv.FormatFloat(s.Q, 'f', -1, 64)
	if !strings.Contains(q, ".") {
		q += ".0" // readers in the field want a decimal
	}
	return v + ";q=" + q
}

// check adds what is wrong with o to p.
func (o *RetrieveOptions) check(p *segur.Problems, ref Ref) {
	for name, values := range o.Header {
		switch http.CanonicalHeaderKey(name) {
		case "Accept", "Authorization", "Host", "Range":
			p.Add("options.header", "must not hold "+http.CanonicalHeaderKey(name))
		}
		if slices.ContainsFunc(values, func(v string) bool { return strings.ContainsAny(v, "\r\n\x00") }) {
			p.Add("options.header", "must hold no control character")
		}
	}
	for i, s := range o.TransferSyntaxes {
		field := fmt.Sprintf("options.transferSyntaxes[%d]", i)
		if s.UID != "*" && !ValidUID(s.UID) {
			p.Add(field+".uid", uidRule)
		}
		if s.Q < 0 || s.Q > 1 || !threeDecimals(s.Q) {
			p.Add(field+".q", "must be between 0 and 1, with three decimals at most")
		}
	}
	if len(o.Accept) > 0 && len(o.TransferSyntaxes) > 0 {
		p.Add("options.accept", "must be empty when transferSyntaxes are given")
	}
	for i, a := range o.Accept {
		if a == "" || strings.ContainsFunc(a, func(r rune) bool { return r < ' ' || r > '~' }) {
			p.Add(fmt.Sprintf("options.accept[%d]", i), "must be a header value")
		}
	}
	if o.URL != "" {
		switch _, at, err := SplitURL(o.URL); {
		case err != nil:
			p.Add("options.url", "must be the absolute URL of a study, a series or an instance")
		case at != ref:
			p.Add("options.url", "must name what is asked")
		}
	}
}

func threeDecimals(q float64) bool {
	s := strconv.FormatFloat(q, 'f', -1, 64)
	_, decimals, _ := strings.Cut(s, ".")
	return len(decimals) <= 3
}

// accepts returns the Accept values, of the media range that goes with each
// transfer syntax, in the order in which they are tried; nil when the caller
// leaves the choice to the client.
func (o *RetrieveOptions) accepts(mediaRange func(syntax string) string) []string {
	if len(o.Accept) > 0 {
		return o.Accept
	}
	if len(o.TransferSyntaxes) == 0 {
		return nil
	}
	sorted := slices.Clone(o.TransferSyntaxes)
	slices.SortStableFunc(sorted, func(a, b AcceptedSyntax) int {
		switch {
		case a.weight() > b.weight():
			return -1
		case a.weight() < b.weight():
			return 1
		}
		return 0
	})
	list := make([]string, len(sorted))
	for i, s := range sorted {
		list[i] = s.value(mediaRange(s.UID))
	}
	if len(list) == 1 {
		return list
	}
	out := []string{strings.Join(list, ", ")}
	for _, s := range sorted {
		out = append(out, AcceptedSyntax{UID: s.UID}.value(mediaRange(s.UID)))
	}
	return out
}

// SplitURL takes the URL of a study, a series or an instance apart: the base of
// the services, and what it names. Blanks around it, which manifests hold, are
// not part of it; a query is refused. The error is [segur.ErrInvalidInput] and
// does not quote the URL.
func SplitURL(resource string) (base string, ref Ref, err error) {
	bad := func(message string) (string, Ref, error) {
		return "", Ref{}, &segur.Error{Op: "dicomweb.SplitURL", Kind: segur.KindInvalidInput, Message: message}
	}
	resource = strings.Trim(resource, " \x00\t\r\n")
	u, err := url.Parse(resource)
	if err != nil || u.Host == "" || u.Scheme != "https" && u.Scheme != "http" {
		return bad("not an absolute URL")
	}
	if u.User != nil || u.RawQuery != "" || u.Fragment != "" {
		return bad("must have no user, query or fragment")
	}
	trimmed := strings.TrimRight(resource, "/")
	at := strings.LastIndex(trimmed, "/studies/")
	if at < 0 {
		return bad("names no study")
	}
	parts := strings.Split(trimmed[at+1:], "/")
	names, fields := [...]string{"studies", "series", "instances"}, [...]*string{&ref.Study, &ref.Series, &ref.Instance}
	if len(parts)%2 != 0 || len(parts) > 6 {
		return bad("names something else than a study, a series or an instance")
	}
	for i := 0; i < len(parts); i += 2 {
		if parts[i] != names[i/2] || !ValidUID(parts[i+1]) {
			return bad("names something else than a study, a series or an instance")
		}
		*fields[i/2] = parts[i+1]
	}
	return trimmed[:at], ref, nil
}

// one returns the options of a call that takes at most one set of them.
func one(p *segur.Problems, ref Ref, list []RetrieveOptions) *RetrieveOptions {
	var o RetrieveOptions
	if len(list) > 0 {
		o = list[0]
	}
	if len(list) > 1 {
		p.Add("options", "must be given once")
	}
	o.check(p, ref)
	return &o
}

// place is the URL of what ref names.
func (c *Client) place(ref Ref, o *RetrieveOptions) string {
	if o.URL != "" && !o.Rebase {
		return strings.TrimRight(strings.Trim(o.URL, " \x00\t\r\n"), "/")
	}
	return c.base + ref.Path()
}
