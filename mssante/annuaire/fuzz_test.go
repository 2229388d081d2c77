package annuaire_test

import (
	"bytes"
	"strings"
	"testing"

	"github.com/segur-sdk/segur/mssante/annuaire"
)

func FuzzDecode(f *testing.F) {
	f.Add([]byte(`{"resourceType":"Practitioner","id":"1","active":true,"meta":{"versionId":2},"name":[{"family":"A","given":["B"]}],"telecom":[{"system":"email","value":"a@x.test"}]}`))
	f.Add([]byte(`{"resourceType":"Organization","id":"1","address":[{"line":[null],"_line":[{"extension":[{"valueString":"1"}]}]}],"partOf":{"reference":"Organization/2"}}`))
	f.Add([]byte(outcome400))
	f.Add([]byte(`{"resourceType":"Device","status":"inactive","owner":{"reference":"x"},"type":{"coding":[{}]}}`))
	f.Fuzz(func(t *testing.T, b []byte) {
		r, err := annuaire.Decoder{UntypedMailboxes: true}.Decode(b)
		if err != nil {
			return
		}
		if !bytes.Equal(r.Raw, b) {
			t.Fatal("not kept as it came")
		}
		if r.ID != "" && r.Outcome == nil {
			if err := annuaire.NewMemory().Put(t.Context(), "", r); err != nil {
				t.Fatal(err)
			}
		}
	})
}

func FuzzReadExtraction(f *testing.F) {
	f.Add(extractionRows)
	f.Add("ORG|a@x.test\n|\n")
	f.Fuzz(func(t *testing.T, rows string) {
		for row, err := range annuaire.ReadExtraction(strings.NewReader(extractionHeader + "\n" + rows)) {
			if err == nil && (len(row.Fields) != 31 || row.Mailbox.Address == "" || row.Mailbox.Kind == "") {
				t.Fatal("a line that is no mailbox")
			}
		}
	})
}
