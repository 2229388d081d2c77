package xds

// UUIDs of the XDS.b object model (ITI TF-3, 4.2.5.2).
const (
	objectTypeStable = "urn:uuid:7edca82f-054d-47f2-a032-9b2a5b5186c1"

	schemeAuthor          = "urn:uuid:93606bcf-9494-43ec-9b4e-a7748d1a838d"
	schemeClass           = "urn:uuid:41a5887f-8865-4c09-adf7-e362475b143a"
	schemeType            = "urn:uuid:f0306f51-975f-434e-a61c-c59651d33983"
	schemeConfidentiality = "urn:uuid:f4f85eac-e6cb-4883-b524-f2705394840f"
	schemeFormat          = "urn:uuid:a09d5840-386c-46f2-b5ad-9c3699a4309d"
	schemeFacility        = "urn:uuid:f33fb8ac-18af-42cc-ae0e-ed0b0bdb91e1"
	schemePractice        = "urn:uuid:cccf5598-8b07-4b77-a05e-ae952c785ead"
	schemeEvent           = "urn:uuid:2c6b8cb7-8b2a-4051-b291-b1ae6a575ef4"
	schemePatientID       = "urn:uuid:58a6f841-87b3-4a3e-92fd-a8ffeff98427"
	schemeUniqueID        = "urn:uuid:2e82c1f6-a085-4c72-9da3-8640a32e42ab"

	nodeSubmissionSet   = "urn:uuid:a54d6aa5-d40d-43f9-88c5-b4633d873bdd"
	nodeFolder          = "urn:uuid:d9d542f3-6cc4-48b6-8870-ea235fbc94c2"
	schemeSetAuthor     = "urn:uuid:a7058bb9-b4e4-4307-ba5b-e3f0ab85e12d"
	schemeContentType   = "urn:uuid:aa543740-bdda-424e-8c96-df4873be8500"
	schemeSetPatientID  = "urn:uuid:6b5aea1a-874d-4603-a4bc-96a0a7b38446"
	schemeSetSourceID   = "urn:uuid:554ac39e-e3fe-47fe-b233-965d2a147832"
	schemeSetUniqueID   = "urn:uuid:96fdda7c-d067-4183-912e-bf5ee74998a8"
	slotReferenceIDList = "urn:ihe:iti:xds:2013:referenceIdList"
)

// Status is the availability status of an entry or a submission set.
type Status string

// The statuses. Archived and Deleted are French.
const (
	Approved   Status = "urn:oasis:names:tc:ebxml-regrep:StatusType:Approved"
	Deprecated Status = "urn:oasis:names:tc:ebxml-regrep:StatusType:Deprecated"
	Archived   Status = "urn:asip:ci-sis:2010:StatusType:Archived"
	Deleted    Status = "urn:asip:ci-sis:2010:StatusType:Deleted"
)

// AssociationType is what links two objects.
type AssociationType string

// The types of association.
const (
	// HasMember links a submission set to its entries.
	HasMember AssociationType = "urn:oasis:names:tc:ebxml-regrep:AssociationType:HasMember"
	// Replaces links a new entry to the entryUUID of the one it replaces (RPLC).
	Replaces AssociationType = "urn:ihe:iti:2007:AssociationType:RPLC"
	// Appends and Transforms are the other relations of two entries.
	Appends    AssociationType = "urn:ihe:iti:2007:AssociationType:APND"
	Transforms AssociationType = "urn:ihe:iti:2007:AssociationType:XFRM"
	// Signs links a signature entry to its submission set.
	Signs AssociationType = "urn:ihe:iti:2007:AssociationType:signs"
	// UpdateStatus asks for a change of availability status (ITI-57).
	UpdateStatus AssociationType = "urn:ihe:iti:2010:AssociationType:UpdateAvailabilityStatus"
)

// Types of reference identifiers (JDV_J231).
const (
	// ReferenceAccession is the number that the imaging department gave.
	ReferenceAccession = "urn:ihe:iti:xds:2013:accession"
	// ReferenceOrder is the number that the requester gave.
	ReferenceOrder = "urn:ihe:iti:xds:2013:order"
	// ReferenceStudy is the DICOM Study Instance UID.
	ReferenceStudy = "urn:ihe:iti:xds:2016:studyInstanceUID"
)
