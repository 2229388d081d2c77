package datamatrix

// The caption is always the same thirteen characters, so a picture needs ten glyphs and no font. Each is drawn on a grid
// of 5 by 7 dots; none goes below the base line.
const (
	glyphWidth, glyphHeight = 5, 7
	captionWidth            = 13*(glyphWidth+1) - 1
	captionHeight           = glyphHeight
)

var glyphs = map[rune][glyphHeight]string{
	'I': {" ### ", "  #  ", "  #  ", "  #  ", "  #  ", "  #  ", " ### "},
	'N': {"#   #", "##  #", "##  #", "# # #", "#  ##", "#  ##", "#   #"},
	'S': {" ####", "#    ", "#    ", " ### ", "    #", "    #", "#### "},
	'à': {" #   ", "  #  ", " ### ", "    #", " ####", "#   #", " ####"},
	's': {"     ", "     ", " ####", "#    ", " ### ", "    #", "#### "},
	'c': {"     ", "     ", " ### ", "#   #", "#    ", "#   #", " ### "},
	'a': {"     ", "     ", " ### ", "    #", " ####", "#   #", " ####"},
	'n': {"     ", "     ", "# ## ", "##  #", "#   #", "#   #", "#   #"},
	'e': {"     ", "     ", " ### ", "#   #", "#####", "#    ", " ### "},
	'r': {"     ", "     ", "# ## ", "##  #", "#    ", "#    ", "#    "},
}

// captionDots calls dot for every dark dot of the caption, counted from its top left corner.
func captionDots(dot func(x, y int)) {
	left := 0
	for _, r := range Caption {
		for y, row := range glyphs[r] {
			for x := range len(row) {
				if row[x] == '#' {
					dot(left+x, y)
				}
			}
		}
		left += glyphWidth + 1
	}
}
