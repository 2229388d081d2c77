// Package cda writes, reads, checks and shows the imaging report and the imaging request of the French national services:
// a CDA R2 document ("compte rendu
// d'imagerie médicale", LOINC 18748-4) with the header of the "Volet Structuration Minimale de documents de santé" of the
// CI-SIS (template 1.2.250.1.213.1.1.1.1) and a body: at level 1 a PDF/A-1 (IHE XDS-SD, template
// 1.3.6.1.4.1.19376.1.2.20), at level 3 sections of text with coded entries (volet IMG-CR-IMG 2024.01, template
// 1.2.250.1.213.1.1.1.45).
//
// A [Report] is what a radiology information system has at hand. [Writer.Level1] completes it from the code tables of the
// SDK, checks it as a whole and gives a [Document], whose bytes are streamed: the PDF is encoded while the document is
// read. The rules it applies are those of the official kit (schema, schematrons) and those that the kit does not check:
// key and status of the INS, form of the identifiers, time zones, order of the dates, the PDF. What the kit refuses
// although the text allows it is refused here too, such as an act that ends when it starts.
//
// [Writer.Level3] takes [Sections] besides: what was asked, history, technique, products, exposure, devices, findings,
// conclusion. The text of each section is generated from the data, or supplied by the caller as a [Narrative], and
// every entry points to it. Known contradictions of the kit: the dose-area products, for which its list of units has
// none, cost one error of the kit of February 2025; left and right are in the text and in the LOINC act, and in the
// code of the technique on demand only ([Config.TopographicModifiers]); the absence of contra-indication is a text, the
// only form that the rules let pass.
//
// [Writer.Request] makes the imaging request ("demande d'actes d'imagerie", LOINC 55115-0, volet IMG-DA-IMG 2024.01,
// template 1.2.250.1.213.1.1.1.47) of a [Request], with the same header and the same rules. The rules of 2024.01 count
// the sides of all the sites of an act together, so that two sides are two acts. [Report.Answering] and
// [Sections.Answering] begin the report that answers it.
//
// [Parse] reads a document of anybody: its header as a [segur.DocumentHeader], from which metadata is derived, or in the
// type of the writer ([Parsed.AsReport]); its unstructured body, or its sections with their text and their XML. The body
// of an imaging report is read into the types of the writer ([Parsed.Report]), that of a request into a [Request]; what is
// embedded is streamed. It tolerates what official samples contain and says so in warnings.
//
// [PDF] renders a document as PDF/A-1b, with the INS datamatrix of a qualified identity. [Writer.WithPDF] does so before a
// report is written: its PDF is then the body of level 1 and the "Copie du document" of level 3.
//
// [Check] says everything that is missing or wrong in a document of anybody, in French and English, with its place in the
// XML, the field of the model and the norm: the rules of the official kit, those that it lacks, and apart those that it
// has against the text of the norm.
//
// [HTML] shows any document as one page, and [Document.SelfPresenting] puts one that was written inside a style sheet
// ("auto-présentable") for a receiver that asks for it.
//
// It does not sign, does not verify the signature of a signed document, and has no labels of the 6,343 LOINC codes of
// imaging acts: the writer checks their form and key, [Check] their place in the value set, the caller gives the label.
// Package pdfa makes and checks the PDF.
package cda
