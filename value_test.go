package segur_test

import (
	"bytes"
	"errors"
	"io"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/segur-sdk/segur"
)

func TestOID(t *testing.T) {
	t.Parallel()
	for s, valid := range map[string]bool{
		"1.2.250": true, "2.25.329800735698586629295641978511506172918": true, "0.0": true,
		"": false, "1": false, "1.": false, ".1": false, "1..2": false, "3.1": false, "1.02": false, "1.2a": false, "12.3": false,
		"1." + strings.Repeat("1", 62): true, "1." + strings.Repeat("1", 63): false,
	} {
		assert.Equal(t, valid, segur.OID(s).Valid(), s)
	}
	o, err := segur.ParseOID("urn:oid:1.2.250.1")
	require.NoError(t, err)
	assert.Equal(t, segur.OID("1.2.250.1"), o)
	assert.Equal(t, "urn:oid:1.2.250.1", o.URN())
	assert.True(t, segur.OID("1.2.250.1.9").Within(o))
	assert.False(t, segur.OID("1.2.250.19").Within(o))
	_, err = segur.ParseOID("nope")
	require.ErrorIs(t, err, segur.ErrInvalidInput)
}

func TestDate(t *testing.T) {
	t.Parallel()
	for in, want := range map[string]segur.Date{
		"1985-03-14": {Year: 1985, Month: 3, Day: 14}, "19850314": {Year: 1985, Month: 3, Day: 14},
		"1934-02-00": {Year: 1934, Month: 2}, "1934-02": {Year: 1934, Month: 2}, "1934": {Year: 1934}, "19340000": {Year: 1934},
		"2000-02-29": {Year: 2000, Month: 2, Day: 29},
	} {
		got, err := segur.ParseDate(in)
		require.NoError(t, err, in)
		assert.Equal(t, want, got, in)
	}
	for in, rule := range map[string]string{
		"1985-13-01": "month", "1985-06-31": "does not exist", "1900-02-29": "does not exist", "1985-00-05": "a day needs a month",
		"0000-01-01": "year", "85-01-01": "digits", "1985-1-1": "digits", "185-01-01": "must be", "19é5-01-01": "", "": "must be", "1985-03-1x": "digits",
	} {
		_, err := segur.ParseDate(in)
		require.ErrorIs(t, err, segur.ErrInvalidInput, in)
		assert.Contains(t, err.Error(), rule, in)
	}
	assert.Equal(t, "1934-02-00", segur.Date{Year: 1934, Month: 2}.ISO())
	assert.Equal(t, "09340205", segur.Date{Year: 934, Month: 2, Day: 5}.Compact())
	assert.Equal(t, "20261231", segur.Date{Year: 2026, Month: 12, Day: 31}.Compact())
	assert.Equal(t, "12345-1100", segur.Date{Year: 12345, Month: -1, Day: 100}.Compact(), "not a date, told as it is")
	assert.Equal(t, "193402", segur.Date{Year: 1934, Month: 2}.Compact())
	assert.Equal(t, "1934", segur.Date{Year: 1934}.Compact())
	assert.Equal(t, "", segur.Date{}.Compact())
	assert.False(t, segur.Date{}.Valid())
	rapid.Check(t, func(rt *rapid.T) {
		d := segur.Date{Year: rapid.IntRange(1, 9999).Draw(rt, "y"), Month: rapid.IntRange(0, 12).Draw(rt, "m"), Day: rapid.IntRange(0, 31).Draw(rt, "d")}
		iso, err1 := segur.ParseDate(d.ISO())
		if d.Valid() != (err1 == nil) {
			rt.Fatalf("%v: valid %v, parse %v", d, d.Valid(), err1)
		}
		if err1 == nil && iso != d {
			rt.Fatalf("%v became %v", d, iso)
		}
	})
}

func TestIDSource(t *testing.T) {
	t.Parallel()
	ids := segur.NewIDSource(bytes.NewReader(bytes.Repeat([]byte{0xff}, 64)))
	u, err := ids.UUID()
	require.NoError(t, err)
	assert.Equal(t, "ffffffff-ffff-4fff-bfff-ffffffffffff", u)
	u, err = segur.NewIDSource(strings.NewReader("0123456789abcdef")).UUID()
	require.NoError(t, err)
	assert.Equal(t, "30313233-3435-4637-b839-616263646566", u, "each byte in its place, version 4, variant 1")
	o, err := ids.OID("2.25")
	require.NoError(t, err)
	assert.Equal(t, segur.OID("2.25.340282366920937632322261936355783213055"), o)
	long := segur.OID("1." + strings.Repeat("2", 41))
	o, err = ids.OID(long)
	require.NoError(t, err)
	assert.True(t, o.Valid() && o.Within(long), o)
	_, err = ids.OID("1." + segur.OID(strings.Repeat("2", 45)))
	require.ErrorIs(t, err, segur.ErrInvalidInput)
	_, err = ids.OID("x")
	require.ErrorIs(t, err, segur.ErrInvalidInput)
	_, err = segur.NewIDSource(strings.NewReader("short")).UUID()
	require.ErrorIs(t, err, segur.ErrUnavailable)
}

func TestContent(t *testing.T) {
	t.Parallel()
	name := filepath.Join(t.TempDir(), "a")
	require.NoError(t, os.WriteFile(name, []byte("abc"), 0o600))
	file, err := segur.FileContent(name)
	require.NoError(t, err)
	for _, c := range []segur.Content{file, segur.BytesContent([]byte("abc"))} {
		assert.EqualValues(t, 3, c.Size())
		for range 2 {
			r, err := c.Open()
			require.NoError(t, err)
			b, err := io.ReadAll(r)
			require.NoError(t, err)
			require.NoError(t, r.Close())
			assert.Equal(t, "abc", string(b))
		}
	}
	_, err = segur.FileContent(name + "-missing")
	require.ErrorIs(t, err, segur.ErrInvalidInput)
	_, err = segur.FileContent(t.TempDir())
	require.ErrorIs(t, err, segur.ErrInvalidInput)
}

func TestErrors(t *testing.T) {
	t.Parallel()
	err := error(&segur.Error{Op: "dmp.submit", Kind: segur.KindConflict, Code: "XDSDuplicateUniqueIdInRegistry", Status: 200,
		Details: []segur.Detail{{Field: "documents[0]", Code: "X", Message: "exists"}}, Err: io.ErrUnexpectedEOF})
	require.ErrorIs(t, err, segur.ErrConflict)
	require.ErrorIs(t, err, io.ErrUnexpectedEOF)
	assert.NotErrorIs(t, err, segur.ErrNotFound)
	assert.Equal(t, "dmp.submit: conflict [XDSDuplicateUniqueIdInRegistry] (status 200): documents[0] [X] exists: unexpected EOF", err.Error())
	assert.Equal(t, segur.KindConflict, segur.KindOf(errors.Join(err)))
	assert.Equal(t, segur.KindUnknown, segur.KindOf(io.EOF))
	for k := segur.KindUnknown; k <= segur.KindPartial; k++ {
		e := &segur.Error{Kind: k}
		assert.NotEmpty(t, e.Explain(segur.FR), k)
		assert.NotEmpty(t, e.Explain(segur.EN), k)
		assert.NotEqual(t, e.Explain(segur.FR), e.Explain(segur.EN), k)
		assert.Equal(t, k == segur.KindUnavailable || k == segur.KindTimeout || k == segur.KindRateLimited, e.Retryable(), k)
	}
	many := &segur.Error{Kind: segur.KindPartial, Details: make([]segur.Detail, 1000)}
	for i := range many.Details {
		many.Details[i].Field = strconv.Itoa(i)
	}
	assert.True(t, strings.HasSuffix(many.Error(), "; 19 ; and 980 more"), many.Error())
	helped := &segur.Error{Help: segur.Text{FR: "fr", EN: "en"}}
	assert.Equal(t, "fr", helped.Explain(segur.FR))
	assert.Equal(t, "en", helped.Explain("de"))
}

func TestProblems(t *testing.T) {
	t.Parallel()
	var p segur.Problems
	require.NoError(t, p.Err("x"))
	p.Require("a", " ")
	p.Require("b", "set")
	_, inner := segur.ParseINS("1", "1")
	p.Merge("patient", inner)
	p.Merge("c", io.EOF)
	p.Merge("d", nil)
	err := p.Err("x.New")
	require.ErrorIs(t, err, segur.ErrInvalidInput)
	var e *segur.Error
	require.ErrorAs(t, err, &e)
	var fields []string
	for _, d := range e.Details {
		fields = append(fields, d.Field)
	}
	assert.Equal(t, []string{"a", "patient.ins.authority", "patient.ins.matricule", "c"}, fields)
}

func TestClientConfig(t *testing.T) {
	t.Parallel()
	var p segur.Problems
	segur.ClientConfig{Timeout: -1}.Check(&p)
	segur.CheckEndpoint(&p, "endpoint", "http://x")
	segur.CheckEndpoint(&p, "endpoint", "https://u:p@x")
	segur.CheckEndpoint(&p, "endpoint", "")
	segur.CheckEndpoint(&p, "endpoint", "https:///path")
	segur.CheckEndpoint(&p, "endpoint", "https://x/\x00")
	assert.Len(t, p.Details(), 7)
	assert.Equal(t, "environment", p.Details()[0].Field)
	c := segur.ClientConfig{Environment: segur.Fake}.WithDefaults()
	assert.Equal(t, 30*time.Second, c.Timeout)
	assert.Equal(t, 3, c.Retry.MaxAttempts)
	assert.NotNil(t, c.Logger)
	id, err := c.IDs.UUID()
	require.NoError(t, err)
	assert.Len(t, id, 36)
}

func TestEvidenceDir(t *testing.T) {
	t.Parallel()
	dir := filepath.Join(t.TempDir(), "exchanges")
	write := func(op, request, response string) {
		d, err := segur.NewEvidenceDir(dir)
		require.NoError(t, err)
		x, err := d.Begin(op)
		require.NoError(t, err)
		_, err = io.WriteString(x.Request(), request)
		require.NoError(t, err)
		_, err = io.WriteString(x.Response(), response)
		require.NoError(t, err)
		require.NoError(t, x.Close())
	}
	write("dmp.submit", "q1", "r1")
	write("../x/y", "q2", "") // continues the numbering, stays in the directory
	for name, want := range map[string]string{
		"001-dmp.submit.request": "q1", "001-dmp.submit.response": "r1", "002-.._x_y.request": "q2", "002-.._x_y.response": "",
	} {
		b, err := os.ReadFile(filepath.Join(dir, name))
		require.NoError(t, err)
		assert.Equal(t, want, string(b))
		info, err := os.Stat(filepath.Join(dir, name))
		require.NoError(t, err)
		assert.Equal(t, os.FileMode(0o600), info.Mode().Perm())
	}
}

// Two clients may each have opened the same directory.
func TestEvidenceDirShared(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	var dirs []*segur.EvidenceDir
	for range 2 {
		d, err := segur.NewEvidenceDir(dir)
		require.NoError(t, err)
		dirs = append(dirs, d)
	}
	var wg sync.WaitGroup
	for i := range 20 {
		wg.Go(func() {
			x, err := dirs[i%2].Begin("ins.search")
			if assert.NoError(t, err) {
				assert.NoError(t, x.Close())
			}
		})
	}
	wg.Wait()
	files, err := os.ReadDir(dir)
	require.NoError(t, err)
	assert.Len(t, files, 40, "no exchange is lost, none overwrites another")
	_, err = os.Stat(filepath.Join(dir, "020-ins.search.response"))
	require.NoError(t, err)
	require.NoError(t, os.RemoveAll(dir))
	_, err = dirs[0].Begin("ins.search")
	require.Error(t, err)
}

func TestProfessionalIdentifiers(t *testing.T) {
	t.Parallel()
	assert.Equal(t, "10000000012", segur.Professional{ID: "810000000012"}.RPPS())
	assert.Empty(t, segur.Professional{ID: "3750100125/1453"}.RPPS())
	assert.Equal(t, "990000019", segur.Organization{ID: "1990000019"}.FINESS())
	assert.Empty(t, segur.Organization{ID: "10B0127189X"}.FINESS())
	assert.Equal(t, "1990000019", segur.NormalizeStructureID(" 990000019 "))
	assert.Equal(t, "1990000019", segur.NormalizeStructureID("1990000019"))
}

func TestNewDocument(t *testing.T) {
	t.Parallel()
	d := segur.NewDocument(segur.BytesContent([]byte("abc")), segur.DocumentHeader{Title: "T"})
	assert.EqualValues(t, 3, d.Size())
	assert.Equal(t, "T", d.Header().Title)
}

func TestIsCOG(t *testing.T) {
	t.Parallel()
	for s, want := range map[string]bool{"33063": true, "2A004": true, "2B033": true, "99352": true, "2C004": false, "3306": false, "330633": false, "A2004": false, "00123": false, "": false, "2a004": false} {
		assert.Equal(t, want, segur.IsCOG(s), s)
	}
}

func TestAgreement(t *testing.T) {
	t.Parallel()
	assert.Equal(t, segur.AgreementUnknown, segur.Agreement(0), "nothing was compared")
	assert.Equal(t, "unknown", segur.AgreementUnknown.String())
	assert.Equal(t, "compatible", segur.AgreementCompatible.String())
	assert.Equal(t, "different", segur.AgreementDifferent.String())
	assert.Equal(t, "invalid", segur.Agreement(9).String())
}
