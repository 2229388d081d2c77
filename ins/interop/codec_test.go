package interop_test

import (
	"bytes"
	"fmt"
	"log/slog"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/segur-sdk/segur"
	"github.com/segur-sdk/segur/dmp/xds"
	"github.com/segur-sdk/segur/ins/identity"
	"github.com/segur-sdk/segur/ins/interop"
	"github.com/segur-sdk/segur/internal/testkit"
)

// refused checks an input error on one field, without a value in it.
func refused(t *testing.T, err error, field string) {
	t.Helper()
	require.ErrorIs(t, err, segur.ErrInvalidInput)
	var e *segur.Error
	require.ErrorAs(t, err, &e)
	var paths []string
	for _, d := range e.Details {
		paths = append(paths, d.Field)
	}
	assert.Contains(t, paths, field)
	for _, secret := range []string{"285036", "FICTIVE", "CAMILLE", "IPP-0001"} {
		assert.NotContains(t, err.Error(), secret)
	}
}

// writers are the five standards.
func writers(c *interop.Codec) map[string]func(interop.Identity) error {
	return map[string]func(interop.Identity) error{
		"PID":         func(i interop.Identity) error { _, err := c.PID(i); return err },
		"CX":          func(i interop.Identity) error { _, err := c.CX(i); return err },
		"CDA":         func(i interop.Identity) error { _, err := c.RecordTarget(i); return err },
		"FHIR":        func(i interop.Identity) error { _, err := c.FHIRPatient(i); return err },
		"DICOM KOS":   func(i interop.Identity) error { _, err := c.DICOMPatient(i, interop.KOS); return err },
		"DICOM image": func(i interop.Identity) error { _, err := c.DICOMPatient(i, interop.Image); return err },
	}
}

// Whatever the standard, the same identities are refused.
func TestGate(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		change func(*interop.Identity)
		field  string
	}{
		"status":            {func(i *interop.Identity) { i.Patient.Status = 9 }, "patient.status"},
		"attributes":        {func(i *interop.Identity) { i.Patient.Attributes = segur.Fictitious | segur.Homonym }, "patient.attributes"},
		"doubtful":          {func(i *interop.Identity) { i.Patient.Attributes = segur.Doubtful }, "patient.attributes"},
		"qualified, no INS": {func(i *interop.Identity) { i.Patient.INS = segur.INS{} }, "patient.ins"},
		"nobody": {func(i *interop.Identity) {
			i.Patient.Status, i.Patient.LocalIDs = segur.Retrieved, nil
		}, "patient.localIDs"},
		"matricule as a local number": {func(i *interop.Identity) {
			i.Patient.Status, i.Patient.LocalIDs[0].Extension = segur.Retrieved, i.Patient.INS.Matricule()
		}, "patient.localIDs[0].extension"},
		"citizen's mailbox": {func(i *interop.Identity) {
			i.Patient.Status, i.Patient.Telecoms = segur.Retrieved, []segur.Telecom{{Value: "mailto:1@patient.mssante.fr"}}
		}, "patient.telecoms[0].value"},
		"INS among the local numbers": {func(i *interop.Identity) { i.Patient.LocalIDs[0].Root = segur.OIDINSNIR }, "patient.localIDs[0].root"},
		"INS-C":                       {func(i *interop.Identity) { i.Patient.LocalIDs[0].Root = "1.2.250.1.213.1.4.2" }, "patient.localIDs[0].root"},
		"UUID": {func(i *interop.Identity) {
			i.Patient.LocalIDs[0].Root = "6ba7b810-9dad-11d1-80b4-00c04fd430c8"
		}, "patient.localIDs[0].root"},
		"no sex":           {func(i *interop.Identity) { i.Patient.Traits.Sex = segur.SexUnknown }, "patient.traits.sex"},
		"no place":         {func(i *interop.Identity) { i.Patient.Traits.BirthPlace = "" }, "patient.traits.birthPlace"},
		"no date":          {func(i *interop.Identity) { i.Patient.Traits.BirthDate = segur.Date{} }, "patient.traits.birthDate"},
		"end of message":   {func(i *interop.Identity) { i.Patient.Traits.BirthName = "A\x1cB" }, "patient.traits.birthName"},
		"not UTF-8":        {func(i *interop.Identity) { i.Patient.Address.City = "\xff" }, "patient.address.city"},
		"other status":     {func(i *interop.Identity) { i.Reliability.Status = segur.Validated }, "reliability.status"},
		"other attributes": {func(i *interop.Identity) { i.Reliability.Attributes = segur.Homonym }, "reliability.attributes"},
		"method": {func(i *interop.Identity) {
			i.Reliability = identity.Reliability{Status: segur.Qualified, Method: "à la main"}
		}, "reliability.method"},
		"mode": {func(i *interop.Identity) {
			i.Reliability = identity.Reliability{Status: segur.Qualified, ValidationMode: "A B"}
		}, "reliability.validationMode"},
		"collected":         {func(i *interop.Identity) { i.Reliability.CollectedAt.Month = 13 }, "reliability.collectedAt"},
		"validated":         {func(i *interop.Identity) { i.Reliability.ValidatedAt.Month = 13 }, "reliability.validatedAt"},
		"since":             {func(i *interop.Identity) { i.INSSince.Day = 1 }, "insSince"},
		"history of itself": {func(i *interop.Identity) { i.History = []segur.INS{i.Patient.INS} }, "history[0]"},
		"empty history":     {func(i *interop.Identity) { i.History = []segur.INS{{}} }, "history[0]"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			for _, write := range writers(codec(t)) {
				id := fictional()
				c.change(&id)
				refused(t, write(id), c.field)
			}
		})
	}
	production := codec(t, func(c *interop.Config) { c.Environment = segur.Production })
	for _, write := range writers(production) {
		refused(t, write(fictional()), "patient.ins.authority")
		id := whole()
		id.Patient.Traits.UsedGivenName = ""
		var err error
		id.Patient.INS, err = segur.ParseINS(number, segur.OIDINSNIR)
		require.NoError(t, err)
		refused(t, write(id), "history[0]")
	}
}

func TestInputIsNotChanged(t *testing.T) {
	t.Parallel()
	id := fictional()
	id.Patient.Status = segur.Retrieved
	id.Patient.Traits.UsedName = " A  B "
	id.Patient.LocalIDs[0].Extension = " 1 "
	for name, write := range writers(codec(t)) {
		require.NoError(t, write(id), name)
	}
	assert.Equal(t, number, id.Patient.INS.Matricule())
	assert.Equal(t, " A  B ", id.Patient.Traits.UsedName)
	assert.Equal(t, " 1 ", id.Patient.LocalIDs[0].Extension)
}

func TestNew(t *testing.T) {
	t.Parallel()
	_, err := interop.New(interop.Config{IssuerLabels: map[segur.OID]string{"1.2.3": "X"}, HomonymCode: "X", FRCore: 9, DICOMCharacterSet: "GB18030"})
	var e *segur.Error
	require.ErrorAs(t, err, &e)
	assert.ElementsMatch(t, []string{"environment", "issuerLabels", "homonymCode", "frCore", "dicomCharacterSet"}, fields(e.Details))
	labels := map[segur.OID]string{segur.OIDINSNIRTest: "A"}
	c := codec(t, func(c *interop.Config) { c.IssuerLabels = labels })
	labels[segur.OIDINSNIRTest] = "B"
	s, err := c.PID(fictional())
	require.NoError(t, err)
	assert.Contains(t, s, "^^^A&1.2.250.1.213.1.4.10", "the configuration is copied")

	late := codec(t, func(c *interop.Config) {
		c.Clock = func() time.Time { return time.Date(1980, 1, 1, 0, 0, 0, 0, time.UTC) }
	})
	_, err = late.PID(fictional())
	refused(t, err, "patient.traits.birthDate")
}

func TestPIDStatuses(t *testing.T) {
	t.Parallel()
	four := codec(t, func(c *interop.Config) { c.FourStatuses, c.HomonymCode = true, "HOMD" })
	for status, want := range map[segur.IdentityStatus][2]string{
		segur.Provisional: {"PROV", "PROV"}, segur.Retrieved: {"PROV", "RECUP"}, segur.Validated: {"VALI", "VALI"}, segur.Qualified: {"VALI", "QUAL"},
	} {
		id := fictional()
		id.Patient.Status, id.Patient.Attributes = status, segur.Homonym
		two, err := codec(t).PID(id)
		require.NoError(t, err)
		assert.True(t, strings.HasSuffix(two, "|N|"+want[0]+"~HOMA"), two)
		all, err := four.PID(id)
		require.NoError(t, err)
		assert.True(t, strings.HasSuffix(all, "|N|"+want[1]+"~HOMD"), all)
	}
}

func TestReadCX(t *testing.T) {
	t.Parallel()
	c := codec(t)
	written, err := c.CX(fictional())
	require.NoError(t, err)
	assert.Equal(t, xds.INSPatientID(fictional().Patient.INS).CX(), written, "the one of document metadata")
	ins, _, err := c.ReadCX(written + "^^20101207")
	require.NoError(t, err, "a date that old samples have")
	assert.Equal(t, number, ins.Matricule())
	_, local, err := c.ReadCX("IPP-0001^^^CHU&1.2.250.1.999.1&ISO^PI")
	require.NoError(t, err)
	assert.Equal(t, segur.Identifier{Root: "1.2.250.1.999.1", Extension: "IPP-0001", Assigner: "CHU"}, local)
	for _, s := range []string{"", number, number + "^^^&1.2.250.1.213.1.4.10&ISO^INS", number + "^^^&1.2.250.1.213.1.4.10&ISO", number + "9^^^&1.2.250.1.213.1.4.8&ISO^NH",
		number + "^^^&1.2.250.1.213.1.4.2&ISO^NH", number + "^^^&1.2.250.1.213.1.4.5&ISO^NH", number + "^^^&1.2.250.1.213.1.4.8&DNS^NH", number + "^^^ASIP-SANTE-INS-NIR^NH"} {
		ins, local, err := c.ReadCX(s)
		require.ErrorIs(t, err, segur.ErrProtocol, s)
		assert.NotContains(t, err.Error(), "285036")
		assert.True(t, ins.IsZero() && local.IsZero())
	}
	_, _, err = codec(t, func(c *interop.Config) { c.Environment = segur.Production }).ReadCX(number + "^^^&1.2.250.1.213.1.4.10&ISO^NH")
	assert.ErrorIs(t, err, segur.ErrProtocol)
}

func TestReadRecordTargetOfTheANS(t *testing.T) {
	t.Parallel()
	sample := string(testkit.ReadShared(t, "insi/interop/cda_recordTarget_ins_example.xml"))
	sample = strings.Replace(sample, "<recordTarget>", `<recordTarget xmlns="urn:hl7-org:v3">`, 1)
	r, err := codec(t).ReadRecordTarget([]byte(sample))
	require.NoError(t, err)
	assert.Empty(t, r.Warnings)
	ins, ok := r.Identity.Patient.QualifiedINS()
	assert.True(t, ok)
	assert.Equal(t, "279035121518989", ins.Matricule())
	assert.Equal(t, "DOMPREMY", r.Identity.BirthPlaceName)
	assert.Equal(t, []segur.Identifier{{Root: "1.2.3.4.567.8.9.10", Extension: "1234567890121"}}, r.Identity.Patient.LocalIDs)
	assert.Len(t, r.Identity.Patient.Telecoms, 3)
	s, err := codec(t).PID(r.Identity)
	require.NoError(t, err, "and goes on to another standard")
	assert.Contains(t, s, "PID|||279035121518989^^^ASIP-SANTE-INS-NIR&1.2.250.1.213.1.4.10&ISO^INS~1234567890121^^^&1.2.3.4.567.8.9.10&ISO^PI||PAT-TROIS^DOMINIQUE^DOMINIQUE MARIE-LOUISE^^^^L")

	r, err = codec(t).ReadRecordTarget([]byte(strings.Replace(sample, "279035121518989", "279035121518900", 1)))
	require.NoError(t, err)
	assert.Equal(t, []string{"recordTarget/patientRole/id[1]", "recordTarget"}, fields(r.Warnings))
	assert.True(t, r.Identity.Patient.INS.IsZero())
	assert.Len(t, r.Identity.Patient.Telecoms, 2, "the mailbox made of the matricule goes with it")
	_, err = codec(t).ReadRecordTarget([]byte("<x/>"))
	assert.ErrorIs(t, err, segur.ErrProtocol)
}

func FuzzRecordTarget(f *testing.F) {
	c := codec(f)
	b, err := c.RecordTarget(whole())
	require.NoError(f, err)
	f.Add(b)
	f.Fuzz(func(t *testing.T, data []byte) {
		if r, err := c.ReadRecordTarget(data); err == nil {
			sound(t, c, r)
		}
	})
}

func FuzzCX(f *testing.F) {
	c := codec(f)
	f.Add(number + "^^^&1.2.250.1.213.1.4.10&ISO^NH")
	f.Fuzz(func(t *testing.T, s string) {
		ins, local, err := c.ReadCX(s)
		if (err == nil) != (ins.IsZero() != local.IsZero()) {
			t.Fatal("one of the three")
		}
	})
}

func TestPrintedFormsAreRedacted(t *testing.T) {
	t.Parallel()
	id := whole()
	r := codec(t).ReadDICOM(nil)
	r.Identity, r.Raw = id, []byte(number)
	for _, v := range []any{id, &id, r, *r} {
		for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q"} {
			out := fmt.Sprintf(verb, v)
			assert.NotContains(t, out, "FICTIVE")
			assert.NotContains(t, out, "285036")
		}
		var b bytes.Buffer
		slog.New(slog.NewTextHandler(&b, nil)).Info("x", "v", v)
		assert.NotContains(t, b.String(), "FICTIVE")
		assert.Contains(t, b.String(), "redacted")
	}
}

func TestConcurrentUse(t *testing.T) {
	t.Parallel()
	c := codec(t, func(c *interop.Config) { c.DICOMCharacterSet = "ISO_IR 192" })
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			for _, write := range writers(c) {
				assert.NoError(t, write(whole()))
			}
		})
	}
	wg.Wait()
}
