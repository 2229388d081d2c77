package xds_test

import (
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/segur-sdk/segur"
	"github.com/segur-sdk/segur/dmp/xds"
)

func fields(t *testing.T, err error) []string {
	t.Helper()
	var e *segur.Error
	require.ErrorAs(t, err, &e)
	assert.Equal(t, segur.KindInvalidInput, e.Kind)
	var out []string
	for _, d := range e.Details {
		assert.NotContains(t, d.Message, matricule)
		out = append(out, d.Field)
	}
	return out
}

func TestValidEntry(t *testing.T) {
	t.Parallel()
	e := entry(t)
	warnings, err := e.Validate(xds.Rules{})
	require.NoError(t, err)
	assert.Empty(t, warnings)
}

// Each change breaks one rule, and the rule names its field.
func TestEntryRules(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		change func(*xds.DocumentEntry)
		field  string
	}{
		"no unique id":        {func(e *xds.DocumentEntry) { e.UniqueID = "" }, "uniqueID"},
		"unique id with ext":  {func(e *xds.DocumentEntry) { e.UniqueID += "^7" }, "uniqueID"},
		"unique id not OID":   {func(e *xds.DocumentEntry) { e.UniqueID = "urn:uuid:1" }, "uniqueID"},
		"no patient":          {func(e *xds.DocumentEntry) { e.PatientID = xds.PatientID{} }, "patientID"},
		"local patient id":    {func(e *xds.DocumentEntry) { e.PatientID = e.SourcePatientID }, "patientID"},
		"wrong key":           {func(e *xds.DocumentEntry) { e.PatientID.ID = "285036912345699" }, "patientID"},
		"blanks in the INS":   {func(e *xds.DocumentEntry) { e.PatientID.ID = "2 85 03 69 123 456 56" }, "patientID"},
		"INS of a wrong type": {func(e *xds.DocumentEntry) { e.PatientID.Type = "PI" }, "patientID"},
		"another INS as local": {func(e *xds.DocumentEntry) {
			e.SourcePatientID = xds.PatientID{ID: "170079935201766", Authority: segur.OIDINSNIRTest, Type: "PI"}
		}, "sourcePatientID"},
		"long specialty":      {func(e *xds.DocumentEntry) { e.Authors[0].Specialties[0].Display = strings.Repeat("x", 250) }, "authors[0].specialties[0]"},
		"no source":           {func(e *xds.DocumentEntry) { e.SourcePatientID = xds.PatientID{} }, "sourcePatientID"},
		"no title":            {func(e *xds.DocumentEntry) { e.Title = " " }, "title"},
		"129 characters":      {func(e *xds.DocumentEntry) { e.Title = strings.Repeat("é", 129) }, "title"},
		"no mime type":        {func(e *xds.DocumentEntry) { e.MimeType = "" }, "mimeType"},
		"no language":         {func(e *xds.DocumentEntry) { e.Language = "" }, "language"},
		"no creation":         {func(e *xds.DocumentEntry) { e.Created = segur.Timestamp{} }, "created"},
		"no start":            {func(e *xds.DocumentEntry) { e.ServiceStart = segur.Timestamp{} }, "serviceStart"},
		"stop before start":   {func(e *xds.DocumentEntry) { e.ServiceStop.Time = e.ServiceStart.Time.Add(-time.Second) }, "serviceStop"},
		"no author":           {func(e *xds.DocumentEntry) { e.Authors = nil }, "authors"},
		"author without name": {func(e *xds.DocumentEntry) { e.Authors[0].Person.Family = "" }, "authors[0].person"},
		"empty author":        {func(e *xds.DocumentEntry) { e.Authors[0].Person = xds.Person{} }, "authors[0].person"},
		"empty institution":   {func(e *xds.DocumentEntry) { e.Authors[0].Institutions = []segur.Organization{{}} }, "authors[0].institutions[0]"},
		"long institution": {func(e *xds.DocumentEntry) {
			e.Authors[0].Institutions = []segur.Organization{{ID: "1990000019", Name: strings.Repeat("x", 250)}}
		}, "authors[0].institutions[0]"},
		"unknown specialty":  {func(e *xds.DocumentEntry) { e.Authors[0].Specialties[0].Code = "G15_10/SM99" }, "authors[0].specialties[0]"},
		"no authenticator":   {func(e *xds.DocumentEntry) { e.LegalAuthenticator = xds.Person{} }, "legalAuthenticator"},
		"no hash":            {func(e *xds.DocumentEntry) { e.Hash = "" }, "hash"},
		"hash too short":     {func(e *xds.DocumentEntry) { e.Hash = "abcd" }, "hash"},
		"no size":            {func(e *xds.DocumentEntry) { e.Size = 0 }, "size"},
		"no type":            {func(e *xds.DocumentEntry) { e.TypeCode = segur.Code{} }, "typeCode"},
		"type no scheme":     {func(e *xds.DocumentEntry) { e.TypeCode.System = "" }, "typeCode"},
		"unknown type":       {func(e *xds.DocumentEntry) { e.TypeCode.Code = "00000-0" }, "typeCode"},
		"wrong class":        {func(e *xds.DocumentEntry) { e.ClassCode.Code = "10" }, "classCode"},
		"no class":           {func(e *xds.DocumentEntry) { e.ClassCode = segur.Code{} }, "classCode"},
		"unknown format":     {func(e *xds.DocumentEntry) { e.FormatCode.Code = "urn:x" }, "formatCode"},
		"unknown facility":   {func(e *xds.DocumentEntry) { e.FacilityTypeCode.Code = "SA99" }, "facilityTypeCode"},
		"unknown setting":    {func(e *xds.DocumentEntry) { e.PracticeSettingCode.Code = "X" }, "practiceSettingCode"},
		"no confidentiality": {func(e *xds.DocumentEntry) { e.ConfidentialityCodes = nil }, "confidentialityCodes"},
		"marker first": {func(e *xds.DocumentEntry) {
			e.ConfidentialityCodes = []segur.Code{{Code: "MASQUE_PS", System: "1.2.250.1.213.1.1.4.13"}, e.ConfidentialityCodes[0]}
		}, "confidentialityCodes"},
		"level twice": {func(e *xds.DocumentEntry) {
			e.ConfidentialityCodes = append(e.ConfidentialityCodes, e.ConfidentialityCodes[0])
		}, "confidentialityCodes"},
		"five codes": {func(e *xds.DocumentEntry) {
			for _, code := range []string{"MASQUE_PS", "INVISIBLE_PATIENT", "INVISIBLE_REPRESENTANTS_LEGAUX", "X"} {
				e.ConfidentialityCodes = append(e.ConfidentialityCodes, segur.Code{Code: code, System: "1.2.250.1.213.1.1.4.13"})
			}
		}, "confidentialityCodes"},
		"event without scheme": {func(e *xds.DocumentEntry) { e.EventCodes[0].System = "" }, "eventCodes[0]"},
		"unknown modality":     {func(e *xds.DocumentEntry) { e.EventCodes[2].Code = "ZZ" }, "eventCodes[2]"},
		"reference no issuer":  {func(e *xds.DocumentEntry) { e.References[0].Authority = "" }, "references[0]"},
		"reference type":       {func(e *xds.DocumentEntry) { e.References[0].Type = "urn:x" }, "references[0]"},
		"replaces a unique id": {func(e *xds.DocumentEntry) { e.Replaces = "1.2.3" }, "replaces"},
		"extra without name":   {func(e *xds.DocumentEntry) { e.Extra = []xds.Slot{{}} }, "extra[0].name"},
		"extra too long": {func(e *xds.DocumentEntry) {
			e.Extra = []xds.Slot{{Name: "urn:x", Values: []string{strings.Repeat("v", 257)}}}
		}, "extra[0]"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			e := entry(t)
			c.change(&e)
			_, err := e.Validate(xds.Rules{})
			require.Error(t, err)
			assert.Contains(t, fields(t, err), c.field)
		})
	}
}

func TestProblemsAreReportedTogether(t *testing.T) {
	t.Parallel()
	e := entry(t)
	e.Title, e.Hash, e.Authors = "", "", nil
	_, err := e.Validate(xds.Rules{})
	assert.ElementsMatch(t, []string{"title", "authors", "hash"}, fields(t, err))
}

func TestWarnings(t *testing.T) {
	t.Parallel()
	h := header(t)
	e, err := xds.NewEntry(h, segur.BytesContent([]byte("x")), xds.EntryOptions{Visibility: []xds.Visibility{xds.HiddenFromProfessionals, xds.HiddenFromPatient}})
	require.NoError(t, err)
	warnings, err := e.Validate(xds.Rules{})
	require.NoError(t, err)
	require.Len(t, warnings, 1)
	assert.Equal(t, "confidentialityCodes", warnings[0].Field)

	h.Confidentiality.Code = "V"
	e, err = xds.NewEntry(h, segur.BytesContent([]byte("x")), xds.EntryOptions{})
	require.NoError(t, err)
	warnings, _ = e.Validate(xds.Rules{})
	assert.Len(t, warnings, 1)
}

func TestUnknownCodesMayBeAllowed(t *testing.T) {
	t.Parallel()
	e := entry(t)
	e.FacilityTypeCode.Code, e.TypeCode.Code, e.EventCodes[2].Code = "SA99", "00000-0", "ZZ"
	_, err := e.Validate(xds.Rules{})
	assert.ElementsMatch(t, []string{"facilityTypeCode", "typeCode", "eventCodes[2]"}, fields(t, err))
	warnings, err := e.Validate(xds.Rules{AllowUnknownCodes: true})
	require.NoError(t, err)
	assert.Len(t, warnings, 3)
}

// What is missing from a code is said: its scheme when the value set has one,
// else the code itself.
func TestCodeWithoutScheme(t *testing.T) {
	t.Parallel()
	e := entry(t)
	e.FacilityTypeCode, e.PracticeSettingCode = segur.Code{Code: "SA99"}, segur.Code{Code: "AMBULATOIRE"}
	for _, c := range []struct {
		rules           xds.Rules
		unknown, listed string
	}{
		{xds.Rules{}, "is not in the value set JDV_J02_XdsHealthcareFacilityTypeCode_CISIS", "needs its coding scheme"},
		{xds.Rules{AllowUnknownCodes: true}, "needs its coding scheme", "needs its coding scheme"},
	} {
		_, err := e.Validate(c.rules)
		assert.ErrorContains(t, err, "facilityTypeCode "+c.unknown)
		assert.ErrorContains(t, err, "practiceSettingCode "+c.listed)
	}
}

func TestXDMRules(t *testing.T) {
	t.Parallel()
	e := entry(t)
	e.UniqueID += "^7"
	_, err := e.Validate(xds.Rules{Profile: xds.XDM})
	assert.Equal(t, []string{"uri"}, fields(t, err))
	e.URI = "DOC00001.XML"
	_, err = e.Validate(xds.Rules{Profile: xds.XDM})
	assert.NoError(t, err)
	e.TypeCode.Code = "27899-4"
	warnings, err := e.Validate(xds.Rules{Profile: xds.XDM})
	require.NoError(t, err)
	assert.Len(t, warnings, 1, "MSSanté takes types that the DMP does not")
}

func TestSubmissionRules(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		change func(*xds.Submission)
		field  string
	}{
		"no entries":       {func(s *xds.Submission) { s.Entries = nil }, "entries"},
		"other patient":    {func(s *xds.Submission) { s.Set.PatientID.Authority = segur.OIDINSNIR }, "entries[0].patientID"},
		"no set patient":   {func(s *xds.Submission) { s.Set.PatientID = xds.PatientID{} }, "set.patientID"},
		"same unique id":   {func(s *xds.Submission) { s.Entries[1].UniqueID = s.Entries[0].UniqueID }, "entries[1].uniqueID"},
		"set unique id":    {func(s *xds.Submission) { s.Entries[1].UniqueID = s.Set.UniqueID }, "entries[1].uniqueID"},
		"same id":          {func(s *xds.Submission) { s.Entries[0].ID, s.Entries[1].ID = "a", "a" }, "entries[1].id"},
		"set without id":   {func(s *xds.Submission) { s.Set.UniqueID = "" }, "set.uniqueID"},
		"no source":        {func(s *xds.Submission) { s.Set.SourceID = "x" }, "set.sourceID"},
		"no time":          {func(s *xds.Submission) { s.Set.Submitted = segur.Timestamp{} }, "set.submitted"},
		"no author":        {func(s *xds.Submission) { s.Set.Author = xds.Author{} }, "set.author.person"},
		"no content type":  {func(s *xds.Submission) { s.Set.ContentTypeCode = segur.Code{} }, "set.contentTypeCode"},
		"bad content type": {func(s *xds.Submission) { s.Set.ContentTypeCode.Code = "99" }, "set.contentTypeCode"},
		"long recipient":   {func(s *xds.Submission) { s.Set.IntendedRecipients = []string{strings.Repeat("x", 257)} }, "set.intendedRecipients"},
		"second entry":     {func(s *xds.Submission) { s.Entries[1].Hash = "" }, "entries[1].hash"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := lot(t)
			c.change(&s)
			_, err := s.Validate(xds.Rules{})
			require.Error(t, err)
			assert.Contains(t, fields(t, err), c.field)
		})
	}
	s := lot(t)
	warnings, err := s.Validate(xds.Rules{})
	require.NoError(t, err)
	assert.Empty(t, warnings, "a signature bears both markers by rule")
	s.Set.ContentTypeCode = segur.Code{Code: "12", System: "1.2.250.1.213.9.9"}
	warnings, err = s.Validate(xds.Rules{})
	require.NoError(t, err)
	assert.Len(t, warnings, 1, "TRE_R276 is in the value set, its OID is not known")
}
