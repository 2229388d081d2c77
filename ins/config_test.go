package ins_test

import (
	"crypto/x509"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/segur-sdk/segur"
	"github.com/segur-sdk/segur/credential/credentialtest"
	"github.com/segur-sdk/segur/ins"
)

// The names are those of the production authorities and of the test ones, the keys are ours.
var (
	pki         = credentialtest.NewPKI(credentialtest.WithAuthorities("AC RACINE IGC-SANTE ELEMENTAIRE", "AC IGC-SANTE ELEMENTAIRE ORGANISATIONS"))
	testPKI     = credentialtest.NewPKI(credentialtest.WithAuthorities("TEST AC RACINE IGC-SANTE ELEMENTAIRE", "TEST AC IGC-SANTE ELEMENTAIRE ORGANISATIONS"))
	cardPKI     = credentialtest.NewPKI(credentialtest.WithAuthorities("AC RACINE IGC-SANTE FORT", "AC IGC-SANTE FORT PERSONNES"))
	testCardPKI = credentialtest.NewPKI(credentialtest.WithAuthorities("TEST AC RACINE IGC-SANTE FORT", "TEST AC IGC-SANTE FORT PERSONNES"))
)

func organization(opts ...credentialtest.Option) segur.CredentialSource {
	return segur.StaticCredential(pki.Organization(append([]credentialtest.Option{credentialtest.CommonName(ins.CommonNameAuto)}, opts...)...))
}

func issuedBy(p *credentialtest.PKI) segur.CredentialSource {
	return segur.StaticCredential(p.Organization(credentialtest.CommonName(ins.CommonNameAuto)))
}

func config() ins.Config {
	return ins.Config{
		ClientConfig: segur.ClientConfig{Environment: segur.Qualification, Credentials: organization(), RootCAs: pki.Roots()},
		Software: ins.Software{AuthorizationNumber: "FICTIF000000", Name: "RIS", Version: "1.0",
			Instance: "0f6e7a36-3c1d-4d55-9f0b-2f4f6c1d8a77"},
	}
}

func TestConfigIsChecked(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		change func(*ins.Config)
		want   []string // field and beginning of the rule; none: accepted
	}{
		"qualification, default endpoint": {func(*ins.Config) {}, nil},
		"production, default endpoint":    {func(c *ins.Config) { c.Environment = segur.Production }, nil},
		"INSI-MANU":                       {func(c *ins.Config) { c.Credentials = organization(credentialtest.CommonName("INSI-MANU")) }, nil},
		"empty": {func(c *ins.Config) { *c = ins.Config{} }, []string{"environment must be set", "endpoint is required", "credentials is required: order an IGC-Santé",
			"software.authorizationNumber is required", "software.name is required", "software.version is required", "software.instance is required"}},
		"fake without endpoint": {func(c *ins.Config) { c.Environment = segur.Fake }, []string{"endpoint is required"}},
		"fake far away":         {func(c *ins.Config) { c.Environment, c.Endpoint = segur.Fake, ins.EndpointProduction }, []string{"endpoint must be on this machine"}},
		"production on the qualification platform": {func(c *ins.Config) {
			c.Environment, c.Endpoint = segur.Production, "https://QUALIFLPS-services-ps-tlsm.ameli.fr/lps"
		},
			[]string{"endpoint is the one of environment qualification"}},
		"qualification on the production platform": {func(c *ins.Config) { c.Endpoint = ins.EndpointProduction }, []string{"endpoint is the one of environment production"}},
		"qualification through a relay":            {func(c *ins.Config) { c.Endpoint = "https://relais.example/lps" }, nil},
		"faults without a code":                    {func(c *ins.Config) { c.UnknownPersonFaults = []string{"insi_102", ""} }, []string{"unknownPersonFaults must be detail codes"}},
		"faults of the gateway":                    {func(c *ins.Config) { c.UnknownPersonFaults = []string{"desir_1020"} }, []string{"unknownPersonFaults must be detail codes"}},
		"other faults of the application":          {func(c *ins.Config) { c.UnknownPersonFaults = []string{"insi_103"} }, nil},
		"plain http":                               {func(c *ins.Config) { c.Endpoint = "http://localhost/lps" }, []string{"endpoint must be https"}},
		"certificate of the DMP":                   {func(c *ins.Config) { c.Credentials = organization(credentialtest.CommonName("RIS FICTIF")) }, []string{"credentials the certificate is not one for INSi, which would answer desir_560: order"}},
		"name in lower case":                       {func(c *ins.Config) { c.Credentials = organization(credentialtest.CommonName("insi-auto")) }, []string{"credentials the certificate is not one for INSi"}},
		"expired":                                  {func(c *ins.Config) { c.Credentials = organization(credentialtest.Expired()) }, []string{"credentials the certificate expired on"}},
		"not yet valid":                            {func(c *ins.Config) { c.Credentials = organization(credentialtest.NotYetValid()) }, []string{"credentials the certificate is valid from"}},
		"signature certificate":                    {func(c *ins.Config) { c.Credentials = organization(credentialtest.ForSignature()) }, []string{"credentials the certificate does not serve client authentication"}},
		"no OU":                                    {func(c *ins.Config) { c.Credentials = organization(credentialtest.StructureID("")) }, []string{"issuer is required: the certificate has no OU"}},
		"OU of another kind":                       {func(c *ins.Config) { c.Credentials = organization(credentialtest.StructureID("IMAGERIE")) }, []string{"issuer is required: the certificate has no OU"}},
		"no OU, issuer given": {func(c *ins.Config) {
			c.Credentials, c.Issuer = organization(credentialtest.StructureID("")), "1990000019"
		}, nil},
		"blanks around":                    {func(c *ins.Config) { c.Issuer, c.Software.Name = " 1", "RIS " }, []string{"issuer must have no blanks", "software.name must have no blanks"}},
		"line break, control":              {func(c *ins.Config) { c.Issuer, c.Software.Version, c.Software.Name = "1\x00", "1\n2", "RIS\t1" }, []string{"issuer must be printable", "software.version must be printable", "software.name must be printable"}},
		"production with a dot at the end": {func(c *ins.Config) { c.Endpoint = "https://Services-ps-tlsm.ameli.fr./lps" }, []string{"endpoint is the one of environment production"}},
		"host of cards with a dot":         {func(c *ins.Config) { c.Endpoint = "https://qualiflps.services-ps.ameli.fr./lps" }, []string{"endpoint is the one of another mode"}},
		"accent in the URN":                {func(c *ins.Config) { c.Software.Name = "RIS Médical" }, []string{"software.name makes a URN with the version, which has no accents"}},
		"accent in a whole name":           {func(c *ins.Config) { c.Software.Name = "urn:lps:médical:4" }, nil},
		"too long":                         {func(c *ins.Config) { c.Software.Version = strings.Repeat("1", 60) }, []string{"software.version must have 59", "software.name makes a URN of 72"}},
		"number with punctuation":          {func(c *ins.Config) { c.Software.AuthorizationNumber = "A-1" }, []string{"software.authorizationNumber must be letters and digits"}},
		"instance":                         {func(c *ins.Config) { c.Software.Instance = "poste 1" }, []string{"software.instance must be a UUID"}},
		"budget":                           {func(c *ins.Config) { c.Policy.MaxCalls = 11 }, []string{"policy.maxCalls must be 1 to 10"}},
		"faults in production": {func(c *ins.Config) { c.Environment, c.UnknownPersonFaults = segur.Production, []string{"insi_102"} },
			[]string{"unknownPersonFaults must be empty in production"}},
		"own HTTP client": {func(c *ins.Config) { c.HTTPClient, c.Credentials, c.RootCAs = &http.Client{}, nil, nil }, []string{"issuer is required with httpClient"}},
		"own HTTP client, issuer given": {func(c *ins.Config) {
			c.HTTPClient, c.Credentials, c.RootCAs, c.Issuer = &http.Client{}, nil, nil, "1990000019"
		}, nil},
		"test certificate in production": {func(c *ins.Config) { c.Environment, c.Credentials = segur.Production, issuedBy(testPKI) },
			[]string{`credentials the certificate is one of the test world, issued by "TEST AC IGC-SANTE ELEMENTAIRE ORGANISATIONS": production wants one issued by "AC IGC-SANTE ELEMENTAIRE ORGANISATIONS"; order an IGC-Santé`}},
		"test certificate in qualification": {func(c *ins.Config) { c.Credentials = issuedBy(testPKI) }, nil},
		"certificate of another authority": {func(c *ins.Config) { c.Credentials = issuedBy(credentialtest.NewPKI()) },
			[]string{`credentials the certificate was issued by "FICTIVE AC IGC ELEMENTAIRE ORGANISATIONS" instead of "AC IGC-SANTE ELEMENTAIRE ORGANISATIONS"; order an IGC-Santé`}},
		"certificate of an accepted authority": {func(c *ins.Config) {
			c.Credentials, c.CertificateIssuers = issuedBy(credentialtest.NewPKI()), []string{"FICTIVE AC IGC ELEMENTAIRE ORGANISATIONS"}
		}, nil},
		"certificate of a card": {func(c *ins.Config) { c.Credentials = issuedBy(cardPKI) }, []string{`credentials the certificate was issued by "AC IGC-SANTE FORT PERSONNES"`}},
		"any authority in Fake": {func(c *ins.Config) {
			c.Environment, c.Endpoint, c.Credentials = segur.Fake, "https://127.0.0.1:1/lps", issuedBy(testPKI)
		}, nil},
		"client usage without digital signature": {func(c *ins.Config) {
			c.Credentials = organization(credentialtest.Usages(x509.KeyUsageKeyEncipherment, x509.ExtKeyUsageClientAuth))
		}, []string{"credentials the certificate does not serve client authentication"}},
		"organisation on the host of cards": {func(c *ins.Config) { c.Endpoint = ins.EndpointQualificationCPx }, []string{"endpoint is the one of another mode"}},
		"age of Vitale assertions":          {func(c *ins.Config) { c.VitaleAssertionAge = -1 }, []string{"vitaleAssertionAge must not be negative"}},
		"limits of the common part":         {func(c *ins.Config) { c.Timeout = -time.Second }, []string{"timeout must not be negative"}},
	}
	for name, tc := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c := config()
			tc.change(&c)
			client, err := ins.New(c)
			if len(tc.want) == 0 {
				require.NoError(t, err)
				require.NotNil(t, client)
				return
			}
			require.Nil(t, client)
			var e *segur.Error
			require.ErrorAs(t, err, &e)
			assert.Equal(t, segur.KindInvalidInput, e.Kind)
			assert.Equal(t, "ins.New", e.Op)
			assert.Len(t, e.Details, len(tc.want), "%v", err)
			for _, w := range tc.want {
				assert.Contains(t, err.Error(), w)
			}
		})
	}
}

func TestCertificateErrorsSayWhatToOrder(t *testing.T) {
	t.Parallel()
	c := config()
	c.Credentials = organization(credentialtest.CommonName("RIS"))
	_, err := ins.New(c)
	for _, w := range []string{"IGC-Santé", "ORG", "AUTH_CLI", "INSI-AUTO", "INSI-MANU"} {
		require.ErrorContains(t, err, w)
	}
}
