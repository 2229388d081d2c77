package dmp

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"iter"
	"log/slog"
	"slices"
	"strings"
	"time"

	"github.com/segur-sdk/segur"
	"github.com/segur-sdk/segur/dmp/xds"
)

// SyncState is what one [Client.Sync] leaves for the next: the instant of the
// call and an index of the documents that the caller knows. The caller stores
// it with the patient, as JSON. It holds no name and no INS, but identifiers
// of the documents of one person and a fingerprint of the INS: health data all
// the same. Its zero value is that of a record never opened. Its printed forms
// are redacted.
type SyncState struct {
	patient   string
	lastCall  time.Time
	documents []KnownDocument // by EntryUUID
	// others are the active entries that the caller was not told of: older
	// than the first search, or hidden. Sorted.
	others []string
}

// KnownDocument is one document of a [SyncState].
type KnownDocument struct {
	// EntryUUID is that of the version of the metadata that was seen last,
	// LogicalID what its versions share, UniqueID the document itself.
	EntryUUID, LogicalID, UniqueID string
	// Version and Status are those seen last.
	Version string
	Status  xds.Status
	// Confidentiality are the codes seen last, sorted.
	Confidentiality []string
}

func knownOf(e *xds.DocumentEntry) KnownDocument {
	k := KnownDocument{EntryUUID: e.ID, LogicalID: logicalID(e), UniqueID: e.UniqueID, Version: e.Version, Status: e.Status}
	if k.Status == "" {
		k.Status = xds.Approved // the entry of a registry that does not say
	}
	for _, c := range e.ConfidentialityCodes {
		k.Confidentiality = append(k.Confidentiality, c.Code)
	}
	slices.Sort(k.Confidentiality)
	k.Confidentiality = slices.Compact(k.Confidentiality)
	return k
}

// logicalID of an entry that a registry gave none is its own.
func logicalID(e *xds.DocumentEntry) string {
	if e.LogicalID == "" {
		return e.ID
	}
	return e.LogicalID
}

// IsZero reports whether the record was never opened.
func (s SyncState) IsZero() bool { return s.lastCall.IsZero() }

// LastCall is when the record was asked last, in UTC.
func (s SyncState) LastCall() time.Time { return s.lastCall }

// Documents gives what the caller knows.
func (s SyncState) Documents() iter.Seq[KnownDocument] {
	return func(yield func(KnownDocument) bool) {
		for _, d := range s.documents {
			d.Confidentiality = slices.Clone(d.Confidentiality)
			if !yield(d) {
				return
			}
		}
	}
}

// String returns a redacted form.
func (s SyncState) String() string {
	return fmt.Sprintf("SyncState(%d documents, redacted)", len(s.documents))
}

// Format writes the redacted form whatever the verb.
func (s SyncState) Format(f fmt.State, _ rune) { _, _ = f.Write([]byte(s.String())) }

// LogValue makes slog write the redacted form.
func (s SyncState) LogValue() slog.Value { return slog.StringValue(s.String()) }

// stateVersion is the version of the stored form.
const stateVersion = 1

// Bounds of a stored state: beyond them it is not one of ours.
const (
	maxKnown      = 100_000
	maxIdentifier = 300
	maxCodes      = 16
)

// storedState is the JSON form.
type storedState struct {
	Version   int              `json:"segurDMPSync"`
	Patient   string           `json:"patient,omitempty"`
	LastCall  *time.Time       `json:"lastCall,omitempty"`
	Documents []storedDocument `json:"documents,omitempty"`
	Others    []string         `json:"others,omitempty"`
}

type storedDocument struct {
	Entry   string     `json:"entry"`
	Logical string     `json:"logical"`
	Unique  string     `json:"unique"`
	Version string     `json:"version,omitempty"`
	Status  xds.Status `json:"status,omitempty"`
	Codes   []string   `json:"confidentiality,omitempty"`
}

// MarshalJSON gives the form to store. It names its version: what one version
// of the SDK stored a later one reads, or refuses.
func (s SyncState) MarshalJSON() ([]byte, error) {
	out := storedState{Version: stateVersion, Patient: s.patient, Others: s.others}
	if !s.lastCall.IsZero() {
		at := s.lastCall.UTC()
		out.LastCall = &at
	}
	for _, d := range s.documents {
		out.Documents = append(out.Documents, d.stored())
	}
	return json.Marshal(out)
}

// UnmarshalJSON reads a stored state. The error is [segur.ErrInvalidInput]:
// another version, or a state that is damaged. Opening the record anew, with
// the zero state, is then safe.
func (s *SyncState) UnmarshalJSON(b []byte) error {
	refuse := func(message string) error {
		return &segur.Error{Op: opSync, Kind: segur.KindInvalidInput, Details: []segur.Detail{{Field: "state", Message: message}}}
	}
	var in storedState
	var version struct {
		Version int `json:"segurDMPSync"`
	}
	if err := json.Unmarshal(b, &version); err != nil {
		return refuse("is not the JSON of a synchronisation state")
	}
	if version.Version != stateVersion {
		return refuse(fmt.Sprintf("is of version %d, and this SDK reads version %d", version.Version, stateVersion))
	}
	d := json.NewDecoder(bytes.NewReader(b))
	d.DisallowUnknownFields()
	if err := d.Decode(&in); err != nil {
		return refuse("is not the JSON of a synchronisation state")
	}
	out := SyncState{patient: in.Patient}
	if in.LastCall != nil {
		out.lastCall = in.LastCall.UTC()
	}
	if out.lastCall.IsZero() != (in.Patient == "") || out.lastCall.IsZero() && len(in.Documents)+len(in.Others) > 0 || len(in.Documents)+len(in.Others) > maxKnown {
		return refuse("is incomplete")
	}
	if raw, err := hex.DecodeString(in.Patient); err != nil || in.Patient != "" && len(raw) != sha256.Size || in.Patient != strings.ToLower(in.Patient) {
		return refuse("names no patient")
	}
	seen := map[string]bool{}
	for _, x := range in.Documents {
		if seen[x.Entry] || !x.plausible() {
			return refuse("holds a document that is damaged, or twice")
		}
		seen[x.Entry] = true
		codes := slices.Clone(x.Codes)
		slices.Sort(codes)
		out.documents = append(out.documents, KnownDocument{x.Entry, x.Logical, x.Unique, x.Version, x.Status, slices.Compact(codes)})
	}
	if slices.ContainsFunc(in.Others, oddIdentifier) {
		return refuse("holds an identifier that is damaged")
	}
	out.others = slices.Clone(in.Others)
	out.sort()
	*s = out
	return nil
}

func (k *KnownDocument) stored() storedDocument {
	return storedDocument{k.EntryUUID, k.LogicalID, k.UniqueID, k.Version, k.Status, k.Confidentiality}
}

// storable reports whether UnmarshalJSON takes what MarshalJSON writes: a
// state that could not be read again would make every document new.
func (s *SyncState) storable() bool {
	return len(s.documents)+len(s.others) <= maxKnown && !slices.ContainsFunc(s.others, oddIdentifier) &&
		!slices.ContainsFunc(s.documents, func(k KnownDocument) bool { x := k.stored(); return !x.plausible() })
}

func oddIdentifier(id string) bool { return id == "" || len(id) > maxIdentifier }

func (x *storedDocument) plausible() bool {
	for _, id := range []string{x.Entry, x.Logical, x.Unique, x.Version, string(x.Status)} {
		if len(id) > maxIdentifier {
			return false
		}
	}
	return x.Entry != "" && x.Logical != "" && len(x.Codes) <= maxCodes &&
		!slices.ContainsFunc(x.Codes, func(c string) bool { return len(c) > maxIdentifier })
}

func (s *SyncState) sort() {
	slices.SortFunc(s.documents, func(a, b KnownDocument) int { return strings.Compare(a.EntryUUID, b.EntryUUID) })
	slices.Sort(s.others)
	s.others = slices.Compact(s.others)
}

// fingerprint tells states of different patients apart. It does not protect
// the INS, which has few digits.
func fingerprint(ins segur.INS) string {
	sum := sha256.Sum256([]byte("segur dmp sync\x00" + ins.Matricule() + "\x00" + string(ins.Authority())))
	return hex.EncodeToString(sum[:])
}
