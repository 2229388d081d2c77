package pdfa

import "fmt"

// The greys of what is drawn beside text, in thousandths.
const (
	gridGrey = 650
	headTint = 930
)

// stroke is a thin line from (x1, y1) to (x2, y2). It sets the colour of lines, which rules set too each time.
func stroke(grey, x1, y1, x2, y2 int) string {
	g := points(grey)
	return fmt.Sprintf("%s %s %s RG 0.5 w %s %s m %s %s l S\n", g, g, g, points(x1), points(y1), points(x2), points(y2))
}

// fill is a rectangle with its lower left corner at (x, y). It leaves the colour of text as it was.
func fill(grey, x, y, width, height int) string {
	g := points(grey)
	return fmt.Sprintf("q %s %s %s rg %s %s %s %s re f Q\n", g, g, g, points(x), points(y), points(width), points(height))
}
