package drim

import (
	"context"
	"slices"

	"github.com/segur-sdk/segur"
	"github.com/segur-sdk/segur/dicomweb/kos"
)

// ImagesChanged takes a notification of images that changed (OMI^O23). The
// image archive is asked again, and the manifest replaced, or withdrawn when
// the study is gone. A study of which no report came changes nothing.
func (s *Source) ImagesChanged(ctx context.Context, c *ImageChange) (*Outcome, error) {
	if c == nil {
		return nil, &segur.Error{Op: opReceive, Kind: segur.KindInvalidInput, Message: "no message"}
	}
	uid := string(c.StudyUID)
	if uid == "" {
		studies, err := s.cfg.Archive.Studies(ctx, AccessionKey(c.Accession.Extension))
		if err != nil {
			return nil, err
		}
		if len(studies) != 1 {
			return nil, sourceError(opReceive, segur.KindNotFound, CodeUnknownStudy, "the message names no study, and its accession number tells none, or several")
		}
		uid = studies[0]
	}
	return s.images(ctx, uid, func(a *ArchivedStudy) (Effect, error) {
		if err := s.samePatient(a, c.Patient.INS, c.PatientIDs); err != nil {
			return 0, err
		}
		sent := s.believed(told(c.Sent, c.Removed))
		late := earlier(sent, a.Images.Changed)
		if late && a.Images.Removed {
			return Outdated, nil
		}
		if !sent.IsZero() && !late {
			a.Images.Changed = sent
		}
		if len(a.Reports) == 0 && !c.Removed {
			return Noted, nil
		}
		// What comes late removes nothing, and the image archive is asked all the
		// same: it knows, and who sent this may have another clock.
		a.Images.Generation++
		a.Images.Removed = c.Removed && !late
		return Applied, nil
	})
}

// Refresh asks the image archive again for a study, as [Source.ImagesChanged]
// does, for a product that learns of changes in its own way.
func (s *Source) Refresh(ctx context.Context, studyUID string) (*Outcome, error) {
	return s.images(ctx, studyUID, func(a *ArchivedStudy) (Effect, error) {
		if len(a.Reports) == 0 {
			return 0, sourceError(opReceive, segur.KindNotFound, CodeUnknownStudy, "no report is known of the study")
		}
		a.Images.Generation++
		a.Images.Removed = false
		return Applied, nil
	})
}

// ImagesRejected takes a rejection note of the image archive (IOCM): its
// instances are no longer shared, and the manifest is withdrawn when none are
// left. A note may come before the report. One on several studies is applied to
// each: the outcome tells those that took it, the error the first that did not.
func (s *Source) ImagesRejected(ctx context.Context, n *kos.Note) (*Outcome, error) {
	if n == nil || !n.Rejects() || n.Study.UID == "" {
		return nil, &segur.Error{Op: opReceive, Kind: segur.KindInvalidInput, Message: "is no rejection note"}
	}
	studies := []string{n.Study.UID}
	for _, r := range n.References {
		if r.Study != "" && !slices.Contains(studies, r.Study) {
			studies = append(studies, r.Study)
		}
	}
	if len(studies) > maxNoteStudies {
		return nil, &segur.Error{Op: opReceive, Kind: segur.KindTooLarge, Message: "the rejection note names more studies than any does"}
	}
	out := &Outcome{}
	var failed error
	for _, uid := range studies {
		o, err := s.rejected(ctx, uid, n)
		switch {
		case err == nil:
			out.Studies = append(out.Studies, o.Studies...)
		case failed == nil:
			failed = err
		}
	}
	if len(out.Studies) == 0 {
		return nil, failed
	}
	return out, failed
}

// maxNoteStudies bounds the studies of a rejection note.
const maxNoteStudies = 100

// rejected applies a rejection note to one of its studies.
func (s *Source) rejected(ctx context.Context, uid string, n *kos.Note) (*Outcome, error) {
	return s.images(ctx, uid, func(a *ArchivedStudy) (Effect, error) {
		if slices.Contains(a.Images.Notes, n.UID) {
			return Repeated, nil
		}
		if err := s.samePatient(a, segur.INS{}, []segur.Identifier{{Extension: n.PatientID}}); err != nil {
			return 0, err
		}
		a.Images.Notes = append(a.Images.Notes, n.UID)
		if a.Images.Rejected == nil {
			a.Images.Rejected = map[string]string{}
		}
		for _, r := range n.References {
			if r.Study == uid {
				a.Images.Rejected[r.Instance] = n.Title.Code
			}
		}
		a.Images.Generation++
		if len(a.Reports) == 0 {
			return Noted, nil
		}
		return Applied, nil
	})
}

func (s *Source) images(ctx context.Context, uid string, f func(*ArchivedStudy) (Effect, error)) (*Outcome, error) {
	done, err := s.change(ctx, uid, f)
	if err != nil {
		return nil, err
	}
	return &Outcome{Studies: []StudyOutcome{s.after(ctx, uid, done)}}, nil
}
