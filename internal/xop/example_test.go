package xop_test

import (
	"bytes"
	"errors"
	"fmt"
	"io"

	"github.com/segur-sdk/segur/internal/xop"
)

// A SOAP envelope goes out with one document beside it, and is read back; the same bytes without their last line are
// refused.
func Example() {
	envelope := []byte(`<Envelope><Include href="` + xop.Href("document@segur.test") + `"/></Envelope>`)
	message, err := xop.NewMTOM("segur-0123456789abcdef", "root@segur.test", "urn:example:submit", envelope, []xop.OutPart{
		{ContentID: "document@segur.test", ContentType: "text/xml", Content: xop.Bytes("<ClinicalDocument/>")},
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	var wire bytes.Buffer
	if _, err := message.WriteTo(&wire); err != nil {
		fmt.Println(err)
		return
	}
	read := func(body []byte) {
		r, err := xop.NewReader(bytes.NewReader(body), message.ContentType(), xop.Options{})
		if err != nil {
			fmt.Println(err)
			return
		}
		for part, err := range r.All() {
			if err != nil {
				fmt.Println("truncated:", errors.Is(err, xop.ErrTruncated))
				return
			}
			n, err := io.Copy(io.Discard, part)
			fmt.Println(part.MediaType(), n, err)
		}
	}
	read(wire.Bytes())
	read(wire.Bytes()[:wire.Len()-10])
	// Output:
	// application/xop+xml 62 <nil>
	// text/xml 19 <nil>
	// application/xop+xml 62 <nil>
	// text/xml 19 xop: multipart message ended before its closing delimiter (1 whole parts, 427 bytes)
	// truncated: true
}
