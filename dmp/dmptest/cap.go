package dmptest

import "github.com/segur-sdk/segur"

// CapAnswer is what a registry does with more results than it gives.
type CapAnswer int

// The answers.
const (
	// CapRefuses answers XDSTooManyResults and nothing else.
	CapRefuses CapAnswer = iota
	// CapPartial answers the first results with PartialSuccess and
	// XDSTooManyResults.
	CapPartial
	// CapSilent answers the first results, as if they were all.
	CapSilent
)

// ResultCap bounds the entries, or the submission sets, of one answer.
type ResultCap struct {
	// Results is how many there may be. 0: no bound.
	Results int
	Answer  CapAnswer
}

// WithResultCap bounds the results of a stored query. There is no cap by
// default.
func WithResultCap(r ResultCap) Option { return func(h *Handler) { h.resultCap = r } }

// ChangeINS gives a patient another INS, as INSi may: the record follows, and
// the metadata of its documents keep the INS that they were published under.
func (h *Handler) ChangeINS(from, to segur.INS) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.patients[to] = h.patients[from]
	delete(h.patients, from)
	for _, list := range [][]StoredDocument{h.store.documents, h.store.history} {
		for i := range list {
			if list[i].Patient == from {
				list[i].Patient = to
			}
		}
	}
	for i := range h.store.submissions {
		if h.store.submissions[i].Patient == from {
			h.store.submissions[i].Patient = to
		}
	}
}
