// Package dmp is the client of the DMP, the shared medical record of Mon espace santé, for software of professionals: it
// publishes documents (TD2.1), finds them (TD3.1) and retrieves them (TD3.2).
//
// Specifications: the interface of the DMP for professional software (guide "DMPi" 2.10, transactions TD0 to TD3), that
// is IHE XDS.b (ITI-41, ITI-18, ITI-43; IT Infrastructure Technical Framework) with the metadata of the CI-SIS, over
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
//		Patient: patient, ContentType: segur.Code{Code: "07"},
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
// [Client.Find] gives the entries of a patient, [Client.Retrieve] streams one document and verifies its size and its hash.
//
// # Rights
//
// The record decides who may do what: its matrix is applied by the service, and a refusal ([segur.ErrAuthorization], with
// its code) says in its help which modes are made for the call. One rule is the software's own: [IndirecteRenforcee]
// is for consultation, so [Client.Submit] refuses it before sending. A product that feeds and consults makes two
// clients, [Indirecte] and [IndirecteRenforcee], with the same certificates.
//
// [Client.SecretConnection] is the client for what a minor has done without the knowledge of the legal representatives.
//
// # What it does not do
//
// The web access in INDIRECTE_RENFORCEE (TD0.10), of which no specification is public, the creation, the change and the
// closing of a record (TD1.1 to TD1.4, which software no longer does where the record is attached to Mon espace santé),
// the web account of the patient (TD1.5), the accesses in emergency (every assertion asks for the normal access, never bris_de_glace nor centre_15), the
// deletion and the changes of metadata (TD3.3), the access through API Pro Santé Connect, and the encoding of a [Sealed]
// submission for storage are not there. It does not test whether a patient opposes: that is recorded by the software.
package dmp
