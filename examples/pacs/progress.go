package main

import (
	"fmt"
	"io"
	"strings"
	"sync"
	"time"
)

// bar is the line of progress at the bottom of a terminal. Without a terminal
// it does nothing.
type bar struct {
	out   io.Writer // nil: nobody looks
	label string
	begin time.Time

	mu    sync.Mutex // progress is told while results are
	width int        // of what was drawn last
	done  int        // as told last
	bytes int64
}

func (s *session) newBar(label string) *bar {
	b := &bar{label: label, begin: time.Now()}
	if s.screen {
		b.out = s.stderr
	}
	return b
}

const barWidth = 16 // the line has 80 columns

// draw shows how many of all are done, of a number of bytes so far; all and
// size are 0 when they are not known.
func (b *bar) draw(done, all int, bytes, size int64) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.done, b.bytes = done, bytes
	if b.out == nil {
		return
	}
	part := 0.0
	switch {
	case size > 0:
		part = float64(bytes) / float64(size)
	case all > 0:
		part = float64(done) / float64(all)
	}
	part = min(max(part, 0), 1)
	full := int(part * barWidth)
	took := time.Since(b.begin)
	line := fmt.Sprintf("%s [%s%s] %3.0f %%  %d/%d  %s  %s", b.label, strings.Repeat("#", full), strings.Repeat(".", barWidth-full), part*100, done, all,
		amount(bytes), rate(bytes, took))
	if part > 0.02 && part < 1 && took > time.Second {
		line += fmt.Sprintf("  %v left", (time.Duration(float64(took) * (1 - part) / part)).Round(time.Second))
	}
	fmt.Fprintf(b.out, "\r%s%s", line, strings.Repeat(" ", max(b.width-len(line), 0)))
	b.width = len(line)
}

// clear takes the line away, so that the summary stands in its place.
func (b *bar) clear() {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.out != nil && b.width > 0 {
		fmt.Fprintf(b.out, "\r%s\r", strings.Repeat(" ", b.width))
		b.width = 0
	}
}

// amount writes a number of bytes.
func amount(n int64) string {
	switch {
	case n >= 1e9:
		return fmt.Sprintf("%.2f GB", float64(n)/1e9)
	case n >= 1e6:
		return fmt.Sprintf("%.1f MB", float64(n)/1e6)
	case n >= 1e3:
		return fmt.Sprintf("%.1f kB", float64(n)/1e3)
	}
	return fmt.Sprintf("%d B", n)
}

// told returns what the last call of draw told.
func (b *bar) told() (done int, bytes int64) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.done, b.bytes
}

// rate writes how fast bytes went.
func rate(bytes int64, took time.Duration) string {
	return amount(int64(float64(bytes)/max(took.Seconds(), 1e-3))) + "/s"
}

// plural writes a number of things.
func plural(n int, one string) string {
	if n == 1 {
		return "1 " + one
	}
	if rest, y := strings.CutSuffix(one, "y"); y {
		one = rest + "ie"
	}
	if !strings.HasSuffix(one, "series") {
		one += "s"
	}
	return fmt.Sprintf("%d %s", n, one)
}
