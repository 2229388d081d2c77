package dicomweb_test

import (
	"context"
	"fmt"
	"log"
	"time"

	"github.com/segur-sdk/segur/dicomweb"
	"github.com/segur-sdk/segur/dicomweb/dicomwebtest"
)

// A screen that shows the worklist follows it without asking again and again: subscribe, open, read, follow.
func ExampleClient_OpenEvents() {
	srv := dicomwebtest.NewServer()
	defer srv.Close()
	client, err := dicomweb.New(srv.Config())
	if err != nil {
		log.Fatal(err)
	}
	ctx := context.Background()
	task := dicomweb.Workitem{Label: "Relecture", Start: time.Date(2026, 1, 15, 10, 30, 0, 0, time.UTC)}
	if _, err := client.CreateWorkitem(ctx, task); err != nil {
		log.Fatal(err)
	}

	subscription, err := client.Subscribe(ctx, dicomweb.Subscription{AETitle: "ECRAN1", Workitem: dicomweb.UPSAll})
	if err != nil {
		log.Fatal(err)
	}
	channel, err := client.OpenEvents(ctx, dicomweb.EventRequest{AETitle: "ECRAN1", URL: subscription.URL})
	if err != nil {
		log.Fatal(err)
	}
	defer channel.Close()
	// Only now, so that no change falls between the two.
	for w, err := range client.SearchWorkitems(ctx, dicomweb.WorkitemQuery{}) {
		if err != nil {
			log.Fatal(err)
		}
		fmt.Println("there is:", w.Label, w.State)
	}
	elsewhere(client)
	for event, err := range channel.Events() {
		if err != nil { // the channel ended: open it again and read the worklist
			fmt.Println(err)
			break
		}
		fmt.Println(event.Type, event.State)
		if event.State.Final() {
			break
		}
	}
	// Output:
	// there is: Relecture SCHEDULED
	// UPS State Report IN PROGRESS
	// UPS State Report COMPLETED
}

// elsewhere is a reading room that works through the worklist.
func elsewhere(client *dicomweb.Client) {
	ctx := context.Background()
	for w, err := range client.SearchWorkitems(ctx, dicomweb.WorkitemQuery{}) {
		if err != nil {
			log.Fatal(err)
		}
		transaction, err := client.NewUID()
		if err != nil {
			log.Fatal(err)
		}
		for _, state := range []dicomweb.UPSState{dicomweb.UPSInProgress, dicomweb.UPSCompleted} {
			if _, err := client.ChangeWorkitemState(ctx, dicomweb.StateChange{UID: w.UID, State: state, Transaction: transaction}); err != nil {
				log.Fatal(err)
			}
		}
	}
}
