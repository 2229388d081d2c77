package datamatrix_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/segur-sdk/segur"
	"github.com/segur-sdk/segur/ins/datamatrix"
)

const gs = "\x1d"

// number makes an INS of 13 characters.
func number(body string, authority segur.OID) segur.INS {
	i, err := segur.ParseINS(body+segur.MatriculeKey(body), authority)
	if err != nil {
		panic(err)
	}
	return i
}

func patient() segur.Patient {
	return segur.Patient{
		INS:    number("2850369123456", segur.OIDINSNIRTest),
		Status: segur.Qualified,
		Traits: segur.Traits{
			BirthName: "FICTIVE-DURAND", FirstGivenName: "CAMILLE", GivenNames: "CAMILLE LUCE", Sex: segur.Female,
			BirthDate: segur.NewDate(1985, 3, 14), BirthPlace: "69123",
		},
	}
}

// scanOf is the text of the patient above, written by hand.
func scanOf() string {
	return "IS010000000000000000000000S12850369123456" + segur.MatriculeKey("2850369123456") +
		"S21.2.250.1.213.1.4.10S3CAMILLE LUCE" + gs + "S4FICTIVE-DURAND" + gs + "S5FS614-03-1985S769123"
}

func encode(t require.TestingT, p segur.Patient) datamatrix.Payload {
	payload, err := datamatrix.Encode(p, segur.Fake)
	require.NoError(t, err)
	return payload
}

func decode(scan string) (*datamatrix.Decoded, error) {
	return datamatrix.Decode(scan, datamatrix.Options{Environment: segur.Fake})
}

// fields returns the fields at fault of an error of the SDK.
func fields(t *testing.T, err error) []string {
	t.Helper()
	var e *segur.Error
	require.ErrorAs(t, err, &e)
	var out []string
	for _, d := range e.Details {
		assert.NotEmpty(t, d.Message)
		out = append(out, d.Field)
	}
	return out
}

// details returns "field message" lines.
func details(err error) string {
	var e *segur.Error
	if !errors.As(err, &e) {
		return ""
	}
	var lines []string
	for _, d := range e.Details {
		lines = append(lines, d.Field+": "+d.Message)
	}
	return strings.Join(lines, "\n")
}

// identity draws any identity that may be printed.
func identity() *rapid.Generator[segur.Patient] {
	return rapid.Custom(func(t *rapid.T) segur.Patient {
		department := rapid.SampledFrom([]string{"01", "2A", "2B", "75", "97", "98", "99"}).Draw(t, "department")
		body := rapid.StringMatching(`[12][0-9]{4}`).Draw(t, "sex and month") + department + rapid.StringMatching(`[0-9]{6}`).Draw(t, "order")
		authority := rapid.SampledFrom([]segur.OID{segur.OIDINSNIR, segur.OIDINSNIA, segur.OIDINSNIRTest, segur.OIDINSNIRDemo}).Draw(t, "authority")
		return segur.Patient{
			INS:        number(body, authority),
			Status:     segur.Qualified,
			Attributes: rapid.SampledFrom([]segur.IdentityAttributes{0, segur.Homonym}).Draw(t, "attributes"),
			Traits: segur.Traits{
				BirthName:  name().Draw(t, "birth name"),
				GivenNames: name().Draw(t, "given names"),
				Sex:        rapid.SampledFrom([]segur.Sex{segur.Female, segur.Male}).Draw(t, "sex"),
				BirthDate: rapid.Custom(func(t *rapid.T) segur.Date {
					return segur.Date{Year: rapid.IntRange(1, 9999).Draw(t, "y"), Month: rapid.IntRange(1, 12).Draw(t, "m"), Day: rapid.IntRange(1, 31).Draw(t, "d")}
				}).Filter(segur.Date.Valid).Draw(t, "birth date"),
				BirthPlace: rapid.OneOf(rapid.Just(""), rapid.Just("2A004"), rapid.Just("2B033"), rapid.StringMatching(`0[1-9][0-9]{3}|[1-9][0-9]{4}`)).Draw(t, "place"),
			},
		}
	})
}

// name draws a name, short, or of 99 or 100 characters where the separator stops.
func name() *rapid.Generator[string] {
	return rapid.Custom(func(t *rapid.T) string {
		s := rapid.StringMatching(`'?[A-Z]([ '-]?[A-Z]){0,12}-?`).Draw(t, "name")
		if n := rapid.SampledFrom([]int{0, 0, 0, 98, 99, 100}).Draw(t, "length"); n > 0 {
			s += strings.Repeat("Z", n-len(s))
		}
		return s
	})
}
