package dicomweb

import (
	"context"
	"log/slog"
	"strings"

	"github.com/segur-sdk/segur/internal/transport"
)

// announcement is what the warnings of an answer say of rows that it does not
// hold.
type announcement uint8

const (
	saysNothing   announcement = iota
	saysSomething              // a warning that is not known
	saysMore                   // there are more rows
)

// maxWarning bounds the text of a warning that is passed on, in bytes.
const maxWarning = 1024

// warnings passes on the warnings of an answer (RFC 7234 5.5; PS3.18 8.3.4 has
// the texts). The log is told how many there are and what they are about, never
// their text: it may quote the query.
func (s *searching) warnings(ctx context.Context, resp *transport.Response) announcement {
	out := saysNothing
	for _, line := range resp.Header.Values("Warning") {
		for _, text := range splitWarnings(line) {
			about, says := classify(text)
			out = max(out, says)
			s.c.cfg.Logger.LogAttrs(ctx, slog.LevelWarn, "the image server warns", slog.String("op", opSearch), slog.String("about", about))
			if s.warn != nil {
				s.warn(text)
			}
		}
	}
	return out
}

// classify says what a warning is about, in words of ours.
func classify(text string) (about string, says announcement) {
	text = strings.ToLower(text)
	has := func(words ...string) bool {
		for _, w := range words {
			if !strings.Contains(text, w) {
				return false
			}
		}
		return true
	}
	switch {
	case has("additional results"), has("exceeded", "maximum"), has("more results"):
		return "more results", saysMore
	case has("fuzzymatching"):
		return "fuzzymatching", saysNothing
	case has("emptyvaluematching"):
		return "emptyvaluematching", saysNothing
	case has("multiplevaluematching"):
		return "multiplevaluematching", saysNothing
	}
	return "other", saysSomething
}

// splitWarnings takes a header line apart. Warnings are separated by commas that
// are outside quotation marks and followed by a code of three digits.
func splitWarnings(line string) []string {
	var out []string
	quoted, start := false, 0
	for i := 0; i < len(line); i++ {
		switch {
		case quoted && line[i] == '\\':
			i++
		case line[i] == '"':
			quoted = !quoted
		case line[i] == ',' && !quoted && startsWithCode(strings.TrimLeft(line[i+1:], " \t")):
			out, start = append(out, clean(line[start:i])), i+1
		}
	}
	if text := clean(line[start:]); text != "" {
		out = append(out, text)
	}
	return out
}

func startsWithCode(s string) bool {
	if len(s) < 4 || s[3] != ' ' {
		return false
	}
	return strings.Trim(s[:3], "0123456789") == ""
}

// clean makes text of a server fit to be shown.
func clean(s string) string {
	s = strings.Map(func(r rune) rune {
		if r < ' ' || r == 0x7F {
			return -1
		}
		return r
	}, strings.ToValidUTF8(strings.TrimSpace(s), "?"))
	if len(s) > maxWarning {
		s = strings.ToValidUTF8(s[:maxWarning], "")
	}
	return s
}
