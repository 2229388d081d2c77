package dicomweb

import (
	"fmt"
	"io"
	"log/slog"
	"strings"
	"time"

	"github.com/segur-sdk/segur"
)

// Attributes of search rows that have no other use in the client.
const (
	tagTimezoneOffset       Tag = 0x00080201
	tagAvailableSyntax      Tag = 0x00083002
	tagBodyPartExamined     Tag = 0x00180015
	tagLaterality           Tag = 0x00200060
	tagScheduledStepID      Tag = 0x00400009
	tagProcedureStartDate   Tag = 0x00400244
	tagProcedureStartTime   Tag = 0x00400245
	tagRequestAttributes    Tag = 0x00400275
	tagRequestedProcedureID Tag = 0x00401001
)

// Subject is the patient as the image server knows them. It is local data, of
// the modality or of the RIS: no qualified identity.
type Subject struct {
	// ID is the local identifier (0010,0020), of Issuer (0010,0021) when the
	// server says whose.
	ID, Issuer string
	// Name is the name as DICOM writes it: "FAMILY^GIVEN^MIDDLE^PREFIX^SUFFIX",
	// and after "=" the ideographic and phonetic groups.
	Name string
	// BirthDate is zero when it is absent or malformed.
	BirthDate segur.Date
	// Sex is "M", "F", "O" or empty.
	Sex string
}

// Moment is a DICOM date with its time of day.
type Moment struct {
	// Date is zero when it is absent or malformed.
	Date segur.Date
	// Time is the time of day as it came: "HHMMSS.FFFFFF", of which the end may
	// be missing.
	Time string
	// Zone is the offset from UTC of the instance, "+0100"; empty when unknown.
	Zone string
}

// At returns the moment, and whether date and hour are known. loc is where it
// is when the server does not tell; nil is UTC.
func (m Moment) At(loc *time.Location) (time.Time, bool) {
	if m.Date.IsZero() {
		return time.Time{}, false
	}
	if loc == nil {
		loc = time.UTC
	}
	if zone, err := time.Parse("-0700", m.Zone); err == nil {
		_, seconds := zone.Zone()
		loc = time.FixedZone("", seconds)
	}
	whole, fraction, _ := strings.Cut(strings.ReplaceAll(m.Time, ":", ""), ".")
	layout := map[int]string{2: "15", 4: "1504", 6: "150405"}[len(whole)]
	if layout == "" {
		return time.Time{}, false
	}
	if fraction != "" {
		whole, layout = whole+"."+fraction, layout+"."+strings.Repeat("0", len(fraction))
	}
	clock, err := time.Parse(layout, whole)
	if err != nil {
		return time.Time{}, false
	}
	return time.Date(m.Date.Year, time.Month(m.Date.Month), m.Date.Day, clock.Hour(), clock.Minute(), clock.Second(), clock.Nanosecond(), loc), true
}

// Study is a row of [Client.SearchStudies]. Fields that the server left out are
// empty, counts are 0. It holds patient data: its printed forms are redacted.
type Study struct {
	// UID is the Study Instance UID.
	UID string
	Moment
	// ID is the Study ID (0020,0010).
	ID string
	// AccessionNumber is that of the order.
	AccessionNumber string
	// Description is (0008,1030); most servers give it only when
	// [Query.Include] asks for it.
	Description string
	// Modalities are those that the study holds: "CT", "SR".
	Modalities []string
	// ReferringPhysician is a name as DICOM writes it.
	ReferringPhysician string
	// Patient is whose study it is.
	Patient Subject
	// Series and Instances count what the study holds.
	Series, Instances int
	// Availability is "ONLINE", "NEARLINE", "OFFLINE", "UNAVAILABLE" or empty.
	Availability string
	// RetrieveURL is where the server says the study is. It may be empty, and
	// wrong behind a proxy.
	RetrieveURL string
	// Attributes are all attributes that the server returned.
	Attributes *Dataset
}

// Ref returns the place of the study.
func (s *Study) Ref() Ref { return Ref{Study: s.UID} }

// Series is a row of [Client.SearchSeries]. Fields that the server left out are
// empty, counts are 0. It holds patient data: its printed forms are redacted.
type Series struct {
	// StudyUID is the Study Instance UID.
	StudyUID string
	// UID is the Series Instance UID.
	UID string
	// Moment is the start of the performed procedure step (0040,0244).
	Moment
	// Modality is that of the series.
	Modality string
	// Number is the Series Number; 0 when there is none.
	Number int
	// Description is (0008,103E).
	Description string
	// BodyPart and Laterality are (0018,0015) and (0020,0060), as a rule given
	// only when [Query.Include] asks for them.
	BodyPart, Laterality string
	// Requests are the orders that the series answers (0040,0275).
	Requests []RequestedStep
	// Patient is whose series it is, in searches across studies.
	Patient Subject
	// Instances counts what the series holds.
	Instances int
	// Availability is "ONLINE", "NEARLINE", "OFFLINE", "UNAVAILABLE" or empty.
	Availability string
	// RetrieveURL is where the server says the series is. It may be empty, and
	// wrong behind a proxy.
	RetrieveURL string
	// Attributes are all attributes that the server returned.
	Attributes *Dataset
}

// RequestedStep is an item of the Request Attributes Sequence.
type RequestedStep struct {
	// ScheduledStepID is (0040,0009), RequestedProcedureID is (0040,1001).
	ScheduledStepID, RequestedProcedureID string
}

// Ref returns the place of the series.
func (s *Series) Ref() Ref { return Ref{Study: s.StudyUID, Series: s.UID} }

// InstanceRow is a row of [Client.SearchInstances]. Fields that the server left
// out are empty, counts are 0. It holds patient data: its printed forms are
// redacted.
type InstanceRow struct {
	// StudyUID and SeriesUID are the place of the instance. SeriesUID is empty
	// when the server does not tell it in a search of a whole study.
	StudyUID, SeriesUID string
	// UID is the SOP Instance UID.
	UID string
	// SOPClass is the SOP Class UID.
	SOPClass string
	// Number is the Instance Number; 0 when there is none.
	Number int
	// Frames is the number of frames; 1 for an image without that attribute, 0
	// for what is no image.
	Frames int
	// Rows and Columns are the size of an image in pixels, BitsAllocated the
	// bits that a sample takes.
	Rows, Columns, BitsAllocated int
	// TransferSyntaxes are those in which the server can give the instance
	// (0008,3002); servers that do not tell leave it empty.
	TransferSyntaxes []string
	// Patient is whose instance it is, in searches across studies.
	Patient Subject
	// Availability is "ONLINE", "NEARLINE", "OFFLINE", "UNAVAILABLE" or empty.
	Availability string
	// RetrieveURL is where the server says the instance is. It may be empty, and
	// wrong behind a proxy.
	RetrieveURL string
	// Attributes are all attributes that the server returned.
	Attributes *Dataset
}

// Ref returns the place of the instance.
func (i *InstanceRow) Ref() Ref { return Ref{Study: i.StudyUID, Series: i.SeriesUID, Instance: i.UID} }

func subject(ds *Dataset) Subject {
	return Subject{
		ID: ds.Value(TagPatientID), Issuer: ds.Value(TagIssuerOfPatientID), Name: ds.Value(TagPatientName),
		BirthDate: ds.Date(TagPatientBirthDate), Sex: ds.Value(TagPatientSex),
	}
}

func moment(ds *Dataset, date, clock Tag) Moment {
	return Moment{Date: ds.Date(date), Time: ds.Value(clock), Zone: ds.Value(tagTimezoneOffset)}
}

// count reads a number that is not negative; 0 for anything else.
func count(ds *Dataset, tag Tag) int {
	n, ok := ds.Int(tag)
	if !ok || n < 0 || n > 1<<31-1 {
		return 0
	}
	return int(n)
}

// number reads a number that may be negative.
func number(ds *Dataset, tag Tag) int {
	n, ok := ds.Int(tag)
	if !ok || n < -(1<<31) || n > 1<<31-1 {
		return 0
	}
	return int(n)
}

// trimmed returns the values without blanks and without empty ones.
func trimmed(values []string) []string {
	var out []string
	for _, v := range values {
		if v = strings.Trim(v, " \x00"); v != "" {
			out = append(out, v)
		}
	}
	return out
}

func studyRow(ds *Dataset, _ *Query) *Study {
	return &Study{
		UID: ds.Value(TagStudyInstanceUID), Moment: moment(ds, TagStudyDate, TagStudyTime), ID: ds.Value(TagStudyID),
		AccessionNumber: ds.Value(TagAccessionNumber), Description: ds.Value(TagStudyDescription),
		Modalities: trimmed(ds.Values(TagModalitiesInStudy)), ReferringPhysician: ds.Value(TagReferringPhysician), Patient: subject(ds),
		Series: count(ds, TagStudySeriesCount), Instances: count(ds, TagStudyInstanceCount),
		Availability: ds.Value(TagInstanceAvailability), RetrieveURL: ds.Value(TagRetrieveURL), Attributes: ds,
	}
}

func seriesRow(ds *Dataset, q *Query) *Series {
	s := &Series{
		StudyUID: ds.Value(TagStudyInstanceUID), UID: ds.Value(TagSeriesInstanceUID),
		Moment: moment(ds, tagProcedureStartDate, tagProcedureStartTime), Modality: ds.Value(TagModality), Number: number(ds, TagSeriesNumber),
		Description: ds.Value(TagSeriesDescription), BodyPart: ds.Value(tagBodyPartExamined), Laterality: ds.Value(tagLaterality),
		Patient: subject(ds), Instances: count(ds, TagSeriesInstanceCount),
		Availability: ds.Value(TagInstanceAvailability), RetrieveURL: ds.Value(TagRetrieveURL), Attributes: ds,
	}
	for _, item := range ds.Items(tagRequestAttributes) {
		s.Requests = append(s.Requests, RequestedStep{item.Value(tagScheduledStepID), item.Value(tagRequestedProcedureID)})
	}
	if s.StudyUID == "" { // not required below a study: it is that of the URL
		s.StudyUID = q.Study
	}
	return s
}

func instanceRow(ds *Dataset, q *Query) *InstanceRow {
	i := &InstanceRow{
		StudyUID: ds.Value(TagStudyInstanceUID), SeriesUID: ds.Value(TagSeriesInstanceUID), UID: ds.Value(TagSOPInstanceUID),
		SOPClass: ds.Value(TagSOPClassUID), Number: number(ds, TagInstanceNumber), Frames: count(ds, TagNumberOfFrames),
		Rows: count(ds, TagRows), Columns: count(ds, TagColumns), BitsAllocated: count(ds, TagBitsAllocated),
		TransferSyntaxes: trimmed(ds.Values(tagAvailableSyntax)), Patient: subject(ds),
		Availability: ds.Value(TagInstanceAvailability), RetrieveURL: ds.Value(TagRetrieveURL), Attributes: ds,
	}
	if i.Frames == 0 && i.Rows > 0 {
		i.Frames = 1
	}
	if i.StudyUID == "" {
		i.StudyUID = q.Study
	}
	if i.SeriesUID == "" {
		i.SeriesUID = q.Series
	}
	return i
}

// String returns a redacted form.
func (s Study) String() string { return fmt.Sprintf("Study(%s, redacted)", s.UID) }

// Format writes the redacted form whatever the verb.
func (s Study) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, s.String()) }

// LogValue makes slog write the redacted form.
func (s Study) LogValue() slog.Value { return slog.StringValue(s.String()) }

// String returns a redacted form.
func (s Series) String() string { return fmt.Sprintf("Series(%s, redacted)", s.UID) }

// Format writes the redacted form whatever the verb.
func (s Series) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, s.String()) }

// LogValue makes slog write the redacted form.
func (s Series) LogValue() slog.Value { return slog.StringValue(s.String()) }

// String returns a redacted form.
func (i InstanceRow) String() string { return fmt.Sprintf("InstanceRow(%s, redacted)", i.UID) }

// Format writes the redacted form whatever the verb.
func (i InstanceRow) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, i.String()) }

// LogValue makes slog write the redacted form.
func (i InstanceRow) LogValue() slog.Value { return slog.StringValue(i.String()) }

// String returns a redacted form.
func (s Subject) String() string { return "Subject(redacted)" }

// Format writes the redacted form whatever the verb.
func (s Subject) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, s.String()) }

// LogValue makes slog write the redacted form.
func (s Subject) LogValue() slog.Value { return slog.StringValue(s.String()) }
