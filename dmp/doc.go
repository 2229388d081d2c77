// Package dmp is the client of the DMP, the shared medical record of Mon espace santé, for software of professionals: it
// tells the state of a record and of an authorisation (TD0, TD1), publishes documents (TD2.1, TD2.2), finds them (TD3.1),
// retrieves them (TD3.2), and changes who sees them, archives and deletes them (TD3.3).
//
// Specifications: the interface of the DMP for professional software (guide "DMPi" 2.10, transactions TD0 to TD3), that
// is IHE XDS.b (ITI-41, ITI-18, ITI-43, ITI-57; IT Infrastructure Technical Framework) with the metadata of the CI-SIS, over
// SOAP 1.2, mutual TLS 1.2 and one signed assertion (VIHF, SAML 2.0) for each call; the signature of submission sets
// follows IHE Document Digital Signature with XAdES 1.1.1. The guide itself is not public: what could not be read in a
// public source is a field of [Settings].
//
// # Publishing
//
// [Client.Prepare] turns documents into a [Sealed] submission: identifiers given, bytes hashed, metadata derived and
// checked, nothing sent; everything that is wrong is reported at once. [Client.Submit] sends it. A submission is never
// sent twice by itself: when the answer is lost the error is [segur.ErrOutcomeUnknown], [Client.Resolve] asks the record
// whether the documents arrived, and [Client.Resubmit] does that and sends those that did not.
//
//	sealed, err := client.Prepare(ctx, dmp.Submission{
//		Patient: patient, Opposition: dmp.NotOpposed, ContentType: segur.Code{Code: "07"},
//		Documents: []dmp.SubmissionDocument{{Document: report}},
//	})
//	receipt, err := client.Submit(ctx, sealed)
//	if errors.Is(err, segur.ErrOutcomeUnknown) {
//		receipt, err = client.Resubmit(ctx, sealed)
//	}
//
// # The record of a patient
//
// [Client.Existence] tells whether there is a record, its state and the authorisation of the user (TD0.2); it shows no
// identity, since that of the record never corrects the local one (RG_0320). [Client.AdministrativeData] reads the contact,
// the representatives and the oppositions to the accesses in emergency (TD1.3a). [Client.Authorize] and [Client.Revoke]
// change the authorisation of the user (TD0.3): adding one takes the [Consent] that the user stated by an explicit act,
// and nothing here adds one by itself. [Client.Professionals] lists whom the patient authorised or blocked (TD1.6),
// [Client.AuthorizedRecords] the records that the user may consult (TD0.4), [Client.SearchPatient] finds a patient
// without INS for a regulation centre (TD0.5), and [Client.WebURL] gives the address of a page for the browser (TD0.9).
//
// The service's free texts come back in errors as they are, but for the words, dates and numbers that may identify
// somebody.
//
// # Consulting
//
// [Client.Find] gives the entries of a patient, with every filter of TD3.1; [Client.FindByReference], [Client.Lookup],
// [Client.FindSubmissionSets], [Client.Associations] and [Client.DocumentsAndAssociations] are the other stored queries.
// [Client.Sync] tells what is new, replaced, hidden or gone since a [SyncState] that the software keeps.
// [Client.Retrieve] streams one document and verifies its size and its hash, [Client.RetrieveAll] several of one answer.
//
// # Changing
//
// [Client.SetVisibility] hides a document from professionals or shows it, [Client.Archive] and [Client.Unarchive] move it,
// and [Client.PrepareDelete] shows what [Client.Delete] would delete (RG_3410). A version that somebody else changed in
// between is read again once.
//
// # Sending later
//
// [Sealed.Encode] stores a submission, with its documents or with their hashes, and [Client.Decode] reopens it under the
// same identifiers once everything has been verified again. The stored form holds patient data.
//
// # Rights
//
// A [Client] is one user, one structure, one [Mode]. The record decides who may do what; its matrix is published, and
// each call applies it before sending anything: [Client.Allowed] gives the same error ([segur.ErrAuthorization], whose
// help says which modes are made for the call), [Client.Right] what a product shows, [RightTo] any cell. What depends on
// the documents, on the patient or on what the record alone knows is left to it, and everything is with
// Settings.LetServiceDecide. A product that feeds and consults makes two clients, [Indirecte] and [IndirecteRenforcee],
// with the same certificates; [Directe], with the card of a professional, does both.
//
// [Client.Emergency] is the client of an access "en bris de glace", [Client.Regulation] that of a regulation centre,
// [Client.SecretConnection] that of what a minor has done without the knowledge of the legal representatives: whether
// it is offered, and from which age on, is the software's to decide (EX_GEN-1550). They share the connections of the
// client that they come from; the third combines with the others.
//
// # The assertion
//
// Each message bears its own VIHF, signed by Config.Signing: a card through its crypto.Signer, or the certificate of
// signature of the structure. The roles come from code tables: a physician without specialty, a pharmacist without
// section, an actor without role, and codes that the tables do not hold are refused by [New]. The user of
// IndirecteRenforcee may be who logged in with Pro Santé Connect: profession and specialty as its UserInfo has them
// (codes of TRE_G15, TRE_R01, TRE_G05, TRE_R85) go into Config.User. A process without a user is the professional of the
// message, or an automaton (see [Identity]); an engine that publishes for several people makes one client for each
// with [Client.ForUser]. Every assertion and every use of it is told to Config.Trace.
//
// Config.BearerToken adds the access token of the architecture "API PSC" (DMPi 2.10). What else that architecture
// changes is not public: the address, the version and the mode of the assertion are settings.
//
// # What it does not do
//
// The web access in INDIRECTE_RENFORCEE (TD0.10), of which no specification is public; the creation, the change and the
// closing of a record (TD1.1 to TD1.4, which software no longer does where the record is attached to Mon espace santé)
// and the web account of the patient (TD1.5); the exchange of a token of Pro Santé Connect for one of the record. It
// does not know whether a patient opposes: the software records it and says it in Submission.Opposition.
package dmp
