package credential_test

import (
	"fmt"
	"log"
	"os"
	"path/filepath"
	"time"

	"github.com/segur-sdk/segur"
	"github.com/segur-sdk/segur/credential"
	"github.com/segur-sdk/segur/credential/credentialtest"
)

// A PKCS #12 file as the IGC-Santé platform delivers it, taken up again when
// it is renewed.
func Example() {
	pki := credentialtest.NewPKI() // stands for the platform
	dir, err := os.MkdirTemp("", "credential")
	if err != nil {
		log.Fatal(err)
	}
	defer os.RemoveAll(dir)
	name := filepath.Join(dir, "structure.p12")
	if err := os.WriteFile(name, credentialtest.PKCS12(pki.Organization(), "secret"), 0o600); err != nil {
		log.Print(err)
		return
	}

	source, err := credential.WatchFile(credential.FileOptions{
		Password: func() (string, error) { return "secret", nil },
		OnError:  func(err error) { log.Print("the renewed certificate does not open: ", err) },
	}, name)
	if err != nil {
		log.Print(err)
		return
	}
	roots, err := credential.Pool(pki.CAPEM())
	if err != nil {
		log.Print(err)
		return
	}
	_ = segur.ClientConfig{Environment: segur.Fake, Credentials: source, RootCAs: roots}
	fmt.Println("ready")
	// Output: ready
}

func ExampleParseSubject() {
	certificate := credentialtest.NewPKI().Organization().Chain()[0]
	subject, err := credential.ParseSubject(certificate)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(subject.StructureID)
	fmt.Println(credential.SubjectDN(certificate))
	// Output:
	// 1990000019
	// CN=RIS FICTIF,OU=1990000019,O=CENTRE D'IMAGERIE FICTIF,ST=Rhône (69),C=FR
}

func ExampleCheck() {
	soon := credentialtest.NewPKI().Organization(credentialtest.ExpiresIn(30 * 24 * time.Hour))
	for _, w := range credential.Check(soon, time.Now(), credential.ClientAuthentication, credential.Signature) {
		fmt.Println(w.Code)
	}
	// Output:
	// expires-soon
	// purpose
}
