// Package drim shares the images of an exam, and reads those of the others, as
// the programme DRIM-M of the Ségur has it (DRIMbox; CI-SIS "Transmission d'un
// document CDA-R2 en HL7v2" 2.1, DMP integration guide 2.10, DICOM PS3.18,
// IHE XDS-I.b). Images stay where they were made; the national record (DMP)
// holds the report and a manifest (KOS, package kos) that lists the images and
// their addresses.
//
// # Source
//
// A [Source] takes what a RIS sends about a validated report, and keeps the
// manifest of the study in the record as the report and the images are:
//
//	archive, err := drim.OpenArchive("/var/lib/drimbox")
//	source, err := drim.NewSource(drim.SourceConfig{
//		Environment: segur.Production, PACS: pacs, Archive: archive, ReadReport: cda.ReadHeader,
//		RetrieveBase: "https://db.imagerie.example/rs", Manufacturer: "…", UIDRoot: "…",
//		Records: func(ctx context.Context, a drim.Actor) (drim.Record, error) {
//			c, err := record.ForUser(a.Professional(), nil)
//			if err != nil {
//				return nil, err
//			}
//			return c.Manifests(dmp.ManifestOptions{Opposition: dmp.NotOpposed, ContentType: segur.Code{Code: "07"}}), nil // external consultation
//		},
//	})
//	outcome, err := source.Receive(ctx, message) // no error: acknowledge it (AA)
//	outcome, err = source.Resume(ctx)            // when the program starts, and every minute
//
// What it does with what comes:
//
//	new report                    publication (TD2.1)                       [Source.Receive]
//	correction                    replacement (TD2.1, RPLC)                 [Source.Receive]
//	visibility alone              replacement, the same images              [Source.Receive]
//	withdrawal of the report      deletion (TD3.3c)                         [Source.Receive]
//	correction of the patient     deletion, then publication                [Source.Receive]
//	correction of the study       deletion there, publication here          [Source.Receive]
//	images changed (OMI^O23)      replacement; deletion when none are left  [Source.ImagesChanged]
//	rejection note (IOCM)         the same, without the rejected ones       [Source.ImagesRejected]
//
// Each step is written to the [Archive] before the next one begins, identifiers
// and bytes before they are sent: a crash, an outage or an answer that is lost
// leaves a study that [Source.Resume] finishes. The order of messages is told by
// what replaces what, by version and by time, not by arrival; a message that
// comes twice is published once. Nothing is published that contradicts itself:
// identity not qualified, images of another patient or of another order, empty
// study, rule of [CrossCheck] that fails. What waits, and what a person has to
// correct, is told by [Source.Pending].
//
// An http.Handler gives the images to the consumers ([NewHandler]), from the
// image archive or a directory; [ServeMLLP] receives the HL7 messages.
//
// # Consumer
//
// A [Consumer] finds the exams of a patient in the record, and retrieves their
// images from the boxes of those who made them, in the name of one user:
//
//	consumer, err := drim.NewConsumer(drim.ConsumerConfig{
//		ClientConfig: segur.ClientConfig{Environment: segur.Production, RootCAs: roots},
//		Record: record.Manifests(dmp.ManifestOptions{}), // as the user may see it
//		Boxes:  list.Guard(),                            // of a whitelist.Client
//		Tokens: session,                                 // Pro Santé Connect
//	})
//	exams, err := consumer.Exams(ctx, query) // of a contextual call: [Call.ExamQuery]
//	opened, err := consumer.Open(ctx, exams[0])
//	report, err := consumer.Retrieve(ctx, drim.RetrieveRequest{
//		Exams: []*drim.OpenedExam{opened}, Sink: drim.SaveTo(dir)})
//	if !report.Complete() {
//		// say so beside the images: the report tells of each why
//	}
//
// [Consumer.Export] sends them to the local PACS instead, under the local
// identity. A manifest is used only when it is the document that its entry
// describes, of the patient who was searched; an image only when it came whole, is
// listed, and is of that study and patient. An exam is complete only when every
// image of its current manifest is there: after a 404 that is the one that the
// record has then. The token goes to no host outside of the white list, over https
// alone, and follows no redirection. The example examples/share-images shows both
// sides, and what is refused:
// https://github.com/segur-sdk/segur/tree/main/examples/share-images
//
// # Which type for which role
//
//	receives reports from a RIS       [ServeMLLP], [MessageReader], [ReportMessage], [ImageChange], [Flags], [Ack]
//	publishes manifests               [Source], [SourceConfig], [Record], [Actor], [Outcome], [Trouble]
//	keeps what it does                [Archive], [FileArchive], [ArchivedStudy]
//	gives images to other boxes       [NewHandler], [HandlerConfig], [ManifestsOf], [ImagesFromPACS], [ImagesFromDir],
//	                                  [TokenChecker], [Introspection], [Access]
//	is called by a RIS for a patient  [ParseCall], [CallHandler], [Call], [CallStatistic]; the other side: [CallFormat]
//	finds and reads exams             [Consumer], [ExamQuery], [Exam], [OpenedExam], [RetrieveRequest], [Sink], [Completeness]
//	files them in the local PACS      [ExportRequest], [LocalIdentity]
//	opens the viewer of the source    [ViewerLink], [NewViewerLink], [ReadViewerLink]
//	verifies an exam by itself        [CrossCheck], [Objects], [CheckReport]
//
// A product that is only one of these needs only its line. The codes of errors,
// with what to do, are listed in docs/drim.md.
//
// # What it does not do
//
// It publishes no report: the RIS or the interface engine does, and mails it. It
// is no image archive and no viewer, has no C-STORE and no C-FIND of its own,
// and does not notice that images changed unless it is told ([Source.Refresh]).
// It does not write the monthly archive of the source (XDM, KAyyyyMM), of which too
// little is public: [Source.Month] gives what it is made of.
package drim
