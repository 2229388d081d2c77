package instest

import (
	"github.com/segur-sdk/segur/internal/soap"
	"github.com/segur-sdk/segur/internal/testkit/faults"
	"github.com/segur-sdk/segur/internal/xmlw"
)

// Fault is one scripted misbehaviour, see [Server.Fail].
type Fault = faults.Fault

// Values of the fields of [Fault].
const (
	// AtStart, as CutAfter or TruncateAfter, lets nothing of the body through.
	AtStart = faults.AtStart
	// Forever, as Times, keeps the fault.
	Forever = faults.Forever
)

// Generation is a form that the faults of INSi had.
type Generation uint8

// The generations.
const (
	// Since2026: prefix soap, language fr.
	Since2026 Generation = iota
	// Until2025: prefix S, French text labelled "en", unused declarations, severity "fatal" for the application.
	Until2025
)

// soapFault is a fault of INSi.
type soapFault struct {
	value, subcode, reason string
	code, severity, text   string
	gateway                bool // the gateway repeats the MessageID, the application does not
}

const (
	reasonSoftware = "Ce logiciel n'est pas admis par le service (service factice)."
	reasonLater    = "Le service ne répond pas pour l'instant (service factice)."
	reasonRequest  = "La demande n'est pas correcte (service factice)."
)

// known are the faults whose codes are public.
var known = map[string]soapFault{
	"desir_550":  {"Sender", "siram_100", reasonSoftware, "desir_550", "erreur", "Logiciel sans autorisation connue.", true},
	"desir_560":  {"Sender", "siram_100", reasonSoftware, "desir_560", "erreur", "Droits insuffisants pour ce certificat.", true},
	"desir_1020": {"Sender", "siram_40", reasonLater, "desir_1020", "fatale", "Service appelé indisponible.", true},
	"insi_102":   {"Receiver", "siram_40", reasonLater, "insi_102", "fatal", "Erreur technique de la recherche par traits.", false},
	"insi_111":   {"Receiver", "siram_40", reasonLater, "insi_111", "fatale", "Téléservices indisponibles.", false},
	"insi_19":    {"Sender", "siram_10", reasonRequest, "insi_19", "erreur", "Nom de naissance absent.", false},
	"insi_24":    {"Sender", "siram_10", reasonRequest, "insi_24", "erreur", "Sexe incorrect.", false},
}

// refused is a fault of the fake for what the real service is not known to answer.
func refused(code, text string) soapFault {
	return soapFault{"Sender", "siram_10", reasonRequest, "instest_" + code, "erreur", text, false}
}

// SOAPFault scripts the fault of INSi with this detail code (desir_550, desir_560, desir_1020, insi_102, insi_111,
// insi_19, insi_24, or any other one, which is then sent as an error of the request) as the next answer.
func SOAPFault(code string, g Generation) Fault {
	f := faultOf(code)
	return Fault{Status: 500, ContentType: contentType, Body: f.envelope(g, "uuid:00000000-0000-4000-8000-000000000000")}
}

// faultOf is the fault with a detail code.
func faultOf(code string) soapFault {
	if f, ok := known[code]; ok {
		return f
	}
	return soapFault{"Sender", "siram_10", reasonRequest, code, "erreur", "Code " + code + ".", false}
}

// envelope writes the fault as the generation did: the body has another prefix than the envelope in both.
func (f soapFault) envelope(g Generation, messageID string) []byte {
	w := xmlw.New(nil)
	w.Declaration()
	w.Start("soap:Envelope")
	w.NS("soap", soap.Namespace12)
	w.Start("env:Body")
	w.NS("env", soap.Namespace12)
	p, lang := "soap:", "fr"
	if g == Until2025 {
		w.NS("S", soap.Namespace12)
		p, lang = "S:", "en"
	}
	w.Start(p + "Fault")
	if g == Until2025 {
		w.NS("ns4", soap.Namespace11)
	}
	w.Start(p + "Code")
	w.Elem(p+"Value", p+f.value)
	w.Start(p + "Subcode")
	w.Elem(p+"Value", p+f.subcode)
	w.End()
	w.End()
	w.Start(p + "Reason")
	w.Elem(p+"Text", f.reason, "xml:lang", lang)
	w.End()
	w.Start(p + "Detail")
	w.Start("siram:Erreur")
	w.NS("siram", "urn:siram")
	w.Attr("severite", f.severity)
	w.Attr("code", f.code)
	if f.gateway {
		w.Attr("messageID", messageID)
	}
	w.Text(f.text)
	w.End()
	w.End()
	w.End()
	w.End()
	w.End()
	return must(w.Bytes())
}

func must[T any](v T, err error) T {
	if err != nil {
		panic(err)
	}
	return v
}
