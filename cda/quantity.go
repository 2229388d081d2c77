package cda

import (
	"cmp"
	"slices"
	"strings"
)

// Quantity is a measured value.
type Quantity struct {
	// Value is a decimal number with a dot, such as "312.40". It is written as
	// it is given: trailing zeros say the precision.
	Value string
	// Unit is in UCUM, such as "mL" or "mGy.cm". Empty for a number of things.
	Unit string
}

// IsZero reports whether there is no value.
func (q Quantity) IsZero() bool { return q == Quantity{} }

// words is the quantity for a French reader: "312,40 mGy.cm".
func (q Quantity) words() string {
	if q.IsZero() {
		return ""
	}
	s := strings.Replace(q.Value, ".", ",", 1)
	if q.Unit != "" && q.Unit[0] != '{' {
		s += " " + q.Unit
	}
	return s
}

// productUnits are the units of what is given to a patient that the official
// list of UCUM units holds. That list is short: "ml" is not in it.
var productUnits = []string{
	"mL", "L", "dL", "g", "mg", "ug", "ng", "kg", "mol", "mmol", "umol", "[iU]", "mL/kg", "mg/kg", "ug/kg", "mmol/kg",
	"mL/s", "mL/min", "mL/h", "L/min", "mg/min", "mg/mL", "g/L", "mmol/L", "%",
}

// activityUnits are those of a radioactive dose, which no rule checks.
var activityUnits = []string{"MBq", "GBq", "kBq", "Bq"}

// amount checks a quantity against a list of units.
func (c *checker) amount(path string, q *Quantity, units []string) {
	if q.IsZero() {
		return
	}
	if q.Unit == "ml" || strings.HasPrefix(q.Unit, "ml/") {
		q.Unit = "mL" + q.Unit[2:]
	}
	if !isDecimal(q.Value) {
		c.Add(c.at(path, ".value"), "must be a positive decimal number with a dot")
	}
	if !slices.Contains(units, q.Unit) && (!c.cfg.AllowUnlistedCodes || !visible(q.Unit)) {
		c.Addf(c.at(path, ".unit"), "must be one of %s", strings.Join(units, ", "))
	}
}

// isDecimal checks digits with at most one dot inside.
func isDecimal(s string) bool {
	whole, fraction, dot := strings.Cut(s, ".")
	return digits(whole) && (!dot || digits(fraction)) && len(s) <= 32
}

// shifted multiplies a decimal number by ten to the power n, exactly.
func shifted(s string, n int) string {
	whole, fraction, _ := strings.Cut(s, ".")
	for ; n > 0; n-- {
		if fraction == "" {
			fraction = "0"
		}
		whole, fraction = whole+fraction[:1], fraction[1:]
	}
	for ; n < 0; n++ {
		if whole == "" {
			whole = "0"
		}
		whole, fraction = whole[:len(whole)-1], whole[len(whole)-1:]+fraction
	}
	if whole = strings.TrimLeft(whole, "0"); whole == "" {
		whole = "0"
	}
	if fraction == "" {
		return whole
	}
	return whole + "." + fraction
}

// Codes of the dose quantities of JDV_QuantiteExpositionRayonnements, DICOM
// codes that dose reports (RDSR) use too.
const (
	DoseAirKerma      = "111636" // patient entrance air kerma, mGy
	DoseMeanGlandular = "111637" // total mean glandular dose, mGy
	DoseActivity      = "113507" // administered activity, written in Bq
	DoseAreaProduct   = "113722" // total dose-area product, Gy.cm2
	DoseAreaFluoro    = "113726" // of fluoroscopy
	DoseAreaAcquired  = "113727" // of acquisitions
	DoseFluoroTime    = "113730" // total fluoroscopy time, s or min
	DoseImageCount    = "113731" // number of radiographic images, no unit
	DoseLengthProduct = "113813" // total dose-length product of CT, mGy.cm
	DoseMeanCTDI      = "113830" // mean CTDIvol, mGy
	DoseEffective     = "113839" // effective dose, written in Sv
)

// doseUnit is a unit that a dose may be given in: it is written in the unit
// into, shifted by that many powers of ten.
type doseUnit struct {
	unit, into string
	shift      int
}

var (
	grays = []doseUnit{{"mGy", "mGy", 0}, {"uGy", "mGy", -3}, {"cGy", "mGy", 1}, {"dGy", "mGy", 2}, {"Gy", "mGy", 3}}
	// The list of units of the kit of February 2025 holds no unit of dose-area
	// product at all, although the quantity is mandatory in radiography,
	// mammography and fluoroscopy: the right unit is written, and that kit
	// reports one error.
	areas = []doseUnit{{"Gy.cm2", "Gy.cm2", 0}, {"dGy.cm2", "Gy.cm2", -1}, {"cGy.cm2", "Gy.cm2", -2}, {"mGy.cm2", "Gy.cm2", -3},
		{"uGy.cm2", "Gy.cm2", -6}, {"uGy.m2", "Gy.cm2", -2}, {"mGy.m2", "Gy.cm2", 1}, {"Gy.m2", "Gy.cm2", 4}}
	becquerels = []doseUnit{{"MBq", "Bq", 6}, {"Bq", "Bq", 0}, {"kBq", "Bq", 3}, {"GBq", "Bq", 9}}
)

// doseUnits gives the units of a quantity: people read the one that was given,
// the code holds the one that the list of the kit accepts, which knows neither
// MBq nor mSv.
var doseUnits = map[string][]doseUnit{
	DoseAirKerma: grays, DoseMeanGlandular: grays, DoseMeanCTDI: grays,
	DoseAreaProduct: areas, DoseAreaFluoro: areas, DoseAreaAcquired: areas,
	DoseLengthProduct: {{"mGy.cm", "mGy.cm", 0}, {"Gy.cm", "mGy.cm", 3}},
	DoseFluoroTime:    {{"s", "s", 0}, {"min", "min", 0}},
	DoseImageCount:    {{"", "", 0}, {"{images}", "", 0}},
	DoseActivity:      becquerels,
	DoseEffective:     {{"mSv", "Sv", -3}, {"Sv", "Sv", 0}, {"uSv", "Sv", -6}},
}

// written is the dose as its entry holds it. The quantity was checked.
func (d Dose) written() Quantity {
	for _, u := range doseUnits[d.Code.Code] {
		if u.unit == d.Value.Unit {
			if u.shift == 0 {
				return Quantity{d.Value.Value, u.into}
			}
			return Quantity{shifted(d.Value.Value, u.shift), u.into}
		}
	}
	return d.Value
}

// doseValue checks the value and the unit of a dose.
func (c *checker) doseValue(path string, d Dose) {
	if !isDecimal(d.Value.Value) {
		c.Add(c.at(path, ".value"), "must be a positive decimal number with a dot")
	}
	units, known := doseUnits[d.Code.Code]
	if !known {
		if !visible(d.Value.Unit) {
			c.Add(c.at(path, ".unit"), "must be a UCUM unit")
		}
		return
	}
	if !slices.ContainsFunc(units, func(u doseUnit) bool { return u.unit == d.Value.Unit }) {
		var names []string
		for _, u := range units {
			names = append(names, cmp.Or(u.unit, "empty"))
		}
		c.Addf(c.at(path, ".unit"), "must be %s for this quantity", strings.Join(names, ", "))
	}
}
