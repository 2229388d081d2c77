// Package interop carries one identity into the five standards of the field and
// back: the PID segment of HL7 v2.5 (IHE PAM, French national extension 2.11),
// the CX of document metadata and of the VIHF, the recordTarget of a CDA, the
// Patient resource of FHIR R4 (HL7 France FR Core, profile fr-core-patient-ins)
// and the Patient module of DICOM, as the DRIMbox writes it.
//
// One rule holds for all of them: the matricule and its authority leave with a
// qualified identity only (guide d'implémentation de l'INS, EXI ID 29). With any
// other status they are left out and the local number identifies; when there is
// none the identity is refused. Test and demonstration numbers are refused in
// production, and a doubtful or fictitious identity must be provisional.
//
// What each standard carries, and what comes back when it is read:
//
//	                         PID   CX    CDA   FHIR  DICOM  DICOM
//	                                                 KOS    image
//	INS                      yes   yes   yes   yes   yes    yes
//	authority OID            yes   yes   yes   yes   yes    yes
//	former INS (history)     -     -     -     yes   -      -
//	local numbers (IPP)      all   one¹  all   all²  one¹   first
//	names at birth           yes   -     yes   yes   yes    yes
//	list of given names      yes   -     yes   yes   yes³   yes³
//	used names               yes   -     yes   yes   yes    yes
//	sex                      yes   -     yes   yes   yes    yes
//	birth date               yes   -     yes   yes   yes    yes
//	... with unknown parts   yes   -     yes   yes   -      -
//	birthplace (COG)         yes   -     yes   yes   yes    -
//	birthplace (name)        -     -     yes   yes   -      -
//	status                   two⁴  -     -     four⁵ -      -
//	homonym, doubtful, ...   yes   -     -     yes   -      -
//	method, dates, document  -     -     -     yes   -      -
//	date of the INS          yes   -     -     -     -      -
//	address                  two lines   yes⁶  yes   -      -
//	telephone, mail          yes⁷  -     yes   yes⁷  -      -
//
// ¹ in the place of the INS, when it is left out. ² the name of the authority
// included. ³ up to 64 characters, the limit of DICOM; a longer list is left out.
// ⁴ PROV and VALI: who receives VALI with a matricule and its OID deduces
// "qualified"; Config.FourStatuses sends the four. ⁵ FR Core 2.1 has two. ⁶ an
// address of several street lines comes back as the lines of an envelope.
// ⁷ uses come back as the nearest that the standard has (DIR as WP); PID leaves
// out what is neither tel, fax nor mailto. No
// standard carries Traits.BirthDateInterpreted.
//
// Reading is tolerant of form and strict about identity. An INS counts when its
// authority is one of the four OIDs (labels are never believed), its type is that
// of an INS, its key is right, no other INS contradicts it, the traits it belongs
// to are there, and the identity is qualified; else it is left out, with a
// warning. CX, CDA and DICOM state no status: an INS found there is taken as that
// of a qualified identity, since no other may leave with it, and
// Reading.StatusStated is false. Whoever receives an INS from another domain has
// it verified before use (package ins). INS-C is recognised and never taken.
//
// Errors and warnings hold paths and rules, never values.
//
// Not here: HL7 v2 messages and their acknowledgements, the ZFD segment, FHIR
// transactions, the other modules of DICOM, and the INS datamatrix, which has its
// own package.
package interop
