package dmp

import (
	"errors"
	"maps"
	"slices"

	"github.com/segur-sdk/segur"
)

// Retry says what may be sent again after a refusal.
type Retry string

// The values of [Retry].
const (
	// RetryNever: the same request would be refused again. Correct the
	// configuration, the document or its metadata first.
	RetryNever Retry = "never"
	// RetryLater: the service has registered nothing; the same submission may be
	// sent later, with growing delays.
	RetryLater Retry = "later"
	// RetryOnce: once, then escalate.
	RetryOnce Retry = "once"
	// RetryAfterLookup: the request may have been carried out; look the
	// documents up first ([Client.Resubmit] does).
	RetryAfterLookup Retry = "after a look-up"
	// RetryAfterReading: the entry is no longer what was read; read it again and
	// make the request anew.
	RetryAfterReading Retry = "after reading again"
	// RetryNotNeeded: it is no failure, or what was asked for is so already.
	RetryNotNeeded Retry = "not needed"
)

// CodeInfo is what the SDK knows of a code of the record, or of a refusal that
// the record tells by its text alone.
type CodeInfo struct {
	// Code is the code; Text is a part of the French text where there is none.
	Code, Text string
	// Kind classes the error.
	Kind segur.Kind
	// Retry says what may be sent again.
	Retry Retry
	// Help says what it means and what to do.
	Help segur.Text
}

func (k knownCode) info(code, text string) CodeInfo {
	r := k.retry
	if r == "" {
		r = retryOf(k.kind)
	}
	return CodeInfo{Code: code, Text: text, Kind: k.kind, Retry: r, Help: k.help}
}

func retryOf(k segur.Kind) Retry {
	switch k {
	case segur.KindUnavailable, segur.KindRateLimited, segur.KindTimeout:
		return RetryLater
	case segur.KindOutcomeUnknown:
		return RetryAfterLookup
	}
	return RetryNever
}

// Codes lists the codes that the SDK explains, by name, then the texts: for a
// page of help, or the dashboard of a product (EX_GEN-1150). The record has
// others: its list is not public.
func Codes() []CodeInfo {
	var out []CodeInfo
	for _, code := range slices.Sorted(maps.Keys(codes)) {
		out = append(out, codes[code].info(code, ""))
	}
	for _, t := range texts {
		out = append(out, t.info("", t.part))
	}
	return out
}

// ExplainCode tells what the SDK knows of a code, or of the text of a refusal.
func ExplainCode(codeOrText string) (CodeInfo, bool) {
	if k, ok := codes[codeOrText]; ok {
		return k.info(codeOrText, ""), true
	}
	if k, ok := byText(codeOrText); ok {
		return k.info("", codeOrText), true
	}
	return CodeInfo{}, false
}

// RetryOf says what may be sent again after err: what the code of the record
// calls for, else what the kind of the error does. It is RetryNotNeeded for nil.
func RetryOf(err error) Retry {
	if err == nil {
		return RetryNotNeeded
	}
	var e *segur.Error
	if !errors.As(err, &e) {
		return RetryNever
	}
	switch {
	case e.Kind == segur.KindOutcomeUnknown, e.Kind == segur.KindPartial && e.Op == opSubmit:
		return RetryAfterLookup
	}
	// A text may class a refusal otherwise than its code.
	if k, ok := codes[e.Code]; ok && (k.kind == e.Kind || k.kind == segur.KindUnknown) {
		return k.info(e.Code, "").Retry
	}
	return retryOf(e.Kind)
}
