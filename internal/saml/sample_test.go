package saml_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/segur-sdk/segur"
	"github.com/segur-sdk/segur/internal/saml"
	"github.com/segur-sdk/segur/internal/testkit"
)

// judgement is what is expected of a sample: nothing wrong, or these fields.
type judgement struct {
	options saml.VerifyOptions
	mode    saml.Mode
	secret  bool
	roles   []string
	decl    string
	wrong   []string // fields; nil: valid
	kind    error    // with wrong
}

// Every official sample of a VIHF is read and judged.
func TestOfficialVIHF(t *testing.T) {
	t.Parallel()
	doctor := []string{"10", "SM44"}
	unsigned := saml.VerifyOptions{AllowUnsigned: true}
	want := map[string]judgement{
		"dmp/samples/vihf-directe-unsigned.xml":                      {options: unsigned, mode: saml.Direct, roles: doctor},
		"dmp/samples/vihf-indirecte.xml":                             {mode: saml.Indirect, roles: doctor},
		"dmp/samples/vihf-indirecte-automate.xml":                    {mode: saml.Indirect, roles: []string{"AUTOMATE"}},
		"dmp/samples/vihf-indirecte-secret.xml":                      {mode: saml.Indirect, roles: doctor, secret: true},
		"dmp/samples/vihf-indirecte-sha1.xml":                        {options: saml.VerifyOptions{AllowSHA1: true}, mode: saml.Indirect, roles: doctor},
		"dmp/samples/vihf-indirecte-renforcee.xml":                   {mode: saml.IndirectReinforced, roles: doctor, decl: "APP_BROWSER_AUTH"},
		"dmp/samples/vihf-indirecte-renforcee-simplifiee.unsure.xml": {mode: saml.IndirectReinforced, roles: doctor, decl: "CONF_EXI_PGSSIS"},
		// An emergency without its reason: the attribute is known from connectors only.
		"dmp/samples/vihf-directe-bris-de-glace-unsigned.xml": {options: unsigned, wrong: []string{"breakGlassReason"}, kind: segur.ErrInvalidInput},
		// A shape only: not signed although INDIRECTE, four w in the namespace of the types, blanks in the INS.
		"mssante/psc/vihf-from-psc-sample.xml": {options: unsigned, kind: segur.ErrInvalidInput,
			wrong: []string{"roles[0]", "roles[1]", "purpose", "patient.ins.matricule", "patient.ins.authority"}},
	}
	var files []string
	for _, glob := range []string{"dmp/samples/vihf-*.xml", "mssante/psc/vihf-*.xml"} {
		data := filepath.Dir(testkit.SharedData(t, "dmp/README.md"))
		found, err := filepath.Glob(filepath.Join(filepath.Dir(data), glob))
		require.NoError(t, err)
		for _, f := range found {
			rel, err := filepath.Rel(filepath.Dir(data), f)
			require.NoError(t, err)
			files = append(files, filepath.ToSlash(rel))
		}
	}
	assert.Len(t, files, len(want), "each sample is judged")
	for _, name := range files {
		t.Run(filepath.Base(name), func(t *testing.T) {
			t.Parallel()
			j, ok := want[name]
			require.True(t, ok)
			c, err := saml.VerifyVIHF(element(t, testkit.ReadShared(t, name)), j.options)
			if j.wrong != nil {
				require.ErrorIs(t, err, j.kind)
				var e *segur.Error
				require.ErrorAs(t, err, &e)
				var fields []string
				for _, d := range e.Details {
					fields = append(fields, d.Field)
				}
				assert.ElementsMatch(t, j.wrong, fields)
				return
			}
			require.NoError(t, err)
			assert.Equal(t, j.mode, c.Mode)
			assert.Equal(t, saml.Normal, c.Purpose)
			assert.Equal(t, j.secret, c.Secret)
			assert.Equal(t, j.decl, c.Declaration)
			assert.Equal(t, "3.0", c.Version)
			assert.Equal(t, "EXEMPLE-RIS", c.Software.Name)
			assert.Equal(t, "279035121518989", c.Patient.Matricule())
			var roles []string
			for _, r := range c.Roles {
				roles = append(roles, r.Code)
			}
			assert.Equal(t, j.roles, roles)
			signed := j.mode != saml.Direct
			assert.Equal(t, signed, c.Certificate != nil)
			if signed {
				_, err = saml.VerifyVIHF(element(t, []byte(strings.Replace(string(testkit.ReadShared(t, name)), ">EXEMPLE-RIS<", ">EXEMPLE-RIX<", 1))), j.options)
				require.ErrorIs(t, err, segur.ErrSignature, "one letter changed")
			}
		})
	}
}

// hl7CE is the type that Role and PurposeOfUse name, which the schema of SAML
// leaves to others.
const hl7CE = `<xs:schema xmlns:xs="http://www.w3.org/2001/XMLSchema" xmlns:v3="urn:hl7-org:v3" targetNamespace="urn:hl7-org:v3">
<xs:complexType name="CE"><xs:attribute name="code" use="required"/><xs:attribute name="codeSystem" use="required"/><xs:attribute name="codeSystemName"/><xs:attribute name="displayName"/></xs:complexType>
<xs:element name="Role" type="v3:CE"/><xs:element name="PurposeOfUse" type="v3:CE"/>
</xs:schema>`

// schemaOfVIHF writes a schema that joins that of SAML and the types of HL7,
// and returns its path.
func schemaOfVIHF(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	official := testkit.SharedData(t, "insi/wsdl/xsd/SAML/saml-schema-assertion-2.0.xsd")
	require.NoError(t, os.WriteFile(filepath.Join(dir, "hl7.xsd"), []byte(hl7CE), 0o600))
	path := filepath.Join(dir, "vihf.xsd")
	require.NoError(t, os.WriteFile(path, []byte(`<xs:schema xmlns:xs="http://www.w3.org/2001/XMLSchema">
<xs:import namespace="`+saml.Namespace+`" schemaLocation="`+official+`"/>
<xs:import namespace="urn:hl7-org:v3" schemaLocation="hl7.xsd"/>
</xs:schema>`), 0o600))
	return path
}

// The official schema of SAML accepts the assertion of every mode, and the
// official samples.
func TestSchema(t *testing.T) {
	t.Parallel()
	xsd := schemaOfVIHF(t)
	for name, v := range modes() {
		a, err := signer(t).VIHF(t.Context(), v())
		require.NoError(t, err)
		require.NoError(t, testkit.XMLLintSchema(t, xsd, a.XML), name)
		require.Error(t, testkit.XMLLintSchema(t, xsd, []byte(strings.Replace(string(a.XML), "AuthnInstant", "AuthnInstants", 1))), name)
	}
	require.NoError(t, testkit.XMLLintSchema(t, xsd, testkit.ReadShared(t, "dmp/samples/vihf-indirecte-renforcee.xml")))
}
