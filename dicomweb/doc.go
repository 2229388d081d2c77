// Package dicomweb is a client of image servers over HTTP: STOW-RS (store),
// QIDO-RS (search) and WADO-RS (retrieve, metadata) of DICOM PS3.18, with the DICOM JSON
// model of its annex F, the XML model of PS3.19, and a reader and a writer of
// Part 10 files (PS3.10). A [Dataset] goes to and comes from each of them, and
// the data sets of github.com/suyashkumar/dicom ([ToDICOM], [FromDICOM]).
//
//	client, err := dicomweb.New(dicomweb.Config{ClientConfig: cfg, Endpoint: "https://pacs.example/dicom-web"})
//	files, skipped, err := dicomweb.OpenDir("/exam")
//	result, err := client.Store(ctx, dicomweb.StoreRequest{Instances: contents})
//	for study, err := range client.SearchStudies(ctx, dicomweb.Query{PatientID: "IPP-0001"}) { ... }
//	for instance, err := range client.Retrieve(ctx, dicomweb.Ref{Study: uid}) { ... }
//
// What it takes care of, because servers do not:
//
//   - A store tells what became of each instance, whatever the status: some
//     servers answer 400 for a request of which they kept a part.
//   - A search checks its rows against what was asked, since servers ignore keys
//     they do not know and answer with other patients; it stops when offset is
//     ignored.
//   - A retrieval ends without error only when the closing delimiter was seen,
//     and gives no instance but the one, the series or the study asked for.
//   - Files are checked before they are sent: structure, lengths, identifiers.
//
// Everything is streamed: memory does not grow with the number or the size of
// instances. Images are neither decoded nor changed: the bytes of a file are
// those that were stored.
//
// What it does not do yet: frames, rendered images and bulk data of WADO-RS, STOW-RS of metadata with bulk data, UPS-RS, deletion, splitting a
// store into batches, DRIM-M.
package dicomweb
