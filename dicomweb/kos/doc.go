// Package kos builds and reads the DICOM key object selection documents of the
// image sharing of DRIM-M: the manifest of a study (XDS-I.b, title 113030),
// and the rejection notes of IOCM.
package kos
