package kos

import (
	"fmt"

	"github.com/suyashkumar/dicom"

	"github.com/segur-sdk/segur"
	"github.com/segur-sdk/segur/dicomweb"
)

// Dataset gives the attributes of the manifest, in the form in which
// [Manifest.Encode] writes them. The error names everything that a manifest must
// have and this one has not.
func (m *Manifest) Dataset() (*dicomweb.Dataset, error) {
	if err := m.check(); err != nil {
		return nil, err
	}
	charset := "ISO_IR 100"
	if !m.fitsLatin1() {
		charset = "ISO_IR 192"
	}
	day, clock := m.Created.Time.Format("20060102"), m.Created.Time.Format("150405")
	d := &dicomweb.Dataset{}
	for _, e := range []dicomweb.Element{
		element(dicomweb.TagSpecificCharacterSet, dicomweb.CS, charset),
		element(tagCreationDate, dicomweb.DA, day),
		element(tagCreationTime, dicomweb.TM, clock),
		element(dicomweb.TagSOPClassUID, dicomweb.UI, SOPClass),
		element(dicomweb.TagSOPInstanceUID, dicomweb.UI, m.UID),
		element(dicomweb.TagStudyDate, dicomweb.DA, m.Study.Date.Compact()),
		element(tagSeriesDate, dicomweb.DA, day),
		element(tagContentDate, dicomweb.DA, day),
		element(dicomweb.TagStudyTime, dicomweb.TM, m.Study.Time),
		element(tagSeriesTime, dicomweb.TM, clock),
		element(tagContentTime, dicomweb.TM, clock),
	} {
		d.Set(e)
	}
	m.rootAccession(d)
	for _, e := range []dicomweb.Element{
		element(dicomweb.TagModality, dicomweb.CS, "KO"),
		element(tagManufacturer, dicomweb.LO, m.Manufacturer),
		element(tagInstitution, dicomweb.LO, m.Institution.text()),
		element(dicomweb.TagReferringPhysician, dicomweb.PN, m.Study.ReferringPhysician),
		element(tagZone, dicomweb.SH, m.Created.Time.Format("-0700")),
		element(dicomweb.TagStudyDescription, dicomweb.LO, m.Study.Description),
		dicomweb.Sequence(tagProcedureStep),
	} {
		d.Set(e)
	}
	m.patient(d)
	for _, e := range []dicomweb.Element{
		element(dicomweb.TagStudyInstanceUID, dicomweb.UI, m.Study.UID),
		element(dicomweb.TagSeriesInstanceUID, dicomweb.UI, m.SeriesUID),
		element(dicomweb.TagStudyID, dicomweb.SH, m.Study.ID),
		number(dicomweb.TagSeriesNumber, m.SeriesNumber),
		number(dicomweb.TagInstanceNumber, m.Number),
		element(tagValueType, dicomweb.CS, "CONTAINER"),
		code(tagConceptName, TitleManifest, "DCM", "Manifest"),
		element(tagContinuity, dicomweb.CS, "SEPARATE"),
	} {
		d.Set(e)
	}
	if len(m.Orders) > 0 {
		d.Set(m.requests())
	}
	d.Set(dicomweb.Sequence(tagEvidence, m.evidence()))
	d.Set(template())
	d.Set(m.content())
	return d, nil
}

// text writes InstitutionName: the name and, as the tenth component, the
// identifier.
func (i Institution) text() string {
	if i.ID == "" {
		return i.Name
	}
	return i.Name + "^^^^^^^^^" + i.ID
}

// template names TID 2010, Key Object Selection.
func template() dicomweb.Element {
	return dicomweb.Sequence(tagTemplate, dicomweb.NewDataset(
		element(tagMappingResource, dicomweb.CS, "DCMR"), element(tagTemplateID, dicomweb.CS, "2010")))
}

// rootAccession writes (0008,0050): required by the module, empty by convention.
func (m *Manifest) rootAccession(d *dicomweb.Dataset) {
	if !m.Encoding.AccessionAtRoot || len(m.Orders) == 0 {
		d.Set(element(dicomweb.TagAccessionNumber, dicomweb.SH, ""))
		return
	}
	accession := m.Orders[0].Accession
	d.Set(element(dicomweb.TagAccessionNumber, dicomweb.SH, accession.Extension))
	if accession.Root != "" {
		d.Set(entity(tagAccessionIssuer, accession.Root))
	}
}

// patient writes the identity: the INS as the identifier of the patient and, once
// more, among the other ones.
func (m *Manifest) patient(d *dicomweb.Dataset) {
	t := m.Patient
	issuer, authority := m.Encoding.issuer(m.INS), m.INS.Authority()
	birth := ""
	if t.BirthDate.Complete() {
		birth = t.BirthDate.Compact()
	}
	d.Set(element(dicomweb.TagPatientName, dicomweb.PN, personName(t.BirthName, t.FirstGivenName)))
	d.Set(element(dicomweb.TagPatientID, dicomweb.LO, m.INS.Matricule()))
	d.Set(element(dicomweb.TagIssuerOfPatientID, dicomweb.LO, issuer))
	d.Set(entity(tagPatientIssuer, authority))
	d.Set(element(dicomweb.TagPatientBirthDate, dicomweb.DA, birth))
	d.Set(element(dicomweb.TagPatientSex, dicomweb.CS, string(t.Sex)))
	if names := otherNames(t); names != nil {
		d.Set(dicomweb.Element{Tag: tagOtherNames, VR: dicomweb.PN, Values: names})
	}
	d.Set(dicomweb.Sequence(tagOtherIDs, dicomweb.NewDataset(
		element(dicomweb.TagPatientID, dicomweb.LO, m.INS.Matricule()), element(dicomweb.TagIssuerOfPatientID, dicomweb.LO, issuer),
		element(tagTypeOfID, dicomweb.CS, "TEXT"), entity(tagPatientIssuer, authority))))
	if t.BirthPlace != "" {
		d.Set(element(tagComments, dicomweb.LT, t.BirthPlace))
	}
}

// personName writes the first two components of a PN.
func personName(family, given string) string {
	if given == "" {
		return family
	}
	return family + "^" + given
}

// otherNames writes OtherPatientNames: the list of given names at birth behind an
// empty family name, then the used name when there is one. A list that is not
// known leaves its place empty.
func otherNames(t segur.Traits) []string {
	list := ""
	if t.GivenNames != "" {
		list = "^" + t.GivenNames
	}
	switch used := personName(t.UsedName, t.UsedGivenName); {
	case used != "":
		return []string{list, used}
	case list != "":
		return []string{list}
	}
	return nil
}

// requests writes one item for each order.
func (m *Manifest) requests() dicomweb.Element {
	items := make([]*dicomweb.Dataset, len(m.Orders))
	for i, o := range m.Orders {
		item := dicomweb.NewDataset(element(dicomweb.TagAccessionNumber, dicomweb.SH, o.Accession.Extension))
		if o.Accession.Root != "" {
			item.Set(entity(tagAccessionIssuer, o.Accession.Root))
		}
		item.Set(dicomweb.Sequence(tagReferencedStudy))
		item.Set(element(dicomweb.TagStudyInstanceUID, dicomweb.UI, m.Study.UID))
		item.Set(element(tagProcedure, dicomweb.LO, ""))
		item.Set(dicomweb.Sequence(tagProcedureCode))
		if o.Placer.Root != "" {
			item.Set(entity(tagPlacerIssuer, o.Placer.Root))
		}
		item.Set(element(tagProcedureID, dicomweb.SH, ""))
		item.Set(element(tagPlacer, dicomweb.LO, o.Placer.Extension))
		item.Set(element(tagFiller, dicomweb.LO, ""))
		items[i] = item
	}
	return dicomweb.Sequence(tagRequest, items...)
}

// evidence writes the study item: its series with their address and instances.
func (m *Manifest) evidence() *dicomweb.Dataset {
	series := make([]*dicomweb.Dataset, len(m.Series))
	for i := range m.Series {
		s := &m.Series[i]
		instances := make([]*dicomweb.Dataset, len(s.Instances))
		for j := range s.Instances {
			instances[j] = s.Instances[j].evidence()
		}
		item := &dicomweb.Dataset{}
		if s.RetrieveURL != "" {
			item.Set(element(dicomweb.TagRetrieveURL, dicomweb.UR, s.RetrieveURL))
		}
		item.Set(dicomweb.Sequence(dicomweb.TagReferencedSOPSequence, instances...))
		item.Set(element(dicomweb.TagSeriesInstanceUID, dicomweb.UI, s.UID))
		if s.Number != 0 {
			item.Set(number(dicomweb.TagSeriesNumber, s.Number))
		}
		if s.RetrieveLocationUID != "" {
			item.Set(element(tagRetrieveLocation, dicomweb.UI, s.RetrieveLocationUID))
		}
		series[i] = item
	}
	return dicomweb.NewDataset(dicomweb.Sequence(tagReferencedSeries, series...),
		element(dicomweb.TagStudyInstanceUID, dicomweb.UI, m.Study.UID))
}

// evidence writes an instance with the notes that select it. The numbers are a
// convention of DRIM-M: viewers sort without opening the instances.
func (i *Instance) evidence() *dicomweb.Dataset {
	item := dicomweb.NewDataset(reference(i.SOPClass, i.UID)...)
	if len(i.Keys) > 0 {
		keys := make([]*dicomweb.Dataset, len(i.Keys))
		for n, k := range i.Keys {
			keys[n] = dicomweb.NewDataset(
				element(dicomweb.TagReferencedSOPInstance, dicomweb.UI, k.Note),
				element(dicomweb.TagSeriesInstanceUID, dicomweb.UI, k.Series),
				code(tagConceptName, k.Title.Code, scheme(k.Title), k.Title.Display),
				dicomweb.Sequence(tagContent, dicomweb.NewDataset(element(tagTextValue, dicomweb.UT, k.Text))))
		}
		item.Set(dicomweb.Sequence(dicomweb.TagReferencedSOPSequence, keys...))
	}
	if i.Number != 0 {
		item.Set(number(dicomweb.TagInstanceNumber, i.Number))
	}
	if i.Frames > 1 {
		item.Set(number(dicomweb.TagNumberOfFrames, i.Frames))
	}
	return item
}

// content writes the tree: the instances and the text item.
func (m *Manifest) content() dicomweb.Element {
	items := make([]*dicomweb.Dataset, 0, m.Len()+1)
	text := textItem(m.Text().String())
	if m.Encoding.TextItemFirst {
		items = append(items, text)
	}
	for _, i := range m.All() {
		items = append(items, contains(i.SOPClass, i.UID))
	}
	if !m.Encoding.TextItemFirst {
		items = append(items, text)
	}
	return dicomweb.Sequence(tagContent, items...)
}

// check names what a manifest must have to be written: one that was read, or
// changed by hand, may lack it.
func (m *Manifest) check() error {
	var f faults
	uid := func(field, value string) {
		if !dicomweb.ValidUID(value) {
			f.add(CodeBadUID, field, uidRule)
		}
	}
	uid("uid", m.UID)
	uid("seriesUID", m.SeriesUID)
	uid("study.uid", m.Study.UID)
	if m.INS.IsZero() {
		f.add(CodeNoINS, "ins", "is required")
	}
	if m.Created.IsZero() {
		f.add(CodeField, "created", "is required")
	}
	if m.Len() == 0 {
		f.add(CodeEmptyStudy, "series", "hold no instance")
	}
	seen := make(map[string]bool, m.Len())
	for i := range m.Series {
		s := &m.Series[i]
		uid(fmt.Sprintf("series[%d].uid", i), s.UID)
		if s.UID == m.SeriesUID && s.UID != "" {
			f.add(CodeBadUID, fmt.Sprintf("series[%d].uid", i), "is the series of the manifest")
		}
		if len(s.Instances) == 0 {
			f.add(CodeEmptyStudy, fmt.Sprintf("series[%d].instances", i), "are none")
		}
		for j := range s.Instances {
			in := &s.Instances[j]
			if !dicomweb.ValidUID(in.UID) || !dicomweb.ValidUID(in.SOPClass) {
				at := fmt.Sprintf("series[%d].instances[%d].", i, j)
				uid(at+"uid", in.UID)
				uid(at+"sopClass", in.SOPClass)
			}
			if seen[in.UID] {
				f.add(CodeTwice, fmt.Sprintf("series[%d].instances[%d].uid", i, j), "is the UID of an instance before")
			}
			seen[in.UID] = true
		}
	}
	return f.err("kos.Encode")
}

// Encode writes the manifest as a Part 10 file: Explicit VR Little Endian unless
// [Encoding] says otherwise, in Latin-1 when every text fits and in UTF-8 when one
// does not. The same manifest gives the same bytes.
func (m *Manifest) Encode() ([]byte, error) {
	d, err := m.Dataset()
	if err != nil {
		return nil, err
	}
	return write(d, m.Encoding.TransferSyntax)
}

// Content is [Manifest.Encode] as a content to send.
func (m *Manifest) Content() (segur.Content, error) {
	b, err := m.Encode()
	if err != nil {
		return nil, err
	}
	return segur.BytesContent(b), nil
}

// DICOM gives the manifest as a data set of github.com/suyashkumar/dicom, for
// programs built on that library. See [dicomweb.ToDICOM] for what it changes: texts
// that are not ASCII become UTF-8, for the library writes no other. The file to
// publish is that of [Manifest.Encode].
func (m *Manifest) DICOM() (dicom.Dataset, error) {
	d, err := m.Dataset()
	if err != nil {
		return dicom.Dataset{}, err
	}
	return dicomweb.ToDICOM(d)
}
