package drim

import (
	"context"
	"errors"
	"io"
	"iter"

	"github.com/segur-sdk/segur"
	"github.com/segur-sdk/segur/dicomweb"
)

// ImageRequest says which instances a consumer is to get.
type ImageRequest struct {
	// Ref is what was asked: a study, a series or an instance.
	Ref dicomweb.Ref
	// Instances are those of Ref that the manifest lists, in its order. Nothing
	// else is passed on, whatever is given.
	Instances []dicomweb.Ref
	// Accept says which transfer syntaxes the consumer takes, the most wanted
	// first.
	Accept Accept
	// Suits reports whether an image of a transfer syntax can be delivered, as it
	// is or converted. A source gives what it has stored when that suits, and
	// otherwise, if it can convert, one of Accept.
	Suits func(transferSyntax string) bool
}

// ImageSource gives the images to share: a PACS, a folder, or what a product
// has. [ImagesFromPACS] and [ImagesFromDir] make them.
//
// Images gives the Part 10 files of the instances asked, in any order, each valid
// until the next one is asked for. It gives the first one before it has the last
// one, and stops when ctx is cancelled. An instance that is not there is left
// out; the error ends the sequence, [segur.ErrNotFound] when none of them is
// there. It is safe for concurrent use.
type ImageSource interface {
	Images(ctx context.Context, request ImageRequest) iter.Seq2[io.Reader, error]
}

// ImageSourceFunc is a function as an [ImageSource].
type ImageSourceFunc func(ctx context.Context, request ImageRequest) iter.Seq2[io.Reader, error]

// Images calls the function.
func (f ImageSourceFunc) Images(ctx context.Context, request ImageRequest) iter.Seq2[io.Reader, error] {
	return f(ctx, request)
}

// ImagesFromPACS gives the images of a PACS by WADO-RS: a study series by series,
// everything else in one call. They are asked for as they are stored; when that
// does not suit the consumer, the PACS is asked once more, for the transfer
// syntaxes that the consumer takes.
func ImagesFromPACS(pacs *dicomweb.Client) ImageSource { return pacsImages{pacs} }

type pacsImages struct{ pacs *dicomweb.Client }

func (p pacsImages) Images(ctx context.Context, request ImageRequest) iter.Seq2[io.Reader, error] {
	return func(yield func(io.Reader, error) bool) {
		refs := []dicomweb.Ref{request.Ref}
		if request.Ref.Series == "" {
			refs = nil
			seen := map[string]bool{}
			for _, i := range request.Instances {
				if !seen[i.Series] {
					seen[i.Series] = true
					refs = append(refs, dicomweb.Ref{Study: i.Study, Series: i.Series})
				}
			}
		}
		found := false
		for _, ref := range refs {
			here, more := p.series(ctx, ref, request, yield)
			found = found || here
			if !more {
				return
			}
		}
		if !found {
			yield(nil, &segur.Error{Op: opServe, Kind: segur.KindNotFound, Message: "the PACS has none of the instances"})
		}
	}
}

// series gives the images of one series, or one image. more is false when the
// sequence is to end.
func (p pacsImages) series(ctx context.Context, ref dicomweb.Ref, request ImageRequest, yield func(io.Reader, error) bool) (found, more bool) {
	given := map[string]bool{}
	var options []dicomweb.RetrieveOptions
	for attempt := range 2 {
		unfit := false
		for inst, err := range p.pacs.Retrieve(ctx, ref, options...) {
			if err != nil {
				if gone(err) {
					break // others may be there
				}
				if attempt == 1 && cannotConvert(err) {
					return p.stored(ctx, ref, given, yield)
				}
				yield(nil, err)
				return found, false
			}
			if attempt == 0 && inst.TransferSyntaxUID != "" && !request.Suits(inst.TransferSyntaxUID) {
				unfit = true
				break
			}
			if given[inst.SOPInstanceUID] {
				continue
			}
			given[inst.SOPInstanceUID] = true
			found = true
			if !yield(inst, nil) {
				return found, false
			}
		}
		if !unfit {
			break
		}
		var syntaxes []dicomweb.AcceptedSyntax
		for _, a := range request.Accept {
			if a.Weight > 0 && a.Syntax != AnySyntax {
				syntaxes = append(syntaxes, dicomweb.AcceptedSyntax{UID: a.Syntax, Q: float64(a.Weight) / 1000})
			}
		}
		options = []dicomweb.RetrieveOptions{{TransferSyntaxes: syntaxes}}
	}
	return found, true
}

// stored gives what a PACS that does not convert has: who asked is then told
// which images do not suit.
func (p pacsImages) stored(ctx context.Context, ref dicomweb.Ref, given map[string]bool, yield func(io.Reader, error) bool) (found, more bool) {
	for inst, err := range p.pacs.Retrieve(ctx, ref) {
		if err != nil {
			if gone(err) {
				break
			}
			yield(nil, err)
			return found, false
		}
		if given[inst.SOPInstanceUID] {
			continue
		}
		found = true
		if !yield(inst, nil) {
			return found, false
		}
	}
	return found, true
}

// cannotConvert reports whether a PACS refuses the transfer syntaxes asked.
func cannotConvert(err error) bool {
	var e *segur.Error
	return errors.As(err, &e) && (e.Status == 400 || e.Status == 406 || e.Status == 415)
}

// gone reports whether a PACS says that it does not have what was asked.
func gone(err error) bool {
	var e *segur.Error
	return errors.As(err, &e) && (e.Kind == segur.KindNotFound || e.Status == 410)
}
