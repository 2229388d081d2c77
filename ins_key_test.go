package segur_test

import (
	"fmt"
	"math/big"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/segur-sdk/segur"
)

// departments are those of civil status: metropolitan France, Corsica, overseas, abroad.
func departments() []string {
	var out []string
	for i := 1; i <= 95; i++ {
		if i != 20 { // Corsica before it was 2A and 2B: kept by those born before 1976
			out = append(out, fmt.Sprintf("%02d", i))
		}
	}
	return append(out, "20", "2A", "2B", "97", "98", "99")
}

// key computes the key with arithmetic of any size, as the rule is written.
func key(body string) string {
	if i := strings.IndexAny(body, "AB"); i >= 0 {
		body = body[:5] + map[byte]string{'A': "19", 'B': "18"}[body[i]] + body[7:]
	}
	n, ok := new(big.Int).SetString(body, 10)
	if !ok {
		return ""
	}
	return fmt.Sprintf("%02d", 97-new(big.Int).Mod(n, big.NewInt(97)).Int64())
}

// body draws the first 13 characters of a number, of any department; sexes 3, 4, 7, 8 and months beyond 12 exist.
func drawBody(t *rapid.T) string {
	return rapid.SampledFrom([]string{"1", "2", "3", "4", "7", "8"}).Draw(t, "sex") +
		rapid.StringMatching(`\d{4}`).Draw(t, "year and month") +
		rapid.SampledFrom(departments()).Draw(t, "department") +
		rapid.StringMatching(`\d{6}`).Draw(t, "place and rank")
}

func TestKeyOfEveryDepartment(t *testing.T) {
	t.Parallel()
	seen := map[string]bool{}
	for _, department := range departments() {
		for _, rest := range []string{"001001", "411001", "999999", "123456"} {
			body := "28503" + department + rest
			k := segur.MatriculeKey(body)
			require.Equal(t, key(body), k, department)
			ins, err := segur.ParseINS(body+k, segur.OIDINSNIR)
			require.NoError(t, err, department)
			assert.Equal(t, body+k, ins.Matricule())
			lower, err := segur.ParseINS(strings.ToLower(body)+k, segur.OIDINSNIR)
			require.NoError(t, err, department)
			assert.True(t, ins == lower)
			seen[k] = true
		}
	}
	assert.Greater(t, len(seen), 90, "keys of all kinds")
}

// The key is the rule's, between 01 and 97, and reading a number gives it back.
func TestKeyIsTheRule(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(rt *rapid.T) {
		body := drawBody(rt)
		k := segur.MatriculeKey(body)
		if k != key(body) || k < "01" || k > "97" {
			rt.Fatal("another key")
		}
		authority := rapid.SampledFrom([]segur.OID{segur.OIDINSNIR, segur.OIDINSNIA, segur.OIDINSNIRTest, segur.OIDINSNIRDemo}).Draw(rt, "authority")
		ins, err := segur.ParseINS(body+k, authority)
		if err != nil || ins.Body() != body || ins.Key() != k || ins.Authority() != authority {
			rt.Fatal("not given back")
		}
	})
}

// 2A counts as 19 and 2B as 18: the key of a Corsican number is that of the number with these digits.
func TestKeyOfCorsica(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(rt *rapid.T) {
		head := rapid.StringMatching(`[12]\d{4}`).Draw(rt, "head")
		tail := rapid.StringMatching(`\d{6}`).Draw(rt, "tail")
		for letters, digits := range map[string]string{"2A": "19", "2B": "18"} {
			if segur.MatriculeKey(head+letters+tail) != segur.MatriculeKey(head+digits+tail) {
				rt.Fatal("another key")
			}
		}
		for _, other := range []string{"2C", "1A", "A2", "AB", "2-"} {
			if segur.MatriculeKey(head+other+tail) != "" {
				rt.Fatal("a letter that no department has")
			}
		}
	})
}

// Every change of one character, key and Corsican letter included, and every exchange of two neighbours in the body
// are noticed: 97 is prime.
func TestKeyCatchesEveryTypingError(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(rt *rapid.T) {
		body := drawBody(rt)
		matricule := body + segur.MatriculeKey(body)
		for i := range matricule {
			for _, c := range "0123456789AB" {
				if changed := matricule[:i] + string(c) + matricule[i+1:]; changed != matricule {
					if _, err := segur.ParseINS(changed, segur.OIDINSNIR); err == nil {
						rt.Fatalf("character %d", i+1)
					}
				}
			}
		}
		for i := range 12 {
			b := []byte(matricule)
			b[i], b[i+1] = b[i+1], b[i]
			if _, err := segur.ParseINS(string(b), segur.OIDINSNIR); err == nil && string(b) != matricule {
				rt.Fatalf("characters %d and %d", i+1, i+2)
			}
		}
	})
}
