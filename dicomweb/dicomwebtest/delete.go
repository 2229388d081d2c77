package dicomwebtest

import (
	"net/http"
	"slices"

	"github.com/segur-sdk/segur/dicomweb"
)

// delete removes what ref names, as Azure does it: 204.
func (s *Server) delete(w http.ResponseWriter, ref dicomweb.Ref) {
	if s.archive.remove(ref) == 0 {
		http.Error(w, "nothing here", http.StatusNotFound)
		return
	}
	w.WriteHeader(http.StatusNoContent)
}

// remove returns the number of instances removed.
func (a *archive) remove(ref dicomweb.Ref) int {
	gone := map[string]bool{}
	for _, i := range a.below(ref) {
		gone[i.header.SOPInstanceUID] = true
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	// A new list: answers under way hold the old one.
	a.list = slices.DeleteFunc(slices.Clone(a.list), func(i *instance) bool { return gone[i.header.SOPInstanceUID] })
	for uid := range gone {
		delete(a.uids, uid)
	}
	return len(gone)
}
