// Package pdfa writes reports as PDF/A-1b files and checks the PDF/A-1 facts of files that others wrote.
//
// A level 1 CDA document (CI-SIS Volet Structuration Minimale, IHE XDS-SD) holds a PDF/A-1 file, and a structured report
// travels in secure mail with a PDF/A-1 copy of itself. [Build] makes such a file: letterhead, title, identity block with
// the INS datamatrix beside it, sections and sub-sections with paragraphs, bold and italic runs, lists, tables and images in
// JPEG or in black and white, page numbers. [Check] looks at a file before it is put into a document.
//
// Specifications: ISO 19005-1:2005 with its two corrigenda, level B conformance; PDF Reference 1.4; XMP Specification of
// January 2004; ICC.1:1998-09 for the output profile, which is computed here; ITU-T T.81 for JPEG. The fonts are Go Regular,
// Bold, Italic and Bold Italic (Bigelow & Holmes): Latin, Greek and Cyrillic letters and the usual signs of the WGL4 set. Each file embeds only the glyphs that
// it shows, with the copyright and licence of the fonts.
//
// What it does not do: it converts no PDF into PDF/A, decodes or converts no image, writes no tags (level A), links and
// annotations, no cells that span rows and no tables in tables, and does not check what takes a rendering engine, such as the operators of content streams and the glyphs of embedded fonts. A
// file that Check accepts may still fail a complete validator.
package pdfa
