package pdfa

// identity places labels in a column as wide as the widest (at most two fifths of the line) and values beside it, and the
// symbol at the right of both.
func (l *layout) identity(fields []Field, symbol *Symbol) {
	if len(fields) == 0 && symbol == nil {
		return
	}
	width := textWidth
	var box symbolBox
	if symbol != nil {
		box = l.symbolBox(symbol)
		width -= box.width + symbolGap
		l.need(box.height + 10*pt)
	}
	column := 0
	for _, f := range fields {
		column = max(column, l.width(f.Label, styleLabel))
	}
	column = min(column, width*2/5) + 14*pt
	l.rule(0)
	l.space(5 * pt)
	sheet, bottom := len(l.pages), l.y
	if symbol != nil {
		l.fresh = false // it stands there, whatever the fields do
		bottom = l.y - box.height
	}
	top := l.y
	for _, f := range fields {
		labels := l.wrap(f.Label, styleLabel, column-14*pt)
		value := styleValue
		value.bold = f.Bold
		values := l.wrap(f.Value, value, width-column)
		for i := range max(len(labels), len(values)) {
			if l.full() {
				return
			}
			if i == 0 { // a short field stays in one piece
				l.need(min(max(len(labels), len(values)), 5) * styleValue.leading)
			}
			l.need(styleValue.leading)
			y := l.y
			if i < len(labels) {
				l.line(labels[i], styleLabel, marginSide)
			}
			if i < len(values) {
				l.y = y
				l.line(values[i], value, marginSide+column)
			}
		}
	}
	if symbol != nil {
		l.symbol(symbol, box, sheet-1, top)
		if sheet == len(l.pages) {
			l.y = min(l.y, bottom)
		}
	}
	l.rule(5 * pt)
	l.space(4 * pt)
}
