package xop

import (
	"net/url"
	"strings"
)

// Href returns the cid: URI of a Content-ID (RFC 2392), percent-encoded, as xop:Include carries it.
func Href(contentID string) string { return "cid:" + url.PathEscape(bareID(contentID)) }

// ParseHref returns the Content-ID that a cid: URI names, percent-decoded and without angle brackets.
func ParseHref(href string) (string, error) {
	const scheme = "cid:"
	href = strings.TrimSpace(href)
	if len(href) <= len(scheme) || !strings.EqualFold(href[:len(scheme)], scheme) {
		return "", ErrCID
	}
	id, err := url.PathUnescape(href[len(scheme):])
	if err != nil || bareID(id) == "" {
		return "", ErrCID
	}
	return bareID(id), nil
}

// SameID says whether a cid: URI names the part with that Content-ID header. Servers differ in which of the two they
// percent-encode, so both the raw and the decoded forms are compared.
func SameID(href, contentID string) bool {
	id, err := ParseHref(href)
	if err != nil {
		return false
	}
	contentID = bareID(contentID)
	if id == contentID {
		return true
	}
	decoded, err := url.PathUnescape(contentID)
	return err == nil && decoded == id
}

// bareID removes blanks and the angle brackets around a Content-ID.
func bareID(id string) string {
	id = strings.TrimSpace(id)
	if len(id) >= 2 && id[0] == '<' && id[len(id)-1] == '>' {
		id = id[1 : len(id)-1]
	}
	return id
}
