package drim_test

import (
	"bytes"
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"

	"github.com/segur-sdk/segur"
	"github.com/segur-sdk/segur/dicomweb/drim"
)

// A RIS calls the consumer of images about the patient on its screen; the front end of the consumer opens the call once.
func ExampleCallHandler() {
	consumer, err := drim.NewCallHandler(drim.CallHandlerConfig{
		Environment: segur.Fake, Front: "https://dbx.site-fictif.example/images",
		Statistic: func(s drim.CallStatistic) { fmt.Println(s.Row()) },
	})
	if err != nil {
		fmt.Println(err)
		return
	}

	// The RIS. A browser posts what CallFormat.WriteForm writes.
	matricule := "2850369123456"
	ins, err := segur.ParseINS(matricule+segur.MatriculeKey(matricule), segur.OIDINSNIRTest)
	if err != nil {
		fmt.Println(err)
		return
	}
	call := &drim.Call{
		INS:         ins,
		Traits:      segur.Traits{BirthName: "FICTIVE-DURAND", FirstGivenName: "CAMILLE", Sex: segur.Female, BirthDate: segur.NewDate(1985, 3, 14), BirthPlace: "69123"},
		Information: "true", LocalID: "IPP-0001", LocalIssuer: "1.2.250.1.999.1", Modality: "CT",
	}
	body, err := call.Encode()
	if err != nil {
		fmt.Println(err)
		return
	}
	request := httptest.NewRequest(http.MethodPost, "https://dbx.site-fictif.example/call", bytes.NewReader(body))
	request.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	answer := httptest.NewRecorder()
	consumer.ServeHTTP(answer, request)

	// The front end, once the user is authenticated.
	front, err := url.Parse(answer.Header().Get("Location"))
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(answer.Code, front.Host+front.Path)
	got, err := consumer.Redeem(context.Background(), front.Query().Get("uuid"))
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(got.Modality, got)
	_, err = consumer.Redeem(context.Background(), front.Query().Get("uuid"))
	fmt.Println(err)
	// Output:
	// [1 succes]
	// 303 dbx.site-fictif.example/images
	// CT Call(redacted)
	// drim.call: not found [drim-call-gone] (status 404): the call was taken already, has expired or never was
}

// The link that a report bears, and what the source's viewer asks before it shows anything.
func ExampleViewerLink() {
	accession := segur.Identifier{Root: "1.2.250.1.999.5", Extension: "ACN108"}
	address, err := drim.NewViewerLink("1.2.250.1.999.2.1", accession, "1.2.250.1.999.3.4").URL("https://vi1.site-fictif.example/IHEInvokeImageDisplay")
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(address)
	u, err := url.Parse(address)
	if err != nil {
		fmt.Println(err)
		return
	}
	link, err := drim.ReadViewerLink(u)
	if err != nil {
		fmt.Println(err)
		return
	}
	// In a program: drim.ArchiveViewer{Archive: archive}.
	shared := viewerRecords{"1.2.250.1.999.2.1": {Documents: []string{"1.2.250.1.999.3.4"}, Accessions: []string{"ACN108"}}}
	fmt.Println(link.Check(context.Background(), shared))
	// Output:
	// https://vi1.site-fictif.example/IHEInvokeImageDisplay?requestType=STUDY&studyUID=1.2.250.1.999.2.1&Accessionnumber=1.2.250.1.999.5.ACN108&idCDA=1.2.250.1.999.3.4
	// <nil>
}
