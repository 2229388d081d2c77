package xds

import (
	"encoding/hex"
	"fmt"

	"github.com/segur-sdk/segur"
	"github.com/segur-sdk/segur/internal/nos"
)

// content checks what the document is: hash, size and codes.
func (c *checker) content(path string, e *DocumentEntry) {
	if b, err := hex.DecodeString(e.Hash); err != nil || len(b) != 20 {
		c.Add(path+"hash", "must be a SHA-1 in hexadecimal: call Digest")
	}
	if e.Size <= 0 {
		c.Add(path+"size", "must be the number of bytes: call Digest")
	}
	c.typeCode(path, e)
	c.code(path+"formatCode", e.FormatCode, nos.FormatCode)
	c.code(path+"facilityTypeCode", e.FacilityTypeCode, nos.FacilityType)
	c.code(path+"practiceSettingCode", e.PracticeSettingCode, nos.PracticeSetting)
	c.confidentiality(path+"confidentialityCodes", e)
	for i, code := range e.EventCodes {
		at := fmt.Sprintf("%seventCodes[%d]", path, i)
		if code.Code == "" || code.System == "" {
			c.Add(at, "needs a code and its coding scheme")
			continue
		}
		switch code.System {
		case nos.DCM, nos.ModalitySet:
			if _, ok := nos.Modality.Lookup(code.Code); !ok {
				c.unknownCode(at, "is not in the value set "+nos.Modality.Name)
			}
		case nos.RegionSet:
			if _, ok := nos.Region.Lookup(code.Code); !ok {
				c.unknownCode(at, "is not in the value set "+nos.Region.Name)
			}
		}
	}
}

// typeCode checks type and class, and that they belong together.
func (c *checker) typeCode(path string, e *DocumentEntry) {
	known, ok := nos.ClassOf(e.TypeCode.Code, string(e.TypeCode.System))
	switch {
	case e.TypeCode.Code == "":
		c.Add(path+"typeCode", "is required")
	case e.TypeCode.System == "":
		c.Add(path+"typeCode", "needs its coding scheme")
	case !ok && c.Profile == XDM:
		c.warn(path+"typeCode", "is not a type that the DMP takes")
	case !ok:
		c.unknownCode(path+"typeCode", "is not a type that the DMP takes (ASS_X16)")
	}
	if ok && e.ClassCode.Code != "" && e.ClassCode.Code != known.Class {
		c.Addf(path+"classCode", "must be %s for this type", known.Class)
		return
	}
	c.code(path+"classCode", e.ClassCode, nos.ClassCode)
}

func (c *checker) confidentiality(field string, e *DocumentEntry) {
	codes := e.ConfidentialityCodes
	if len(codes) == 0 {
		c.Add(field, "is required: N, then visibility markers")
		return
	}
	if len(codes) > 4 {
		c.Add(field, "must have at most four codes")
	}
	if codes[0].System != nos.HL7Confidentiality {
		c.Add(field, "must start with the level (N)")
	} else if codes[0].Code == "R" || codes[0].Code == "V" {
		c.warn(field, "documents of the levels R and V should not be shared")
	}
	seen := map[segur.Code]bool{}
	for i, code := range codes {
		key := segur.Code{Code: code.Code, System: code.System}
		switch {
		case seen[key]:
			c.Add(field, "holds a code twice")
		case i > 0 && code.System == nos.HL7Confidentiality:
			c.Add(field, "must hold one level only")
		}
		seen[key] = true
		c.code(fmt.Sprintf("%s[%d]", field, i), code, nos.XDSConfidentiality)
	}
	if !e.IsSignature() && e.Has(HiddenFromProfessionals) && e.Has(HiddenFromPatient) {
		c.warn(field, "MASQUE_PS with INVISIBLE_PATIENT is refused while the DMP does not allow both")
	}
}
