// Command quick-start identifies a patient and stores a study, on the fakes.
package main

import (
	"context"
	"fmt"
	"log"
	"time"

	"github.com/segur-sdk/segur"
	"github.com/segur-sdk/segur/dicomweb"
	"github.com/segur-sdk/segur/dicomweb/dicomwebtest"
	"github.com/segur-sdk/segur/ins"
	"github.com/segur-sdk/segur/ins/instest"
)

func main() {
	ctx := context.Background()
	insi, pacs := instest.NewServer(), dicomwebtest.NewServer()
	defer insi.Close()
	defer pacs.Close()

	identities, err := ins.New(insi.Config()) // yours: ins.Config{ClientConfig: ..., Software: ...}
	check(err)
	found, err := identities.Identify(ctx, segur.Patient{Status: segur.Validated, Traits: segur.Traits{
		BirthName: "FICTIVE-DURAND", FirstGivenName: "CAMILLE", Sex: segur.Female,
		BirthDate: segur.NewDate(1985, time.March, 14),
	}})
	check(err)
	fmt.Println("identity:", found.Outcome, found.Patient.Status) // found QUAL

	images, err := dicomweb.New(pacs.Config())
	check(err)
	study, err := dicomwebtest.SampleStudy(dicomwebtest.SampleOptions{Patient: found.Patient})
	check(err)
	stored, err := images.Store(ctx, dicomweb.StoreRequest{Instances: study.Contents()})
	check(err)
	fmt.Println("stored:", len(stored.Instances), "instances") // 6
}

func check(err error) {
	if err != nil {
		log.Fatal(err) // a *segur.Error: what is wrong, never the patient
	}
}
