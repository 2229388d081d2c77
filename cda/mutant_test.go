package cda_test

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/segur-sdk/segur"
	"github.com/segur-sdk/segur/cda"
)

// mutant is a document with one fault, of those of the self-test of the
// official checker.
type mutant struct {
	name string
	doc  string
	// rule and path are what Check says of it; path is the end of the path.
	rule, path string
	official   bool // the official rules see it too
	strict     bool // only they do: the text of the norm allows it
	options    []cda.CheckOption
}

func golden(tb testing.TB, name string) string {
	tb.Helper()
	b, err := os.ReadFile(filepath.Join("testdata", name+".xml"))
	require.NoError(tb, err)
	return string(b)
}

// edit changes a text, which must be there.
type edit struct {
	testing.TB
	s string
}

func (e edit) swap(old, replacement string) string {
	e.Helper()
	require.Contains(e, e.s, old)
	return strings.Replace(e.s, old, replacement, 1)
}

func (e edit) sub(pattern, replacement string) string {
	e.Helper()
	re := regexp.MustCompile("(?s)" + pattern)
	at := re.FindStringSubmatchIndex(e.s)
	require.NotNil(e, at, pattern)
	return e.s[:at[0]] + string(re.ExpandString(nil, replacement, e.s, at)) + e.s[at[1]:]
}

// element gives the bounds of the innermost element of a name around a marker.
func (e edit) element(name, marker string) (start, end int) {
	e.Helper()
	at := strings.Index(e.s, marker)
	require.GreaterOrEqual(e, at, 0, marker)
	open, closing := regexp.MustCompile("<"+name+"[ >]"), "</"+name+">"
	starts := open.FindAllStringIndex(e.s[:at], -1)
	for i := len(starts) - 1; i >= 0; i-- {
		start = starts[i][0]
		depth, p := 0, start
		for {
			next := open.FindStringIndex(e.s[p:])
			end = strings.Index(e.s[p:], closing)
			if next != nil && next[0] < end {
				depth, p = depth+1, p+next[1]
				continue
			}
			depth, p = depth-1, p+end+len(closing)
			if depth == 0 {
				break
			}
		}
		if p > at {
			return start, p
		}
	}
	e.Fatalf("no %s around %s", name, marker)
	return 0, 0
}

func (e edit) without(name, marker string) string {
	start, end := e.element(name, marker)
	return e.s[:start] + e.s[end:]
}

func (e edit) section(template string) string { return e.without("component", `root="`+template+`"`) }

// mutants are the twins of the 68 of the self-test: 42 that the official rules
// see, 7 that they alone refuse, 19 that they accept.
func mutants(t *testing.T) []mutant {
	t.Helper()
	cr := edit{t, golden(t, "level3-complete")}
	two := edit{t, golden(t, "level3-acts")}
	n1 := edit{t, string(build(t, newWriter(t), complete(t)))}
	da := edit{t, golden(t, "request-complete")}
	const fr = "1.2.250.1.213.1.1.2."
	valid := edit{t, strings.ReplaceAll(cr.s, "899900000015", "8"+withKey("9990000001"))}
	actStart, actEnd := cr.element("component", `root="`+fr+`206"`)
	second := regexp.MustCompile(`(ID|value)="(#?)(act1)`).ReplaceAllString(
		strings.Replace(cr.s[actStart:actEnd], fr+"206", fr+"999", 1), `$1="${2}x$3`)
	second = regexp.MustCompile(`referencedObject="[^"]*"`).ReplaceAllString(second, `referencedObject="media-none"`)
	seriesStart, seriesEnd := cr.element("entryRelationship", `<templateId root="1.2.840.10008.9.17">`)
	uuids := regexp.MustCompile(`<id root="([0-9A-F]{8}-[^"]*)">`).FindAllStringSubmatch(cr.s, -1)

	seen := func(name, doc, rule, path string) mutant {
		return mutant{name: name, doc: doc, rule: rule, path: path, official: true}
	}
	strict := func(name, doc, rule, path string) mutant {
		return mutant{name: name, doc: doc, rule: rule, path: path, official: true, strict: true}
	}
	gap := func(name, doc, rule, path string, options ...cda.CheckOption) mutant {
		return mutant{name: name, doc: doc, rule: rule, path: path, options: options}
	}
	const body = "/ClinicalDocument/component/structuredBody"
	return []mutant{
		seen("conclusion-section-missing", cr.section(fr+"209"), "CDA040", body),
		seen("object-catalog-missing", cr.section(fr+"217"), "CDA040", "/section"),
		seen("act-section-missing", cr.section(fr+"206"), "CDA040", body),
		seen("request-subsection-missing", cr.section(fr+"211"), "CDA040", "/section"),
		seen("history-subsection-missing", cr.section(fr+"213"), "CDA040", "/section"),
		seen("document-code-other", cr.swap(`code="18748-4"`, `code="11502-2"`), "CDA013", "/ClinicalDocument/code"),
		seen("document-code-unknown", cr.swap(`code="18748-4"`, `code="99999-9"`), "CDA013", "/ClinicalDocument/code"),
		seen("volet-templateId-missing-PS3.20", cr.swap(`<templateId root="1.2.840.10008.9.1"></templateId>`, ""), "CDA010", "/ClinicalDocument"),
		seen("ins-without-birth-place", cr.swap(`<county>69123</county>`, ""), "CDA020", "/patient"),
		seen("ins-without-birth-given", cr.sub(`<given qualifier="BR">.*?</given>`, ""), "CDA020", "/name"),
		seen("ins-root-malformed", cr.swap("1.2.250.1.213.1.4.10", "1.2.250.01.213.1.4.10"), "CDA004", "/patientRole/id[1]"),
		seen("accession-number-missing", cr.sub(`<ps3-20:accessionNumber.*?</ps3-20:accessionNumber>`, ""), "CDA030", "/order"),
		seen("modality-translation-missing", cr.sub(`<translation code="CT".*?</translation>`, ""), "CDA031", "/serviceEvent/code"),
		seen("effectiveTime-month-13", cr.swap(`<effectiveTime value="20260120110500+0100">`, `<effectiveTime value="20261320110500+0100">`), "CDA012", "/ClinicalDocument/effectiveTime"),
		seen("custodian-missing", cr.sub(`<custodian>.*?</custodian>`, ""), "CDA002", "/ClinicalDocument"),
		seen("author-missing", two.sub(`<author>.*?</author><author>.*?</author>`, ""), "CDA002", "/ClinicalDocument"),
		seen("versionNumber-missing", cr.sub(`<versionNumber.*?</versionNumber>`, ""), "CDA007", "/ClinicalDocument"),
		seen("setId-after-versionNumber", cr.sub(`(<setId.*?</setId>)(<versionNumber.*?</versionNumber>)`, "$2$1"), "CDA002", "/setId"),
		seen("unknown-element", cr.swap("<title>CR", "<foo></foo><title>CR"), "CDA002", "/ClinicalDocument/foo"),
		seen("legalAuthenticator-missing", cr.sub(`<legalAuthenticator>.*?</legalAuthenticator>`, ""), "CDA007", "/ClinicalDocument"),
		seen("specialty-unknown", cr.swap("G15_10/SM44", "G15_10/SM99"), "CDA023", "/author[1]/assignedAuthor/code"),
		seen("telecom-without-scheme", cr.swap(`value="tel:+33600000000"`, `value="0600000000"`), "CDA024", "/patientRole/telecom"),
		seen("prefix-not-M-MME", cr.swap("<prefix>MME</prefix>", "<prefix>Madame</prefix>"), "CDA023", "/prefix"),
		seen("family-qualifier-SP", cr.swap(`<family qualifier="CL">`, `<family qualifier="SP">`), "CDA021", "/family[2]"),
		seen("performer-without-practice-setting", cr.sub(`(<performer typeCode="PRF">.*?)<standardIndustryClassCode.*?</standardIndustryClassCode>`, "$1"), "CDA007", "/representedOrganization"),
		seen("facility-code-unknown", cr.swap(`<code code="SA08"`, `<code code="SA999"`), "CDA023", "/healthCareFacility/code"),
		seen("authenticator-id-not-national", cr.sub(`(<legalAuthenticator>)(.*?)(</legalAuthenticator>)`,
			`$1$2$3<authenticator><time value="20260120110200+0100"/><signatureCode code="S"/><assignedEntity><id root="2.999.1" extension="1"/></assignedEntity></authenticator>`),
			"CDA007", "/authenticator/assignedEntity/id"),
		seen("empty-title", cr.sub(`<title>CR[^<]*</title>`, "<title/>"), "CDA006", "/ClinicalDocument/title"),
		seen("exposure-without-authorisation", cr.without("entry", `"1.2.250.1.213.1.1.3.165"`), "CDA044", "/section"),
		seen("exposure-without-pregnancy-status", cr.without("entry", `code="364320009"`), "CDA044", "/section"),
		seen("dose-code-unknown", cr.swap(`<code code="113813"`, `<code code="113999"`), "CDA045", "/observation/code"),
		seen("pregnancy-status-unknown", cr.swap(`<value code="60001007"`, `<value code="1"`), "CDA044", "/observation/value"),
		seen("ucum-unit-unknown", cr.swap(`unit="mGy.cm"`, `unit="mGycm"`), "CDA045", "/observation/value"),
		seen("anatomical-site-unknown", cr.sub(`<targetSiteCode code="[0-9]+"`, `<targetSiteCode code="1"`), "CDA046", "/targetSiteCode"),
		seen("two-series-in-catalog", cr.s[:seriesEnd]+cr.s[seriesStart:seriesEnd]+cr.s[seriesEnd:], "CDA043", "/act"),
		strict("strict-no-contra-indication-entry", allWithout(cr, "entry", `code="64100-1"`), "CDA047", "/section"),
		seen("emdn-code-unknown", cr.swap(`code="Z11039014"`, `code="Z11039"`), "CDA048", "/playingDevice/code"),
		seen("doctype-declared", cr.swap("<ClinicalDocument", `<!DOCTYPE x [<!ENTITY e SYSTEM "file:///etc/hostname">]><ClinicalDocument`), "CDA001", "/"),
		seen("level1-with-volet-templateId", n1.swap(`<templateId root="1.3.6.1.4.1.19376.1.2.20"></templateId>`,
			`<templateId root="1.3.6.1.4.1.19376.1.2.20"></templateId><templateId root="1.2.250.1.213.1.1.1.45" extension="2024.01"></templateId>`), "CDA010", "/ClinicalDocument"),
		seen("level1-without-XDS-SD-templateId", n1.swap(`<templateId root="1.3.6.1.4.1.19376.1.2.20"></templateId>`, ""), "CDA010", "/ClinicalDocument"),
		seen("request-wrong-modality", da.swap(`<code code="CT" codeSystem="1.2.840.10008.2.16.4"`, `<code code="ZZ" codeSystem="1.2.840.10008.2.16.4"`), "CDA049", "/observation/code"),
		seen("request-without-risk-information", da.without("entry", `code="MED-1130"`), "CDA048", "/section"),

		strict("strict-dose-area-unit-Gy.cm2", cr.swap(`unit="mGy"`, `unit="Gy.cm2"`), "CDA045", "/observation/value"),
		strict("strict-activity-unit-MBq", cr.swap(`unit="mGy"`, `unit="MBq"`), "CDA045", "/observation/value"),
		strict("strict-laterality-left-in-technique", cr.sub(`(<procedure .*?<targetSiteCode .*?)(</targetSiteCode>)`,
			`$1<qualifier><name code="106233006" displayName="modificateur topographique" codeSystem="2.16.840.1.113883.6.96"/><value code="7771000" displayName="gauche" codeSystem="2.16.840.1.113883.6.96"/></qualifier>$2`),
			"CDA046", "/qualifier[2]/value"),
		strict("strict-two-sites-in-technique", cr.sub(`(<procedure .*?)<targetSiteCode code="[0-9]+"(.*?</targetSiteCode>)`,
			`$1<targetSiteCode code="361291001"$2<targetSiteCode code="302551006"$2`), "CDA046", "/targetSiteCode[2]"),
		strict("strict-encounter-low-equals-high", cr.sub(`(<encompassingEncounter>.*?<low value=")([^"]*)("></low><high value=")[^"]*`, "$1$2$3$2"), "CDA012", "/encompassingEncounter/effectiveTime"),
		strict("strict-telecom-https", cr.swap(`value="tel:+33600000000"`, `value="https://example.org"`), "CDA024", "/patientRole/telecom"),

		gap("gap-second-act-with-wrong-templateId", cr.swap("</structuredBody>", second+"</structuredBody>"), "CDA040", "/section"),
		seen("duplicate-narrative-ID", cr.swap(`ID="act1.exposure-dose2"`, `ID="act1.exposure-dose1"`), "CDA003", "/content"),
		gap("gap-order-missing", cr.sub(`<inFulfillmentOf>.*?</inFulfillmentOf>`, ""), "CDA030", "/ClinicalDocument"),
		gap("gap-methodCode-unknown", cr.swap(`<methodCode code="CT"`, `<methodCode code="ZZ"`), "CDA046", "/methodCode"),
		gap("gap-INS-root-unknown", cr.swap("1.2.250.1.213.1.4.10", "1.2.250.1.213.1.4.2"), "CDA020", "/patientRole/id[1]"),
		gap("gap-INS-key-wrong", cr.sub(`(extension="285036912345)[0-9]{3}"`, `${1}699"`), "CDA020", "/patientRole/id[1]"),
		gap("gap-no-time-zone", cr.swap(`<effectiveTime value="20260120110500+0100">`, `<effectiveTime value="20260120110500">`), "CDA012", "/ClinicalDocument/effectiveTime"),
		gap("gap-dangling-reference", cr.swap(`ID="act1.exposure-dose1"`, `ID="act1.exposure-dose1x"`), "CDA003", "/reference"),
		gap("gap-duplicate-uuid", cr.swap(uuids[len(uuids)-1][1], uuids[len(uuids)-2][1]), "CDA005", "/id"),
		gap("gap-lowercase-uuid", cr.swap(uuids[len(uuids)-1][1], strings.ToLower(uuids[len(uuids)-1][1])), "CDA004", "/id"),
		gap("gap-no-clinical-information", cr.section(fr+"205"), "CDA041", body),
		gap("gap-act-LOINC-not-in-value-set", strings.ReplaceAll(cr.s, "24628-0", "2345-7"), "CDA031", "/serviceEvent/code"),
		gap("gap-SOP-class-unknown", cr.swap(`code="1.2.840.10008.5.1.4.1.1.2"`, `code="1.2.3"`), "CDA043", "/observation/code"),
		gap("gap-displayName-wrong", cr.swap(`displayName="Médecin - Radio-diagnostic (SM)"`, `displayName="Pharmacien"`), "CDA023", "/author[1]/assignedAuthor/code"),
		gap("gap-rpps-key-wrong", edit{t, valid.s}.swap("8"+withKey("9990000001"), "899900000015"), "CDA022", "/author[1]/assignedAuthor/id", cda.ForEnvironment(segur.Production)),
		gap("gap-level1-image-png", n1.swap(`mediaType="application/pdf"`, `mediaType="image/png"`), "CDA050", "/nonXMLBody/text"),
		gap("gap-level1-base64-garbage", n1.swap("JVBE", "@@@@"), "CDA050", "/nonXMLBody/text"),
		gap("gap-level1-pdf-not-PDFA", n1.sub(`(representation="B64">).*?</text>`, "${1}JVBERi0xLjQKJSVFT0YK</text>"), "CDA050", "/nonXMLBody/text"),
		gap("gap-low-after-high", cr.sub(`(<documentationOf>.*?<high value=")2026`, "${1}2024"), "CDA012", "/serviceEvent/effectiveTime"),
		gap("gap-study-uid-differs-header-body", cr.sub(`(<serviceEvent><id root="1.2.250.1.999.4.)1001"`, `${1}9999"`), "CDA043", "/act/id"),
	}
}

// allWithout removes every element of a name that holds a marker.
func allWithout(e edit, name, marker string) string {
	for strings.Contains(e.s, marker) {
		e.s = e.without(name, marker)
	}
	return e.s
}

// withKey adds the Luhn key to a number.
func withKey(number string) string {
	sum := 0
	for i := range len(number) {
		d := int(number[len(number)-1-i] - '0')
		if i%2 == 0 {
			if d *= 2; d > 9 {
				d -= 9
			}
		}
		sum += d
	}
	return number + string(rune('0'+(10-sum%10)%10))
}

func TestCheckFindsEveryMutant(t *testing.T) {
	t.Parallel()
	all := mutants(t)
	counts := map[string]int{}
	for _, m := range all {
		switch {
		case m.strict:
			counts["strict"]++
		case m.official:
			counts["caught"]++
		default:
			counts["gap"]++
		}
		options := append([]cda.CheckOption{cda.AllowAnyPDF()}, m.options...)
		if strings.Contains(m.name, "PDFA") {
			options = m.options
		}
		report := cda.Check([]byte(m.doc), options...)
		var hit *cda.Issue
		for i := range report.Issues {
			if issue := &report.Issues[i]; issue.Rule == m.rule && strings.HasSuffix(issue.Path, m.path) {
				hit = issue
				if issue.KitOnly == m.strict {
					break
				}
			}
		}
		if !assert.NotNil(t, hit, "%s: %s %s is not in %v", m.name, m.rule, m.path, report.Issues) {
			continue
		}
		assert.Equal(t, m.strict, hit.KitOnly, m.name)
		assert.NotEmpty(t, hit.Text.FR, m.name)
		assert.NotEmpty(t, hit.Text.EN, m.name)
		assert.NotEmpty(t, hit.Source, m.name)
		if hit.Path != "/" {
			assert.Positive(t, hit.Line, m.name)
		}
		switch {
		case m.strict:
			assert.True(t, report.OK(), "%s is right by the text: %v", m.name, report.Err())
			assert.False(t, cda.Check([]byte(m.doc), append(options, cda.LikeOfficialChecker())...).OK(), m.name)
		case m.official:
			assert.Equal(t, cda.SeverityError, hit.Severity, "%s: %s", m.name, hit)
		}
	}
	assert.Equal(t, map[string]int{"caught": 42, "strict": 7, "gap": 19}, counts)
}

// What this package writes, and the samples of the dossier, have no fault.
func TestCheckFindsNothingInRightDocuments(t *testing.T) {
	t.Parallel()
	files, err := filepath.Glob("testdata/*.xml")
	require.NoError(t, err)
	require.NotEmpty(t, files)
	for _, file := range files {
		b, err := os.ReadFile(file)
		require.NoError(t, err)
		for _, options := range [][]cda.CheckOption{{cda.AllowAnyPDF()}, {cda.AllowAnyPDF(), cda.LikeOfficialChecker()}} {
			report := cda.Check(b, options...)
			assert.True(t, report.OK(), "%s: %v", file, report.Issues)
		}
	}
	report := cda.Check(build(t, newWriter(t), complete(t)))
	assert.Empty(t, report.Issues, "level 1 with PDF/A-1")
}
