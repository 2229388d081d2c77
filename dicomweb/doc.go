// Package dicomweb is a client of image servers over HTTP (DICOM PS3.18): STOW-RS
// (store), QIDO-RS (search), WADO-RS (instances, metadata in JSON and XML, frames,
// bulk data with ranges, images for the screen, thumbnails), WADO-URI, UPS-RS
// (worklists) and deletion. It has the DICOM JSON model of its annex F, the XML
// model of PS3.19, and a reader and a writer of Part 10 files (PS3.10). A [Dataset]
// goes to and comes from each of them, and the data sets of
// github.com/suyashkumar/dicom ([ToDICOM], [FromDICOM]).
//
//	client, err := dicomweb.New(dicomweb.Config{ClientConfig: cfg, Endpoint: "https://pacs.example/dicom-web"})
//	files, skipped, err := dicomweb.OpenDir("/exam")
//	result, err := client.Store(ctx, dicomweb.StoreRequest{Instances: contents})
//	for study, err := range client.SearchStudies(ctx, dicomweb.Query{PatientID: "IPP-0001"}) { ... }
//	for instance, err := range client.Retrieve(ctx, dicomweb.Ref{Study: uid}) { ... }
//	report, err := client.Download(ctx, dicomweb.Ref{Study: uid}, dicomweb.DownloadOptions{Dir: "/exam", Resume: true})
//
// What it takes care of, because servers do not:
//
//   - A store tells what became of each instance, whatever the status: some
//     servers answer 400 for a request of which they kept a part.
//   - A search checks its rows against what was asked, since servers ignore keys
//     they do not know and answer with other patients; it stops when offset is
//     ignored, and does not lose what a server that pages wrongly holds.
//   - A retrieval ends without error only when the closing delimiter was seen,
//     and gives no instance but the one, the series or the study asked for.
//   - A download is held against what the server lists, or against a manifest: a
//     short study is never called complete.
//   - Servers differ in the Accept that they take: the client goes through the
//     forms and remembers for each host which one worked.
//   - Files are checked before they are sent: structure, lengths, identifiers.
//
// Everything is streamed: memory does not grow with the number or the size of
// instances. Images are neither decoded nor changed: the bytes of a file are
// those that were stored.
//
// A PDF, a photograph or a video is made a file ([MetadataInstance.File]), or
// stored as metadata and bulk data ([Client.StoreMetadata]); [Client.StoreAll]
// takes any number of files; UPS-RS, the worklist service, is
// [Client.CreateWorkitem] and the calls beside it, and its events
// [Client.OpenEvents]. [Client.Probe] asks a server what it has.
//
// What it does not do: decode or compress pixels, zip archives, the query
// parameter "accept" instead of the header, UIDs of more than 64 characters,
// stores of metadata as XML, storage commitment. How servers differ, and what
// was measured, is in docs/dicomweb.md.
package dicomweb
