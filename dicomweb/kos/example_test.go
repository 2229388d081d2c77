package kos_test

import (
	"fmt"
	"time"

	"github.com/segur-sdk/segur"
	"github.com/segur-sdk/segur/dicomweb/kos"
)

// A site makes the manifest of the exam that a report is about, and later the
// version without an image that was withdrawn.
func ExampleBuild() {
	images := rows()        // of kos.FromRows or kos.FromFiles
	context := kos.Context{ // what the manifest says beside the images
		Environment: segur.Fake, Report: report(), // cda.ReadHeader
		Manufacturer: "PACS FICTIF", RetrieveBase: "https://db.source.example/drim/rs",
		UIDRoot: "1.2.250.1.999.8", IDs: &counted{}, // the arc of the vendor; random identifiers without IDs
		Clock: func() time.Time { return time.Date(2026, 1, 5, 11, 20, 30, 0, time.UTC) },
	}
	manifest, err := kos.Build(context, images)
	if err != nil {
		fmt.Println(err)
		return
	}
	file, err := manifest.Content() // to publish in the record
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(manifest, file.Size() > 0)
	fmt.Print(manifest.Text())

	next, err := manifest.Next(context, images[1:])
	if err != nil {
		fmt.Println(err)
		return
	}
	change := kos.Compare(manifest, next)
	fmt.Println("version", next.Number, "same series:", next.SeriesUID == manifest.SeriesUID, "removed:", len(change.Removed))
	// Output:
	// Manifest(2 series, 5 instances, redacted) true
	// Examen : Scanner abdomino-pelvien
	// Acte = TDM abdomen et pelvis sans et avec contraste IV
	// Série-1.2.250.1.999.7.1.1 : CT @ segment abdominopelvien du tronc : Sans injection
	// Série-1.2.250.1.999.7.1.2 : CT @ segment abdominopelvien du tronc : Temps portal - 1 mm
	// version 2 same series: true removed: 1
}

// A site reads a manifest of another one.
func ExampleRead() {
	published, err := kos.Build(newContext(), rows())
	if err != nil {
		fmt.Println(err)
		return
	}
	file, err := published.Content()
	if err != nil {
		fmt.Println(err)
		return
	}

	document, err := kos.Read(file)
	if err != nil {
		fmt.Println(err) // no manifest, no INS, two patients, another study …
		return
	}
	for _, w := range document.Warnings {
		fmt.Println("tolerated:", w.Code, w.Field)
	}
	fmt.Println(document.Kind, document.Manifest.Created.Time.Format(time.RFC3339), document.Manifest.INS)
	for _, s := range document.Manifest.Series {
		fmt.Println(s.Number, s.Modality, s.Description, len(s.Instances), s.Base())
	}
	// Output:
	// manifest 2026-01-05T12:20:30+01:00 INS(redacted)
	// 1 CT Sans injection 2 https://db.source.example/drim/rs
	// 2 CT Temps portal - 1 mm 3 https://db.source.example/drim/rs
}
