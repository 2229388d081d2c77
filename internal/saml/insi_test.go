package saml_test

import (
	"context"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/segur-sdk/segur"
	"github.com/segur-sdk/segur/internal/saml"
	"github.com/segur-sdk/segur/internal/testkit"
)

func insi() saml.INSi { return saml.INSi{BillingID: "999999999", Sector: "SA05", Specialty: "06"} }

func TestINSi(t *testing.T) {
	t.Parallel()
	a, err := signer(t).INSi(context.Background(), insi())
	require.NoError(t, err)
	c, err := saml.VerifyINSi(element(t, inEnvelope(a.XML)), saml.VerifyOptions{Now: now})
	require.NoError(t, err)
	testkit.Golden(t, "insi.xml", c.Bytes)
	require.Equal(t, saml.INSi{Subject: "SIGNATURE ESSAI", Qualifier: "CPS", BillingID: "999999999", Sector: "SA05", Specialty: "06", SpecialtyAttribute: "codeSpecialite"}, c.INSi)

	for field, change := range map[string]func(a *saml.INSi){
		"billingID": func(a *saml.INSi) { a.BillingID = "" }, "sector": func(a *saml.INSi) { a.Sector = "" },
		"qualifier": func(a *saml.INSi) { a.Qualifier = "X" }, "profession": func(a *saml.INSi) { a.Profession = "10" },
		"specialtyAttribute": func(a *saml.INSi) { a.SpecialtyAttribute = "a b" }, "subject": func(a *saml.INSi) { a.Subject = "a^b" },
	} {
		v := insi()
		change(&v)
		_, err := signer(t).INSi(context.Background(), v)
		requireField(t, err, field)
	}
}

func TestINSiProSanteConnect(t *testing.T) {
	t.Parallel()
	v := saml.INSi{Subject: "899900000001", BillingID: "999999999", SpecialtyAttribute: "codeSpecialiteAMO", Specialty: "06", Profession: "10"}
	a, err := saml.UnsignedINSi(v, "RIS ESSAI", &counter{}, now)
	require.NoError(t, err)
	_, err = saml.VerifyINSi(element(t, a.XML), saml.VerifyOptions{})
	require.ErrorIs(t, err, segur.ErrSignature)
	c, err := saml.VerifyINSi(element(t, a.XML), saml.VerifyOptions{AllowUnsigned: true})
	require.NoError(t, err)
	v.Qualifier = "PSC"
	require.Equal(t, v, c.INSi)
	v.Qualifier = "CPS"
	_, err = saml.UnsignedINSi(v, "", &counter{}, now)
	requireField(t, err, "qualifier")
	requireField(t, err, "issuer")
	v.Qualifier = "PSC"
	_, err = signer(t).INSi(context.Background(), v)
	requireField(t, err, "qualifier")
	cps := strings.Replace(string(a.XML), `"PSC"`, `"CPS"`, 1)
	cps = strings.Replace(cps, `<Attribute Name="gipProfessionCode"><AttributeValue>10</AttributeValue></Attribute>`, `<Attribute Name="secteurActivite"><AttributeValue>SA05</AttributeValue></Attribute>`, 1)
	_, err = saml.VerifyINSi(element(t, []byte(cps)), saml.VerifyOptions{AllowUnsigned: true})
	requireField(t, err, "signature")
}

// TestINSiSchema: the schema that the INSi service publishes accepts our assertion, signature in place.
func TestINSiSchema(t *testing.T) {
	t.Parallel()
	testkit.Oracle(t, "xmllint")
	a, err := signer(t).INSi(context.Background(), insi())
	require.NoError(t, err)
	require.NoError(t, testkit.XMLLintSchema(t, testkit.SharedData(t, "insi/wsdl/xsd/SAML/saml-schema-assertion-2.0.xsd"), a.XML))
}
