package interop

import (
	"github.com/segur-sdk/segur"
	"github.com/segur-sdk/segur/internal/hl7"
)

// CX writes the patient identifier of document metadata (patientId) and of the
// VIHF: "MATRICULE^^^&OID&ISO^NH" for a qualified identity, else the first local
// number, "NUMBER^^^&OID&ISO^PI", which the DMP refuses.
func (c *Codec) CX(id Identity) (string, error) {
	id, err := c.gate("interop.CX", id)
	if err != nil {
		return "", err
	}
	if ins, ok := id.Patient.QualifiedINS(); ok {
		return hl7.FormatINS(ins), nil
	}
	l := id.Patient.LocalIDs[0]
	return hl7.CX{ID: l.Extension, Authority: hl7.Authority{OID: l.Root}, Type: hl7.TypeLocal}.String(), nil
}

// ReadCX reads a patient identifier of document metadata: an INS, or a local
// number, the other being zero. A date after the type, which old samples have, is
// ignored. The error is [segur.ErrProtocol] for everything else: an INS with a
// wrong key, of another type, without its OID, of a test in production, an INS-C.
func (c *Codec) ReadCX(s string) (segur.INS, segur.Identifier, error) {
	const op = "interop.ReadCX"
	var none segur.Identifier
	cx := hl7.ParseCX(s)
	oid := cx.Authority.OID
	switch {
	case cx.ID == "" || !oid.Valid() || cx.Authority.Type != "":
		return segur.INS{}, none, protocol(op, "an identifier needs a value and the OID of its authority")
	case segur.IsFormerINSAuthority(oid):
		return segur.INS{}, none, protocol(op, "is an INS-C, which no longer identifies")
	case !segur.IsINSAuthority(oid):
		if cx.Type == hl7.TypeINSMetadata {
			return segur.INS{}, none, protocol(op, "has the type of an INS and another authority")
		}
		return segur.INS{}, segur.Identifier{Root: oid, Extension: cx.ID, Assigner: cx.Authority.Namespace}, nil
	case cx.Type != hl7.TypeINSMetadata:
		return segur.INS{}, none, protocol(op, "has the authority of an INS and not its type, NH")
	}
	r := c.reader(nil)
	ins, ok := r.ins("", cx.ID, oid)
	if !ok {
		return segur.INS{}, none, protocol(op, r.out.Warnings[0].Message)
	}
	return ins, none, nil
}
