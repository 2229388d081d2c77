package main

import (
	"encoding/json"
	"errors"
	"flag"
	"os"
	"strings"

	"github.com/segur-sdk/segur"
	"github.com/segur-sdk/segur/credential"
	"github.com/segur-sdk/segur/dmp"
)

// passwordVariable holds the password of the certificates when -password-file
// is not given.
const passwordVariable = "SEGUR_DMP_PASSWORD"

// platform is where the story plays when it does not play on the fake: what a
// vendor has from the CNDA (address, approval, test patients) and from
// IGC-Santé (certificates).
type platform struct {
	endpoint, site, auth, sign, passwordFile, ca string
}

func (p *platform) flags(f *flag.FlagSet) {
	f.StringVar(&p.endpoint, "endpoint", "", "base `URL` of the services of a test platform (default: a fake)")
	f.StringVar(&p.site, "site", "", "`file` that describes structure, user, software and test patient; site.json beside this program is a model")
	f.StringVar(&p.auth, "p12", "", "`file` of the structure's certificate of authentication and its key, PKCS #12")
	f.StringVar(&p.sign, "sign-p12", "", "`file` of the structure's certificate of signature and its key, PKCS #12")
	f.StringVar(&p.passwordFile, "password-file", "", "`file` with the password of both (default: the variable "+passwordVariable+")")
	f.StringVar(&p.ca, "ca", "", "comma-separated `files` of the authorities that issued the server's certificate, root included")
}

// given reports whether a flag of the platform is set.
func (p platform) given() bool { return p != platform{} }

// check says what is missing: all of it or nothing.
func (p platform) check(problems *segur.Problems) {
	if !p.given() {
		return
	}
	for _, f := range []struct{ name, value string }{
		{"-endpoint", p.endpoint}, {"-site", p.site}, {"-p12", p.auth}, {"-sign-p12", p.sign}, {"-ca", p.ca},
	} {
		problems.Require(f.name, f.value)
	}
	if p.endpoint != "" && strings.Contains(p.endpoint, "//lps2.dmp.gouv.fr") {
		problems.Add("-endpoint", "is the production service: this program publishes a fictional report")
	}
}

// site is the file of -site.
type site struct {
	Structure struct{ ID, Name, Sector string }
	User      struct{ ID, FamilyName, GivenName, Profession, Specialty string }
	Software  struct{ Name, Version, InstallationID, ApprovalNumber string }
	OIDRoot   segur.OID
	Patient   struct {
		Matricule                             string // 15 characters, of a test patient
		BirthName, FirstGivenName, GivenNames string
		Sex                                   segur.Sex
		BirthDate                             segur.Date
		BirthPlace                            string
		IPP                                   segur.Identifier
	}
}

// world is the configuration of the clients: this is what a product writes.
func (p platform) world() (*world, error) {
	var s site
	b, err := os.ReadFile(p.site)
	if err != nil {
		return nil, unreadable("-site", err)
	}
	decoder := json.NewDecoder(strings.NewReader(string(b)))
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(&s); err != nil {
		return nil, unreadable("-site", errors.New("it is not like site.json")) // the cause may name the patient
	}
	number, err := segur.ParseINS(s.Patient.Matricule, segur.OIDINSNIRTest)
	if err != nil {
		return nil, err
	}
	var authorities [][]byte
	for name := range strings.SplitSeq(p.ca, ",") {
		b, err := os.ReadFile(name)
		if err != nil {
			return nil, unreadable("-ca", err)
		}
		authorities = append(authorities, b)
	}
	roots, err := credential.Pool(authorities...)
	if err != nil {
		return nil, err
	}
	// A renewed file is taken up without a restart.
	auth, err := credential.WatchFile(credential.FileOptions{Password: p.password}, p.auth)
	if err != nil {
		return nil, err
	}
	sign, err := credential.WatchFile(credential.FileOptions{Password: p.password}, p.sign)
	if err != nil {
		return nil, err
	}
	structure := segur.Organization{ID: s.Structure.ID, Name: s.Structure.Name, Sector: segur.Code{Code: s.Structure.Sector}}
	w := &world{patient: segur.Patient{Status: segur.Qualified, INS: number,
		Traits: segur.Traits{BirthName: s.Patient.BirthName, FirstGivenName: s.Patient.FirstGivenName, GivenNames: s.Patient.GivenNames,
			Sex: s.Patient.Sex, BirthDate: s.Patient.BirthDate, BirthPlace: s.Patient.BirthPlace},
		LocalIDs: []segur.Identifier{s.Patient.IPP}}}
	w.feed = dmp.Config{
		ClientConfig: segur.ClientConfig{Environment: segur.Qualification, RootCAs: roots, Credentials: auth},
		Endpoint:     p.endpoint, Mode: dmp.Indirecte, Signing: sign, Structure: structure, OIDRoot: s.OIDRoot,
		User: segur.Professional{ID: s.User.ID, FamilyName: s.User.FamilyName, GivenName: s.User.GivenName,
			Profession: segur.Code{Code: s.User.Profession}, Specialty: segur.Code{Code: s.User.Specialty}, Organization: &structure},
		LocalAuthentication: dmp.ByProSanteConnect, // a product says how its user logged in
		Software: dmp.Software{Name: s.Software.Name, Version: s.Software.Version,
			InstallationID: s.Software.InstallationID, ApprovalNumber: s.Software.ApprovalNumber},
	}
	w.consult = w.feed
	w.consult.Mode = dmp.IndirecteRenforcee
	return w, nil
}

// password reads the password: never a flag, which every user of the machine
// could see.
func (p platform) password() (string, error) {
	if p.passwordFile == "" {
		return os.Getenv(passwordVariable), nil
	}
	b, err := os.ReadFile(p.passwordFile)
	if err != nil {
		return "", unreadable("-password-file", err)
	}
	return strings.TrimRight(string(b), "\r\n"), nil
}

// unreadable is the error of a flag whose file cannot be read.
func unreadable(flag string, err error) error {
	return &segur.Error{Op: "consult-record", Kind: segur.KindInvalidInput,
		Details: []segur.Detail{{Field: flag, Message: "cannot be read"}}, Err: err}
}
