package saml

import (
	"strconv"
	"strings"

	"github.com/segur-sdk/segur"
	"github.com/segur-sdk/segur/internal/hl7"
	"github.com/segur-sdk/segur/internal/xmlw"
)

// Names of the attributes of the VIHF.
const (
	attrVersion      = "VIHF_Version"
	attrMode         = "Authentification_Mode"
	attrStructure    = "Identifiant_Structure"
	attrSector       = "Secteur_Activite"
	attrSubjectName  = "urn:oasis:names:tc:xspa:1.0:subject:subject-id"
	attrRole         = "urn:oasis:names:tc:xacml:2.0:subject:role"
	attrPatient      = "urn:oasis:names:tc:xacml:2.0:resource:resource-id"
	attrResource     = "Ressource_URN"
	attrPurpose      = "urn:oasis:names:tc:xspa:1.0:subject:purposeofuse"
	attrHidden       = "urn:oasis:names:tc:xspa:1.0:resource:patient:hl7:confidentiality-code"
	attrInstallation = "LPS_ID"
	attrSoftware     = "LPS_Nom"
	attrRelease      = "LPS_Version"
	attrApproval     = "LPS_ID_HOMOLOGATION_DMP"

	resourceURN = "urn:dmp"
)

// systemNames are the codeSystemName values of the samples; receivers do not check them.
var systemNames = map[segur.OID]string{oidProfessions: "professions", oidSpecialties: "specialites RPPS"}

func indexed(field string, i int) string { return field + "[" + strconv.Itoa(i) + "]" }

// PatientID is the form of the INS in a VIHF: it must be the same, to the character, in the metadata of the lot.
func PatientID(ins segur.INS) string {
	return hl7.FormatINS(ins)
}

// attributes writes the AttributeStatement of a VIHF that was checked.
func (v VIHF) attributes(w *xmlw.Writer) {
	w.Use("xsi", "http://www.w3.org/2001/XMLSchema-instance")
	w.Start("saml2:AttributeStatement")
	textAttribute(w, attrVersion, v.Version)
	textAttribute(w, attrMode, string(v.Mode))
	textAttribute(w, attrStructure, v.Structure)
	textAttribute(w, attrSector, v.Sector.Code+"^"+string(v.Sector.System))
	textAttribute(w, attrSubjectName, v.SubjectName)
	w.Start("saml2:Attribute")
	w.Attr("Name", attrRole)
	for _, r := range v.Roles {
		name := r.SystemName
		if name == "" {
			name = systemNames[r.System]
		}
		codedValue(w, "Role", r.Code, string(r.System), name, r.Display)
	}
	w.End()
	if !v.Patient.IsZero() {
		textAttribute(w, attrPatient, PatientID(v.Patient))
	}
	textAttribute(w, attrResource, resourceURN)
	w.Start("saml2:Attribute")
	w.Attr("Name", attrPurpose)
	codedValue(w, "PurposeOfUse", string(v.Purpose), purposeOID, purposeName, purposeDisplay[v.Purpose])
	w.End()
	if v.Secret {
		textAttribute(w, attrHidden, secretMarker)
	}
	textAttribute(w, v.ReasonAttribute, strings.TrimSpace(v.BreakGlassReason))
	textAttribute(w, attrInstallation, v.Software.Installation)
	textAttribute(w, attrSoftware, v.Software.Name)
	textAttribute(w, attrRelease, v.Software.Version)
	textAttribute(w, attrApproval, v.Software.Approval)
	w.End()
}

// textAttribute writes an untyped value: a type would need a namespace that exclusive canonicalisation drops.
func textAttribute(w *xmlw.Writer, name, value string) {
	if value == "" {
		return
	}
	w.Start("saml2:Attribute")
	w.Attr("Name", name)
	w.Elem("saml2:AttributeValue", value)
	w.End()
}

func codedValue(w *xmlw.Writer, element, code, system, systemName, display string) {
	w.Start("saml2:AttributeValue")
	w.Start(element)
	w.NS("", hl7Namespace)
	w.Attr("code", code)
	w.Attr("codeSystem", system)
	w.Attr("codeSystemName", systemName)
	w.Attr("displayName", display)
	w.Attr("xsi:type", "CE")
	w.End()
	w.End()
}
