package xds

import (
	"github.com/segur-sdk/segur"
	"github.com/segur-sdk/segur/internal/nos"
)

// KOS is what a DICOM key object selection manifest (XDS-I.b, DRIM-M) says for
// its entry. Package dicomweb/kos gives it.
type KOS struct {
	// UniqueID is the SOP Instance UID.
	UniqueID segur.OID
	// Created is the Instance Creation Date and Time, with the offset that
	// holds in France at that instant. The entry gives it in UTC; a receiver
	// that compares local texts is satisfied by a time built in UTC.
	Created segur.Timestamp
	// StudyUID selects the act of the report when it has several. Optional.
	StudyUID segur.OID
	// Modalities are the modalities of the study, DICOM codes such as "CT".
	// Empty: those that the report gives.
	Modalities []string
	// Title replaces the default one. Optional.
	Title string
	// Author replaces the authors of the report, for a manifest that is
	// published in the name of the system. Optional.
	Author *segur.DocumentActor
}

const kosTitle = "Reference d'Objets d'un Examen d'Imagerie"

// DeriveKOSEntry makes the metadata of a KOS from the manifest and from the
// header of the report that goes with it: patient, times, structure, orders
// and people come from the report. Modalities and regions are under the value
// sets unless o says otherwise. The specialty of the authors is left out.
func DeriveKOSEntry(k KOS, report segur.DocumentHeader, o EntryOptions) DocumentEntry {
	if o.EventScheme == SchemeOfKind {
		o.EventScheme = ValueSets
	}
	h := report
	h.Services = services(k, report.Services)
	e := DeriveEntry(h, o)
	e.UniqueID, e.MimeType, e.Created, e.Language = string(k.UniqueID), "application/dicom", k.Created, "fr-FR"
	e.Title = k.Title
	if e.Title == "" {
		e.Title = kosTitle
	}
	if k.Author != nil {
		e.Authors = []Author{o.author(*k.Author)}
	}
	for i := range e.Authors {
		e.Authors[i].Specialties = nil
	}
	e.TypeCode = labelled(segur.Code{Code: "IMG-KOS", System: nos.A05DocumentType})
	if o.ClassCode.IsZero() {
		e.ClassCode = classOf(e.TypeCode)
	}
	const format = "1.2.840.10008.5.1.4.1.1.88.59"
	e.FormatCode = segur.Code{Code: format, System: nos.DICOMUID, Display: nos.FormatCode.Display(format, nos.DICOMUID)}
	return e
}

// services keeps the acts of the study, all of them when none is named or
// found, and puts the modalities of the study in the place of theirs.
func services(k KOS, all []segur.DocumentService) []segur.DocumentService {
	var out []segur.DocumentService
	for _, s := range all {
		if k.StudyUID != "" && s.StudyUID == k.StudyUID {
			out = append(out, s)
		}
	}
	if out == nil {
		out = append(out, all...)
	}
	if len(out) == 0 {
		out = []segur.DocumentService{{}}
	}
	if k.StudyUID != "" && out[0].StudyUID == "" {
		out[0].StudyUID = k.StudyUID
	}
	if len(k.Modalities) == 0 {
		return out
	}
	for i := range out {
		var translations []segur.QualifiedCode
		for _, t := range out[i].Translations {
			if t.Qualifier.Code != qualifierModality {
				translations = append(translations, t)
			}
		}
		if i == 0 {
			for _, m := range k.Modalities {
				translations = append(translations, segur.QualifiedCode{Code: segur.Code{Code: m, System: nos.DCM},
					Qualifier: segur.Code{Code: qualifierModality, System: nos.DCM}})
			}
		}
		out[i].Translations = translations
	}
	return out
}
