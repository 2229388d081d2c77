package drim

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/segur-sdk/segur"
	"github.com/segur-sdk/segur/dicomweb"
)

// ReceivedImage is one image that came whole, from the exam that was asked.
type ReceivedImage struct {
	// Header is what the file says of itself.
	dicomweb.Header
	// Exam is its exam, Host its source.
	Exam *OpenedExam
	Host string
	// Number is its Instance Number in the manifest; 0 when that does not say.
	Number int
	// Content is the Part 10 file. It may be opened any number of times until Put
	// returns, and no longer.
	Content segur.Content

	// keep hands the file of Content over; nil when there is none.
	keep func() (path string)
}

// String is redacted: the UID.
func (i ReceivedImage) String() string { return "ReceivedImage(" + i.SOPInstanceUID + ")" }

// Format writes the redacted form whatever the verb.
func (i ReceivedImage) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, i.String()) }

// Sink takes the images of a retrieval, in the order in which they come. Put is
// called by several goroutines at the same time; while it runs, its source waits.
// An error of it counts against the image; after three in a row the retrieval
// ends. A received image may turn out to be dropped by a later manifest, see
// [DroppedImage].
type Sink interface {
	Put(ctx context.Context, image *ReceivedImage) error
}

// SinkFunc is a function as a [Sink].
type SinkFunc func(ctx context.Context, image *ReceivedImage) error

// Put calls the function.
func (f SinkFunc) Put(ctx context.Context, image *ReceivedImage) error { return f(ctx, image) }

// SaveTo is a sink that writes each image into a directory, which exists, as
// <SOP Instance UID>.dcm. The name appears once the file is written whole; a file
// of that name is replaced. Only the user of the process can read it.
func SaveTo(dir string) Sink {
	return SinkFunc(func(_ context.Context, image *ReceivedImage) error {
		if !dicomweb.ValidUID(image.SOPInstanceUID) { // it becomes a name
			return diskError("no name for the image", fs.ErrInvalid)
		}
		in, err := image.Content.Open()
		if err != nil {
			return diskError("an image that came can no longer be read", err)
		}
		defer in.Close() //nolint:errcheck // read only
		f, err := os.CreateTemp(dir, ".segur-*.part")
		if err != nil {
			return diskError("the directory takes no file", err)
		}
		defer os.Remove(f.Name()) //nolint:errcheck // gone already when all went well
		_, err = io.Copy(f, in)
		if e := f.Close(); err == nil {
			err = e
		}
		if err == nil {
			err = os.Rename(f.Name(), filepath.Join(dir, image.SOPInstanceUID+".dcm"))
		}
		if err != nil {
			return diskError("the image cannot be written", err)
		}
		return nil
	})
}

// diskError is an error of the disk, without the path.
func diskError(message string, err error) *segur.Error {
	e := consumerError(opImages, segur.KindInvalidInput, CodeCannotSpool, message)
	e.Err = withoutPath(err)
	return e
}

// withoutPath is the cause alone: a path may say more than it should.
func withoutPath(err error) error {
	var path *fs.PathError
	var link *os.LinkError
	switch {
	case errors.As(err, &path):
		return path.Err
	case errors.As(err, &link):
		return link.Err
	}
	return err
}
