package dicomweb

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"

	"github.com/segur-sdk/segur"
	"github.com/segur-sdk/segur/internal/xop"
)

// MetadataInstance is an instance given as attributes and the values that are
// too large for them: what is not a DICOM file yet. [EncapsulatedPDF],
// [Photograph] and [Video] make one of a file.
type MetadataInstance struct {
	// Attributes hold the four UIDs (SOP class and instance, study, series) and
	// what the SOP class asks for.
	Attributes *Dataset
	// Bulk are the large values.
	Bulk []BulkContent
}

// BulkContent is the value of an attribute.
type BulkContent struct {
	// Tag is the attribute of the instance that has the value: 7FE00010,
	// 00420011. The client writes it into the attributes.
	Tag Tag
	// Content is the value: little endian, or the file as it is (PDF, JPEG,
	// MPEG) with its type.
	Content segur.Content
	// ContentType is the media type. Empty: application/octet-stream.
	ContentType string
	// TransferSyntax is that of compressed pixel data. Empty: none is said.
	TransferSyntax string
}

// StoreMetadataRequest is a set of instances to store in one request.
type StoreMetadataRequest struct {
	// Study is the Study Instance UID that every instance must belong to. Empty:
	// the instances may belong to several.
	Study string
	// Instances are what to store.
	Instances []MetadataInstance
}

// StoreMetadata sends instances as DICOM JSON and bulk data, of which the server
// makes DICOM objects (STOW-RS, PS3.18 10.5 and 8.6.1.2): a PDF, a photograph,
// a video. The result is that of [Client.Store].
//
// Few servers take this form: dcm4chee does; Orthanc and Azure answer 415, which
// is [segur.ErrRefused] with [CodeNotSupported]: nothing is stored then, and
// [MetadataInstance.File] gives what to send instead.
func (c *Client) StoreMetadata(ctx context.Context, req StoreMetadataRequest) (*StoreResult, error) {
	sent, err := checkMetadata(req)
	if err != nil {
		return nil, err
	}
	var bulk []xop.OutPart
	text := []byte{'['}
	for i, inst := range req.Instances {
		ds := NewDataset(slices.Collect(inst.Attributes.All())...)
		for _, b := range inst.Bulk {
			uri := "bulk/" + sent[i].Ref.Instance + "/" + b.Tag.String()
			ds.Set(Element{Tag: b.Tag, VR: b.vr(inst.Attributes), Bulk: &Bulk{URI: uri}})
			bulk = append(bulk, xop.OutPart{ContentType: b.contentType(), Location: uri, Content: b.Content})
		}
		if i > 0 {
			text = append(text, ',')
		}
		text = ds.AppendJSON(text)
	}
	root := xop.OutPart{ContentType: jsonType, Content: xop.Bytes(append(text, ']'))}
	result, err := c.stow(ctx, req.Study, jsonType, append([]xop.OutPart{root}, bulk...), sent, false)
	var e *segur.Error
	if result == nil && errors.As(err, &e) && e.Status == http.StatusUnsupportedMediaType {
		files := *e
		files.Kind, files.Code, files.Message, files.Help = segur.KindRefused, CodeNotSupported, "the server takes DICOM files only", helpFilesOnly
		return nil, &files
	}
	return result, err
}

func (b *BulkContent) contentType() string {
	ct := b.ContentType
	if ct == "" {
		ct = "application/octet-stream"
	}
	if b.TransferSyntax != "" {
		ct += "; transfer-syntax=" + b.TransferSyntax
	}
	return ct
}

// vr is that of the attribute: as given, else what suits the content.
func (b *BulkContent) vr(given *Dataset) VR {
	if e, ok := given.Get(b.Tag); ok && e.VR != UN && e.VR != 0 {
		return e.VR
	}
	if b.Tag == TagPixelData && (b.TransferSyntax != "" || b.ContentType != "" && b.ContentType != "application/octet-stream") {
		return OB // compressed
	}
	if bits, ok := given.Int(TagBitsAllocated); b.Tag == TagPixelData && ok && bits <= 8 {
		return OB
	}
	return b.Tag.VR()
}

// checkMetadata returns what each instance is.
func checkMetadata(req StoreMetadataRequest) ([]InstanceResult, error) {
	var p segur.Problems
	if req.Study != "" && !ValidUID(req.Study) {
		p.Add("study", uidRule)
	}
	if len(req.Instances) == 0 {
		p.Add("instances", "must hold at least one")
	}
	sent := make([]InstanceResult, len(req.Instances))
	first := map[string]int{}
	for i, inst := range req.Instances {
		field := fmt.Sprintf("instances[%d]", i)
		if inst.Attributes == nil {
			p.Add(field+".attributes", "is required")
			continue
		}
		for _, tag := range []Tag{TagSOPClassUID, TagSOPInstanceUID, TagStudyInstanceUID, TagSeriesInstanceUID} {
			if !ValidUID(inst.Attributes.Value(tag)) {
				p.Add(field+".attributes."+tag.Keyword(), uidRule)
			}
		}
		r := InstanceResult{Index: i, Ref: inst.Attributes.Ref(), SOPClass: inst.Attributes.Value(TagSOPClassUID)}
		if req.Study != "" && r.Ref.Study != req.Study {
			p.Add(field, "belongs to another study than the one of the request")
		}
		if j, twice := first[r.Ref.Instance]; twice {
			p.Addf(field, "is the same instance as instances[%d]", j)
		}
		first[r.Ref.Instance] = i
		sent[i] = r
		given := map[Tag]bool{}
		for j, b := range inst.Bulk {
			b.check(&p, fmt.Sprintf("%s.bulk[%d]", field, j), given[b.Tag])
			given[b.Tag] = true
		}
		if unresolved(inst.Attributes, given) {
			p.Add(field+".attributes", "must hold no reference to bulk data: give the value in bulk")
		}
	}
	return sent, p.Err(opStore)
}

func (b *BulkContent) check(p *segur.Problems, field string, twice bool) {
	switch vr := b.Tag.VR(); {
	case b.Tag == 0 || vr == SQ:
		p.Add(field+".tag", "must be that of an attribute with a value")
	case twice:
		p.Add(field+".tag", "is given twice")
	}
	switch {
	case b.Content == nil:
		p.Add(field+".content", "is required")
	case b.Content.Size() <= 0:
		p.Add(field+".content", "must not be empty")
	}
	if major, minor, ok := strings.Cut(b.ContentType, "/"); b.ContentType != "" && (!ok || major == "" || minor == "" || strings.ContainsAny(b.ContentType, " ;,\"\r\n")) {
		p.Add(field+".contentType", "must be a media type without parameters")
	}
	if b.TransferSyntax != "" && !ValidUID(b.TransferSyntax) {
		p.Add(field+".transferSyntax", uidRule)
	}
}

// unresolved reports whether a data set refers to bulk data, but for the
// attributes given.
func unresolved(ds *Dataset, given map[Tag]bool) bool {
	for e := range ds.All() {
		if e.Bulk != nil && e.Bulk.URI != "" && !given[e.Tag] {
			return true
		}
		for _, item := range e.Items {
			if unresolved(item, nil) {
				return true
			}
		}
	}
	return false
}
