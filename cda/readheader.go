package cda

import (
	"strconv"

	"github.com/segur-sdk/segur"
	"github.com/segur-sdk/segur/internal/nos"
)

// clinicalDocument reads the ClinicalDocument element to its end.
func (d *decoder) clinicalDocument() {
	h := &d.out.Header
	d.each(func(name []byte) {
		switch string(name) {
		case "templateId":
			d.template()
		case "id":
			h.ID = d.id()
		case "code":
			h.Type = d.code()
			d.each(func(name []byte) {
				if string(name) == "translation" {
					h.TypeTranslations = append(h.TypeTranslations, d.code())
				}
			})
		case "title":
			h.Title = d.text()
		case "effectiveTime":
			h.Created = d.timestamp("effectiveTime")
		case "confidentialityCode":
			h.Confidentiality = d.code()
		case "languageCode":
			h.Language = d.attr("code")
		case "setId":
			h.SetID = d.id()
		case "versionNumber":
			n, err := strconv.Atoi(d.attr("value"))
			if err != nil || n < 0 {
				d.warn("versionNumber", "is not a number")
				n = 0
			}
			h.Version = n
		case "recordTarget":
			d.recordTarget()
		case "author":
			h.Authors = append(h.Authors, d.actor("author", "assignedAuthor"))
		case "custodian":
			d.custodian()
		case "legalAuthenticator":
			h.LegalAuthenticator = d.actor("legalAuthenticator", "assignedEntity")
		case "participant":
			d.participant()
		case "inFulfillmentOf":
			d.order()
		case "documentationOf":
			d.service()
		case "relatedDocument":
			d.related()
		case "componentOf":
			d.encounter()
		case "dataEnterer", "informant", "informationRecipient", "authenticator":
			if !d.headerOnly {
				d.detail(string(name))
			}
		case "component":
			d.body()
		}
	})
}

func (d *decoder) template() {
	root := segur.OID(d.attr("root"))
	if root == "" {
		return
	}
	d.out.Header.TemplateIDs = append(d.out.Header.TemplateIDs, root)
	if root == templateReport || root == templateRequest {
		d.out.TemplateVersion = d.attr("extension")
	}
}

func (d *decoder) order() {
	d.each(func(name []byte) {
		if string(name) != "order" {
			return
		}
		var o segur.DocumentOrder
		d.each(func(name []byte) {
			switch string(name) {
			case "id":
				if o.Placer.IsZero() {
					o.Placer = d.id()
				}
			case "accessionNumber":
				if d.Space() != nsPS320 {
					d.warn("inFulfillmentOf/order/accessionNumber", "is not in the namespace urn:dicom-org:ps3-20")
				}
				if o.Accession.IsZero() {
					o.Accession = d.id()
				}
			}
		})
		d.out.Header.Orders = append(d.out.Header.Orders, o)
	})
}

func (d *decoder) service() {
	const path = "documentationOf/serviceEvent"
	d.each(func(name []byte) {
		if string(name) != "serviceEvent" {
			return
		}
		var s segur.DocumentService
		performers := 0
		d.each(func(name []byte) {
			switch string(name) {
			case "id":
				if s.StudyUID == "" {
					id := d.id()
					if s.StudyUID = id.Root; len(d.out.Header.Services) == 0 {
						d.serviceID = id
					}
				}
			case "code":
				s.Code = d.code()
				s.Translations = d.translations()
			case "effectiveTime":
				s.Start, s.Stop = d.interval(path + "/effectiveTime")
			case "performer":
				if performers++; performers == 1 {
					s.Performer, s.PracticeSetting = d.performer()
				}
			}
		})
		d.out.Header.Services = append(d.out.Header.Services, s)
	})
}

// translations reads the translations of the current code, with the name of
// the first qualifier of each.
func (d *decoder) translations() (out []segur.QualifiedCode) {
	d.each(func(name []byte) {
		if string(name) != "translation" {
			return
		}
		c := segur.QualifiedCode{Code: d.code()}
		d.each(func(name []byte) {
			if string(name) != "qualifier" {
				return
			}
			d.each(func(name []byte) {
				if string(name) == "name" && c.Qualifier.IsZero() {
					c.Qualifier = d.code()
				}
			})
		})
		if c.Qualifier.IsZero() && c.System == nos.DCM {
			d.warn("documentationOf/serviceEvent/code/translation", "has no qualifier that says what it is: a DICOM code, taken as the modality")
			c.Qualifier = qualifierModality
		}
		out = append(out, c)
	})
	return out
}

func (d *decoder) related() {
	if d.attr("typeCode") != "RPLC" {
		d.each(func([]byte) {})
		return
	}
	d.each(func(name []byte) {
		if string(name) != "parentDocument" {
			return
		}
		d.each(func(name []byte) {
			if string(name) == "id" && d.out.Header.Replaces.IsZero() {
				d.out.Header.Replaces = d.id()
			}
		})
	})
}

func (d *decoder) custodian() {
	d.each(func(name []byte) {
		if string(name) == "assignedCustodian" {
			d.each(func(name []byte) {
				if string(name) == "representedCustodianOrganization" {
					d.out.Custodian, _ = d.organization()
				}
			})
		}
	})
}
