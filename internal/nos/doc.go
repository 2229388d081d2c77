// Package nos holds the code tables that the SDK needs of the French "Nomenclatures des Objets de Santé" (ANS) and of
// the value sets of the CI-SIS: the ones an imaging report and its metadata use, not the whole catalogue.
//
// A table is a value set (JDV): its OID, its name, the date of the revision copied here, and one row for each code
// with the OID of the code system it comes from and its French label. Labels are for people: they are written, never
// compared. Value sets are revised several times a year, so a code that is absent here is not always wrong: callers
// say how strict they are.
//
// To add a table: write its rows in a file named after its subject, in the order of the published value set, with the
// OID, the name and the revision date of the publication; add it to [Tables]; the tests check its shape, and compare
// it with the published set when that is at hand. The rows come from the SVS files that ANS publishes
// (mos.esante.gouv.fr); LOINC, SNOMED CT, DICOM and HL7 codes stay under the terms of their owners.
package nos
