package drim

import (
	"context"
	"fmt"
	"log/slog"
	"time"

	"github.com/segur-sdk/segur"
)

// CurrentManifest is the manifest of a study that consumers may hold now. Its
// printed forms are redacted.
type CurrentManifest struct {
	// StudyUID is the study, UID the SOP Instance UID of the manifest: what the
	// header KOS-SOPInstanceUID of a retrieval repeats.
	StudyUID, UID string
	// KOS is the file.
	KOS []byte
	// INS is whose record it is in.
	INS segur.INS
	// PatientID is the local number of the patient in the images, when they were
	// listed; empty when that is not known.
	PatientID string
	// Published is when.
	Published time.Time
	// Unconfirmed says that it may have been published: its submission left and
	// nobody knows the outcome yet.
	Unconfirmed bool
	// Rejected are the instances that were rejected since the manifest was made:
	// it lists them, and they are not given any more.
	Rejected map[string]bool
}

// String is redacted.
func (m CurrentManifest) String() string { return "CurrentManifest(" + m.UID + ", redacted)" }

// Format writes the redacted form whatever the verb.
func (m CurrentManifest) Format(f fmt.State, _ rune) { _, _ = f.Write([]byte(m.String())) }

// LogValue makes slog write the redacted form.
func (m CurrentManifest) LogValue() slog.Value { return slog.StringValue(m.String()) }

// Manifests looks up what an archive has published.
type Manifests struct{ archive Archive }

// ManifestsOf is the lookup of an archive, for the side that serves images.
func ManifestsOf(a Archive) Manifests { return Manifests{a} }

// Manifest returns the manifest of a study that consumers may hold: the one of
// that UID when it is published, or may be; the published one when uid is
// empty. [segur.ErrNotFound] when there is none: never published, withdrawn or to
// be withdrawn, or replaced by another.
func (m Manifests) Manifest(ctx context.Context, studyUID, uid string) (*CurrentManifest, error) {
	s, err := m.archive.Load(ctx, studyUID)
	if err != nil {
		return nil, err
	}
	for _, p := range []*Publication{s.Published, s.Attempt} {
		if !s.gives(p) || uid != "" && p.UID != uid || uid == "" && p == s.Attempt {
			continue
		}
		ins, err := p.INS()
		if err != nil {
			return nil, err
		}
		m := &CurrentManifest{StudyUID: studyUID, UID: p.UID, KOS: p.KOS, INS: ins, PatientID: p.PatientID, Published: p.At, Unconfirmed: p == s.Attempt}
		if p.Generation < s.Images.Generation && len(s.Images.Rejected) > 0 {
			m.Rejected = map[string]bool{}
			for instance := range s.Images.Rejected {
				m.Rejected[instance] = true
			}
		}
		return m, nil
	}
	return nil, &segur.Error{Op: opArchive, Kind: segur.KindNotFound, Message: "no manifest of the study is published under this identifier"}
}

// Manifest makes the archive what serves images asks for: see
// [Manifests.Manifest].
func (a *FileArchive) Manifest(ctx context.Context, studyUID, uid string) (*CurrentManifest, error) {
	return ManifestsOf(a).Manifest(ctx, studyUID, uid)
}
