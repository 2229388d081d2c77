package cda

import (
	"slices"
	"strconv"
	"time"

	"github.com/segur-sdk/segur"
	"github.com/segur-sdk/segur/internal/nos"
)

// Device is a medical device used during the examination, or implanted.
type Device struct {
	// EMDN is its category in the European nomenclature, with its label:
	// {Code: "Z11039014", Display: "INJECTEURS DE PRODUITS DE CONTRASTE"}.
	// Required.
	EMDN segur.Code
	// UDI is its unique identifier: the whole string under the agency that
	// issued it, such as [UDIGS1]. Optional.
	UDI segur.Identifier
	// Since is when it was used or implanted. Zero: the start of the main act.
	Since time.Time
	// Comment is free. Optional; it is in the text of the report only.
	Comment string
}

// Agencies that issue UDI. These numbers are not in the official rules.
const (
	UDIGS1    segur.OID = "1.3.160"
	UDIHIBCC  segur.OID = "1.0.15961.10.816"
	UDIICCBBA segur.OID = "2.16.840.1.113883.6.18"
)

func (c *checker) devices(s *Sections) {
	const path = "sections.devices"
	s.Devices = slices.Clone(s.Devices)
	for i := range s.Devices {
		d, at := &s.Devices[i], c.item(path, i)
		d.EMDN = c.act(c.at(at, ".emdn"), d.EMDN, nos.EMDN, isEMDN, "must be an EMDN code: a letter and digits")
		if d.UDI.Extension != "" || d.UDI.Root != "" {
			c.identifier(c.at(at, ".udi"), &d.UDI, true)
		}
		d.Since = c.past(c.at(at, ".since"), c.instant(c.at(at, ".since"), d.Since))
		d.Comment = lines(d.Comment)
	}
	c.prose("sections.devicesNarrative", s.DevicesNarrative, false)
	if len(s.Devices) == 0 && s.DevicesNarrative.Visible() {
		c.Add("sections.devicesNarrative", "tells of devices, and there is none: the section must code one at least")
	}
}

// isEMDN checks the shape of a category of the European nomenclature.
func isEMDN(s string) bool {
	return len(s) >= 3 && len(s) <= 16 && s[0] >= 'A' && s[0] <= 'Z' && digits(s[1:])
}

func (b *body) devices() {
	devices := b.s.Devices
	if len(devices) == 0 {
		return
	}
	k := &sectionDevices
	b.section(k, k.title)
	l := b.text(k.name, b.s.DevicesNarrative, func(l links) {
		b.table("Dispositif", "UDI", "Commentaire")
		for i, d := range devices {
			b.Start("tr")
			b.cell(l.id("device"+strconv.Itoa(i+1)), codeWords(d.EMDN.Display, d.EMDN.Code, nos.EMDN))
			b.cell("", d.UDI.Extension)
			b.cell("", d.Comment)
			b.End()
		}
		b.endTable()
	})
	for i, d := range devices {
		b.Start("entry")
		b.entryClass("supply", "SPLY", templatesDevice...)
		b.uuid()
		b.ref("text", l.to("device"+strconv.Itoa(i+1)))
		b.Start("effectiveTime")
		b.Attr("xsi:type", "IVL_TS")
		if d.Since.IsZero() {
			d.Since = b.r.Acts[0].Start
		}
		b.time("low", d.Since)
		b.End()
		b.Start("participant")
		b.Attr("typeCode", "DEV")
		b.Start("participantRole")
		b.Attr("classCode", "MANU")
		if !d.UDI.IsZero() {
			b.id("id", d.UDI)
		}
		b.Start("playingDevice")
		b.Attr("classCode", "DEV")
		b.Attr("determinerCode", "INSTANCE")
		b.code("code", d.EMDN, nil)
		for range 5 {
			b.End()
		}
	}
	b.endSection()
}
