package datamatrix_test

import (
	"encoding/json"
	"fmt"
	"log/slog"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/segur-sdk/segur"
	"github.com/segur-sdk/segur/ins/datamatrix"
)

func TestEncode(t *testing.T) {
	t.Parallel()
	assert.Equal(t, scanOf(), string(encode(t, patient()).Bytes()))
}

// The separator stands after a variable block that could be longer, unless it is the last one.
func TestEncodeSeparators(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		change func(*segur.Patient)
		want   string
	}{
		"OID of 19 characters": {func(p *segur.Patient) { p.INS = number("2850369123456", segur.OIDINSNIR) }, "S21.2.250.1.213.1.4.8" + gs + "S3CAMILLE"},
		"waiting number":       {func(p *segur.Patient) { p.INS = number("2850369123456", segur.OIDINSNIA) }, "S21.2.250.1.213.1.4.9" + gs + "S3"},
		"OID of 20 characters": {func(p *segur.Patient) { p.INS = number("2850369123456", segur.OIDINSNIRDemo) }, "S21.2.250.1.213.1.4.11S3CAMILLE"},
		"99 characters":        {func(p *segur.Patient) { p.Traits.BirthName = strings.Repeat("A", 99) }, "A" + gs + "S5F"},
		"100 characters":       {func(p *segur.Patient) { p.Traits.BirthName = strings.Repeat("A", 100) }, "AS5F"},
		"100 given":            {func(p *segur.Patient) { p.Traits.GivenNames = strings.Repeat("ANNE ", 19) + "ANNES" }, "ANNE ANNESS4FICTIVE-DURAND" + gs},
		"no place":             {func(p *segur.Patient) { p.Traits.BirthPlace = "" }, "S5FS614-03-1985"},
		"place unknown":        {func(p *segur.Patient) { p.Traits.BirthPlace = "99999" }, "S614-03-1985S799999"},
		"Corsica": {func(p *segur.Patient) {
			p.INS, p.Traits.BirthPlace = number("297022A020778", segur.OIDINSNIRTest), "2A020"
		}, "S7" + "2A020"},
		"apostrophe": {func(p *segur.Patient) { p.Traits.BirthName = "D'ARTAGNAN DE L'HERAULT--FICTIF" }, "S4D'ARTAGNAN DE L'HERAULT--FICTIF" + gs},
		"date completed": {func(p *segur.Patient) {
			p.Traits.BirthDate, p.Traits.BirthDateInterpreted = segur.NewDate(1934, 12, 31), true
		}, "S631-12-1934"},
		"homonym": {func(p *segur.Patient) { p.Attributes = segur.Homonym }, "S4FICTIVE-DURAND"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p := patient()
			test.change(&p)
			text := string(encode(t, p).Bytes())
			assert.Contains(t, text, test.want)
			if name == "no place" {
				assert.True(t, strings.HasSuffix(text, test.want))
			}
		})
	}
}

func TestEncodeRefuses(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		change func(*segur.Patient)
		field  string
		rule   string
	}{
		"provisional":      {func(p *segur.Patient) { p.Status = segur.Provisional }, "patient.status", "is PROV"},
		"retrieved":        {func(p *segur.Patient) { p.Status = segur.Retrieved }, "patient.status", "is RECUP"},
		"validated":        {func(p *segur.Patient) { p.Status = segur.Validated }, "patient.status", "is VALI"},
		"doubtful":         {func(p *segur.Patient) { p.Attributes = segur.Doubtful | segur.Homonym }, "patient.attributes", "doubtful"},
		"fictitious":       {func(p *segur.Patient) { p.Attributes = segur.Fictitious }, "patient.attributes", "fictitious"},
		"attributes":       {func(p *segur.Patient) { p.Attributes = 8 }, "patient.attributes", "do not go together"},
		"no INS":           {func(p *segur.Patient) { p.INS = segur.INS{} }, "patient.ins", "required"},
		"no given names":   {func(p *segur.Patient) { p.Traits.GivenNames = "" }, "patient.traits.givenNames", "required"},
		"no name":          {func(p *segur.Patient) { p.Traits.BirthName = "" }, "patient.traits.birthName", "required"},
		"lower case":       {func(p *segur.Patient) { p.Traits.BirthName = "DURANd" }, "patient.traits.birthName", "character 6: only the letters"},
		"accent":           {func(p *segur.Patient) { p.Traits.GivenNames = "HÉLÈNE" }, "patient.traits.givenNames", "character 2: only the letters"},
		"digit":            {func(p *segur.Patient) { p.Traits.GivenNames = "TEST1" }, "patient.traits.givenNames", "character 5: digits"},
		"separator":        {func(p *segur.Patient) { p.Traits.BirthName = "A" + gs + "S5M" }, "patient.traits.birthName", "character 2"},
		"double blank":     {func(p *segur.Patient) { p.Traits.GivenNames = "ANNE  LUCE" }, "patient.traits.givenNames", "character 6: blanks"},
		"blank first":      {func(p *segur.Patient) { p.Traits.GivenNames = " ANNE" }, "patient.traits.givenNames", "character 1: blanks"},
		"blank last":       {func(p *segur.Patient) { p.Traits.GivenNames = "ANNE " }, "patient.traits.givenNames", "character 5: blanks"},
		"no letter":        {func(p *segur.Patient) { p.Traits.BirthName = "'-" }, "patient.traits.birthName", "no letter"},
		"101 characters":   {func(p *segur.Patient) { p.Traits.BirthName = strings.Repeat("A", 101) }, "patient.traits.birthName", "has 101 characters"},
		"sex I":            {func(p *segur.Patient) { p.Traits.Sex = segur.SexUnknown }, "patient.traits.sex", "F or M"},
		"no sex":           {func(p *segur.Patient) { p.Traits.Sex = "" }, "patient.traits.sex", "F or M"},
		"no date":          {func(p *segur.Patient) { p.Traits.BirthDate = segur.Date{} }, "patient.traits.birthDate", "required"},
		"impossible date":  {func(p *segur.Patient) { p.Traits.BirthDate = segur.NewDate(1985, 2, 30) }, "patient.traits.birthDate", "does not exist"},
		"no day":           {func(p *segur.Patient) { p.Traits.BirthDate = segur.Date{Year: 1934, Month: 2} }, "patient.traits.birthDate", "EXI PP 19 (day 01)"},
		"no month":         {func(p *segur.Patient) { p.Traits.BirthDate = segur.Date{Year: 1934} }, "patient.traits.birthDate", "31 December"},
		"place":            {func(p *segur.Patient) { p.Traits.BirthPlace = "LYON3" }, "patient.traits.birthPlace", "COG"},
		"place lower case": {func(p *segur.Patient) { p.Traits.BirthPlace = "2a004" }, "patient.traits.birthPlace", "COG"},
		"short place":      {func(p *segur.Patient) { p.Traits.BirthPlace = "6912" }, "patient.traits.birthPlace", "COG"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p := patient()
			test.change(&p)
			payload, err := datamatrix.Encode(p, segur.Fake)
			require.ErrorIs(t, err, segur.ErrInvalidInput)
			assert.Equal(t, []string{test.field}, fields(t, err))
			assert.Contains(t, details(err), test.rule)
			assert.True(t, payload.IsZero())
		})
	}
}

// Everything that is wrong is said at once, and nothing of the identity.
func TestEncodeReportsTogether(t *testing.T) {
	t.Parallel()
	p := patient()
	p.Status, p.Attributes, p.INS = segur.Validated, segur.Doubtful, segur.INS{}
	p.Traits = segur.Traits{BirthName: "Durand", GivenNames: "Camille", Sex: "I", BirthDate: segur.Date{Year: 1985}, BirthPlace: "x"}
	_, err := datamatrix.Encode(p, "")
	assert.Equal(t, []string{"environment", "patient.status", "patient.attributes", "patient.ins", "patient.traits.givenNames",
		"patient.traits.birthName", "patient.traits.sex", "patient.traits.birthDate", "patient.traits.birthPlace"}, fields(t, err))
	assert.NotContains(t, err.Error(), "urand")
	assert.NotContains(t, err.Error(), "1985")
}

func TestEncodeEnvironment(t *testing.T) {
	t.Parallel()
	for _, oid := range []segur.OID{segur.OIDINSNIR, segur.OIDINSNIA, segur.OIDINSNIRTest, segur.OIDINSNIRDemo} {
		for _, env := range []segur.Environment{segur.Production, segur.Qualification, segur.Fake, "", "prod"} {
			p := patient()
			p.INS = number("2850369123456", oid)
			_, err := datamatrix.Encode(p, env)
			switch {
			case !env.Valid():
				assert.Equal(t, []string{"environment"}, fields(t, err))
			case env == segur.Production && p.INS.IsTest():
				assert.Equal(t, []string{"patient.ins.authority"}, fields(t, err))
				assert.Contains(t, err.Error(), "refused in production")
			default:
				assert.NoError(t, err)
			}
		}
	}
}

func TestPayloadIsRedacted(t *testing.T) {
	t.Parallel()
	payload := encode(t, patient())
	symbol, err := payload.Symbol()
	require.NoError(t, err)
	decoded, err := decode(scanOf())
	require.NoError(t, err)
	var log strings.Builder
	logger := slog.New(slog.NewTextHandler(&log, nil))
	logger.Info("x", "payload", payload, "symbol", symbol, "decoded", decoded, "value", *decoded)
	hidden := struct {
		p datamatrix.Payload
		s *datamatrix.Symbol
	}{payload, symbol}
	all := log.String()
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "%d"} {
		all += fmt.Sprintf(strings.Repeat(verb+"\n", 5), payload, symbol, decoded, *decoded, hidden)
	}
	for _, secret := range []string{"FICTIVE", "CAMILLE", "2850369123456", "1985", "69123", "true false", "IS01", fmt.Sprintf("%x", "FICTIVE")} {
		assert.False(t, strings.Contains(all, secret), "%q is printed", secret)
	}
	assert.Contains(t, all, "Payload(redacted)")
	assert.Contains(t, all, "Symbol(40×40, redacted)")
	assert.Equal(t, "Payload(none)", datamatrix.Payload{}.String())
	assert.Nil(t, datamatrix.Payload{}.Bytes())
	_, err = json.Marshal(payload)
	assert.ErrorContains(t, err, "not serialised implicitly")
	_, err = json.Marshal(decoded)
	assert.ErrorContains(t, err, "not serialised implicitly")
	assert.Equal(t, payload, encode(t, patient()))
	payload.Bytes()[0] = 'X'
	assert.Equal(t, byte('I'), payload.Bytes()[0])
}

// What is written is read back as the same identity, whatever the identity, and never as a qualified one.
func TestRoundTrip(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		p := identity().Draw(t, "patient")
		payload := encode(t, p)
		require.LessOrEqual(t, len(payload.Bytes()), 291)
		d, err := decode(string(payload.Bytes()))
		require.NoError(t, err)
		require.Equal(t, p.INS, d.INS)
		require.Equal(t, p.Traits, d.Traits)
		require.Equal(t, p.Traits.BirthPlace == "", d.Warned(datamatrix.WarningNoBirthPlace))
		require.False(t, d.Warned(datamatrix.WarningSeparators))
		require.False(t, d.Warned(datamatrix.WarningOpenEnd))
		_, qualified := d.Patient().QualifiedINS()
		require.False(t, qualified)
	})
}
