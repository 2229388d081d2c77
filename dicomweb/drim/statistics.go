package drim

import (
	"encoding/csv"
	"io"
	"time"

	"github.com/segur-sdk/segur"
)

// CallStatistic is what the statistics of the programme (ModelStat) count of one contextual call: that it came, and whether
// it could be served. It names nobody.
type CallStatistic struct {
	// At is when it came.
	At time.Time
	// Failed says that it was refused.
	Failed bool
}

// statisticsHeader names the columns of a row.
var statisticsHeader = []string{"Nombre_Appel", "Statut_Appel"}

// Row gives the columns Nombre_Appel, always 1, and Statut_Appel, succes or erreur.
func (s CallStatistic) Row() []string {
	if s.Failed {
		return []string{"1", "erreur"}
	}
	return []string{"1", "succes"}
}

// StatisticsFormat says how rows are written, since the whole model of the file is not public.
type StatisticsFormat struct {
	// Comma separates columns. 0: the semicolon.
	Comma rune
	// Date is the layout (package time) of a first column that tells when. Empty: no such column.
	Date string
	// DateColumn is its name. Empty: Date_Appel.
	DateColumn string
}

// Write writes a line of names, then a row for each call.
func (f StatisticsFormat) Write(w io.Writer, calls []CallStatistic) error {
	c := csv.NewWriter(w)
	if c.Comma = f.Comma; f.Comma == 0 {
		c.Comma = ';'
	}
	if f.DateColumn == "" {
		f.DateColumn = "Date_Appel"
	}
	row := func(date string, rest []string) error {
		if f.Date != "" {
			rest = append([]string{date}, rest...)
		}
		return c.Write(rest)
	}
	err := row(f.DateColumn, statisticsHeader)
	for _, s := range calls {
		if err == nil {
			err = row(s.At.Format(f.Date), s.Row())
		}
	}
	if c.Flush(); err == nil {
		err = c.Error()
	}
	if err != nil {
		return &segur.Error{Op: opCall, Kind: segur.KindUnavailable, Message: "the statistics could not be written", Err: err}
	}
	return nil
}
