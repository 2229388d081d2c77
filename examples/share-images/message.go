package main

import (
	"bufio"
	"context"
	"crypto/tls"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/segur-sdk/segur"
	"github.com/segur-sdk/segur/cda"
	"github.com/segur-sdk/segur/credential/credentialtest"
)

// reportMessage is what the RIS says of a validated report, in the words of the
// guide "Transmission d'un document CDA-R2 en HL7v2" (CI-SIS 2.1).
type reportMessage struct {
	order, status string // ORC-1 and OBX-11: NW F, RO C, CA D
	report        *cda.Document
	replaces      *cda.Document     // makes it an MDM^T10
	flags         map[string]string // of MetaDMPMSS; N when absent
}

// flagNames are the observations of MetaDMPMSS, in the order of the guide.
var flagNames = []string{"MASQUE_PS", "INVISIBLE_PATIENT", "INVISIBLE_REP_LEGAUX", "CONNEXION_SECRETE", "MODIF_CONF_CODE",
	"DESTDMP", "DESTMSSANTEPS", "DESTMSSANTEPAT", "ACK_RECEPTION", "ACK_LECTURE_MSS"}

// header writes MSH. sent has the precision of HL7 for messages: seconds.
func header(kind, id string, sent time.Time) string {
	return `MSH|^~\&|RIS|CENTRE D'IMAGERIE FICTIF|DRIMBOX|CENTRE D'IMAGERIE FICTIF|` + sent.Format("20060102150405-0700") +
		"||" + kind + "|" + id + "|P|2.5.1|||||FRA|UNICODE UTF-8|||2.1^CISIS_CDA_HL7_V2"
}

// identity writes PID: the INS, the local number, the traits, and that the
// identity is validated.
func identity() string {
	p := patient()
	t := p.Traits
	return fmt.Sprintf("PID|||%s^^^ASIP-SANTE-INS-NIR&%s&ISO^INS~%s^^^CENTRE D'IMAGERIE FICTIF&%s&ISO^PI||%s^%s^%s^^^^L||%s|%s|||^^^^^^BDL^^%s"+strings.Repeat("|", 21)+"VALI",
		p.INS.Matricule(), p.INS.Authority(), p.LocalIDs[0].Extension, p.LocalIDs[0].Root,
		t.BirthName, t.FirstGivenName, t.GivenNames, t.BirthDate.Time(time.UTC).Format("20060102"), t.Sex, t.BirthPlace)
}

// text writes the message: an ORU^R01, or an MDM^T10 for a replacement that names
// the document it replaces. A RIS sends the one or the other.
func (m reportMessage) text(id string, sent time.Time, e *exam) (string, error) {
	document, err := readAll(m.report)
	if err != nil {
		return "", err
	}
	who := radiologist()
	lines, between := []string{header("ORU^R01^ORU_R01", id, sent)}, []string(nil)
	if m.replaces != nil {
		lines = []string{header("MDM^T10^MDM_T02", id, sent), "EVN||" + sent.Format("20060102150405-0700")}
		between = []string{fmt.Sprintf("TXA|1|18748-4|TEXT|%s||||||||%s|%s||||AU|||||%s", sent.Format("200601021504-0700"), m.report.ID(), m.replaces.ID(), who.ID)}
	}
	lines = append(lines,
		identity(),
		"PV1|1|O",
		"ORC|"+m.order,
		"OBR|1|D-2026-0007||18748-4^CR d'imagerie médicale^LN"+strings.Repeat("|", 14)+e.accession.Extension)
	lines = append(lines, between...)
	lines = append(lines,
		"OBX|1|ED|18748-4^CR d'imagerie médicale^LN||^TEXT^XML^Base64^"+base64.StdEncoding.EncodeToString(document)+"||||||"+m.status,
		fmt.Sprintf("PRT||UC||SB^Send by^participation|%s^%s^%s^^^^^^ASIP-SANTE-PS&1.2.250.1.71.4.2.1&ISO^D^^^IDNPS|||%s^^^^^ASIP-SANTE-ST&1.2.250.1.71.4.2.2&ISO^FINEG^^^%s",
			who.ID, who.FamilyName, who.GivenName, who.Organization.Name, strings.TrimPrefix(who.Organization.ID, "1")))
	for i, name := range flagNames {
		value := m.flags[name]
		if value == "" {
			value = "N"
		}
		lines = append(lines, fmt.Sprintf("OBX|%d|CE|%s^^MetaDMPMSS||%s^^expandedYes-NoIndicator||||||F", i+2, name, value))
	}
	return strings.Join(lines, "\r") + "\r", nil
}

// omi writes an OMI^O23: the images of an exam changed. order is NW, or CA when
// the whole study was removed.
func omi(id string, sent time.Time, e *exam, order string) string {
	return strings.Join([]string{
		header("OMI^O23^OMI_O23", id, sent),
		identity(),
		"PV1|1|O",
		"ORC|" + order,
		"TQ1|||||||" + sent.Format("20060102"),
		"OBR|1|D-2026-0007||18748-4^CR d'imagerie médicale^LN",
		"OBX|1|ST|Modification Examen Imagerie||||||||O",
		"IPC|" + e.accession.Extension + "||" + string(e.study) + "||" + e.modality[0],
	}, "\r") + "\r"
}

// send gives a message to the DRIMbox by MLLP over TLS, and returns the
// acknowledgement with its code (MSA-1).
func (w *world) send(ctx context.Context, address, message string) (ack, code string, err error) {
	d := tls.Dialer{Config: &tls.Config{MinVersion: tls.VersionTLS12, RootCAs: w.pki.Roots(),
		Certificates: []tls.Certificate{credentialtest.TLSCertificate(w.pki.Organization())}}}
	conn, err := d.DialContext(ctx, "tcp", address)
	if err != nil {
		return "", "", fmt.Errorf("MLLP: %w", err)
	}
	defer conn.Close()
	if deadline, ok := ctx.Deadline(); ok {
		_ = conn.SetDeadline(deadline)
	}
	if _, err := io.WriteString(conn, "\x0b"+message+"\x1c\r"); err != nil {
		return "", "", fmt.Errorf("MLLP: %w", err)
	}
	ack, err = bufio.NewReader(conn).ReadString('\x1c')
	if err != nil {
		return "", "", &segur.Error{Op: "share-images", Kind: segur.KindOutcomeUnknown, Message: "no acknowledgement: the message has to be sent again", Err: err}
	}
	ack = strings.Trim(ack, "\x0b\x1c")
	for segment := range strings.SplitSeq(ack, "\r") {
		if fields := strings.Split(segment, "|"); fields[0] == "MSA" && len(fields) > 1 {
			return ack, fields[1], nil
		}
	}
	return ack, "", errors.New("MLLP: the answer is no acknowledgement")
}
