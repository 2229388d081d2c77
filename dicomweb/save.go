package dicomweb

import (
	"io"
	"os"
	"path/filepath"

	"github.com/segur-sdk/segur"
)

// SaveTo writes the file into dir as <SOP Instance UID>.dcm and returns its
// path. The name appears only once the file is whole: a cut answer leaves
// nothing behind. A file of that name is replaced. It takes the whole instance:
// one that was read from before, even by SaveTo, is refused.
func (i *Instance) SaveTo(dir string) (string, error) {
	fail := func(err error) (string, error) {
		return "", &segur.Error{Op: opRetrieve, Kind: segur.KindInvalidInput, Message: "cannot write the file", Err: withoutPath(err)}
	}
	if i.gone {
		return "", errGone()
	}
	if i.begun {
		return "", &segur.Error{Op: opRetrieve, Kind: segur.KindInvalidInput, Message: "the instance was read from: what is left is not the whole file"}
	}
	if !ValidUID(i.SOPInstanceUID) { // it becomes a name
		return "", i.r.fail(segur.KindProtocol, "", "the instance has no SOP Instance UID to be named after", nil)
	}
	f, err := os.CreateTemp(dir, ".segur-*.part")
	if err != nil {
		return fail(err)
	}
	defer os.Remove(f.Name()) //nolint:errcheck // gone already when all went well
	_, err = io.Copy(f, i)
	if e := f.Close(); err == nil {
		err = e
	}
	if err != nil {
		if i.err != nil && i.err != io.EOF { //nolint:errorlint // ours, bare
			return "", i.err
		}
		return fail(err)
	}
	path := filepath.Join(dir, i.SOPInstanceUID+".dcm")
	if err := os.Rename(f.Name(), path); err != nil {
		return fail(err)
	}
	return path, nil
}
