package kos

import (
	"cmp"
	"crypto/rand"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/segur-sdk/segur"
	"github.com/segur-sdk/segur/dicomweb"
	"github.com/segur-sdk/segur/internal/hl7"
)

const (
	seriesNumber = 59     // of a manifest, by convention
	maxBuilt     = 50_000 // instances of a manifest unless the context says otherwise
	maxRead      = 100_000
	uidRule      = "must be a UID: digits and dots, 64 characters at most"
)

// Build makes the first manifest of a study of its images, in any order, and of
// the context of their report. Everything that is wrong is reported together as a
// segur.ErrInvalidInput error, whose Code and those of its details are the Code…
// constants: images of two studies or of two patients, an instance without UID or
// class, an identity that is not qualified, a study that is not in the report, an
// empty study.
//
// Whether the local number and the accession of the images are those of the
// report is left to the caller, who has [Manifest.Archive] for it.
func Build(c Context, rows []Row) (*Manifest, error) { return build("kos.Build", c, rows, nil) }

// Next makes the version of the manifest that replaces m: of the images and of
// the report as they are now, with a new SOP Instance UID, the same series and the
// next number. The patient and the study must be those of m.
func (m *Manifest) Next(c Context, rows []Row) (*Manifest, error) {
	return build("kos.Next", c, rows, m)
}

func build(op string, c Context, rows []Row, previous *Manifest) (*Manifest, error) {
	var f faults
	b := &builder{Context: c, faults: &f, m: &Manifest{
		SeriesNumber: seriesNumber, Number: 1, Manufacturer: c.Manufacturer, Encoding: c.Encoding,
	}}
	b.check()
	b.identity()
	b.rows(rows, previous)
	if previous != nil {
		b.replaces(previous)
	}
	b.report()
	if err := f.err(op); err != nil {
		return nil, err
	}
	b.keys()
	b.texts()
	if err := b.identify(previous); err != nil {
		return nil, err
	}
	b.m.Warnings = b.warnings.details
	return b.m, nil
}

// builder makes one manifest.
type builder struct {
	Context
	*faults
	warnings warnings
	m        *Manifest
	notes    []*Note // of key images and of rejections, by UID
}

// check checks the settings.
func (b *builder) check() {
	if !b.Environment.Valid() {
		b.add(CodeField, "environment", "must be production, qualification or fake")
	}
	if strings.TrimSpace(b.Manufacturer) == "" {
		b.add(CodeField, "manufacturer", "is required")
	}
	var p segur.Problems
	segur.CheckEndpoint(&p, "retrieveBase", b.RetrieveBase)
	b.merge(CodeField, "", p.Err(""))
	if b.RetrieveLocationUID != "" && !b.RetrieveLocationUID.Valid() {
		b.add(CodeField, "retrieveLocationUID", "must be a valid OID")
	}
	switch b.Encoding.TransferSyntax {
	case "", dicomweb.ExplicitVRLittleEndian, dicomweb.ImplicitVRLittleEndian:
	default:
		b.add(CodeField, "encoding.transferSyntax", "must be Explicit or Implicit VR Little Endian")
	}
}

// identity takes the INS and the traits from the report.
func (b *builder) identity() {
	for i, id := range b.Report.PatientIDs {
		if !segur.IsINSAuthority(id.Root) {
			continue
		}
		at := fmt.Sprintf("report.patientIDs[%d]", i)
		ins, err := segur.ParseINS(id.Extension, id.Root)
		switch {
		case err != nil:
			b.merge(CodeBadINS, at, err)
		case b.Environment.Valid() && !b.Environment.AcceptsINS(id.Root):
			b.add(CodeBadINS, at+".root", "is a test or demonstration authority, refused in this environment")
		case !b.m.INS.IsZero() && b.m.INS != ins:
			b.add(CodeSeveralPatients, at, "is another INS than the one before")
		}
		if err == nil && b.m.INS.IsZero() {
			b.m.INS = ins
		}
	}
	t := b.Report.Patient
	b.m.Patient = t
	if b.m.INS.IsZero() {
		if !b.hasCode(CodeBadINS) {
			b.add(CodeNoINS, "report.patientIDs", "hold no INS")
		}
		return
	}
	const qualified = "is required: a qualified identity has it"
	for _, trait := range []struct {
		field string
		empty bool
	}{
		{"birthName", strings.TrimSpace(t.BirthName) == ""}, {"firstGivenName", strings.TrimSpace(t.FirstGivenName) == ""},
		{"birthDate", t.BirthDate.IsZero()}, {"sex", t.Sex != segur.Female && t.Sex != segur.Male},
	} {
		if trait.empty {
			b.add(CodeNotQualified, "report.patient."+trait.field, qualified)
		}
	}
	if b.Patient.INS.IsZero() && b.Patient.Status == segur.Provisional && b.Patient.Attributes == 0 && b.Patient.Traits == (segur.Traits{}) &&
		len(b.Patient.LocalIDs) == 0 {
		return
	}
	switch ins, ok := b.Patient.QualifiedINS(); {
	case !ok:
		b.add(CodeNotQualified, "patient", "is not a qualified identity")
	case ins != b.m.INS:
		b.add(CodeSeveralPatients, "patient.ins", "is not the INS of the report")
	}
}

// replaces checks that the manifest is a version of the one before.
func (b *builder) replaces(previous *Manifest) {
	if !dicomweb.ValidUID(previous.SeriesUID) || !dicomweb.ValidUID(previous.UID) {
		b.add(CodeBadUID, "previous", "has no UID or no series")
	}
	if b.m.Study.UID != "" && previous.Study.UID != b.m.Study.UID {
		b.add(CodeOtherStudy, "previous.study.uid", "is another study than that of the images")
	}
	if !b.m.INS.IsZero() && previous.INS != b.m.INS {
		b.add(CodeSeveralPatients, "previous.ins", "is not the INS of the report")
	}
	b.m.SeriesUID, b.m.Number = previous.SeriesUID, max(previous.Number, 0)+1
}

// report takes the act, the orders and the structure from the report.
func (b *builder) report() {
	var studies []segur.OID
	var act string
	found := false
	for _, s := range b.Report.Services {
		if s.StudyUID != "" && !slices.Contains(studies, s.StudyUID) {
			studies = append(studies, s.StudyUID)
		}
		if string(s.StudyUID) != b.m.Study.UID || b.m.Study.UID == "" {
			continue
		}
		found = true
		if act == "" {
			act = actLabel(s)
		}
	}
	if !found && b.m.Study.UID != "" {
		b.add(CodeOtherStudy, "report.services", "none has the study of the images")
	}
	if b.m.Act = b.Act; b.m.Act == "" {
		b.m.Act = act
	}
	b.m.Orders = b.orders(len(studies) > 1)
	for i, o := range b.m.Orders {
		for _, id := range []struct {
			name string
			root segur.OID
		}{{"placer", o.Placer.Root}, {"accession", o.Accession.Root}} {
			if id.root != "" && !id.root.Valid() {
				b.add(CodeField, fmt.Sprintf("report.orders[%d].%s.root", i, id.name), "must be a valid OID")
			}
		}
	}
	if b.m.Institution = b.Institution; b.m.Institution == (Institution{}) {
		b.m.Institution = institution(b.Report)
	}
	b.m.Institution.ID = strings.TrimSpace(b.m.Institution.ID)
	switch id := b.m.Institution.ID; {
	case id == "":
		b.add(CodeField, "institution.id", "is required: neither the context nor the authors of the report name the structure")
	case len(id) > 64-carets:
		b.add(CodeField, "institution.id", "is longer than the attribute may be")
	case !plain(id) || strings.Contains(id, "^"):
		b.add(CodeField, "institution.id", "must be printable ASCII without separators: it is never changed")
	}
	if b.m.Institution.Name == "" {
		b.add(CodeField, "institution.name", "is required: neither the context nor the authors of the report name the structure")
	}
}

// orders are those of the report; of a report on several studies, those that
// have an accession number of the images, when there are any.
func (b *builder) orders(several bool) []segur.DocumentOrder {
	all := slices.DeleteFunc(slices.Clone(b.Report.Orders), func(o segur.DocumentOrder) bool { return o.Placer.IsZero() && o.Accession.IsZero() })
	if len(all) == 0 {
		b.warnings.add(WarnOrder, "report.orders", "the report names no order: the manifest has neither accession nor order number")
		return nil
	}
	if several {
		var own []segur.DocumentOrder
		for _, o := range all {
			if slices.Contains(b.m.Archive.Accessions, strings.TrimSpace(o.Accession.Extension)) {
				own = append(own, o)
			}
		}
		if own != nil {
			return own
		}
	}
	return all
}

// actLabel is the label of an act: that of its code, else of the translation
// that is an act (one without qualifier).
func actLabel(s segur.DocumentService) string {
	if s.Code.Display != "" {
		return s.Code.Display
	}
	for _, t := range s.Translations {
		if t.Qualifier.IsZero() && t.Display != "" {
			return t.Display
		}
	}
	return ""
}

// institution is the organisation of the first author that has one, else that of
// the legal authenticator.
func institution(h segur.DocumentHeader) Institution {
	for _, a := range append(slices.Clone(h.Authors), h.LegalAuthenticator) {
		if o := a.Professional.Organization; o != nil && o.ID != "" {
			return Institution{ID: o.ID, Name: o.Name}
		}
	}
	return Institution{}
}

// identify gives the manifest its identifiers and its time.
func (b *builder) identify(previous *Manifest) error {
	ids, root := b.IDs, b.UIDRoot
	if ids == nil {
		ids = segur.NewIDSource(rand.Reader)
	}
	if root == "" {
		root = segur.OIDRootUUID
	}
	uid, err := ids.OID(root)
	if err != nil {
		return err
	}
	b.m.UID = string(uid)
	if previous == nil {
		series, err := ids.OID(root)
		if err != nil {
			return err
		}
		b.m.SeriesUID = string(series)
	}
	now, loc := time.Now, b.Location
	if b.Clock != nil {
		now = b.Clock
	}
	if loc == nil {
		loc = hl7.Paris()
	}
	b.m.Created = segur.At(now().In(loc))
	return nil
}

// sortSeries puts series and instances in the order of their numbers, and of
// their UIDs where these are equal, whatever the order of the rows.
func sortSeries(series []Series) {
	slices.SortStableFunc(series, func(a, b Series) int {
		return cmp.Or(cmp.Compare(a.Number, b.Number), strings.Compare(a.UID, b.UID))
	})
	for i := range series {
		slices.SortStableFunc(series[i].Instances, func(a, b Instance) int {
			return cmp.Or(cmp.Compare(a.Number, b.Number), strings.Compare(a.UID, b.UID))
		})
	}
}
