// Package dmptest is a fake DMP for tests and demonstrations: an XDS registry and repository in memory behind mutual
// TLS 1.2, as strict as the national service is said to be, and scriptable.
//
//	srv := dmptest.NewServer()
//	defer srv.Close()
//	client, err := dmp.New(srv.Config())
//
// It answers TD2.1 (ITI-41), TD3.1 (ITI-18: FindDocuments, FindDocumentsByReferenceId, GetDocuments) and TD3.2 (ITI-43).
// It answers as well TD0.2, TD1.3a, TD0.3, TD0.4, TD0.5 and TD1.6 from the state of each patient's record
// ([Handler.SetPatient]): authorisations of each professional and structure, blocked professionals, declared general
// practitioners, closed record, oppositions; their requests must be those of the official samples, element by element,
// and about the patient of the assertion. It verifies the client certificate, the WS-Addressing headers, the assertion (signature, chain, structure, rules of the
// mode, age, use for one call only), MTOM, the metadata and their value sets, hash and size of every document, the
// signature of the lot, identifiers already used, replacements, and a rights matrix reduced to the modes. What the real
// service does where its specification is not public is a guess: see the comments of the package's code.
//
// [Server.Fail] scripts what goes wrong: latency, an HTTP status, a fault, a page of HTML, an answer that is cut or
// altered, an answer that is lost after the documents were stored. The operations are those of [Fault].
package dmptest
