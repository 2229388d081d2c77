package kos_test

import (
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/segur-sdk/segur"
	"github.com/segur-sdk/segur/dicomweb"
	"github.com/segur-sdk/segur/dicomweb/kos"
)

func TestCompare(t *testing.T) {
	t.Parallel()
	ref := func(series, instance string) dicomweb.Ref {
		return dicomweb.Ref{Study: study, Series: study + series, Instance: study + instance}
	}
	base := build(t, nil)
	for name, tc := range map[string]struct {
		change func(*kos.Context, *[]kos.Row)
		want   kos.Difference
	}{
		"nothing":       {nil, kos.Difference{}},
		"an image less": {func(_ *kos.Context, r *[]kos.Row) { *r = (*r)[1:] }, kos.Difference{Removed: []dicomweb.Ref{ref(".1", ".1.1")}}},
		"a series less": {func(_ *kos.Context, r *[]kos.Row) { *r = (*r)[2:] }, kos.Difference{Removed: []dicomweb.Ref{ref(".1", ".1.1"), ref(".1", ".1.2")}}},
		"an image moved": {func(_ *kos.Context, r *[]kos.Row) {
			(*r)[0].SeriesUID, (*r)[0].SeriesNumber, (*r)[0].SeriesDescription = study+".2", 2, (*r)[4].SeriesDescription
		},
			kos.Difference{Added: []dicomweb.Ref{ref(".2", ".1.1")}, Removed: []dicomweb.Ref{ref(".1", ".1.1")}}},
		"another class":      {func(_ *kos.Context, r *[]kos.Row) { (*r)[0].SOPClass += ".1" }, kos.Difference{Changed: []dicomweb.Ref{ref(".1", ".1.1")}}},
		"frames":             {func(_ *kos.Context, r *[]kos.Row) { (*r)[0].Frames, (*r)[1].Frames = 2, 1 }, kos.Difference{Changed: []dicomweb.Ref{ref(".1", ".1.1")}}},
		"a series described": {func(_ *kos.Context, r *[]kos.Row) { (*r)[2].SeriesDescription = "X" }, kos.Difference{Series: []string{study + ".2"}}},
		"another address":    {func(c *kos.Context, _ *[]kos.Row) { c.RetrieveBase = "https://other.example" }, kos.Difference{Series: []string{study + ".1", study + ".2"}}},
		"report": {func(c *kos.Context, _ *[]kos.Row) {
			c.Report.Patient.UsedName, c.Report.Orders = "X", nil
			c.Report.Services[0].Code.Display, c.Manufacturer = "Y", "Z"
			c.Institution = kos.Institution{ID: "1", Name: "2"}
		}, kos.Difference{Fields: []string{"manufacturer", "institution", "patient", "orders", "act"}}},
		"study": {func(_ *kos.Context, r *[]kos.Row) {
			(*r)[0].Study = kos.Study{UID: study, ID: "A", Date: segur.NewDate(2020, 1, 1), Time: "1", Description: "B", ReferringPhysician: "C"}
		}, kos.Difference{Fields: []string{"study.id", "study.date", "study.time", "study.description", "study.referringPhysician"}}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got := kos.Compare(base, build(t, tc.change))
			assert.Equal(t, tc.want, got)
			assert.Equal(t, name == "nothing", got.IsZero())
			assert.Equal(t, len(tc.want.Added)+len(tc.want.Removed) == 0, got.SameInstances())
		})
	}
	added := kos.Compare(build(t, func(_ *kos.Context, r *[]kos.Row) { *r = (*r)[1:] }), base)
	assert.Equal(t, kos.Difference{Added: []dicomweb.Ref{ref(".1", ".1.1")}}, added)
	marked := full(t)
	assert.Contains(t, kos.Compare(base, marked).Changed, ref(".2", ".2.2"))
}
