package instest

import (
	"github.com/segur-sdk/segur/internal/soap"
	"github.com/segur-sdk/segur/internal/xmlw"
)

const (
	contentType = "application/soap+xml;charset=UTF-8"
	nsResult    = "http://www.cnamts.fr/INSiResultat"
)

// labels of the three codes, as the service writes them.
var labels = map[string]string{"00": "OK", "01": "Aucune identite trouvee", "02": "Plusieurs identites trouvees"}

// result writes an answer in the form that the service was seen to use: a prefix of its own for the body, RESULTAT in
// the default namespace, declarations that nothing uses. p is nil but for 00.
func result(code string, p *Person) []byte {
	w := xmlw.New(nil)
	w.Declaration()
	w.Start("soap:Envelope")
	w.NS("soap", soap.Namespace12)
	w.Start("env:Body")
	w.NS("env", soap.Namespace12)
	w.Start("RESULTAT")
	w.NS("", nsResult)
	w.NS("ns0", "http://www.cnamts.fr/INSiRecVit")
	w.NS("ns1", "http://www.cnamts.fr/INSiRecSans")
	w.Start("CR")
	w.Elem("CodeCR", code)
	w.Elem("LibelleCR", labels[code])
	w.End()
	if p != nil {
		w.Start("INDIVIDU")
		record(w, "INSACTIF", Former{INS: p.INS, Key: p.Key}, p.Form)
		for _, h := range p.History {
			record(w, "INSHISTO", h, p.Form)
		}
		w.Start("TIQ")
		w.Elem("NomNaissance", p.Traits.BirthName)
		if p.Form.GivenName {
			w.Elem("Prenom", p.Traits.FirstGivenName)
		}
		w.Elem("ListePrenom", p.Traits.GivenNames)
		w.Elem("Sexe", string(p.Traits.Sex))
		w.Elem("DateNaissance", p.Traits.BirthDate.ISO())
		w.Elem("LieuNaissance", p.Traits.BirthPlace)
		w.End()
		w.End()
	}
	w.End()
	w.End()
	w.End()
	return must(w.Bytes())
}
