package xdm

import (
	"bytes"
	"html"
	"path"
	"strings"

	"github.com/segur-sdk/segur/dmp/xds"
)

// readme is README.TXT: plain text, UTF-8, CRLF, in the sections that French
// readers expect.
func (p *Package) readme(submissions []xds.Submission) []byte {
	var b bytes.Buffer
	section := func(title string) {
		if b.Len() > 0 {
			b.WriteString("\r\n")
		}
		b.WriteString(title + "\r\n" + strings.Repeat("=", len([]rune(title))) + "\r\n")
	}
	line := func(label, value string) {
		if value = oneLine(value); value != "" {
			b.WriteString("    . " + label + " : " + value + "\r\n")
		}
	}
	section("Emetteur :")
	line("Nom", p.Sender.Name)
	line("Organisme", p.Sender.Organization)
	line("Adresse", p.Sender.Address)
	line("Téléphone", p.Sender.Phone)
	section("Application de l'émetteur :")
	line("Nom", p.Sender.Application)
	line("Version", p.Sender.Version)
	line("Editeur", p.Sender.Vendor)
	section("Instructions :")
	b.WriteString("    . Consultez les fichiers reçus par messagerie sécurisée de santé dans votre logiciel de professionnel de santé.\r\n")
	section("Arborescence :")
	b.WriteString("    README.TXT\r\n    INDEX.HTM\r\n    IHE_XDM\r\n")
	for i := range submissions {
		b.WriteString("        " + path.Base(folder(i)) + "\r\n            " + metadataName + "\r\n")
		for j := range submissions[i].Entries {
			b.WriteString("            " + submissions[i].Entries[j].URI + "\r\n")
		}
		if p.Subsets[i].Stylesheet != nil {
			b.WriteString("            " + stylesheetName + "\r\n")
		}
	}
	return b.Bytes()
}

// index is INDEX.HTM: an XHTML Basic page for people who open the archive by
// hand.
func (p *Package) index(submissions []xds.Submission) []byte {
	var b bytes.Buffer
	line := func(parts ...string) { b.WriteString(strings.Join(parts, "") + "\r\n") }
	line(`<?xml version="1.0" encoding="UTF-8"?>`)
	line(`<!DOCTYPE html PUBLIC "-//W3C//DTD XHTML Basic 1.0//EN" "http://www.w3.org/TR/xhtml-basic/xhtml-basic10.dtd">`)
	line(`<html xmlns="http://www.w3.org/1999/xhtml" xml:lang="fr">`)
	line(`<head><title>Documents de santé</title></head>`)
	line(`<body>`)
	sender := oneLine(p.Sender.Name)
	if phone := oneLine(p.Sender.Phone); phone != "" {
		sender += " (" + phone + ")"
	}
	line(`<p>Emetteur : `, html.EscapeString(sender), `</p>`)
	line(`<p>Voir le fichier <a href="README.TXT">ReadMe</a></p>`)
	for i := range submissions {
		for j := range submissions[i].Entries {
			e := &submissions[i].Entries[j]
			line(`<p><a href="`, folder(i), e.URI, `">`, html.EscapeString(oneLine(e.Title)), `</a></p>`)
		}
	}
	line(`</body>`)
	line(`</html>`)
	return b.Bytes()
}

// oneLine keeps what can stand on one line of text or XML.
func oneLine(s string) string {
	return strings.TrimSpace(strings.Map(func(r rune) rune {
		switch {
		case r < 0x20, r == 0x7F, r == 0xFFFE, r == 0xFFFF:
			return ' '
		}
		return r
	}, s))
}
