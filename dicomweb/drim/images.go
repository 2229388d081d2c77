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
	// first. A source that can choose, without effort, gives one of them; the
	// stored one is never wrong.
	Accept Accept
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

// ImagesFromPACS gives the images of a PACS by WADO-RS, as it stores them or in a
// transfer syntax that the consumer takes: a study series by series, everything
// else in one call.
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
			for inst, err := range p.pacs.Retrieve(ctx, ref) {
				if err != nil && gone(err) {
					break // this series; others may be there
				}
				if err != nil {
					yield(nil, err)
					return
				}
				found = true
				if !yield(inst, nil) {
					return
				}
			}
		}
		if !found {
			yield(nil, &segur.Error{Op: opServe, Kind: segur.KindNotFound, Message: "the PACS has none of the instances"})
		}
	}
}

// gone reports whether a PACS says that it does not have what was asked.
func gone(err error) bool {
	var e *segur.Error
	return errors.As(err, &e) && (e.Kind == segur.KindNotFound || e.Status == 410)
}
