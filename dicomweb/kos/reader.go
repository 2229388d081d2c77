package kos

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/segur-sdk/segur"
	"github.com/segur-sdk/segur/dicomweb"
	"github.com/segur-sdk/segur/internal/hl7"
)

// reader reads the attributes of one document.
type reader struct {
	faults
	warnings warnings
	ds       *dicomweb.Dataset
	places   map[dicomweb.Ref]int             // of the series, in their manifest
	others   map[string][]segur.DocumentOrder // that name another study than the document, by that study
}

// value is the first value of an attribute; blanks and line ends around it, which
// documents show, are dropped with a warning.
func (r *reader) value(ds *dicomweb.Dataset, tag dicomweb.Tag, field string) string {
	v := ds.Value(tag)
	trimmed := strings.TrimSpace(v)
	if trimmed != v {
		r.warnings.add(WarnBlanks, field, "has blanks or line ends around it")
	}
	return trimmed
}

// item is the first item of a sequence; an empty data set when there is none.
func item(ds *dicomweb.Dataset, tag dicomweb.Tag) *dicomweb.Dataset {
	if items := ds.Items(tag); len(items) > 0 {
		return items[0]
	}
	return &dicomweb.Dataset{}
}

// codeOf reads the code of a sequence of one.
func codeOf(ds *dicomweb.Dataset, tag dicomweb.Tag) segur.Code {
	i := item(ds, tag)
	c := segur.Code{Code: strings.TrimSpace(i.Value(dicomweb.TagCodeValue)), SystemName: strings.TrimSpace(i.Value(dicomweb.TagCodingScheme)), Display: strings.TrimSpace(i.Value(dicomweb.TagCodeMeaning))}
	if c.SystemName == "DCM" {
		c.System = dcm
	}
	return c
}

// title reads the title and tells whether it is that of a manifest. An official
// sample has the scheme in the place of the code.
func (r *reader) title() (segur.Code, bool) {
	c := codeOf(r.ds, tagConceptName)
	if v := r.ds.Value(tagValueType); v != "CONTAINER" {
		r.warnings.add(WarnValueType, "(0040,A040)", "is not CONTAINER")
	}
	if _, ok := r.ds.Get(dicomweb.TagSpecificCharacterSet); !ok {
		r.warnings.add(WarnCharacterSet, "(0008,0005)", "is missing: text that is not UTF-8 was read as Latin-1")
	}
	if c.Code == TitleManifest && c.System == dcm {
		return c, true
	}
	if c.Code == TitleManifest || c.SystemName == TitleManifest || c.Code == "DCM" && strings.EqualFold(c.Display, "manifest") {
		r.warnings.add(WarnTitle, "(0040,A043)", "is not written as the code 113030 of DCM")
		return segur.Code{Code: TitleManifest, System: dcm, SystemName: "DCM", Display: c.Display}, true
	}
	// A rejection that is not understood would share what must not be.
	if c.System == "" && rejection(c.Code) && (c.SystemName == "" || strings.EqualFold(c.SystemName, "DCM") || c.SystemName == string(dcm)) {
		r.warnings.add(WarnTitle, "(0040,A043)", "is the code of a rejection without its scheme DCM")
		c.System, c.SystemName = dcm, "DCM"
	}
	return c, false
}

// text is the text item: that of the concept "Key Object Description", else any,
// else the one that old documents have at the root.
func (r *reader) text() string {
	found, any, has := "", "", false
	for _, i := range r.ds.Items(tagContent) {
		if i.Value(tagValueType) != "TEXT" {
			continue
		}
		text := strings.Join(i.Values(tagTextValue), `\`)
		if codeOf(i, tagConceptName).Code == codeDescription {
			found, has = text, true
		} else if any == "" {
			any = text
		}
	}
	if !has {
		found = any
	}
	if root := strings.Join(r.ds.Values(tagTextValue), `\`); root != "" {
		r.warnings.add(WarnText, "(0040,A160)", "stands at the root")
		if found == "" {
			found = root
		}
	}
	return r.repair(found, "text")
}

// repair reads as UTF-8 the lines that are UTF-8 in a document that says Latin-1:
// producers mix both within one value.
func (r *reader) repair(s, field string) string {
	if charset := r.ds.Value(dicomweb.TagSpecificCharacterSet); charset != "ISO_IR 100" && charset != "" {
		return s
	}
	lines := strings.Split(s, "\n")
	repaired := false
	for i, l := range lines {
		if fixed, ok := doublyEncoded(l); ok {
			lines[i], repaired = fixed, true
		}
	}
	if !repaired {
		return s
	}
	r.warnings.add(WarnRepaired, field, "is UTF-8 where the document says Latin-1, and was read as such")
	return strings.Join(lines, "\n")
}

// doublyEncoded gives the text whose UTF-8 was read as Latin-1.
func doublyEncoded(s string) (string, bool) {
	high := false
	b := make([]byte, 0, len(s))
	for _, c := range s {
		if c > 0xFF {
			return "", false
		}
		high = high || c >= 0x80
		b = append(b, byte(c))
	}
	if !high || !utf8.Valid(b) {
		return "", false
	}
	return string(b), true
}

// manifests reads the manifests, one for each study, that of the root first. When
// there is none a fault says why.
func (r *reader) manifests(text Text) []*Manifest {
	ds := r.ds
	head := Manifest{
		UID: r.value(ds, dicomweb.TagSOPInstanceUID, "uid"), SeriesUID: r.value(ds, dicomweb.TagSeriesInstanceUID, "seriesUID"),
		SeriesNumber: numberOf(ds, dicomweb.TagSeriesNumber), Number: numberOf(ds, dicomweb.TagInstanceNumber), Created: r.created(),
		Manufacturer: r.value(ds, tagManufacturer, "manufacturer"), Institution: r.institution(),
		Study: r.study(), Act: text.Act,
	}
	for _, u := range []struct{ field, value string }{{"uid", head.UID}, {"seriesUID", head.SeriesUID}, {"study.uid", head.Study.UID}} {
		if !dicomweb.ValidUID(u.value) {
			r.add(CodeBadUID, u.field, uidRule)
		}
	}
	r.identity(&head)
	head.Orders = r.orders(head.Study.UID)
	if len(ds.Items(tagProcedureStep)) > 0 {
		r.warnings.add(WarnProcedureStep, "(0008,1111)", "has items where a manifest has none")
	}
	if v := ds.Value(tagSeriesTime); len(v) == 8 && !strings.Contains(v, ".") {
		r.warnings.add(WarnTime, "(0008,0031)", "holds a date where a time must be")
	}
	return r.evidence(head, text)
}

func numberOf(ds *dicomweb.Dataset, tag dicomweb.Tag) int {
	n, err := strconv.ParseInt(strings.TrimPrefix(strings.TrimSpace(ds.Value(tag)), "+"), 10, 32)
	if err != nil {
		return 0
	}
	return int(n)
}

// study reads the attributes of the study.
func (r *reader) study() Study {
	ds := r.ds
	return Study{
		UID: r.value(ds, dicomweb.TagStudyInstanceUID, "study.uid"), ID: r.value(ds, dicomweb.TagStudyID, "study.id"),
		Date: ds.Date(dicomweb.TagStudyDate), Time: r.value(ds, dicomweb.TagStudyTime, "study.time"),
		Description:        r.repair(r.value(ds, dicomweb.TagStudyDescription, "study.description"), "study.description"),
		ReferringPhysician: r.value(ds, dicomweb.TagReferringPhysician, "study.referringPhysician"),
	}
}

// created reads the time of creation, with the offset that the document states.
func (r *reader) created() segur.Timestamp {
	day, clock := r.ds.Value(tagCreationDate), r.ds.Value(tagCreationTime)
	if day == "" {
		day, clock = r.ds.Value(tagContentDate), r.ds.Value(tagContentTime)
	}
	zone := strings.TrimSpace(r.ds.Value(tagZone))
	loc := hl7.Paris()
	t := segur.Timestamp{}
	if offset, err := time.Parse("-0700", zone); err == nil {
		_, seconds := offset.Zone()
		loc = time.FixedZone("", seconds)
	} else {
		t.NoOffset = true
		r.warnings.add(WarnTime, "(0008,0201)", "names no offset from UTC: French legal time is assumed")
	}
	if clock, _, _ = strings.Cut(clock, "."); len(clock) != 6 {
		clock = (clock + "000000")[:6]
	}
	at, err := time.ParseInLocation("20060102150405", strings.TrimSpace(day)+clock, loc)
	if err != nil {
		r.warnings.add(WarnTime, "created", "is not a date and a time")
		return segur.Timestamp{}
	}
	t.Time = at
	return t
}

// institution splits InstitutionName: the name first, the identifier last.
func (r *reader) institution() Institution {
	v := r.repair(r.value(r.ds, tagInstitution, "institution"), "institution")
	first := strings.IndexByte(v, '^')
	if first < 0 {
		r.warnings.add(WarnInstitution, "institution.id", "is not in InstitutionName")
		return Institution{Name: v}
	}
	id := strings.TrimSpace(v[strings.LastIndexByte(v, '^')+1:])
	if id == "" || strings.Count(v, "^") != carets {
		r.warnings.add(WarnInstitution, "institution.id", "is not the tenth component of InstitutionName")
	}
	return Institution{ID: id, Name: strings.TrimSpace(v[:first])}
}

// orders reads the orders; the accession at the root stands in for one that has
// none.
func (r *reader) orders(study string) []segur.DocumentOrder {
	var out []segur.DocumentOrder
	accession := false
	for i, it := range r.ds.Items(tagRequest) {
		at := fmt.Sprintf("orders[%d].", i)
		o := segur.DocumentOrder{
			Accession: segur.Identifier{Extension: r.value(it, dicomweb.TagAccessionNumber, at+"accession"), Root: authority(it, tagAccessionIssuer)},
			Placer:    segur.Identifier{Extension: r.value(it, tagPlacer, at+"placer"), Root: authority(it, tagPlacerIssuer)},
		}
		if uid := strings.TrimSpace(it.Value(dicomweb.TagStudyInstanceUID)); uid != "" && uid != study {
			r.warnings.add(WarnRequest, at+"study", "is another study than that of the document")
			if r.others == nil {
				r.others = map[string][]segur.DocumentOrder{}
			}
			r.others[uid] = append(r.others[uid], o)
		}
		accession = accession || o.Accession.Extension != ""
		if !o.Accession.IsZero() || !o.Placer.IsZero() {
			out = append(out, o)
		}
	}
	if len(out) == 0 {
		r.warnings.add(WarnRequest, "orders", "are none")
	}
	root := segur.Identifier{Extension: r.value(r.ds, dicomweb.TagAccessionNumber, "accession"), Root: authority(r.ds, tagAccessionIssuer)}
	if root.Extension == "" {
		return out
	}
	switch {
	case len(out) == 0:
		out = []segur.DocumentOrder{{Accession: root}}
		r.warnings.add(WarnAccession, "accession", "stands at the root only")
	case !accession:
		out[0].Accession = root
		r.warnings.add(WarnAccession, "accession", "stands at the root only")
	case !slices.ContainsFunc(out, func(o segur.DocumentOrder) bool { return o.Accession.Extension == root.Extension }):
		r.warnings.add(WarnAccession, "accession", "differs between the root and the orders: that of the orders was taken")
	default:
		r.warnings.add(WarnAccession, "accession", "stands at the root too")
	}
	return out
}

// authority reads the OID of an assigning authority.
func authority(ds *dicomweb.Dataset, tag dicomweb.Tag) segur.OID {
	return segur.OID(strings.TrimSpace(item(ds, tag).Value(tagEntityID)))
}
