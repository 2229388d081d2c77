package dmp

import (
	"time"

	"github.com/segur-sdk/segur"
	"github.com/segur-sdk/segur/internal/xmlr"
)

// ManifestDigest gives tests what the lot signature takes of a document.
func ManifestDigest(c segur.Content, isXML, withSHA256 bool) (manifest []byte, sha1 string, err error) {
	d, err := digest(c, isXML, withSHA256)
	return d.manifest, d.sha1, err
}

// Now gives tests the instant of a client.
func (c *Client) Now() time.Time { return c.cfg.now() }

// FreeText gives tests what errors keep of a text of the service.
func FreeText(s string) string { return freeText(s) }

// ReadIdentity reads the answer to TD0.2 and TD1.3a as if it were to the
// message that it names.
func ReadIdentity(b []byte, asked segur.INS) (*RecordStatus, *AdministrativeData, error) {
	payload, q, err := payloadOf(b)
	if err != nil {
		return nil, nil, err
	}
	f := failure{private: privateTexts(asked.Matricule(), asked.Body()), freeText: true}
	f.keepNames(payload)
	a, err := q.readHL7(payload, interactionFound)
	if err != nil {
		return nil, nil, f.typed(err)
	}
	p, err := onePatient(a, asked)
	if err != nil {
		return nil, nil, f.typed(err)
	}
	return recordStatus(a, p), administrativeData(p), nil
}

// ReadMatches reads the answer to TD0.5.
func ReadMatches(b []byte) (*PatientMatches, error) {
	payload, q, err := payloadOf(b)
	if err != nil {
		return nil, err
	}
	a, err := q.readHL7(payload, interactionMatches)
	if err != nil {
		return nil, err
	}
	return matches(a)
}

func payloadOf(b []byte) (*xmlr.Node, *hl7Request, error) {
	payload, err := xmlr.Parse(b, xmlr.Options{})
	if err != nil {
		return nil, nil, err
	}
	q := &hl7Request{ids: [2]string{
		payload.Find(nsHL7, "acknowledgement/targetMessage/id").Attr("extension"),
		payload.Find(nsHL7, "controlActProcess/queryAck/queryId").Attr("extension"),
	}}
	return payload, q, nil
}

// ReadRecords and ReadProfessionals read the answers to TD0.4 and TD1.6.
func ReadRecords(b []byte) ([]*AuthorizedRecord, error) {
	payload, _, err := payloadOf(b)
	if err != nil {
		return nil, err
	}
	nodes, err := recordNodes(payload)
	var out []*AuthorizedRecord
	for _, n := range nodes {
		out = append(out, authorizedRecord(n))
	}
	return out, err
}

func ReadProfessionals(b []byte) ([]ListedProfessional, error) {
	payload, _, err := payloadOf(b)
	if err != nil {
		return nil, err
	}
	return listedProfessionals(payload)
}
