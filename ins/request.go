package ins

import (
	"strconv"
	"time"

	"github.com/segur-sdk/segur"
	"github.com/segur-sdk/segur/internal/xmlw"
)

// Names of the contract DESIR_ICIR_EXP 1.5.0.
const (
	nsBAM     = "urn:siram:bam:ctxbam"
	nsLPS     = "urn:siram:lps:ctxlps"
	nsSearch  = "http://www.cnamts.fr/INSiRecSans"
	nsVitale  = "http://www.cnamts.fr/INSiRecVit"
	nsResult  = "http://www.cnamts.fr/INSiResultat"
	nsFault   = "urn:siram"
	actionURN = "urn:ServiceIdentiteCertifiee:1.0.0:"

	actionSearchTraits = actionURN + "rechercherInsAvecTraitsIdentite"
	actionSearchVitale = actionURN + "rechercherInsAvecCarteVitale"
)

// millis is the form of Temps in the captures: UTC, milliseconds, Z.
const millis = "2006-01-02T15:04:05.000Z"

// callContext is what the two context headers of one call hold.
type callContext struct {
	bamID, lpsID string
	now          time.Time
	issuer       string
	software     Software
	coverage     *VitaleCard // nil without one
}

// write writes ContexteBAM (CTXBAM V01_02) and ContexteLPS (CTXLPS V01_00). COUVERTURE is required by the schema and
// empty without a Vitale card.
func (c callContext) write() ([]byte, error) {
	w := xmlw.New(make([]byte, 0, 1024))
	at := c.now.UTC().Format(millis)
	w.Use("ctxbam", nsBAM)
	w.Use("ctxlps", nsLPS)

	w.Start("ctxbam:ContexteBAM")
	w.Attr("Nature", "CTXBAM")
	w.Attr("Version", "01_02")
	w.Elem("ctxbam:Id", c.bamID)
	w.Elem("ctxbam:Temps", at)
	w.Elem("ctxbam:Emetteur", c.issuer)
	c.coverage.write(w)
	w.End()

	w.Start("ctxlps:ContexteLPS")
	w.Attr("Nature", "CTXLPS")
	w.Attr("Version", "01_00")
	w.Elem("ctxlps:Id", c.lpsID)
	w.Elem("ctxlps:Temps", at)
	w.Elem("ctxlps:Emetteur", c.issuer)
	w.Start("ctxlps:LPS")
	w.Elem("ctxlps:IDAM", c.software.AuthorizationNumber, "R", "4")
	w.Elem("ctxlps:Version", c.software.Version)
	w.Elem("ctxlps:Instance", c.software.Instance)
	w.Elem("ctxlps:Nom", c.software.urn())
	w.End()
	w.End()
	return w.Bytes()
}

// searchBody writes RECSANSVITALE. The traits are checked; the schema wants this order.
func searchBody(t segur.Traits) ([]byte, error) {
	w := xmlw.New(make([]byte, 0, 512))
	w.Start("ins:RECSANSVITALE")
	w.NS("ins", nsSearch)
	w.Elem("ins:NomNaissance", t.BirthName)
	w.Elem("ins:Prenom", t.FirstGivenName)
	w.Elem("ins:Sexe", string(t.Sex))
	w.Elem("ins:DateNaissance", t.BirthDate.ISO())
	w.ElemOpt("ins:LieuNaissance", t.BirthPlace)
	w.End()
	return w.Bytes()
}

// write writes COUVERTURE, which repeats the card: number of the insured person, beneficiary.
func (v *VitaleCard) write(w *xmlw.Writer) {
	w.Start("ctxbam:COUVERTURE")
	defer w.End()
	if v == nil {
		return
	}
	w.ElemOpt("ctxbam:GrandRegime", v.Regime)
	w.ElemOpt("ctxbam:Organisme", v.Fund)
	w.ElemOpt("ctxbam:CodeCentre", v.Centre)
	w.Start("ctxbam:ASSURE")
	w.Start("ctxbam:Id")
	w.Elem("ctxbam:Num", v.Insured.Number())
	w.End()
	w.End()
	w.Start("ctxbam:BENEFICIAIRE")
	if !v.Beneficiary.IsZero() {
		w.Start("ctxbam:Nir")
		w.Elem("ctxbam:Num", v.Beneficiary.Number())
		if !v.CertifiedOn.IsZero() {
			w.Elem("ctxbam:DateCertification", v.CertifiedOn.ISO())
		}
		w.End()
	}
	w.Elem("ctxbam:DateNai", v.BirthDate.ISO())
	if v.BirthRank > 0 {
		w.Elem("ctxbam:Rang", strconv.Itoa(v.BirthRank))
	}
	w.End()
}

// vitaleBody writes RECVITALE: the number of the beneficiary only where the card has it.
func vitaleBody(v VitaleCard) ([]byte, error) {
	w := xmlw.New(make([]byte, 0, 512))
	w.Start("ins:RECVITALE")
	w.NS("ins", nsVitale)
	for _, n := range []struct {
		name string
		nir  NIR
	}{{"ins:MatriculeIndividu", v.Beneficiary}, {"ins:MatriculeOD", v.Insured}} {
		if n.nir.IsZero() {
			continue
		}
		w.Start(n.name)
		w.Elem("ins:NumIdentifiant", n.nir.Number())
		w.ElemOpt("ins:Cle", n.nir.Key())
		w.End()
	}
	w.ElemOpt("ins:NomNaissance", v.beneficiaryName())
	w.Elem("ins:DateNaissance", v.BirthDate.ISO())
	if v.BirthRank > 0 {
		w.Elem("ins:RangNaissance", strconv.Itoa(v.BirthRank))
	}
	w.End()
	return w.Bytes()
}
