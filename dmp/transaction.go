package dmp

// Transaction is what the record's rights matrix decides upon: a transaction
// of the interface, or one use of it. Its text is the line of the matrix.
type Transaction string

// The transactions.
const (
	// TD02 tests whether a record exists, and the authorisation of the user.
	TD02 Transaction = "TD0.2"
	// TD03Add adds the authorisation of the user, or of the structure.
	TD03Add Transaction = "TD0.3 add"
	// TD03Remove removes it.
	TD03Remove Transaction = "TD0.3 remove"
	// TD03RemoveGP removes the status of declared general practitioner.
	TD03RemoveGP Transaction = "TD0.3 remove MT"
	// TD04 lists the records that the user may read.
	TD04 Transaction = "TD0.4"
	// TD05 finds a patient without INS.
	TD05 Transaction = "TD0.5"
	// TD09 opens the pages of the record on the web, by card or e-CPS.
	TD09 Transaction = "TD0.9"
	// TD010 opens them in INDIRECTE_RENFORCEE.
	TD010 Transaction = "TD0.10"
	// TD13a reads the administrative data of a record.
	TD13a Transaction = "TD1.3a"
	// TD16 lists the professionals whom the patient authorised or blocked.
	TD16 Transaction = "TD1.6"
	// TD21 feeds a record; TD22 is the same message sent by the holder of a CPE.
	TD21 Transaction = "TD2.1"
	TD22 Transaction = "TD2.2"
	// TD31 searches and reads metadata.
	TD31 Transaction = "TD3.1 metadata"
	// TD31Reference looks a document up by its identifier.
	TD31Reference Transaction = "TD3.1 reference"
	// TD32 retrieves a document that nothing hides; the next ones retrieve one
	// that is masked to professionals, invisible to the patient or to the
	// representatives, archived, obsolete, deleted.
	TD32          Transaction = "TD3.2 not masked"
	TD32Masked    Transaction = "TD3.2 masked to PS"
	TD32Invisible Transaction = "TD3.2 invisible to patient/rep"
	TD32Archived  Transaction = "TD3.2 archived"
	TD32Obsolete  Transaction = "TD3.2 obsolete versions"
	TD32Deleted   Transaction = "TD3.2 deleted"
	// TD33aMask masks a document to professionals, TD33aUnmask ends that.
	TD33aMask   Transaction = "TD3.3a mask"
	TD33aUnmask Transaction = "TD3.3a unmask"
	// TD33b makes a document visible to the patient or to the representatives.
	TD33b Transaction = "TD3.3b make visible"
	// TD33c deletes a document.
	TD33c Transaction = "TD3.3c delete"
	// TD33dArchive archives a document, TD33dUnarchive ends that.
	TD33dArchive   Transaction = "TD3.3d archive"
	TD33dUnarchive Transaction = "TD3.3d unarchive"
)
