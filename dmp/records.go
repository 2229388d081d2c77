package dmp

import (
	"context"
	"fmt"
	"iter"
	"log/slog"
	"time"

	"github.com/segur-sdk/segur"
	"github.com/segur-sdk/segur/internal/hl7"
	"github.com/segur-sdk/segur/internal/xmlr"
)

const (
	opRecords = "dmp.records"

	actionPatientList = "urn:si-dmp-patients:PatientSpecificEndPoint:patientList"
)

// RecordsDate is the date by which records are listed.
type RecordsDate string

// The dates.
const (
	// ByAuthorization: when the authorisation was given.
	ByAuthorization RecordsDate = "LASTAUTORIZATION" // as the service spells it
	// ByDocument: when a document was last added.
	ByDocument RecordsDate = "LASTDOC"
)

// RecordsQuery says which records to list. The zero query lists all those that
// the user is authorised to consult.
type RecordsQuery struct {
	// Since is the earliest date, of the kind that By names.
	Since time.Time
	// By is required with Since.
	By RecordsDate
	// Professional asks for the records of another professional of the
	// structure, by IdNat_PS: for the holder of a CPE.
	Professional string
}

func (q *RecordsQuery) check(p *segur.Problems, dated bool) {
	switch q.By {
	case ByAuthorization, ByDocument:
		if q.Since.IsZero() {
			p.Add("since", "is required with by")
		}
	case "":
		if !q.Since.IsZero() {
			p.Add("by", "is required with since: dmp.ByAuthorization or dmp.ByDocument")
		}
	default:
		p.Add("by", "unknown: use dmp.ByAuthorization or dmp.ByDocument")
	}
	if dated && (q.Since.IsZero() || q.By != ByAuthorization) {
		p.Add("since", "is required, with dmp.ByAuthorization: a structure lists new authorisations only")
	}
}

// AuthorizedRecord is one record that the user may consult. The identity that
// it holds never corrects the local one (RG_0320). Its printed forms are
// redacted.
type AuthorizedRecord struct {
	// INS are the numbers of the patient, OtherIDs what is no INS (INS-C).
	INS      []segur.INS
	OtherIDs []segur.Identifier
	// Traits are the names and the date of birth; Civility the title.
	Traits   segur.Traits
	Civility string
	// DeclaredGP: the user is the declared general practitioner. Message: there
	// is a message for the user. nil: not said.
	DeclaredGP, Message *bool
	// LastAccess, LastUpdate and LastAdd date the last access of the user, the
	// last change and the last document. Zero: not said.
	LastAccess, LastUpdate, LastAdd segur.Timestamp
}

// String returns a redacted form.
func (r AuthorizedRecord) String() string { return "dmp.AuthorizedRecord{…}" }

// Format writes the redacted form whatever the verb.
func (r AuthorizedRecord) Format(f fmt.State, _ rune) { _, _ = f.Write([]byte(r.String())) }

// LogValue makes slog write the redacted form.
func (r AuthorizedRecord) LogValue() slog.Value { return slog.StringValue(r.String()) }

// AuthorizedRecords lists the records that the user may consult (TD0.4), each
// as the caller asks for the next one; the answer itself comes whole. There is
// no push: with [ByDocument] this is how a software learns which patients have
// a new document. A secret connection, which is that of a patient, has no list.
func (c *Client) AuthorizedRecords(ctx context.Context, q RecordsQuery) iter.Seq2[*AuthorizedRecord, error] {
	return func(yield func(*AuthorizedRecord, error) bool) {
		list, err := c.records(ctx, q)
		if err != nil {
			yield(nil, err)
			return
		}
		for _, n := range list {
			if !yield(authorizedRecord(n), nil) {
				return
			}
		}
	}
}

func (c *Client) records(ctx context.Context, q RecordsQuery) ([]*xmlr.Node, error) {
	if err := c.allowed(opRecords, TD04); err != nil {
		return nil, err
	}
	var p segur.Problems
	q.check(&p, c.Right(TD04) == NewByDate)
	c.checkNoPatient(&p)
	if err := p.Err(opRecords); err != nil {
		return nil, err
	}
	since := ""
	if !q.Since.IsZero() {
		since = hl7.FormatUTC(segur.At(q.Since))
	}
	body, err := element(nsPatients, "patientList", [2]string{"startDate", since}, [2]string{"dateType", string(q.By)}, [2]string{"psOwnerId", q.Professional})
	if err != nil {
		return nil, err
	}
	f := c.failure(opRecords, segur.INS{})
	var list []*xmlr.Node
	err = c.exchange(ctx, &f, segur.INS{}, request{op: opRecords, service: servicePatientsSpecific, action: actionPatientList, body: body, repeatSafe: true},
		func(payload *xmlr.Node) (err error) {
			f.keepNames(payload)
			list, err = recordNodes(payload)
			return err
		})
	return list, err
}

func recordNodes(payload *xmlr.Node) (list []*xmlr.Node, err error) {
	output, _, err := readOutput(payload, nsPatients, "patientListResponse")
	if err != nil {
		return nil, err
	}
	for _, n := range output.Children {
		// "patientlistData" in the answers; spelt as it should be elsewhere.
		if n.Name.Space == nsPatients && (n.Name.Local == "patientlistData" || n.Name.Local == "patientListData") {
			list = append(list, n)
		}
	}
	return list, nil
}

// checkNoPatient is for the calls that are about no patient.
func (c *Client) checkNoPatient(p *segur.Problems) {
	if c.secret {
		p.Add("", "a secret connection is that of a patient: make this call with the other client")
	}
}

func authorizedRecord(n *xmlr.Node) *AuthorizedRecord {
	r := &AuthorizedRecord{
		Traits: segur.Traits{BirthName: text(n, "patronymicalName"), UsedName: text(n, "lastName"), GivenNames: text(n, "firstName"),
			BirthDate: birthDate(text(n, "dateOfBirth"))},
		Civility: text(n, "civility"), DeclaredGP: flag(n, "MT"), Message: flag(n, "message"),
		LastAccess: instant(text(n, "lastAccessDate")), LastUpdate: instant(text(n, "lastUpdateDate")), LastAdd: instant(text(n, "lastAddDate")),
	}
	var ids []segur.Identifier
	for id := range n.Each(nsPatients, "patientIdentifier") {
		ids = append(ids, segur.Identifier{Root: segur.OID(text(id, "nationalIdType")), Extension: text(id, "nationalId")})
	}
	r.INS, r.OtherIDs = identifiers(ids)
	return r
}
