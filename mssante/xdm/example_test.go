package xdm_test

import (
	"bytes"
	"fmt"

	"github.com/segur-sdk/segur/mssante/xdm"
)

func ExamplePack() {
	var mail bytes.Buffer // the attachment IHE_XDM.ZIP
	sent, err := xdm.Pack(&mail, parcel(), options())
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println("sent", sent.Submissions[0].Entries[0].URI)

	received, err := xdm.Open(bytes.NewReader(mail.Bytes()), int64(mail.Len()), xdm.ReadOptions{})
	if err != nil {
		fmt.Println(err)
		return
	}
	for _, d := range received.Sets[0].Documents {
		fmt.Println("received", d.Entry.ClassCode.Display, d.Header.Type.Code)
	}
	// Output:
	// sent DOC00001.XML
	// received Imagerie médicale 18748-4
}
