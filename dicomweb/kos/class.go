package kos

import (
	"slices"
	"strings"
)

// Value types of the items of a key object selection (TID 2010).
const (
	valueImage     = "IMAGE"
	valueComposite = "COMPOSITE"
	valueWaveform  = "WAVEFORM"
)

const storage = "1.2.840.10008.5.1.4.1.1."

// Arcs below [storage] of objects that are no images: a class is one of them or
// lies below it (DICOM PS3.4 table B.5-1).
var composites = []string{
	"4.2",      // MR spectroscopy
	"11",       // presentation states
	"66",       // raw data, registrations, fiducials, surfaces, tractography
	"67", "68", // real world value mapping, surface scan
	"77.1.5.3",                 // stereometric relationship
	"78",                       // ophthalmic measurements
	"79.1", "80.1", "88", "90", // fields and maps as reports, structured reports, assessments
	"104",        // encapsulated documents
	"131",        // basic structured display
	"200", "201", // protocols, inventories
	"481", // radiotherapy structures, plans, records
}

// pictures are the arcs below those that are images all the same: segmentations,
// radiotherapy images and doses.
var pictures = []string{"66.4", "66.7", "66.8", "481.1", "481.2", "481.23", "481.24"}

// valueType tells how the content of a selection names an instance of a class. A
// class that is not known is taken for an image, as most are.
func valueType(class string) string {
	arc, ok := strings.CutPrefix(class, storage)
	switch {
	case !ok || slices.Contains(pictures, arc):
		return valueImage
	case strings.HasPrefix(arc, "9."):
		return valueWaveform
	}
	for _, c := range composites {
		if rest, ok := strings.CutPrefix(arc, c); ok && (rest == "" || rest[0] == '.') {
			return valueComposite
		}
	}
	return valueImage
}

// acquisition holds the modalities of JDV_ModaliteAcquisition_CISIS
// (1.2.250.1.213.1.1.5.618, revision of 2021-04-19), in ascending order.
var acquisition = strings.Fields("AR BDUS BI BMD CR CT DG DMS DX ECG EEG EMG EOG EPS ES GM HD IO IVOCT IVUS KER LEN LS MG MR NM" +
	" OAM OCT OP OPM OPT OPTBSV OPTENF OPV OSS POS PT PX RESP RF RG RTIMAGE SM SRF TG US VA XA XC")

// Acquisition reports whether a modality acquires images or signals: those that
// the metadata of a document may name. KO, SR, PR, SEG, DOC and the like do not:
// their series are in the manifest all the same.
func Acquisition(modality string) bool {
	_, ok := slices.BinarySearch(acquisition, modality)
	return ok
}
