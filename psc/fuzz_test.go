package psc

import (
	"encoding/json"
	"errors"
	"reflect"
	"testing"

	"github.com/segur-sdk/segur"
)

// Whatever is not read is a classed error.
func classed(t *testing.T, err error) {
	t.Helper()
	var e *segur.Error
	if err != nil && (!errors.As(err, &e) || e.Kind == segur.KindUnknown) {
		t.Fatalf("%v", err)
	}
}

func FuzzParseUserInfo(f *testing.F) {
	for _, s := range []string{
		`{}`, `[]`, ``, `{"sub":1,"SubjectRole":"a^b","otherIds":{"identifiant":"899900000015","origine":"RPPS","qualite":"1"}}`,
		`{"SubjectNameID":"899900000015","SubjectRefPro":{"exercices":[{"codeProfession":"10","codeSavoirFaire":"SM44","nomDexercice":"X","activities":[{"telephone":"0400000000","ancienIdentifiantDeLaStructure":"1990000019"},{}]}]}}`,
		`{"SubjectRefPro":"","exercices":null}`, `{"SubjectRefPro":{"exercices":{"activities":""}}}`,
	} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		u, err := ParseUserInfo(b)
		classed(t, err)
		if err != nil {
			return
		}
		if !json.Valid(u.Raw) {
			t.Fatal("not JSON")
		}
		situations := u.Situations()
		for _, s := range situations[:min(len(situations), 4)] {
			_, _ = s.Label(), s.Roles()
			chosen, err := u.Choose(func(o Situation) bool { return reflect.DeepEqual(o, s) })
			if err != nil || !reflect.DeepEqual(chosen, s) {
				t.Fatal("a situation is there twice")
			}
		}
		_, err = u.Professional(OnlySituation())
		classed(t, err)
		if err == nil && len(situations) != 1 {
			t.Fatal("a situation was guessed")
		}
	})
}

func FuzzPendingLogin(f *testing.F) {
	f.Add([]byte(`{"v":1,"state":"0123456789012345678901234567890123456789012","nonce":"0123456789012345678901234567890123456789012","verifier":"0123456789012345678901234567890123456789012","start":"2026-01-01T00:00:00Z"}`))
	f.Add([]byte(`{"v":1}`))
	f.Fuzz(func(t *testing.T, b []byte) {
		var p, again PendingLogin
		err := p.UnmarshalBinary(b)
		classed(t, err)
		if err != nil {
			return
		}
		out, err := p.MarshalBinary()
		if err != nil {
			return // a year of five digits
		}
		if err := again.UnmarshalBinary(out); err == nil && again.p.State != p.p.State {
			t.Fatal("another login")
		}
	})
}

func FuzzKeys(f *testing.F) {
	f.Add([]byte(`{"keys":[{"kid":"a","kty":"RSA","use":"sig","n":"AQAB","e":"AQAB"},{"kid":"b","kty":"EC","crv":"P-256","x":"AA","y":"AA"},1,null]}`))
	f.Fuzz(func(t *testing.T, b []byte) {
		keys, err := parseKeys(b)
		classed(t, err)
		if err == nil && len(keys) == 0 {
			t.Fatal("no key")
		}
		for _, k := range keys {
			if k.id == "" || k.public == nil {
				t.Fatal("not a key")
			}
		}
	})
}

func FuzzToken(f *testing.F) {
	f.Add("eyJhbGciOiJSUzI1NiIsImtpZCI6ImEifQ.e30.AA", []byte(`{"iss":"a","aud":["b"],"exp":1.5,"iat":1e12,"acr":"eidas1","amr":"x","azp":null}`))
	f.Fuzz(func(t *testing.T, jwt string, payload []byte) {
		_, err := parseHeader(jwt)
		classed(t, err)
		var c rawClaims
		_ = json.Unmarshal(payload, &c)
		_, _, err = parseIntrospection(payload, func(m string) error { return &segur.Error{Kind: segur.KindProtocol, Message: m} })
		classed(t, err)
		var a tokenAnswer
		_ = json.Unmarshal(payload, &a)
		if a.ExpiresIn < 0 || a.RefreshIn < 0 {
			t.Fatal("a life below zero")
		}
	})
}
