package xds

import (
	"strings"

	"github.com/segur-sdk/segur"
	"github.com/segur-sdk/segur/internal/ebrim"
	"github.com/segur-sdk/segur/internal/xmlw"
)

// Outcome is the status of a registry response.
type Outcome string

// The outcomes.
const (
	Success        Outcome = ebrim.StatusSuccess
	Failure        Outcome = ebrim.StatusFailure
	PartialSuccess Outcome = ebrim.StatusPartialSuccess
)

// Response is what a registry or a repository answers.
type Response struct {
	Outcome Outcome
	// Errors holds errors and warnings.
	Errors []RegistryError
}

// RegistryError is one error or warning of a registry.
type RegistryError struct {
	// Code is "XDSPatientIdDoesNotMatch" and the like. Open list.
	Code string
	// Context is the registry's explanation, in French at the DMP.
	Context string
	// Warning tells a warning from an error.
	Warning bool
	// Location is where the registry found the fault. Optional.
	Location string
}

func response(r ebrim.Response) Response {
	out := Response{Outcome: Outcome(r.Status)}
	for _, e := range r.Errors {
		out.Errors = append(out.Errors, RegistryError{Code: e.Code, Context: e.Context, Location: e.Location,
			Warning: strings.HasSuffix(e.Severity, ":Warning")})
	}
	return out
}

func (r *Response) ebrim() ebrim.Response {
	out := ebrim.Response{Status: string(r.Outcome)}
	for _, e := range r.Errors {
		severity := ebrim.SeverityError
		if e.Warning {
			severity = ebrim.SeverityWarning
		}
		out.Errors = append(out.Errors, ebrim.RegistryError{Code: e.Code, Context: e.Context, Severity: severity, Location: e.Location})
	}
	return out
}

// AppendXML appends rs:RegistryResponse.
func (r *Response) AppendXML(dst []byte) ([]byte, error) {
	return appendXML("xds.AppendXML", dst, func(w *xmlw.Writer) error {
		ebrim.WriteResponse(w, r.ebrim())
		return nil
	})
}

// ParseResponse reads rs:RegistryResponse, the answer of ITI-41 and ITI-57,
// alone or in a SOAP envelope.
func ParseResponse(message []byte) (*Response, error) {
	const op = "xds.ParseResponse"
	n, err := find(op, message, "RegistryResponse")
	if err != nil {
		return nil, err
	}
	r, err := ebrim.ReadResponse(n)
	if err != nil {
		return nil, &segur.Error{Op: op, Kind: segur.KindProtocol, Message: "the answer has no status", Err: err}
	}
	out := response(r)
	return &out, nil
}

// kinds classes the codes of registry errors that call for something else than
// correcting the request.
var kinds = map[string]segur.Kind{
	"XDSUnknownPatientId":                   segur.KindNotFound,
	"XDSDocumentUniqueIdError":              segur.KindNotFound,
	"UnresolvedReferenceException":          segur.KindNotFound,
	"XDSUnknownRepositoryId":                segur.KindNotFound,
	"XDSDuplicateUniqueIdInRegistry":        segur.KindConflict,
	"XDSNonIdenticalHash":                   segur.KindConflict,
	"XDSNonIdenticalSize":                   segur.KindConflict,
	"XDSRegistryDeprecatedDocumentError":    segur.KindConflict,
	"XDSReplaceFailed":                      segur.KindConflict,
	"XDSMetadataVersionError":               segur.KindConflict,
	"XDSTooManyResults":                     segur.KindTooLarge,
	"XDSRegistryNotAvailable":               segur.KindUnavailable,
	"XDSRegistryBusy":                       segur.KindUnavailable,
	"XDSRepositoryBusy":                     segur.KindUnavailable,
	"XDSRegistryOutOfResources":             segur.KindUnavailable,
	"XDSRepositoryOutOfResources":           segur.KindUnavailable,
	"DMPAccessDeniedByRightsService":        segur.KindAuthorization,
	"DMPInvalidCertificate":                 segur.KindAuthentication,
	"XDSRegistryDuplicateUniqueIdInMessage": segur.KindRefused,
}

// Err returns nil on success, else an [*segur.Error] with the first error's
// code and every error and warning in Details. A partial success is
// [segur.ErrPartial]. Details repeat the registry's own words, which approval
// rules want shown to the user.
func (r *Response) Err(op string) error {
	if r.Outcome == Success {
		return nil
	}
	e := &segur.Error{Op: op, Kind: segur.KindRefused, Message: "the registry refused the request"}
	for _, x := range r.Errors {
		d := segur.Detail{Code: x.Code, Message: x.Context, Location: x.Location}
		if x.Warning {
			d.Severity = "warning"
		} else if e.Code == "" {
			e.Code = x.Code
			if k, ok := kinds[x.Code]; ok {
				e.Kind = k
			}
		}
		e.Details = append(e.Details, d)
	}
	switch r.Outcome {
	case Failure:
	case PartialSuccess:
		e.Kind, e.Message = segur.KindPartial, "the registry accepted a part of the request"
	default:
		e.Kind, e.Message = segur.KindProtocol, "the registry answered an unknown status"
	}
	return e
}

// QueryResponse is the answer of ITI-18.
type QueryResponse struct {
	Response
	// Entries, Sets and Associations are what was found (LeafClass).
	Entries      []DocumentEntry
	Sets         []SubmissionSet
	Associations []Association
	// IDs are the entryUUIDs found (ObjectRef).
	IDs []string
	// Warnings name what is not as it should be.
	Warnings []segur.Detail

	others []*ebrim.Object // as in Submission
}

// ParseQueryResponse reads query:AdhocQueryResponse, alone or in a SOAP
// envelope. What the registry refuses is in Response.Errors, not in err.
func ParseQueryResponse(message []byte) (*QueryResponse, error) {
	const op = "xds.ParseQueryResponse"
	n, err := find(op, message, "AdhocQueryResponse", "RegistryResponse")
	if err != nil {
		return nil, err
	}
	r, err := ebrim.ReadResponse(n)
	if err != nil {
		return nil, &segur.Error{Op: op, Kind: segur.KindProtocol, Message: "the answer has no status", Err: err}
	}
	out := &QueryResponse{Response: response(r)}
	if n.Child("*", "RegistryObjectList") == nil {
		if out.Outcome == Success {
			return nil, &segur.Error{Op: op, Kind: segur.KindProtocol, Message: "the answer holds no list of objects"}
		}
		return out, nil
	}
	list, err := ebrim.ReadList(n)
	if err != nil {
		return nil, &segur.Error{Op: op, Kind: segur.KindProtocol, Message: "the answer holds no list of objects", Err: err}
	}
	d := decoder{warnings: list.Warnings}
	var rest []*ebrim.Object
	for _, o := range list.Objects { // an answer may hold several sets
		if o.Kind == ebrim.RegistryPackage && !o.HasNode(nodeFolder) {
			out.Sets = append(out.Sets, d.set(o))
			continue
		}
		rest = append(rest, o)
	}
	s, _, refs := d.submission(rest)
	out.Entries, out.Associations, out.others = s.Entries, s.Associations, s.others
	out.IDs, out.Warnings = refs, d.warnings
	return out, nil
}

// AppendXML appends query:AdhocQueryResponse.
func (r *QueryResponse) AppendXML(dst []byte) ([]byte, error) {
	return appendXML("xds.AppendXML", dst, func(w *xmlw.Writer) error {
		var objects []*ebrim.Object
		for i := range r.Sets {
			objects = append(objects, r.Sets[i].object())
		}
		for i := range r.Entries {
			objects = append(objects, r.Entries[i].object())
		}
		for i := range r.Associations {
			objects = append(objects, r.Associations[i].object())
		}
		for _, id := range r.IDs {
			objects = append(objects, &ebrim.Object{Kind: ebrim.ObjectRef, ID: id})
		}
		objects = append(objects, r.others...)
		ebrim.WriteQueryResponse(w, r.ebrim(), objects)
		return nil
	})
}
