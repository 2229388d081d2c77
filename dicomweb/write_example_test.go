package dicomweb_test

import (
	"bytes"
	"fmt"

	"github.com/segur-sdk/segur"
	"github.com/segur-sdk/segur/dicomweb"
)

// A data set that came as DICOM JSON becomes a file, and is read back.
func ExampleWritePart10() {
	ds := new(dicomweb.Dataset)
	if err := ds.UnmarshalJSON([]byte(`{"00080016":{"vr":"UI","Value":["1.2.840.10008.5.1.4.1.1.2"]},
		"00080018":{"vr":"UI","Value":["1.2.250.1.999.1.4"]},"00081030":{"vr":"LO","Value":["Scanner du cœur"]}}`)); err != nil {
		fmt.Println(err)
		return
	}
	var file bytes.Buffer
	// Latin-1 has no "œ": the error names the attribute.
	ds.Set(dicomweb.Text(dicomweb.TagSpecificCharacterSet, "ISO_IR 100"))
	fmt.Println(dicomweb.WritePart10(&file, ds, dicomweb.WriteOptions{}))
	if err := dicomweb.WritePart10(&file, ds, dicomweb.WriteOptions{CharacterSet: "ISO_IR 192"}); err != nil {
		fmt.Println(err)
		return
	}
	again, err := dicomweb.ReadDataset(segur.BytesContent(file.Bytes()))
	fmt.Println(again.Value(dicomweb.TagStudyDescription), err)
	// Output:
	// dicomweb.WritePart10: invalid input: 00081030 text that the character set (0008,0005) cannot write: ISO_IR 192 can
	// Scanner du cœur <nil>
}
