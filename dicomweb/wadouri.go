package dicomweb

import (
	"context"
	"strconv"
	"strings"

	"github.com/segur-sdk/segur"
)

// URIRequest asks for one object in the older way of WADO-URI (PS3.18 9), at
// [Config.WADOURI]. Zero fields leave the choice to the server.
type URIRequest struct {
	// Ref is the instance.
	Ref Ref
	// TransferSyntax is the one that is wanted of a DICOM file.
	TransferSyntax string
	// Anonymize asks for a DICOM file without the identity of the patient.
	Anonymize bool
	// Charset is the character set of text that is wanted.
	Charset string

	// MediaTypes are those that the caller can show; for [Client.RenderedURI].
	// Empty: "image/jpeg".
	MediaTypes []string
	// Frame is the number of a frame, from 1.
	Frame int
	// Rows and Columns bound the size of the image.
	Rows, Columns int
	// Region is the part that is shown: left, top, right, bottom, each between
	// 0 and 1. Zero: all of it.
	Region [4]float64
	// Window is the contrast; its function is not part of this service.
	Window *Window
	// Quality is that of lossy images, 1 to 100.
	Quality int
	// Annotation burns in "patient" or "technique" data.
	Annotation []string
	// Options tune the retrieval; only Header counts.
	Options RetrieveOptions
}

// checkWADOURI adds what is wrong with the URL of the service.
func (cfg *Config) checkWADOURI(p *segur.Problems) {
	if cfg.WADOURI == "" {
		return
	}
	cfg.checkEndpoint(p, "wadoURI", cfg.WADOURI)
}

func (c *Client) uriAddress(r *URIRequest, rendered bool) (string, error) {
	var p segur.Problems
	r.Ref.check(&p, "ref")
	if r.Ref.Instance == "" {
		p.Add("ref.instance", "is required")
	}
	if c.cfg.WADOURI == "" {
		p.Add("config.wadoURI", "is required for this service")
	}
	if r.TransferSyntax != "" && !ValidUID(r.TransferSyntax) {
		p.Add("transferSyntax", uidRule)
	}
	shown := r.Frame != 0 || r.Rows != 0 || r.Columns != 0 || r.Region != [4]float64{} || r.Window != nil || r.Quality != 0 || len(r.Annotation) > 0 || len(r.MediaTypes) > 0
	switch {
	case rendered && (r.TransferSyntax != "" || r.Anonymize):
		p.Add("transferSyntax", "has a meaning for DICOM files only, as anonymize has")
	case !rendered && shown:
		p.Add("mediaTypes", "have a meaning for images for the screen only, as their settings have")
	}
	if r.Frame < 0 || r.Rows < 0 || r.Columns < 0 {
		p.Add("frame", "must not be negative, nor rows and columns")
	}
	for _, v := range r.Region {
		if !(v >= 0 && v <= 1) {
			p.Add("region", "must be between 0 and 1")
		}
	}
	checkScreen(&p, r.MediaTypes, r.Annotation, r.Quality, r.Window)
	if strings.ContainsFunc(r.Charset, func(c rune) bool { return c <= ' ' || c > '~' }) {
		p.Add("charset", "must be a name of a character set")
	}
	if r.Options.URL != "" || len(r.Options.TransferSyntaxes) > 0 || len(r.Options.Accept) > 0 {
		p.Add("options", "must hold headers only")
	}
	r.Options.check(&p, r.Ref)
	if err := p.Err(opRetrieve); err != nil {
		return "", err
	}
	return c.cfg.WADOURI + "?" + r.encode(rendered), nil
}

func (r *URIRequest) encode(rendered bool) string {
	out := []string{"requestType=WADO", "studyUID=" + r.Ref.Study, "seriesUID=" + r.Ref.Series, "objectUID=" + r.Ref.Instance}
	add := func(name, value string) { out = append(out, name+"="+strings.ReplaceAll(escape(value), "%2C", ",")) }
	text := func(name, value string) {
		if value != "" {
			add(name, value)
		}
	}
	whole := func(name string, n int) {
		if n > 0 {
			add(name, strconv.Itoa(n))
		}
	}
	if rendered {
		add("contentType", strings.Join(r.types(), ","))
	} else {
		add("contentType", "application/dicom")
	}
	text("charset", r.Charset)
	if r.Anonymize {
		add("anonymize", "yes")
	}
	text("transferSyntax", r.TransferSyntax)
	whole("rows", r.Rows)
	whole("columns", r.Columns)
	if r.Region != [4]float64{} {
		list := make([]string, 4)
		for i, v := range r.Region {
			list[i] = decimal(v)
		}
		add("region", strings.Join(list, ","))
	}
	if r.Window != nil {
		add("windowCenter", decimal(r.Window.Center))
		add("windowWidth", decimal(r.Window.Width))
	}
	whole("frameNumber", r.Frame)
	whole("imageQuality", r.Quality)
	text("annotation", strings.Join(r.Annotation, ","))
	return strings.Join(out, "&")
}

func (r *URIRequest) types() []string {
	if len(r.MediaTypes) > 0 {
		return r.MediaTypes
	}
	return []string{"image/jpeg"}
}

// RetrieveURI opens one instance as a DICOM file (WADO-URI). Unless it was asked
// without the identity, which servers give new UIDs, it must be that instance;
// reading it ends with io.EOF only when the file is whole. The caller closes it.
func (c *Client) RetrieveURI(ctx context.Context, r URIRequest) (*Instance, error) {
	address, err := c.uriAddress(&r, false)
	if err != nil {
		return nil, err
	}
	r.Options.SendCredentials = true // the address is of the configuration
	resp, err := c.ask(ctx, asking{op: opRetrieve, url: address, own: []string{"application/dicom"}, o: &r.Options})
	if err != nil {
		return nil, err
	}
	ref := r.Ref
	if r.Anonymize {
		ref = Ref{}
	}
	in, err := c.newRetrieval(ctx, resp, ref)
	if err != nil {
		_ = resp.Body.Close()
		return nil, err
	}
	return in.only()
}

// RenderedURI opens an image for the screen (WADO-URI). The caller closes it.
func (c *Client) RenderedURI(ctx context.Context, r URIRequest) (*Media, error) {
	address, err := c.uriAddress(&r, true)
	if err != nil {
		return nil, err
	}
	r.Options.SendCredentials = true
	resp, err := c.ask(ctx, asking{op: opRetrieve, url: address, own: []string{strings.Join(r.types(), ", ")}, o: &r.Options})
	if err != nil {
		return nil, err
	}
	return c.oneMedia(ctx, resp, among(r.types()))
}
