package transport

import (
	"context"
	"io"
)

// duplex is a connection that serves another protocol (RFC 9110 7.8).
type duplex struct {
	*body
	w io.Writer
}

// upgrade makes b the reading side of a connection whose writing side is w.
// net/http does not follow the context of such a connection any more.
func (b *body) upgrade(w io.Writer) io.ReadWriteCloser {
	b.upgraded, b.length, b.limit = true, -1, -1
	context.AfterFunc(b.ctx, func() { _ = b.rc.Close() })
	return &duplex{body: b, w: w}
}

// Write sends bytes of the other protocol, which the evidence holds.
func (d *duplex) Write(p []byte) (int, error) {
	n, err := d.w.Write(p)
	d.o.sent.Add(int64(n))
	d.rec.requestBody(p[:n])
	return n, err
}
