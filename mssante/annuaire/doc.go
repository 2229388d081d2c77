// Package annuaire reads the national health directory (Annuaire Santé de
// l'ANS), FHIR R4 API version 2: who and where professionals are, their
// structures, regulated activities and heavy equipment, and the MSSanté
// mailboxes of all of them, with their kind.
//
//	client, err := annuaire.New(annuaire.Config{ClientConfig: cfg, Key: key})
//	found, err := annuaire.Find(ctx, client, annuaire.Wanted{Number: "810000000012", PostalCode: "75014", AllowDomain: guard.AllowDomain})
//	for _, c := range found.List { // best first, with reasons
//		fmt.Println(c.Mailbox.Address, c.Mailbox.Kind, c.Reasons)
//	}
//
// [Find] never chooses: several candidates are for a person to choose from.
// [Client.Practitioner] is the direct way by number, and the typed searches
// ([Client.Practitioners], [Client.Organizations]...) take every parameter that
// the service documents. Pages follow by themselves, to the configured service
// only, within bounds.
//
// The service allows 17 calls a second to an application: a [Limiter], shared
// by the clients of one API key, keeps that rate and stops for a 429.
//
// [Client.Sync] copies the directory into a [Store] and keeps the copy up to
// date, deletions included. [Memory] is a store to search without the service;
// it also takes the daily extraction ([ReadExtraction]), which needs no key.
//
// A telecom is an MSSanté mailbox when its email type is MSSANTE: structures
// publish ordinary mail beside. Resources are decoded into the FHIR models of
// samply and kept as the JSON that came, since those models lose extensions on
// primitives. Refusals of the service are a [segur.Error] whose cause is an
// [Outcome]; neither names a person nor holds the key.
//
// What it does not do: it does not write to the directory, it does not know
// whether a mail domain is in the white list (package whitelist; give its
// guard to Find), it does not download the extraction, it reads no
// LDAP, and it has no patients: the addresses of Mon espace santé are not in
// the directory.
package annuaire
