package hl7_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/segur-sdk/segur"
	"github.com/segur-sdk/segur/internal/hl7"
)

func TestSelect(t *testing.T) {
	t.Parallel()
	s, err := hl7.Select("\x0bMSH|^~\\&|RIS|SITE\rPID|1||A^B~C||L\\T\\M\nPV1||O\r\n\x1c\r", "MSH", "PID")
	require.NoError(t, err)
	require.Len(t, s, 2)
	assert.Equal(t, "|", s[0].Field(1))
	assert.Equal(t, `^~\&`, s[0].Field(2))
	assert.Equal(t, "RIS", s[0].Field(3))
	assert.Equal(t, "PID", s[1].Name)
	assert.Equal(t, []string{"A^B", "C"}, s[1].Repetitions(3))
	assert.Nil(t, s[1].Repetitions(2))
	assert.Equal(t, `L\T\M`, s[1].Field(5))
	assert.Empty(t, s[1].Field(6))
	assert.Empty(t, s[1].Field(0))
	assert.Empty(t, s[1].Field(-1))
}

func TestDelimitersOfTheMessage(t *testing.T) {
	t.Parallel()
	s, err := hl7.Select("MSH#$!?%#\rPID###1$$$N%1.2%ISO!x##a|b^c~d\\e&f?S?g?F?h?T?i?R?j?E?k?Z?", "PID")
	require.NoError(t, err)
	assert.Equal(t, []string{"1^^^N&1.2&ISO", "x"}, s[0].Repetitions(3))
	assert.Equal(t, `a|b^c~d\e&f$g#h%i!j?k?Z?`, hl7.ParseXPN(s[0].Field(5)).Family, "signs that are no delimiters there are literal")

	s, err = hl7.Select("MSH|^~\rPID|||a\\T\\b&c", "PID")
	require.NoError(t, err)
	assert.Equal(t, `a\E\T\E\b\T\c`, s[0].Field(3), "neither escape nor sub-component")

	for _, bad := range []string{"MSH", "MSH|", "MSH||", "MSH|^^", "MSH|a~\\&", "MSHé^~\\&", "MSH|^~ &|"} {
		_, err := hl7.Select(bad, "PID")
		assert.Error(t, err, bad)
	}
	s, err = hl7.Select("PID|||x\rPIDX|no\rPI", "PID")
	require.NoError(t, err)
	assert.Len(t, s, 1, "a segment alone has the standard delimiters")
}

// Senders break long values: the pieces belong to the segment above, whatever its length.
func TestSelectJoinsBrokenLines(t *testing.T) {
	t.Parallel()
	s, err := hl7.Select("\ufeffMSH|^~\\&|RIS\r\nOBX|1|ED|||^^^Base64^JVBERi0x\r\nMSHa+PIDb/AAA\r\nMSH/\r\nPID|||IPP\r\n-00\r\n01\r\nP02~2||A\r\nZFD|x\r\ny", "MSH", "PID")
	require.NoError(t, err, "a line of base64 is no MSH")
	require.Len(t, s, 2)
	assert.Equal(t, "RIS", s[0].Field(3))
	assert.Equal(t, []string{"IPP-0001P02", "2"}, s[1].Repetitions(3))
	assert.Equal(t, "A", s[1].Field(5), "a segment of a name that nobody asked for ends it")

	_, err = hl7.Select("MSH|^~\\&\rMSH||", "PID")
	require.Error(t, err, "a second header counts")
	s, err = hl7.Select("PID|||1"+strings.Repeat("\r2", 1<<16), "PID")
	require.NoError(t, err)
	assert.Equal(t, 1+1<<16, len(s[0].Field(3)))
	_, err = hl7.Select("PID|||1"+strings.Repeat("\r2", 1<<21), "PID")
	require.Error(t, err, "longer than any segment")
	_, err = hl7.Select(strings.Repeat("PID|||1\r", 1<<12), "PID")
	require.Error(t, err, "more segments than any message has")
}

func TestFormatSegment(t *testing.T) {
	t.Parallel()
	assert.Equal(t, "PID|||3||5", hl7.FormatSegment("PID", map[int]string{5: "5", 3: "3", 9: ""}))
	assert.Equal(t, "PID", hl7.FormatSegment("PID", nil))
	assert.Equal(t, "a~b", hl7.Repeat("", "a", "", "b"))
}

func TestINSInMetadata(t *testing.T) {
	t.Parallel()
	ins, err := segur.ParseINS("2850369123456"+segur.MatriculeKey("2850369123456"), segur.OIDINSNIRTest)
	require.NoError(t, err)
	s := hl7.FormatINS(ins)
	assert.Equal(t, ins.Matricule()+"^^^&1.2.250.1.213.1.4.10&ISO^NH", s)
	got, err := hl7.ParseINS(s)
	require.NoError(t, err)
	assert.Equal(t, ins, got)
	for _, bad := range []string{"", s[1:], s + "^", " " + s, ins.Matricule() + "^^^X&1.2.250.1.213.1.4.10&ISO^NH",
		ins.Matricule() + "^^^&1.2.250.1.213.1.4.10&ISO^INS", ins.Matricule() + "^^^&1.2.250.1.213.1.4.2&ISO^NH"} {
		_, err := hl7.ParseINS(bad)
		require.ErrorIs(t, err, segur.ErrInvalidInput)
		assert.NotContains(t, err.Error(), ins.Body())
	}
}

func TestPatientTypesRoundTrip(t *testing.T) {
	t.Parallel()
	assert.Equal(t, "28 AV X^^PARIS^^75007^FRA^H", hl7.XAD{Street: "28 AV X", City: "PARIS", PostalCode: "75007", Country: "FRA", Type: "H"}.String())
	assert.Equal(t, "28 AV X", hl7.ParseXAD("28 AV X&AV X&28^^PARIS").Street)
	assert.Equal(t, "^PRN^PH^^^^^^^^^0144534551", hl7.XTN{Use: "PRN", Equipment: "PH", Number: "0144534551"}.String())
	assert.Equal(t, "0144534551", hl7.ParseXTN("0144534551^PRN^PH").Number)
	for sex, code := range map[segur.Sex]string{segur.Female: "F", segur.Male: "M", segur.SexUnknown: "U", "": ""} {
		assert.Equal(t, code, hl7.FormatSex(sex))
		assert.Equal(t, sex, hl7.ParseSex(code))
	}
	assert.True(t, hl7.XPN{Type: "L"}.Birth())
	for kind, used := range map[string]bool{"D": true, "M": true, "U": true, "L": false, "S": false, "": false} {
		assert.Equal(t, used, hl7.XPN{Type: kind}.Used(), kind)
	}
	rapid.Check(t, func(t *rapid.T) {
		s := func(name string) string { return text().Draw(t, name) }
		xad := hl7.XAD{Street: s("street"), Other: s("other"), City: s("city"), PostalCode: s("code"), Country: s("country"), Type: s("type"), County: s("county")}
		if got := hl7.ParseXAD(xad.String()); got != xad {
			t.Fatalf("%#v became %#v", xad, got)
		}
		xtn := hl7.XTN{Use: s("use"), Equipment: s("equipment"), Mail: s("mail"), Number: s("number")}
		if got := hl7.ParseXTN(xtn.String()); got != xtn {
			t.Fatalf("%#v became %#v", xtn, got)
		}
	})
}

// Whatever the delimiters of a message, its values come out the same.
func TestCanonicalDelimiters(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		signs := rapid.Permutation([]byte("|^~\\&$#!?%*")).Draw(t, "signs")[:5]
		f, c, r, e, sub := signs[0], signs[1], signs[2], signs[3], signs[4]
		esc := func(s string) string {
			out := ""
			for i := range len(s) {
				switch s[i] {
				case f:
					out += string(e) + "F" + string(e)
				case c:
					out += string(e) + "S" + string(e)
				case r:
					out += string(e) + "R" + string(e)
				case e:
					out += string(e) + "E" + string(e)
				case sub:
					out += string(e) + "T" + string(e)
				default:
					out += s[i : i+1]
				}
			}
			return out
		}
		value := rapid.StringMatching(`[|^~\\&$#!?%*A-Z]{0,12}`)
		a, b, ns := value.Draw(t, "a"), value.Draw(t, "b"), value.Draw(t, "namespace")
		field := esc(a) + string(r) + esc(b) + string([]byte{c, c, c}) + esc(ns) + string(sub) + "1.2"
		s, err := hl7.Select("MSH"+string([]byte{f, c, r, e, sub, f})+"\rPID"+string([]byte{f, f, f})+field, "PID")
		if err != nil {
			t.Fatal(err)
		}
		reps := s[0].Repetitions(3)
		if len(reps) != 2 || hl7.ParseCX(reps[0]).ID != a || hl7.ParseCX(reps[1]) != (hl7.CX{ID: b, Authority: hl7.Authority{Namespace: ns, OID: "1.2"}}) {
			t.Fatalf("%q gave %q", field, reps)
		}
	})
}

func FuzzSelect(f *testing.F) {
	f.Add("MSH|^~\\&|RIS\rPID|||1^^^&1.2&ISO~2", 3)
	f.Add("MSH#$!?%#\rPID###1$$$N%1.2%ISO!x", 5)
	f.Fuzz(func(t *testing.T, message string, n int) {
		s, err := hl7.Select(message, "PID", "MSH")
		if err != nil {
			return
		}
		for _, seg := range s {
			_ = seg.Field(n)
			for _, r := range seg.Repetitions(n) {
				_ = hl7.ParseXAD(r)
				_ = hl7.ParseXTN(r)
			}
		}
	})
}
