// Package kos builds and reads the DICOM key object selection documents of the
// image sharing of DRIM-M: the manifest of a study (IHE XDS-I.b, title 113030,
// DICOM PS3.3 A.35.4 and PS3.16 TID 2010, with the conventions of the DRIM-M
// samples), key image notes, and the notes by which an archive says that it
// rejected images (IHE IOCM).
//
//	rows, err := kos.FromRows(pacs.SearchInstances(ctx, dicomweb.Query{Study: uid, Include: kos.Attributes()}), parents...)
//	manifest, err := kos.Build(kos.Context{Report: header, RetrieveBase: "https://db.example/rs", ...}, rows)
//	content, err := manifest.Content()             // the Part 10 file to publish
//	next, err := manifest.Next(kosContext, rows)   // the version that replaces it
//	document, err := kos.Read(content)             // a manifest, a rejection note or key images
//	change := kos.Compare(manifest, next)
//
// What it takes care of:
//
//   - Identity. A manifest has the INS of a qualified identity, with a right key
//     and an authority that the environment accepts; images of two patients or of
//     two studies are refused. A reader tells the INS by the OID of its authority
//     and refuses a document with two.
//   - Versions. Each has a new SOP Instance UID, the series of the first and the
//     next number.
//   - Text. The document is Latin-1 when every text fits and UTF-8 when one does
//     not; nothing is folded unless [Context] asks, and every cut or replaced
//     character is a warning.
//   - Tolerance. [Read] takes every deviation of the official samples, of the
//     prototype and of older documents, and names each by a code Warn….
//   - Rejected images. Those that a rejection note names are left out even when the
//     archive goes on listing them.
//
// The same input gives the same bytes, in whatever order the archive lists images.
//
// What it does not do: it opens no connection; it does not compare the local
// number, the name and the accession of the images with those of the report
// ([Manifest] keeps them in Archive for that), does not check addresses against the white
// list, makes no metadata of the record (package dmp/xds does), does not search
// the archive or the record (package dicomweb/drim does), and reads no image. Of
// the content of TID 2010 it writes no observer context and no document title
// modifier.
package kos
