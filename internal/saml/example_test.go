package saml_test

import (
	"context"
	"fmt"
	"time"

	"github.com/segur-sdk/segur"
	"github.com/segur-sdk/segur/internal/saml"
	"github.com/segur-sdk/segur/internal/xmlr"
)

func Example() {
	s, err := saml.New(saml.Config{Credentials: segur.StaticCredential(structure())})
	if err != nil {
		fmt.Println(err)
		return
	}
	a, err := s.VIHF(context.Background(), saml.VIHF{
		Mode: saml.Indirect, Subject: "3999999999/RESP-1", SubjectName: "RIS ESSAI, Envoi DMP", Structure: "1999999999",
		Sector: segur.Code{Code: "SA08"}, Roles: []segur.Code{{Code: "AUTOMATE", System: "1.2.250.1.213.1.1.4.6"}},
		Patient: patient(), LocalAuthentication: saml.Unattended, Software: saml.Software{Name: "RIS ESSAI", Version: "1.0", Approval: "APP-000"},
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	root, _ := xmlr.Parse(a.XML, xmlr.Options{})
	claims, err := saml.VerifyVIHF(root, saml.VerifyOptions{Now: time.Now(), MaxAge: time.Minute})
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(claims.Mode, claims.Roles[0].Code, claims.Structure)
	// Output: INDIRECTE AUTOMATE 1999999999
}
