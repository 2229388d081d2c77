package identity_test

import (
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/segur-sdk/segur"
	"github.com/segur-sdk/segur/ins"
	"github.com/segur-sdk/segur/ins/identity"
)

// t0 is when the tests play. Their answers and acts share it unless a test is about time.
var t0 = time.Date(2026, 11, 20, 9, 30, 0, 0, time.UTC)

func act() identity.Act { return identity.Act{Operator: "accueil-1", At: t0} }

func traits() segur.Traits {
	return segur.Traits{BirthName: "FICTIVE-DURAND", FirstGivenName: "CAMILLE", Sex: segur.Female,
		BirthDate: segur.NewDate(1985, time.March, 14), BirthPlace: "69123"}
}

func number(t require.TestingT, body string, authority segur.OID) segur.INS {
	n, err := segur.ParseINS(body+segur.MatriculeKey(body), authority)
	require.NoError(t, err)
	return n
}

const (
	bodyA = "2850369123456"
	bodyB = "2850369123999"
)

func insA(t require.TestingT) segur.INS { return number(t, bodyA, segur.OIDINSNIRTest) }
func insB(t require.TestingT) segur.INS { return number(t, bodyB, segur.OIDINSNIRTest) }

// found is the answer of INSi for the patient of traits().
func found(n segur.INS, former ...segur.INS) *ins.Result {
	tr := traits()
	tr.FirstGivenName, tr.GivenNames = "", "CAMILLE LUCE"
	r := &ins.Result{Outcome: ins.Found, Code: "00", Identity: &ins.Identity{INS: n, Traits: tr},
		MessageID: "urn:uuid:1", Time: t0, Raw: []byte("<RESULTAT/>")}
	for _, f := range former {
		r.Identity.History = append(r.Identity.History, ins.Record{INS: f})
	}
	return r
}

func rules(t require.TestingT) *identity.Rules {
	r, err := identity.NewRules(identity.Config{})
	require.NoError(t, err)
	return r
}

func passport() identity.Control {
	return identity.Control{Document: identity.Passport, Holder: identity.HolderFrench}
}

// state makes an identity in one of the states, written as in the tables: "QUAL", "PROV douteux".
func state(t require.TestingT, name string) identity.Identity {
	i, err := rules(t).New(act(), identity.Entry{Traits: traits(), Method: identity.MethodManual})
	require.NoError(t, err)
	status, attributes, _ := strings.Cut(name, " ")
	if status == "RECUP" || status == "QUAL" {
		i, err = i.Retrieve(act(), identity.Retrieval{Result: found(insA(t))})
		require.NoError(t, err)
	}
	if status == "VALI" || status == "QUAL" {
		i, err = i.Control(act(), passport())
		require.NoError(t, err)
	}
	for a := range strings.SplitSeq(attributes, "+") {
		switch a {
		case "homonyme":
			i, err = i.MarkHomonym(act())
		case "douteux":
			i, err = i.Doubt(act())
		case "fictif":
			i, err = i.MarkFictitious(act())
		}
		require.NoError(t, err)
	}
	require.Equal(t, name, stateOf(i))
	return i
}

func stateOf(i identity.Identity) string {
	s := i.Status().String()
	if a := i.Attributes().String(); a != "" {
		s += " " + a
	}
	return s
}

// refused checks an input error that names the field and the rule, and that nothing personal is in it.
func refused(t *testing.T, err error, field, rule string) {
	t.Helper()
	require.ErrorIs(t, err, segur.ErrInvalidInput)
	var e *segur.Error
	require.ErrorAs(t, err, &e)
	hit := false
	for _, d := range e.Details {
		hit = hit || d.Field == field && strings.Contains(d.Message, rule)
	}
	assert.True(t, hit, "want %s: %s, got %v", field, rule, err)
	for _, secret := range []string{"DURAND", "CAMILLE", "LUCE", bodyA, bodyB, "1985"} {
		assert.NotContains(t, err.Error(), secret)
	}
}
