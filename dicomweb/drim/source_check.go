package drim

import (
	"net/url"

	"github.com/segur-sdk/segur"
	"github.com/segur-sdk/segur/dicomweb/kos"
	"github.com/segur-sdk/segur/dmp/xds"
)

// exam is what must agree before something is filed or sent.
type exam struct {
	report   *segur.DocumentHeader
	message  *ReportMessage
	manifest *kos.Manifest
	file     []byte
	entry    *xds.DocumentEntry
}

// coherent refuses objects that contradict each other.
func (s *Source) coherent(op string, x exam) error {
	if x.manifest != nil && s.cfg.Guard != nil {
		for i := range x.manifest.Series {
			u, err := url.Parse(x.manifest.Series[i].RetrieveURL)
			if err == nil {
				err = s.cfg.Guard(u.Hostname())
			}
			if err != nil {
				return &segur.Error{Op: op, Kind: segur.KindRefused, Code: CodeIncoherent, Help: helpOf(CodeIncoherent),
					Message: "the address of the images is not one of the white list", Details: []segur.Detail{{Field: "retrieveBase", Code: "R33", Message: "is not the host of a source of the white list"}}}
			}
		}
	}
	return nil
}

// samePatient refuses a change of images that is about somebody else than the
// report of the study. What names nobody passes, and so does a study without
// report.
func (s *Source) samePatient(a *ArchivedStudy, ins segur.INS, ids []segur.Identifier) error {
	want := a.wanted()
	if want == nil {
		return nil
	}
	b, err := s.basis(want)
	if err != nil {
		return err
	}
	wrong := sourceError(opReceive, segur.KindConflict, CodeWrongPatient, "the change of images is about another patient than the report of the study")
	if !ins.IsZero() {
		if ins != b.ins {
			return wrong
		}
		return nil
	}
	known := append(reportIDs(b.header), want.Basis.LocalIDs...)
	named := false
	for _, id := range ids {
		switch {
		case id.Extension == "" || segur.IsINSAuthority(id.Root):
		case hasID(known, id.Extension):
			return nil
		default:
			named = true
		}
	}
	if named && len(known) > 0 {
		return wrong
	}
	return nil
}
