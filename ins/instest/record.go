package instest

import (
	"cmp"

	"github.com/segur-sdk/segur"
	"github.com/segur-sdk/segur/internal/xmlw"
)

// record writes one number of a person, in the order of the schema (IdIndividu, OID, DateDeb, DateFin) unless the form
// says otherwise.
func record(w *xmlw.Writer, name string, f Former, form Form) {
	w.Start(name)
	if form.DatesFirst {
		date(w, "DateDeb", f.From)
		date(w, "DateFin", f.To)
	}
	w.Start("IdIndividu")
	w.Elem("NumIdentifiant", f.INS.Body())
	if !form.WithoutKey {
		w.Elem("Cle", cmp.Or(f.Key, f.INS.Key()))
	}
	w.End()
	w.Elem("OID", string(f.INS.Authority()))
	if form.Comment {
		w.Comment(" autorité d'affectation ")
	}
	if !form.DatesFirst {
		date(w, "DateDeb", f.From)
		date(w, "DateFin", f.To)
	}
	w.End()
}

func date(w *xmlw.Writer, name string, d segur.Date) {
	if !d.IsZero() {
		w.Elem(name, d.ISO())
	}
}
