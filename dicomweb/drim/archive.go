package drim

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"log/slog"
	"slices"
	"time"

	"github.com/segur-sdk/segur"
	"github.com/segur-sdk/segur/dicomweb/kos"
	"github.com/segur-sdk/segur/dmp/xds"
)

// Archive keeps what a source knows of each study (the local archive of a
// DRIMbox: manifest, metadata, report, whether it was withdrawn). A source
// writes each step before it takes the next one, so that Save must be durable
// when it returns. It is safe for concurrent use. [OpenArchive] keeps files; a
// product may keep rows of its database: what [ArchivedStudy.MarshalBinary]
// gives, under its study, with its keys, its revision and whether it is open.
type Archive interface {
	// Lock waits until nobody else holds the name, in this process or in
	// another one that uses the archive. Names are those of studies and of
	// reports.
	Lock(ctx context.Context, name string) (unlock func(), err error)
	// Load returns what is known of a study, [segur.ErrNotFound] when nothing
	// is. A damaged study is an error of [CodeArchiveDamaged], never a part.
	Load(ctx context.Context, studyUID string) (*ArchivedStudy, error)
	// Save replaces what is known of a study, all or nothing. Its revision must
	// be one more than what is stored ([segur.ErrConflict] otherwise).
	Save(ctx context.Context, s *ArchivedStudy) error
	// Studies returns the studies of which the keys hold key (see
	// [ArchivedStudy.Keys]). It may return more than those.
	Studies(ctx context.Context, key string) ([]string, error)
	// Unfinished returns the studies that were saved open. It may return more.
	// With an error it may return those that can be told all the same.
	Unfinished(ctx context.Context) ([]string, error)
}

// ArchivedStudy is what a source knows of a study. It is health data that
// names a patient; its printed forms are redacted.
type ArchivedStudy struct {
	// StudyUID is the Study Instance UID.
	StudyUID string
	// Revision counts the times it was saved.
	Revision int64
	// Open says that something remains to be done: see Source.Resume.
	Open bool
	// Reports are the reports of the study, each with its versions.
	Reports []ArchivedReport
	// Accessions are the accession numbers that the reports give to the study.
	Accessions []string
	// Images is what is known of changes of the images.
	Images ArchivedImages
	// Published is the manifest that was published last. Nil: none ever was.
	Published *Publication
	// Attempt is a manifest that may have left, and of which the outcome is not
	// known.
	Attempt *Publication
	// Suspects are manifests that may have left, that the record did not have
	// when it was asked, and that are no longer wanted.
	Suspects []Suspect
	// Former are the manifests before Published, the latest last.
	Former []FormerManifest
	// Trouble says why it is open. Nil: nothing was tried yet.
	Trouble *Trouble

	linked bool // a message told that versions belong together
}

// ArchivedReport is a report and its versions.
type ArchivedReport struct {
	// IDs are the identifiers of its versions, root or root^extension; the
	// current one is last.
	IDs []string
	// Version is the versionNumber of the current one, Created its
	// effectiveTime, Sent the time of its last message.
	Version int
	Created time.Time
	Sent    time.Time
	// OtherPerson are those of IDs that were about another person.
	OtherPerson []string
	// Withdrawn says that it was cancelled, WithdrawnBy by whom; or who made it
	// that of another person, in a version that is not for the record.
	Withdrawn   bool
	WithdrawnBy Actor
	// Orphan says that it replaces a report that it does not name, and that has
	// not come.
	Orphan bool
	// Hides are those from whom the current version is hidden, be it for the
	// record or not.
	Hides []xds.Visibility
	// Basis is what the manifest is to be made of: the last version that is for
	// the record. Nil: none was.
	Basis *ReportBasis
}

// ReportBasis is a version of a report that is for the record.
type ReportBasis struct {
	// Digest tells one basis from another.
	Digest string
	// CDA is the document. Flags are those of its message.
	CDA   []byte
	Flags Flags
	// Matricule and Authority are the INS of the report; empty in what earlier
	// releases wrote.
	Matricule string
	Authority segur.OID
	// Actor is who sent it.
	Actor Actor
	// LocalIDs are the local identifiers of the patient that the message gives.
	LocalIDs []segur.Identifier
	// Arrived is when it was archived.
	Arrived time.Time
}

// ArchivedImages is what is known of changes of the images.
type ArchivedImages struct {
	// Generation counts the changes.
	Generation int
	// Removed says that the whole study was removed; EmptyAt is the generation
	// at which the image archive no longer had any of it.
	Removed bool
	EmptyAt int
	// Changed is when the change was sent, or arrived.
	Changed time.Time
	// Rejected are the rejected instances with the codes of the rejection.
	Rejected map[string]string
	// Notes are the SOP Instance UIDs of the rejection notes that were applied.
	Notes []string
}

// Publication is a manifest that was published, or may have been.
type Publication struct {
	// UID is its SOP Instance UID, Number its Instance Number.
	UID    string
	Number int
	// KOS is the file. Metadata are the lcm:SubmitObjectsRequest.
	KOS, Metadata []byte
	// Sealed is what is sent, as the record has fixed it; empty once published.
	Sealed []byte
	// Matricule and Authority are the INS of whose record it is in.
	Matricule string
	Authority segur.OID
	// PatientID is the local number of the patient in the images that it lists.
	PatientID string
	// ReportID is the report, Digest that of its [ReportBasis] and of what other
	// reports of the study hide beside it, Generation that of the images.
	ReportID   string
	Digest     string
	Generation int
	// Actor is in whose name it was published.
	Actor Actor
	// Replaces is the manifest that it replaced.
	Replaces string
	// At is when it was published; when it was sealed in an attempt.
	At time.Time
	// SubmissionSetID is the lot. Empty when it was found to be there.
	SubmissionSetID string
	// Withdrawing says that it is being removed from the record, in the name of
	// WithdrawnBy: whatever comes meanwhile, that is done first. Withdrawn says
	// that it was, WithdrawnAt when.
	// RemovalSent says that its removal may have reached the record.
	Withdrawing, Withdrawn bool
	RemovalSent            bool
	WithdrawnBy            Actor
	WithdrawnAt            time.Time
}

func (s *ArchivedStudy) publishedUID() string {
	if s.Published == nil {
		return ""
	}
	return s.Published.UID
}

// gives reports whether a manifest may be given: neither its report nor the
// images were withdrawn, and it is that of the person of the report. What the
// record still has, for as long as it does not answer, is not given any more.
func (s *ArchivedStudy) gives(p *Publication) bool {
	want := s.wanted()
	if p == nil || p.Withdrawn || p.Withdrawing || want == nil || s.Images.Removed {
		return false
	}
	b := want.Basis
	if b.Matricule == "" || b.Matricule == p.Matricule && b.Authority == p.Authority {
		return true
	}
	// Another report disagrees: the images tell which one is wrong.
	r := s.report(p.ReportID)
	return r != nil && r != want && !r.Withdrawn && r.Basis != nil
}

// INS is whose record the manifest is in. The error is of [CodeArchiveDamaged].
func (p *Publication) INS() (segur.INS, error) {
	ins, err := segur.ParseINS(p.Matricule, p.Authority)
	if err != nil {
		return segur.INS{}, sourceError(opArchive, segur.KindSignature, CodeArchiveDamaged, "the archive holds no INS of the manifest")
	}
	return ins, nil
}

// Manifest reads the file.
func (p *Publication) Manifest() (*kos.Manifest, error) {
	d, err := kos.Read(segur.BytesContent(p.KOS))
	if err != nil {
		return nil, err
	}
	if d == nil || d.Kind != kos.KindManifest || d.Manifest.UID != p.UID {
		return nil, &segur.Error{Op: opArchive, Kind: segur.KindSignature, Code: CodeArchiveDamaged, Message: "the manifest is not the one it was filed as"}
	}
	return d.Manifest, nil
}

// Suspect is a manifest that may yet appear in the record.
type Suspect struct {
	// Publication is what may have left.
	Publication Publication
	// Since is when the record did not have it.
	Since time.Time
	// Published is the UID of the manifest that was published last by then.
	Published string
}

// FormerManifest is a manifest that was replaced or withdrawn.
type FormerManifest struct {
	UID    string
	Number int
	At     time.Time
}

// Trouble is why a study is not settled.
type Trouble struct {
	// Code, Kind, Message and Details are those of the error; no patient data.
	Code    string
	Kind    segur.Kind
	Message string
	Details []segur.Detail
	// Refused says that a person has to act; waiting alone will not do.
	Refused bool
	// Since is when it began, At when it was tried last, Tries how often.
	Since, At time.Time
	Tries     int
	// NotBefore is when it is tried again.
	NotBefore time.Time
}

// Err is the trouble as an error.
func (t *Trouble) Err() error {
	if t == nil {
		return nil
	}
	return &segur.Error{Op: opSource, Kind: t.Kind, Code: t.Code, Message: t.Message, Details: t.Details, Help: helpOf(t.Code)}
}

// ReportKey and AccessionKey are keys of an archive: the studies of a report,
// by its identifier (root, or root^extension), and of an accession number.
func ReportKey(id string) string { return "report:" + id }

// AccessionKey is the key of an accession number.
func AccessionKey(number string) string { return "accession:" + number }

// MonthKey is the key of what was published in a month, in UTC.
func MonthKey(year int, month time.Month) string {
	return fmt.Sprintf("month:%04d-%02d", year, int(month))
}

// Keys are the keys under which an archive finds the study again.
func (s *ArchivedStudy) Keys() []string {
	var out []string
	for i := range s.Reports {
		for _, id := range s.Reports[i].IDs {
			out = append(out, ReportKey(id))
		}
	}
	for _, number := range s.Accessions {
		out = append(out, AccessionKey(number))
	}
	if p := s.Published; p != nil {
		at := p.At.UTC()
		out = append(out, MonthKey(at.Year(), at.Month()))
	}
	slices.Sort(out)
	return slices.Compact(out)
}

// String is redacted.
func (s ArchivedStudy) String() string { return "ArchivedStudy(" + s.StudyUID + ", redacted)" }

// Format writes the redacted form whatever the verb.
func (s ArchivedStudy) Format(f fmt.State, _ rune) { _, _ = f.Write([]byte(s.String())) }

// LogValue makes slog write the redacted form.
func (s ArchivedStudy) LogValue() slog.Value { return slog.StringValue(s.String()) }

const archiveMagic = "segur.drim.ArchivedStudy 1\n"

// MarshalBinary writes the study with a checksum.
func (s *ArchivedStudy) MarshalBinary() ([]byte, error) {
	type plain ArchivedStudy
	b, err := json.Marshal((*plain)(s))
	if err != nil {
		return nil, &segur.Error{Op: opArchive, Kind: segur.KindInvalidInput, Message: "the study cannot be written"}
	}
	sum := sha256.Sum256(b)
	return fmt.Appendf(append([]byte(archiveMagic), b...), "\n%x\n", sum), nil
}

// UnmarshalBinary reads what MarshalBinary wrote. Anything else, whole or not,
// is an error of [CodeArchiveDamaged], and s is left alone.
func (s *ArchivedStudy) UnmarshalBinary(b []byte) error {
	damaged := &segur.Error{Op: opArchive, Kind: segur.KindSignature, Code: CodeArchiveDamaged, Message: "the stored study is damaged: it is not used", Help: helpOf(CodeArchiveDamaged)}
	rest, ok := bytes.CutPrefix(b, []byte(archiveMagic))
	const tail = 1 + 2*sha256.Size + 1
	if !ok || len(rest) < tail {
		return damaged
	}
	body, end := rest[:len(rest)-tail], rest[len(rest)-tail:]
	sum := sha256.Sum256(body)
	if string(end) != "\n"+hex.EncodeToString(sum[:])+"\n" {
		return damaged
	}
	type plain ArchivedStudy
	var out plain
	if err := json.Unmarshal(body, &out); err != nil || out.StudyUID == "" {
		return damaged // the error of encoding/json may quote
	}
	*s = ArchivedStudy(out)
	return nil
}
