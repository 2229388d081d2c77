package soap

import (
	"github.com/segur-sdk/segur"
	"github.com/segur-sdk/segur/internal/xop"
)

// mtom makes the multipart body of a call with attachments. Boundary and root Content-ID come from one new UUID, so
// that no content has to be searched for the boundary. The body can be opened again for another attempt, and its
// length is known before the first byte is sent.
func (c *Client) mtom(call *Call, envelope []byte) (string, segur.Content, error) {
	id, err := c.ids.UUID()
	if err != nil {
		return "", nil, err
	}
	parts := make([]xop.OutPart, len(call.Attachments))
	for i, a := range call.Attachments {
		parts[i] = xop.OutPart{ContentID: a.ContentID, ContentType: a.ContentType, Content: a.Content}
	}
	m, err := xop.NewMTOM("segur-"+id, "root."+id+"@segur", call.Action, envelope, parts)
	if err != nil {
		return "", nil, &segur.Error{Op: call.Op, Kind: segur.KindInvalidInput, Message: "the attachments cannot be sent", Err: err}
	}
	return m.ContentType(), m, nil
}

// Href returns the attribute of the xop:Include that names an attachment: "cid:" and the Content-ID, percent-encoded.
func Href(contentID string) string { return xop.Href(contentID) }
