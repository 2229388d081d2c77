// Package annuaire reads the national health directory (Annuaire Santé de
// l'ANS), FHIR R4 API version 2: who a professional is, and which MSSanté
// mailboxes they have.
//
//	client, err := annuaire.New(annuaire.Config{ClientConfig: cfg, Key: key})
//	doctor, err := client.Practitioner(ctx, "810000000012")
//	for _, box := range doctor.Mailboxes {
//		fmt.Println(box.Address, box.Kind)
//	}
//
// The resource is decoded into the FHIR models of samply and kept as the JSON
// that came, since those models lose extensions on primitives.
//
// What it does not do yet: search by name, place or organisation, boxes of
// organisations, delta synchronisation, the rate limit of 17 calls a second.
package annuaire
