package xdm

// Repair is something in an archive that the norm refuses, that [Open]
// understands all the same, and that changes nothing of the documents.
type Repair struct {
	Code RepairCode
	// Field is where: "sets[0].entries[1].uri"; empty for the archive.
	Field string
	// Message is a sentence in English, without personal data.
	Message string
}

// RepairCode names a [Repair].
type RepairCode string

// The repairs. Whatever else is wrong is refused, or is a warning when it is
// about the content of the metadata.
const (
	// RepairLayout: METADATA.XML is not in a folder of IHE_XDM at the root of
	// the archive: one folder deeper, at the root, in a tree of its own.
	RepairLayout RepairCode = "LAYOUT"
	// RepairNameCase: METADATA.XML or a document is named in another case.
	RepairNameCase RepairCode = "NAME_CASE"
	// RepairFolder: a document is not beside its METADATA.XML, but below the
	// folder above it (exports of DRIM-M) or the root.
	RepairFolder RepairCode = "FOLDER"
	// RepairSeparator: a URI is written with backslashes or starts with "./".
	RepairSeparator RepairCode = "SEPARATOR"
	// RepairStartPage: README.TXT or INDEX.HTM is missing.
	RepairStartPage RepairCode = "START_PAGE"
	// RepairLeftovers: files that desktop systems leave are there, and ignored.
	RepairLeftovers RepairCode = "LEFTOVERS"
	// RepairByteOrderMark: METADATA.XML starts with a byte order mark.
	RepairByteOrderMark RepairCode = "BYTE_ORDER_MARK"
	// RepairEncoding: METADATA.XML is in ISO-8859-1, ISO-8859-15 or Windows-1252.
	RepairEncoding RepairCode = "ENCODING"
	// RepairWrapper: METADATA.XML holds its SubmitObjectsRequest inside another
	// element (ProvideAndRegisterDocumentSetRequest, SOAP), or only its list.
	RepairWrapper RepairCode = "WRAPPER"
	// RepairRootPrefix: the prefix of the root element of METADATA.XML is not
	// declared (exports of DRIM-M).
	RepairRootPrefix RepairCode = "ROOT_PREFIX"
	// RepairHashCase: a hash is written in capitals, or with blanks around it.
	RepairHashCase RepairCode = "HASH_CASE"
	// RepairSignatureSize: the size of the signature of a set is off by one
	// (exports of DRIM-M). Its hash must be right.
	RepairSignatureSize RepairCode = "SIGNATURE_SIZE"
	// RepairMissingHash: a document has no hash or no size. With
	// ReadOptions.AllowMissingHash only.
	RepairMissingHash RepairCode = "MISSING_HASH"
)

func (a *Archive) repair(code RepairCode, field, message string) {
	for _, r := range a.Repairs {
		if r.Code == code && r.Field == field {
			return
		}
	}
	a.Repairs = append(a.Repairs, Repair{code, field, message})
}
