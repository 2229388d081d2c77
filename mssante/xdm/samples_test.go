package xdm_test

import (
	"crypto/sha1"
	"encoding/hex"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/segur-sdk/segur"
	"github.com/segur-sdk/segur/internal/testkit"
	"github.com/segur-sdk/segur/mssante/xdm"
)

func codes(a *xdm.Archive) []xdm.RepairCode {
	var out []xdm.RepairCode
	for _, r := range a.Repairs {
		out = append(out, r.Code)
	}
	return out
}

// listed fails when a folder of samples holds a file that the table does not
// name, and returns the names that it holds.
func listed(t *testing.T, rel string, table func(name string) bool) {
	t.Helper()
	root := testkit.SharedData(t, rel)
	require.NoError(t, filepath.WalkDir(root, func(path string, e fs.DirEntry, err error) error {
		if err != nil || e.IsDir() {
			return err
		}
		name, err := filepath.Rel(root, path)
		assert.True(t, table(filepath.ToSlash(name)), "%s/%s is not in the table: say whether it opens", rel, name)
		return err
	}))
}

// Every sample of archives opens, or is refused, as its name says.
func TestSampleArchives(t *testing.T) {
	t.Parallel()
	type want struct {
		verdict string
		action  xdm.Action
		repairs []xdm.RepairCode
	}
	table := map[string]want{
		"IHE_XDM.ZIP":                          {verdict: "ok"},
		"ok-lowercase-and-root-folder.zip":     {verdict: "ok", repairs: []xdm.RepairCode{xdm.RepairNameCase, xdm.RepairLayout}},
		"delete-action-D-slotname-UNSURE.zip":  {verdict: "ok", action: xdm.Delete},
		"bad-hash.zip":                         {verdict: xdm.CodeDifferentHash},
		"bad-missing-document.zip":             {verdict: xdm.CodeNoDocument},
		"bad-zip-slip.zip":                     {verdict: xdm.CodeUnsafePath},
		"FACTS.txt":                            {verdict: xdm.CodeNotZip},
		"sample/README.TXT":                    {verdict: xdm.CodeNotZip},
		"sample/INDEX.HTM":                     {verdict: xdm.CodeNotZip},
		"sample/IHE_XDM/SUBSET01/METADATA.XML": {verdict: xdm.CodeNotZip},
		"sample/IHE_XDM/SUBSET01/DOC00001.XML": {verdict: xdm.CodeNotZip},
	}
	listed(t, "mssante/xdm", func(name string) bool { _, ok := table[name]; return ok })
	document := string(testkit.ReadShared(t, "mssante/xdm/sample/IHE_XDM/SUBSET01/DOC00001.XML"))
	for name, c := range table {
		a, got := verdict(t, testkit.ReadShared(t, "mssante/xdm/"+name))
		require.Equal(t, c.verdict, got, name)
		if a == nil {
			continue
		}
		assert.Empty(t, a.Warnings, "%s: the metadata say what the document says", name)
		assert.Equal(t, c.repairs, codes(a), name)
		require.Len(t, a.Sets, 1)
		require.Len(t, a.Sets[0].Documents, 1)
		d := &a.Sets[0].Documents[0]
		assert.Equal(t, c.action, d.Action, name)
		assert.Equal(t, "18748-4", d.Entry.TypeCode.Code)
		assert.Equal(t, int64(4646), d.Size())
		assert.Len(t, a.Others, 2)
		r, err := d.Open()
		require.NoError(t, err)
		body, err := io.ReadAll(r)
		require.NoError(t, err)
		require.NoError(t, r.Close())
		assert.Equal(t, document, string(body))

		require.NotNil(t, d.Header)
		assert.Equal(t, "18748-4", d.Header.Type.Code)
		assert.Equal(t, "PAT-TROIS", d.Header.Patient.BirthName)
		assert.Equal(t, segur.NewDate(1979, 3, 28), d.Header.Patient.BirthDate)
		assert.Equal(t, segur.Female, d.Header.Patient.Sex)
	}
}

// sampleTree is an archive as DRIM-M exports are, around a METADATA.XML.
func sampleTree(t *testing.T, metadata string) []byte {
	t.Helper()
	return archive(t, item{name: "KA202401/INDEX.HTM", body: "x"}, item{name: "KA202401/README.TXT", body: "x"},
		item{name: "KA202401/IHE_XDM/SS000001/METADATA.XML", body: metadata},
		item{name: "KA202401/IHE_XDM/SS000001/KOS_1_1.DCM", body: "a manifest"},
		item{name: "KA202401/IHE_XDM/SS000001/SIGN_1.XML", body: "<Signature/>"})
}

// Every text sample of DRIM-M, taken for the METADATA.XML of an archive. Only
// the one that is can be read; the submissions to the registry name no file.
func TestDRIMSamplesAsMetadata(t *testing.T) {
	t.Parallel()
	table := map[string]string{
		"xdm_METADATA.XML":              xdm.CodeDifferentSize, // the manifest is not there: see TestDRIMExport
		"xds_validateur.xml":            xdm.CodeNoDocument,
		"xds_cross_validateur.xml":      xdm.CodeNoDocument,
		"invisible_masque_metadata.xml": xdm.CodeNoDocument,
	}
	invalid := func(name string) bool {
		switch filepath.Ext(name) {
		case ".hl7", ".txt", ".md":
			return true
		}
		return name == "kos_manifest_key_image_dump.xml" || strings.HasPrefix(name, "liste_blanche_")
	}
	listed(t, "drim", func(name string) bool { return table[name] != "" || invalid(name) })
	files, err := os.ReadDir(testkit.SharedData(t, "drim"))
	require.NoError(t, err)
	for _, f := range files {
		want := table[f.Name()]
		if want == "" {
			want = xdm.CodeBadMetadata
		}
		_, got := verdict(t, sampleTree(t, string(testkit.ReadShared(t, "drim/"+f.Name()))))
		assert.Equal(t, want, got, f.Name())
	}
}

// The export of DRIM-M opens, every departure named: its tree, its root
// element without namespace, URIs that start at the folder above, a size that
// counts one byte too many for the signature.
func TestDRIMExport(t *testing.T) {
	t.Parallel()
	metadata := string(testkit.ReadShared(t, "drim/xdm_METADATA.XML"))
	b := sampleTree(t, metadata)
	_, err := open(b)
	var e *segur.Error
	require.ErrorAs(t, err, &e)
	require.Len(t, e.Details, 2, "every document that fails is named")
	assert.Equal(t, "sets[0].entries[0].size", e.Details[0].Field)
	assert.Equal(t, "sets[0].entries[1].size", e.Details[1].Field)

	// The same metadata about our two files.
	bodies := []string{"a manifest", "<Signature/>"}
	sum := func(s string) string { h := sha1.Sum([]byte(s)); return hex.EncodeToString(h[:]) }
	value := func(slot string, values ...string) {
		re := regexp.MustCompile(`(?s)(<Slot name="` + slot + `">\s*<ValueList>\s*<Value>)[^<]*(</Value>)`)
		n := 0
		metadata = re.ReplaceAllStringFunc(metadata, func(m string) string {
			n++
			return re.ReplaceAllString(m, "${1}"+values[n-1]+"${2}")
		})
		require.Equal(t, len(values), n, slot)
	}
	value("hash", strings.ToUpper(sum(bodies[0])), sum(bodies[1]))
	value("size", strconv.Itoa(len(bodies[0])), strconv.Itoa(len(bodies[1])+1))
	a, got := verdict(t, sampleTree(t, metadata))
	require.Equal(t, "ok", got)
	assert.Equal(t, []xdm.RepairCode{xdm.RepairLayout, xdm.RepairRootPrefix, xdm.RepairFolder, xdm.RepairFolder, xdm.RepairHashCase,
		xdm.RepairSignatureSize}, codes(a))
	require.Len(t, a.Sets[0].Documents, 2)
	assert.True(t, a.Sets[0].Documents[0].Entry.IsKOS())
	assert.True(t, a.Sets[0].Documents[1].Entry.IsSignature())
	assert.Nil(t, a.Sets[0].Documents[0].Header)
	assert.NotEmpty(t, a.Warnings, "the extra identifier")
}
