package ins_test

import (
	"bytes"
	"fmt"
	"log/slog"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/segur-sdk/segur"
	"github.com/segur-sdk/segur/ins"
	"github.com/segur-sdk/segur/ins/instest"
)

// What holds an identity prints none of it, whatever prints it.
func TestDecisionsAndVerificationsAreRedacted(t *testing.T) {
	t.Parallel()
	p := somebody("FICTIVE-DURAND", "CAMILLE", "CAMILLE LUCE", segur.Female, segur.NewDate(1985, 3, 14), "69123", 1)
	client := (&stub{persons: []instest.Person{p}}).client(t)
	id, err := client.Identify(t.Context(), segur.Patient{Traits: p.Traits})
	require.NoError(t, err)
	c := ins.Confirmation{Operator: "op", FirstGivenName: "CAMILLE"}
	confirmed, err := id.Confirm(c)
	require.NoError(t, err)
	claim := ins.Claim{ID: "row", Matricule: p.INS.Matricule(), Authority: p.INS.Authority(), Traits: p.Traits}
	v, err := client.VerifyByComparison(t.Context(), claim)
	require.NoError(t, err)
	item := ins.ItemVerification{Index: 3, ID: "row", Verification: v}
	none := ins.ItemVerification{Index: 4}

	for want, values := range map[string][]any{
		"Identification(found, found after 1 calls, redacted)": {*id, id},
		"Confirmation([], redacted)":                           {c, &c},
		"Confirmed([], redacted)":                              {*confirmed, confirmed},
		"Claim(redacted)":                                      {claim, &claim},
		"Verification(verified by comparison, redacted)":       {*v, v},
		"ItemVerification(3, verified, redacted)":              {item, &item},
		"ItemVerification(4, none)":                            {none},
	} {
		for _, value := range values {
			for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%d"} {
				assert.Equal(t, want, fmt.Sprintf(verb, value))
			}
			var log bytes.Buffer
			slog.New(slog.NewJSONHandler(&log, nil)).Info("x", "value", value)
			assert.Contains(t, log.String(), `"value":"`+want+`"`)
		}
	}
	nested := fmt.Sprintf("%+v", []any{ins.BatchItem{ID: "row", Verification: v}, ins.BatchAnswer{Items: []ins.BatchItem{{Verification: v}}}})
	for _, secret := range []string{"CAMILLE", "DURAND", p.INS.Body(), "69123", "1985"} {
		assert.NotContains(t, nested, secret)
	}
}
