package pdfa

import "fmt"

// Block is a piece of the body of a section: a value of the type [Paragraph], [List], [Table] or [Image] (not a pointer to
// one). Blocks are not nested, but for the lists of a list.
type Block interface{ block() }

func (Paragraph) block() {}
func (List) block()      {}
func (Table) block()     {}
func (Image) block()     {}

// Limits of the blocks of a report; more is an input error.
const (
	MaxParts    = 100_000 // blocks, runs, items, rows and cells together
	MaxLevel    = 6       // of a heading
	MaxNesting  = 6       // of lists
	MaxColumns  = 20      // of a table
	MaxHeadRows = 10      // of a table
)

// part counts what the report is made of; too much is reported once, at the end, and the rest is not looked at.
func (p *preparer) part() bool {
	p.parts++
	return p.parts <= MaxParts
}

// blocks checks the blocks of a section and returns their normalised copies.
func (p *preparer) blocks(path string, in []Block) []Block {
	if len(in) == 0 {
		return nil
	}
	out := make([]Block, 0, min(len(in), MaxParts))
	for i, b := range in {
		if !p.part() {
			break
		}
		path := fmt.Sprintf("%s[%d]", path, i)
		switch b := b.(type) {
		case Paragraph:
			b.Text = p.runs(path+".text", b.Text, false)
			out = append(out, b)
		case List:
			out = append(out, p.list(path, b, 1))
		case Table:
			out = append(out, p.table(path, b))
		case Image:
			out = append(out, p.image(path, b))
		default:
			p.problems.Add(path, "must be a Paragraph, a List, a Table or an Image (a value, not a pointer)")
		}
	}
	return out
}

// flow is a block ready to be placed.
type flow interface {
	// first is the height that the beginning of the block needs: a heading stays with it.
	first() int
	// gap is the least distance to the blocks above and below.
	gap() int
	place()
}

func (l *layout) flow(b Block) flow {
	switch b := b.(type) {
	case List:
		return &listFlow{layout: l, list: b}
	case Table:
		return l.tableFlow(b)
	case Image:
		return l.imageFlow(b)
	case Paragraph:
		return &paragraphFlow{layout: l, lines: l.wrapText(b.Text, styleBody, textWidth)}
	}
	return &paragraphFlow{layout: l} // not reached: the preparer takes no other type
}

// Gaps between blocks.
const (
	gapText   = 6 * pt
	gapFigure = 9 * pt // around a table or an image
)

// blocks places the blocks of a section. started: something of the section stands above, but not its heading.
func (l *layout) blocks(blocks []Block, first flow, started bool) {
	above := gapText
	for i, b := range blocks {
		if l.full() {
			return
		}
		f := first
		if i > 0 || f == nil {
			f = l.flow(b)
		}
		if started || i > 0 {
			l.space(max(above, f.gap()))
		}
		above = f.gap()
		f.place()
	}
	if above > gapText { // the section that follows keeps its distance from a figure
		l.space(above - gapText)
	}
}
