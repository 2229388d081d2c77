package dmp_test

import (
	"context"
	"fmt"
	"time"

	"github.com/segur-sdk/segur/dmp"
	"github.com/segur-sdk/segur/dmp/dmptest"
)

// Before consulting: is there a record, and may the user read it? If not, the
// user asks the patient, says so in a dialog box, and the authorisation is
// added.
func ExampleClient_Authorize() {
	ctx := context.Background()
	srv := dmptest.NewServer() // the real thing: an endpoint, certificates of IGC-Santé
	defer srv.Close()
	patient := dmptest.Patient().INS
	srv.SetPatient(patient, dmptest.Record{Unauthorized: true, AttachedToENS: true})

	cfg := srv.Config()
	cfg.Mode = dmp.IndirecteRenforcee
	client, err := dmp.New(cfg)
	if err != nil {
		fmt.Println(err)
		return
	}
	status, err := client.Existence(ctx, patient)
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println("active:", status.Active(), "may consult:", status.Authorization.Valid())

	consent := dmp.Consent{Act: dmp.ConsentDialog, At: time.Now()} // what the dialog box recorded
	if _, err := client.Authorize(ctx, patient, dmp.AuthorizeOptions{Consent: consent}); err != nil {
		fmt.Println(err)
		return
	}
	if status, err = client.Existence(ctx, patient); err == nil {
		fmt.Println("may consult:", status.Authorization.Valid())
	}
	// Output:
	// active: true may consult: false
	// may consult: true
}
