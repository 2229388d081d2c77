package annuaire

import (
	"archive/zip"
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"iter"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/segur-sdk/segur"
)

const opExtraction = "annuaire.extraction"

// ExtractionURL is where the extraction of mailboxes is published: a ZIP with
// one text file, renewed each day, without key. Its certificate is of
// IGC-Santé.
const ExtractionURL = "https://service.annuaire.sante.fr/annuaire-sante-webservices/V300/services/extraction/Extraction_Correspondance_MSSante"

// Limits of an extraction. The national file has some 535,000 lines.
const (
	maxLine            = 64 << 10
	maxExtractionRows  = 5_000_000
	maxExtractionBytes = 1 << 30
	maxZIPEntries      = 16
)

// Row is a line of the extraction Extraction_Correspondance_MSSante: a mailbox
// and who holds it. One address comes on several lines when it has several
// holders, or a holder several specialties.
type Row struct {
	// Line is its number in the file, the header being 1.
	Line int
	// Mailbox is the mailbox. The file has neither APP boxes nor red lists.
	Mailbox Mailbox
	// Person is the holder; nil for a mailbox of a structure.
	Person *segur.Professional
	// PersonIDType and PersonNumber are the kind of number (8: RPPS, 0:
	// ADELI) and the number without its prefix.
	PersonIDType, PersonNumber string
	// Category is the professional category (TRE_R09).
	Category Coding
	// Specialty is the savoir-faire.
	Specialty Coding
	// Structure is the structure of the mailbox; nil when there is none. Its
	// ID has the digit of the kind of number.
	Structure *segur.Organization
	// StructureIDType is the kind of the number, as in the file.
	StructureIDType string
	// TradeName is the name on the door ("enseigne commerciale").
	TradeName string
	// Department is the number of the department.
	Department string
	// Fields are the 31 columns as they came.
	Fields []string
}

// The columns, in their order.
const (
	colKind = iota
	colAddress
	colPersonIDType
	colPersonNumber
	colPersonID
	colStructureIDType
	colStructure
	colService
	colTitle
	colFamily
	colGiven
	colCategory
	colCategoryLabel
	colProfession
	colProfessionLabel
	colSpecialty
	colSpecialtyLabel
	colPaperless
	colName
	colTradeName
	colL2
	colL3
	colNumber
	colNumberMore
	colStreetKind
	colStreet
	colL5
	colL6
	colPostalCode
	colDepartment
	colCountry
	columns
)

// header is what the columns are called, where their order is verified.
var header = [columns]string{
	"Type de BAL", "Adresse BAL", "Type Identifiant PP", "Identifiant PP", "Identification nationale PP",
	"Type identifiant structure", "Identification Structure", "Service de rattachement", "Civilité d'exercice",
	"Nom d'exercice", "Prénom d'exercice", "Catégorie profession", "Libellé de catégorie profession",
	"Code Profession", "Libellé Profession", "Code savoir-faire", "Libellé savoir-faire", "Dématérialisation",
	"Raison Sociale structure BAL", "Enseigne commerciale structure BAL", "L2COMPLEMENTLOCALISATION",
	"L3COMPLEMENTDISTRIBUTION", "L4NUMEROVOIE", "L4COMPLEMENTNUMEROVOIE", "NL4TYPEVOIE", "L4LIBELLEVOIE",
	"L5LIEUDITMENTION", "L6LIGNEACHEMINEMENT", "Code postal", "Département", "Pays",
}

// ReadExtraction reads the text file of an extraction line by line, in
// constant memory: UTF-8, columns separated by "|", a header line whose
// columns must be those of the specification in their order (more columns may
// follow). A short line is completed with empty columns, but for a last one
// without its end: the file was cut there. A line that is no mailbox yields an
// error that names its number and not its content, and the reading goes on if
// the caller does; another error ends it.
func ReadExtraction(r io.Reader) iter.Seq2[*Row, error] {
	return func(yield func(*Row, error) bool) {
		source := &io.LimitedReader{R: r, N: maxExtractionBytes + 1}
		lines := bufio.NewScanner(source)
		lines.Buffer(make([]byte, 0, 8<<10), maxLine)
		cut := false // the line has no end
		lines.Split(func(data []byte, atEOF bool) (int, []byte, error) {
			cut = atEOF && bytes.IndexByte(data, '\n') < 0
			return bufio.ScanLines(data, atEOF)
		})
		// What comes with an error is not a whole line.
		for n := 1; lines.Scan() && lines.Err() == nil && source.N > 0; n++ {
			text := lines.Bytes()
			if n == 1 {
				if err := checkHeader(bytes.TrimPrefix(text, []byte("\ufeff"))); err != nil {
					yield(nil, err)
					return
				}
				continue
			}
			if len(bytes.TrimSpace(text)) == 0 {
				continue
			}
			if n > maxExtractionRows {
				yield(nil, &segur.Error{Op: opExtraction, Kind: segur.KindTooLarge, Message: "the file has more lines than an extraction may have"})
				return
			}
			if cut && bytes.Count(text, []byte("|")) < columns-1 {
				yield(nil, &segur.Error{Op: opExtraction, Kind: segur.KindTruncated, Message: "the file stops inside a line"})
				return
			}
			row, err := readRow(n, text)
			if !yield(row, err) {
				return
			}
		}
		switch err := lines.Err(); {
		case err == nil && source.N == maxExtractionBytes+1:
			yield(nil, extractionError("the file is empty"))
		case errors.Is(err, bufio.ErrTooLong):
			yield(nil, &segur.Error{Op: opExtraction, Kind: segur.KindTooLarge, Message: "the file has a line longer than an extraction may have"})
		case err == nil && source.N <= 0:
			yield(nil, &segur.Error{Op: opExtraction, Kind: segur.KindTooLarge, Message: "the file is larger than an extraction may be"})
		case errors.Is(err, zip.ErrChecksum), errors.Is(err, zip.ErrFormat):
			yield(nil, extractionError("the archive is damaged"))
		case errors.Is(err, io.ErrUnexpectedEOF):
			yield(nil, &segur.Error{Op: opExtraction, Kind: segur.KindTruncated, Message: "the archive stops before its end"})
		case err != nil:
			yield(nil, &segur.Error{Op: opExtraction, Kind: segur.KindUnavailable, Message: "the file cannot be read", Err: err})
		}
	}
}

// ReadExtractionZIP reads the text file of a downloaded archive. The archive
// must hold one file named Extraction_Correspondance_MSSante*.txt.
func ReadExtractionZIP(r io.ReaderAt, size int64) iter.Seq2[*Row, error] {
	return func(yield func(*Row, error) bool) {
		z, err := zip.NewReader(r, size)
		if err != nil {
			yield(nil, extractionError("the archive is not a ZIP"))
			return
		}
		var found []*zip.File
		for _, f := range z.File {
			name := f.Name[strings.LastIndexByte(f.Name, '/')+1:]
			if strings.HasPrefix(name, "Extraction_Correspondance_MSSante") && strings.HasSuffix(name, ".txt") {
				found = append(found, f)
			}
		}
		if len(found) != 1 || len(z.File) > maxZIPEntries {
			yield(nil, extractionError("the archive does not hold one extraction of mailboxes"))
			return
		}
		f, err := found[0].Open()
		if err != nil {
			yield(nil, extractionError("the archive is damaged"))
			return
		}
		defer func() { _ = f.Close() }()
		for row, err := range ReadExtraction(f) {
			if !yield(row, err) {
				return
			}
		}
	}
}

func extractionError(message string) *segur.Error {
	return &segur.Error{Op: opExtraction, Kind: segur.KindProtocol, Message: message}
}

func checkHeader(line []byte) error {
	if !utf8.Valid(line) {
		return extractionError("the file is not UTF-8")
	}
	got := strings.Split(strings.TrimSuffix(string(line), "\r"), "|")
	if len(got) < columns {
		return extractionError("the file has not the columns of an extraction of mailboxes")
	}
	for i, want := range header {
		// An apostrophe may be the typographic one.
		if fold(strings.TrimSpace(got[i])) != fold(want) {
			return extractionError(fmt.Sprintf("column %d is not the one of an extraction of mailboxes", i+1))
		}
	}
	return nil
}

func readRow(n int, line []byte) (*Row, error) {
	bad := func(message string) (*Row, error) {
		return nil, &segur.Error{Op: opExtraction, Kind: segur.KindProtocol, Details: []segur.Detail{{Field: fmt.Sprintf("line %d", n), Message: message}}}
	}
	if !utf8.Valid(line) {
		return bad("is not UTF-8")
	}
	fields := strings.Split(strings.TrimSuffix(string(line), "\r"), "|")
	for i := range fields {
		fields[i] = strings.TrimSpace(fields[i])
	}
	if len(fields) < columns {
		fields = append(fields, make([]string, columns-len(fields))...)
	}
	fields = slices.Clip(fields[:columns])
	if !isAddress(fields[colAddress]) {
		return bad("has no mail address")
	}
	if fields[colKind] == "" {
		return bad("has no kind of mailbox")
	}
	row := &Row{Line: n, Fields: fields, PersonIDType: fields[colPersonIDType], PersonNumber: fields[colPersonNumber],
		StructureIDType: fields[colStructureIDType], TradeName: fields[colTradeName], Department: fields[colDepartment],
		Category:  Coding{Code: fields[colCategory], Display: fields[colCategoryLabel]},
		Specialty: Coding{Code: fields[colSpecialty], Display: fields[colSpecialtyLabel]}}
	row.Mailbox = Mailbox{Address: fields[colAddress], Kind: Kind(fields[colKind]), Service: fields[colService],
		Level: OfPerson, PaperWanted: strings.EqualFold(fields[colPaperless], "N")}
	row.person()
	row.structure()
	switch {
	case row.Person == nil:
		row.Mailbox.Level = OfOrganization
	case row.Structure != nil:
		row.Mailbox.Level = OfSituation
	}
	return row, nil
}

func (r *Row) person() {
	f := r.Fields
	if f[colPersonNumber]+f[colPersonID]+f[colFamily] == "" {
		return
	}
	r.Person = &segur.Professional{ID: f[colPersonID], FamilyName: f[colFamily], GivenName: f[colGiven], Title: f[colTitle]}
	if r.Person.ID == "" && f[colPersonNumber] != "" {
		r.Person.ID = f[colPersonIDType] + f[colPersonNumber]
	}
	if f[colProfession] != "" {
		r.Person.Profession = segur.Code{Code: f[colProfession], System: oidProfession, Display: f[colProfessionLabel]}
	}
}

func (r *Row) structure() {
	f := r.Fields
	if f[colStructure]+f[colName]+f[colTradeName] == "" {
		return
	}
	o := &segur.Organization{ID: f[colStructure], Name: f[colName]}
	if len(o.ID) == 9 || len(o.ID) == 14 { // without the digit of its kind
		o.ID = f[colStructureIDType] + o.ID
	}
	if o.Name == "" {
		o.Name = f[colTradeName]
	}
	street := strings.Join(strings.Fields(strings.Join([]string{f[colNumber], f[colNumberMore], f[colStreetKind], f[colStreet]}, " ")), " ")
	for _, l := range []string{f[colL2], f[colL3], street, f[colL5]} {
		if l != "" {
			o.Address.Lines = append(o.Address.Lines, l)
		}
	}
	o.Address.PostalCode, o.Address.Country = f[colPostalCode], f[colCountry]
	// The sixth line is the postal code and the town.
	o.Address.City = strings.TrimSpace(strings.TrimPrefix(f[colL6], f[colPostalCode]))
	r.Structure = o
}
