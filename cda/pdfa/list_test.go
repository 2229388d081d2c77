package pdfa_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/segur-sdk/segur/cda/pdfa"
)

func TestBulletsOfNestedLists(t *testing.T) {
	t.Parallel()
	l := pdfa.List{Items: pdfa.Items("fond")}
	for i := range pdfa.MaxNesting - 1 {
		below := l
		l = pdfa.List{Ordered: i == 1, Items: []pdfa.Item{{Text: pdfa.Plain(fmt.Sprintf("niveau%d", pdfa.MaxNesting-1-i)), Sub: &below}, {}}}
	}
	sheet := pages(t, build(t, blockReport(l)))[0]
	inOrder(t, sheet, "• niveau1", "– niveau2", "▪ niveau3", "1. niveau4", "▪ niveau5", "▪ fond", "▪", "2.", "▪", "–", "•")
	var x []float64
	for _, w := range words(t, build(t, blockReport(l))) {
		if strings.HasPrefix(w.text, "niveau") {
			x = append(x, w.x0)
		}
	}
	assert.True(t, slices.IsSorted(x), "%v", x)
}
