// Package pdfa writes text reports as PDF/A-1b files and checks the PDF/A-1 facts of files that others wrote.
//
// A level 1 CDA document (CI-SIS Volet Structuration Minimale, IHE XDS-SD) holds a PDF/A-1 file, and a structured report
// travels in secure mail with a PDF/A-1 copy of itself. [Build] makes such a file from text: letterhead, title, identity
// block, sections with headings and paragraphs, page numbers. [Check] looks at a file before it is put into a document.
//
// Specifications: ISO 19005-1:2005 with its two corrigenda, level B conformance; PDF Reference 1.4; XMP Specification of
// January 2004; ICC.1:1998-09 for the output profile, which is computed here. The fonts are Go Regular and Go Bold (Bigelow
// & Holmes): Latin, Greek and Cyrillic letters and the usual signs of the WGL4 set. Each file embeds only the glyphs that
// it shows, with the copyright and licence of the fonts.
//
// What it does not do: it converts no PDF into PDF/A, writes no images, tables, tags (level A) and annotations, and does
// not check what takes a rendering engine, such as the operators of content streams and the glyphs of embedded fonts. A
// file that Check accepts may still fail a complete validator.
package pdfa
