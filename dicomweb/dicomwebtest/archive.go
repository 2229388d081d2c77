package dicomwebtest

import (
	"bytes"
	"errors"
	"fmt"
	"sync"

	"github.com/segur-sdk/segur"
	"github.com/segur-sdk/segur/dicomweb"
)

// instance is a file with what is searched of it.
type instance struct {
	header  dicomweb.Header
	dataset *dicomweb.Dataset
	file    []byte
}

func newInstance(file []byte) (*instance, error) {
	c := segur.BytesContent(file)
	h, err := dicomweb.Inspect(c)
	if err != nil {
		return nil, fmt.Errorf("dicomwebtest: not an instance: %w", err)
	}
	ds, err := dicomweb.ReadDataset(c)
	if err != nil {
		return nil, fmt.Errorf("dicomwebtest: not an instance: %w", err)
	}
	return &instance{header: h, dataset: ds, file: file}, nil
}

var errOtherContent = errors.New("dicomwebtest: an instance of this UID with other content is held")

// archive holds instances in the order of their arrival.
type archive struct {
	mu   sync.RWMutex
	list []*instance
	uids map[string]*instance
}

// add keeps the instance. The same file again is no error.
func (a *archive) add(i *instance) error {
	a.mu.Lock()
	defer a.mu.Unlock()
	if held := a.uids[i.header.SOPInstanceUID]; held != nil {
		if bytes.Equal(held.file, i.file) {
			return nil
		}
		return errOtherContent
	}
	if a.uids == nil {
		a.uids = map[string]*instance{}
	}
	a.uids[i.header.SOPInstanceUID] = i
	a.list = append(a.list, i)
	return nil
}

// all returns the instances held now.
func (a *archive) all() []*instance {
	a.mu.RLock()
	defer a.mu.RUnlock()
	return a.list[:len(a.list):len(a.list)]
}

// below returns the instances of a study, series or instance.
func (a *archive) below(ref dicomweb.Ref) []*instance {
	var out []*instance
	for _, i := range a.all() {
		if (ref.Study == "" || i.header.StudyInstanceUID == ref.Study) && (ref.Series == "" || i.header.SeriesInstanceUID == ref.Series) &&
			(ref.Instance == "" || i.header.SOPInstanceUID == ref.Instance) {
			out = append(out, i)
		}
	}
	return out
}
