package main

import (
	"flag"
	"os"
	"strings"

	"github.com/segur-sdk/segur"
	"github.com/segur-sdk/segur/credential"
	"github.com/segur-sdk/segur/ins"
)

// passwordVariable holds the password of -p12 when -password-file is not given.
const passwordVariable = "SEGUR_INSI_PASSWORD"

// platform is where the cases run when they do not run on the fake: what a
// vendor has from CNDA (authorization number) and from IGC-Santé (certificate).
type platform struct {
	endpoint, p12, passwordFile, ca string
	number, name, version, instance string
}

func (p *platform) flags(f *flag.FlagSet) {
	f.StringVar(&p.endpoint, "endpoint", "", "`URL` of the service, or \"qualification\" (default: a fake)")
	f.StringVar(&p.p12, "p12", "", "`file` of the structure's certificate and key, PKCS #12, named INSI-AUTO or INSI-MANU")
	f.StringVar(&p.passwordFile, "password-file", "", "`file` with the password of -p12 (default: the variable "+passwordVariable+")")
	f.StringVar(&p.ca, "ca", "", "comma-separated `files` of the authorities that issued the server's certificate, root included")
	f.StringVar(&p.number, "idam", "", "authorization `number` that CNDA gave to the software")
	f.StringVar(&p.name, "name", "", "`name` of the software")
	f.StringVar(&p.version, "version", "", "`version` of the software")
	f.StringVar(&p.instance, "instance", "", "`UUID` of the installation")
}

// given reports whether a flag of the platform is set.
func (p platform) given() bool { return p != platform{} }

// check says what is missing: all of it or nothing.
func (p platform) check(problems *segur.Problems) {
	if !p.given() {
		return
	}
	for _, f := range []struct{ name, value string }{
		{"-endpoint", p.endpoint}, {"-p12", p.p12}, {"-ca", p.ca}, {"-idam", p.number},
		{"-name", p.name}, {"-version", p.version}, {"-instance", p.instance},
	} {
		problems.Require(f.name, f.value)
	}
	if p.endpoint == ins.EndpointProduction {
		problems.Add("-endpoint", "is the production service: test identities are not searched there")
	}
}

// config is the configuration of a client of the platform: this is what a
// product writes.
func (p platform) config() (ins.Config, error) {
	var authorities [][]byte
	for name := range strings.SplitSeq(p.ca, ",") {
		b, err := os.ReadFile(name)
		if err != nil {
			return ins.Config{}, unreadable("-ca", err)
		}
		authorities = append(authorities, b)
	}
	roots, err := credential.Pool(authorities...)
	if err != nil {
		return ins.Config{}, err
	}
	// A renewed file is taken up without a restart.
	source, err := credential.WatchFile(credential.FileOptions{Password: p.password}, p.p12)
	if err != nil {
		return ins.Config{}, err
	}
	endpoint := p.endpoint
	if endpoint == "qualification" {
		endpoint = ins.EndpointQualification
	}
	return ins.Config{
		ClientConfig: segur.ClientConfig{Environment: segur.Qualification, RootCAs: roots, Credentials: source},
		Endpoint:     endpoint,
		Software:     ins.Software{AuthorizationNumber: p.number, Name: p.name, Version: p.version, Instance: p.instance},
	}, nil
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
	return &segur.Error{Op: "identify-patient", Kind: segur.KindInvalidInput,
		Details: []segur.Detail{{Field: flag, Message: "cannot be read"}}, Err: err}
}
