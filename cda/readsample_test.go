package cda_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/segur-sdk/segur"
	"github.com/segur-sdk/segur/cda"
	"github.com/segur-sdk/segur/internal/testkit"
)

// codes are "code label" of codes.
func codes(all ...segur.Code) (out []string) {
	for _, c := range all {
		out = append(out, c.Code+" "+c.Display)
	}
	return out
}

func roles(p *cda.Parsed) (out []string) {
	for s := range p.AllSections() {
		out = append(out, string(s.Role))
	}
	return out
}

// plainText is what a reader sees of a narrative, through a document.
func warnings(p *cda.Parsed) (out []string) {
	for _, w := range p.Warnings {
		out = append(out, w.Field+": "+w.Message)
	}
	return out
}

func TestReadsCompleteSample(t *testing.T) {
	t.Parallel()
	p := parse(t, testkit.ReadShared(t, "cda/cr-img-n3-complet.xml"))
	assert.Empty(t, warnings(p))
	assert.Equal(t, cda.KindImagingReport, p.Kind)
	assert.Equal(t, "2024.01", p.TemplateVersion)
	assert.Equal(t, []string{"addendum", "clinical", "question", "history", "act", "complications", "exposure", "catalog", "devices",
		"results", "prior", "comparison", "conclusion", "documents", "patient", "copy"}, roles(p))
	r := p.Report
	require.NotNil(t, r)

	assert.Equal(t, "899900000037 MODELE Paul DR", r.Addendum.Author.ID+" "+r.Addendum.Author.FamilyName+" "+r.Addendum.Author.GivenName+" "+r.Addendum.Author.Title)
	assert.Equal(t, "1330999012", r.Addendum.Author.Organization.ID)
	assert.Equal(t, "2025-03-22T09:00:00+01:00", r.Addendum.Author.Time.Format(time.RFC3339))
	assert.Equal(t, "Toux persistante, suspicion de pathologie interstitielle.", r.Question.Justification)
	assert.Equal(t, "Caractériser une anomalie radiographique du lobe supérieur droit.", r.Question.Purpose)
	assert.True(t, r.Question.Narrative.Visible(), "the text of somebody else is kept")
	assert.Equal(t, []string{"Asthme dans l’enfance."}, r.History.Medical)
	assert.Equal(t, []string{"Cholécystectomie en 2016."}, r.History.Surgical)
	require.Len(t, r.History.ContraIndications, 1)
	ci := r.History.ContraIndications[0]
	assert.Equal(t, cda.ContraIodine, ci.Code.Code)
	assert.Equal(t, "Hypersensibilité ancienne et bénigne à un produit de contraste iodé.", ci.Comment, "what the label does not say")

	require.Len(t, r.Acts, 1)
	require.Len(t, r.Procedures, 1)
	a, proc := r.Acts[0], r.Procedures[0]
	assert.Equal(t, []string{"24628-0 CT thorax avec contraste IV", "ZBQH001 Scanographie du thorax, avec injection intraveineuse de produit de contraste", "CT Tomodensitométrie"},
		codes(append([]segur.Code{proc.Code, proc.CCAM}, proc.Modalities...)...))
	assert.Equal(t, segur.OID("2.999.33.2.1002"), proc.StudyUID)
	assert.Equal(t, 0, proc.Service)
	assert.Equal(t, p.Header.Services[0].StudyUID, proc.StudyUID)
	assert.Equal(t, "2025-03-21T10:10:00+01:00", proc.Start.Time.Format(time.RFC3339))
	assert.Equal(t, "Acquisition hélicoïdale après injection au temps artériel.", a.Description)
	assert.Equal(t, "120 kV, coupes de 1 mm", a.Parameters)
	assert.Equal(t, "302551006 Thorax entier", a.Site.Code.Code+" "+a.Site.Words)
	require.Len(t, a.Products, 1)
	product := a.Products[0]
	assert.Equal(t, "XENETIX 350|LOT0042|Injection bien tolérée.", product.Name+"|"+product.Lot+"|"+product.Comment)
	assert.Equal(t, []string{"3400936915657 XENETIX 350 SOL INJ POC150ML PP", "V08AB11 IOBITRIDOL", "20045000 Voie intraveineuse"}, codes(product.CIP, product.ATC, product.Route))
	assert.Equal(t, cda.Quantity{Value: "80", Unit: "mL"}, product.Dose)
	assert.True(t, product.Rate.IsZero())
	x := a.Exposure
	require.NotNil(t, x)
	assert.Equal(t, "899900000011 FICTIVE", x.AuthorizedBy.ID+" "+x.AuthorizedBy.FamilyName)
	assert.Equal(t, cda.PregnancyNone, x.Pregnancy.Code)
	require.Len(t, x.Doses, 2)
	assert.Equal(t, cda.DoseLengthProduct, x.Doses[0].Code.Code)
	assert.Equal(t, cda.Quantity{Value: "312.40", Unit: "mGy.cm"}, x.Doses[0].Value)
	assert.Equal(t, cda.Quantity{Value: "8.10", Unit: "mGy"}, x.Doses[1].Value)
	assert.Equal(t, "302551006", x.Doses[1].Site.Code.Code)
	assert.Nil(t, x.Radiopharmaceutical)
	link := "https://drimbox.example.org/IHEInvokeImageDisplay?requestType=STUDY&studyUID=2.999.33.2.1002&Accessionnumber=2.999.33.4.ACC-2025-1002&idCDA=2.999.33.5.2025.3.2"
	assert.Equal(t, link, a.Catalog.Link)
	assert.Equal(t, []string{link}, proc.Links)
	assert.Equal(t, "2.999.33.2.1002.1|2.999.33.2.1002.1.1|1.2.840.10008.5.1.4.1.1.2|CT", string(a.Catalog.SeriesUID+"|"+a.Catalog.InstanceUID)+"|"+a.Catalog.SOPClass.Code+"|"+a.Catalog.Modality.Code)

	require.Len(t, r.Devices, 1)
	assert.Equal(t, []string{"Z11039014 INJECTEURS DE PRODUITS DE CONTRASTE"}, codes(r.Devices[0].EMDN))
	assert.Equal(t, segur.Identifier{Root: "2.999.33.6", Extension: "(01)00000000000000(17)270101(10)LOT1"}, r.Devices[0].UDI)
	assert.Equal(t, "2025-03-21T10:10:00+01:00", r.Devices[0].Since.Format(time.RFC3339))
	conclusion, ok := p.Section(cda.RoleConclusion)
	require.True(t, ok)
	assert.Equal(t, "Micronodule pulmonaire apical droit de 4 mm, stable ; contrôle à 12 mois.", conclusion.Text())
	assert.Equal(t, "Conclusion 19005-8", conclusion.Title+" "+conclusion.Code.Code)
	assert.Contains(t, conclusion.TemplateIDs, segur.OID("1.2.250.1.213.1.1.2.209"))
	results, _ := p.Section(cda.RoleResults)
	assert.Equal(t, "Micronodule plein de 4 mm du lobe supérieur droit.\nAbsence d’épanchement pleural ou péricardique.\nAbsence d’adénopathie médiastinale.",
		strings.ReplaceAll(results.Text(), "\n\n", "\n"))
	for _, n := range []cda.Narrative{r.Results, r.PriorResults, r.Comparison, r.Conclusion, r.PatientInformation, r.Addendum.Text, a.Complications} {
		assert.True(t, n.Visible())
	}

	require.Len(t, r.Attachments, 1)
	assert.Equal(t, "DOC-001|Compte rendu de la radiographie du 10/03/2025|application/pdf", r.Attachments[0].ID+"|"+r.Attachments[0].Title+"|"+r.Attachments[0].MediaType)
	assert.True(t, strings.HasPrefix(content(t, r.Attachments[0].Content), "%PDF-1."))
	require.NotNil(t, p.Copy)
	assert.Equal(t, "DOC-COPIE|Copie du document|55108-5", p.Copy.ID+"|"+p.Copy.Title+"|"+p.Copy.Type.Code)
	assert.True(t, strings.HasPrefix(content(t, p.Copy.Content), "%PDF-1."))
}

func TestReadsMinimalSample(t *testing.T) {
	t.Parallel()
	p := parse(t, testkit.ReadShared(t, "cda/cr-img-n3-minimal.xml"))
	assert.Empty(t, warnings(p))
	r := p.Report
	require.NotNil(t, r)
	assert.Equal(t, cda.NoneKnown, r.History.NoContraIndication)
	assert.Empty(t, r.History.ContraIndications)
	require.Len(t, r.Acts, 1)
	assert.Nil(t, r.Acts[0].Exposure)
	assert.Equal(t, "361291001", r.Acts[0].Site.Code.Code)
	assert.Equal(t, "26257-6 RM genou - gauche|2.999.33.2.1001", r.Procedures[0].Code.Code+" "+r.Procedures[0].Code.Display+"|"+string(r.Procedures[0].StudyUID))
	assert.Equal(t, []string{"MR Résonance magnétique"}, codes(r.Procedures[0].Modalities...))
	assert.True(t, r.Conclusion.Visible())
	assert.Nil(t, p.Copy)
	assert.Nil(t, p.Request)
	assert.Nil(t, r.Addendum)
}

func TestReadsRequestSample(t *testing.T) {
	t.Parallel()
	p := parse(t, testkit.ReadShared(t, "cda/da-img-minimal.xml"))
	assert.Empty(t, warnings(p))
	assert.Equal(t, cda.KindImagingRequest, p.Kind)
	assert.Nil(t, p.Report)
	q := p.Request
	require.NotNil(t, q)
	assert.Equal(t, segur.Identifier{Root: "2.999.33.3", Extension: "D2025-0042"}, q.Placer)
	assert.Equal(t, segur.OID("2.999.33.5.2025.4.1"), q.ID)
	assert.Equal(t, "EXEMPLE-DUBOIS", q.Patient.Traits.BirthName)
	assert.Equal(t, "285063306311714", q.Patient.INS.Matricule())
	assert.Equal(t, segur.Provisional, q.Patient.Status, "the receiver decides")
	assert.Equal(t, []segur.Identifier{{Root: "2.999.33.1", Extension: "P00042"}}, q.Patient.LocalIDs)
	require.Len(t, q.Authors, 1)
	assert.Equal(t, "899900000029 ESSAI", q.Authors[0].ID+" "+q.Authors[0].FamilyName)
	assert.Equal(t, "AMBULATOIRE", q.PracticeSetting.Code)
	assert.Equal(t, "Gonalgie gauche mécanique depuis trois mois.", q.Question.Justification)
	assert.Equal(t, "Recherche d’une lésion méniscale.", q.Question.Purpose)
	assert.Equal(t, []string{"Aucun antécédent médical signalé."}, q.History.Medical)
	assert.Equal(t, cda.NoneKnown, q.History.NoContraIndication)
	assert.Equal(t, cda.Yes, q.RisksExplained)
	require.Len(t, q.Acts, 1)
	a := q.Acts[0]
	assert.Equal(t, []string{"MR IRM"}, codes(a.Modality))
	require.Len(t, a.Sites, 1)
	assert.Equal(t, "361291001 7771000 Région entière du genou", a.Sites[0].Code.Code+" "+a.Sites[0].Modifier.Code+" "+a.Sites[0].Words)
	assert.Equal(t, segur.NewDate(2025, 3, 31), a.Before)
	assert.Equal(t, "Sans injection", a.Comment)
	assert.False(t, a.Urgent)
	assert.Equal(t, cda.NotAnswered, a.CallBack)
	assert.NotContains(t, q.String(), "EXEMPLE")
}

// officialExamples are the documents of the kit of the ANS, which are not here:
// SEGUR_CDA_EXAMPLES names the folder ExemplesCDA of a copy of it.
func officialExamples(tb testing.TB) string {
	tb.Helper()
	dir := os.Getenv("SEGUR_CDA_EXAMPLES")
	if dir == "" {
		tb.Skip("SEGUR_CDA_EXAMPLES is not set: it names the folder ExemplesCDA of ansforge/TestContenuCDA-3-0")
	}
	return dir
}

func TestReadsOfficialExamples(t *testing.T) {
	t.Parallel()
	dir := officialExamples(t)
	files, err := filepath.Glob(filepath.Join(dir, "*.xml"))
	require.NoError(t, err)
	require.Len(t, files, 94)
	kinds := map[cda.Kind]int{}
	for _, f := range files {
		b, err := os.ReadFile(f)
		require.NoError(t, err)
		p, err := cda.Parse(b)
		require.NoError(t, err, filepath.Base(f))
		kinds[p.Kind]++
		assert.NotEmpty(t, p.Header.PatientIDs, f)
		assert.Equal(t, p.Level == 3, len(p.Sections) > 0, f)
		for s := range p.AllSections() {
			assert.NotEmpty(t, s.Code.Code+s.Title, f)
			assert.True(t, strings.HasSuffix(string(s.XML), "section>"), f)
			_ = s.Narrative()
			if s.NarrativeXML != nil && strings.TrimSpace(s.Text()) == "" {
				assert.False(t, s.Narrative().Visible() && !strings.Contains(string(s.NarrativeXML), "renderMultiMedia"), f)
			}
		}
		for _, a := range p.Attachments {
			assert.NotEmpty(t, content(t, a.Content), "%s: %s", f, a.ID)
		}
		if p.Copy != nil {
			assert.True(t, strings.HasPrefix(content(t, p.Copy.Content), "%PDF-"), f)
		}
	}
	assert.Equal(t, map[cda.Kind]int{cda.KindImagingReport: 4, cda.KindImagingRequest: 7, cda.KindOther: 83}, kinds)
}

// The imaging examples say what the kit says they do.
func TestReadsOfficialImagingExamples(t *testing.T) {
	t.Parallel()
	dir := officialExamples(t)
	read := func(name string) *cda.Parsed {
		b, err := os.ReadFile(filepath.Join(dir, name+".xml"))
		require.NoError(t, err)
		return parse(t, b)
	}
	p := read("IMG_CR_IMG_2024.01")
	r := p.Report
	require.NotNil(t, r)
	require.Len(t, r.Acts, 3)
	for i, want := range []struct{ code, ccam, site, study, dose string }{
		{"24727-0", "ACQH004", "302548004 tête entière", "1.2.250.1.925.994044.27.123.1876360", "113813 1140.26 mGy.cm"},
		{"36235-0", "LCQH001", "302550007 cou entier", "1.2.250.1.925.994044.27.123.1876361", "113813 1140.26 mGy.cm"},
		{"24979-7", "ZBQH001", "302551006 thorax entier", "1.2.250.1.925.994044.27.123.1876362", "113813 1140.26 mGy.cm"},
	} {
		a, proc := r.Acts[i], r.Procedures[i]
		assert.Equal(t, want.code+" "+want.ccam, proc.Code.Code+" "+proc.CCAM.Code)
		assert.Equal(t, []string{"CT Tomodensitométrie"}, codes(proc.Modalities...))
		assert.Equal(t, []string{want.site}, codes(a.Site.Code))
		assert.EqualValues(t, want.study, proc.StudyUID)
		assert.Equal(t, i, proc.Service)
		assert.Equal(t, want.study, string(p.Header.Services[i].StudyUID))
		require.NotEmpty(t, a.Exposure.Doses)
		d := a.Exposure.Doses[0]
		assert.Equal(t, want.dose, d.Code.Code+" "+d.Value.Value+" "+d.Value.Unit)
		assert.Equal(t, cda.PregnancyCurrent, a.Exposure.Pregnancy.Code)
		assert.Equal(t, "BIDEAULT", a.Exposure.AuthorizedBy.FamilyName)
		assert.Equal(t, "V09AX01 200 MBq 0001512", a.Exposure.Radiopharmaceutical.ATC.Code+" "+a.Exposure.Radiopharmaceutical.Dose.Value+" "+
			a.Exposure.Radiopharmaceutical.Dose.Unit+" "+a.Exposure.Radiopharmaceutical.Lot)
		require.Len(t, a.Products, 1)
		assert.Equal(t, "XENETIX 350 3400936915657 V08AB11 150 mL 0002034 20045000", strings.Join([]string{a.Products[0].Name, a.Products[0].CIP.Code,
			a.Products[0].ATC.Code, a.Products[0].Dose.Value, a.Products[0].Dose.Unit, a.Products[0].Lot, a.Products[0].Route.Code}, " "))
		assert.True(t, strings.HasPrefix(a.Catalog.Link, "http://www.example.org/wado?requestType=WADO&studyUID="+want.study+"&seriesUID="), a.Catalog.Link)
		assert.Equal(t, "1.2.840.10008.5.1.4.1.1.2", a.Catalog.SOPClass.Code)
	}
	assert.Equal(t, "77386006 Enceinte", r.History.ContraIndications[0].Code.Code+" "+r.History.ContraIndications[0].Code.Display)
	assert.Equal(t, "DUPOIS", r.Addendum.Author.FamilyName)
	require.NotEmpty(t, p.Header.Orders)
	assert.NotEmpty(t, p.Header.Orders[0].Accession.Extension)
	assert.Equal(t, 3, strings.Count(strings.Join(warnings(p), "\n"), "refers to an identifier that the document does not have"), "its three dangling references")

	assert.Equal(t, "24978-9", p.Header.Services[2].Code.Code, "its header contradicts its body")
	assert.Contains(t, warnings(p), "structuredBody/act[3]: has not the code that the header gives to the act of this study")

	level1 := read("IMG_CR_IMG_2024.01_CDA-R2-Niveau-1")
	assert.Equal(t, 1, level1.Level)
	assert.Equal(t, cda.KindImagingReport, level1.Kind)
	body, err := level1.Body()
	require.NoError(t, err)
	assert.Equal(t, "application/pdf", body.MediaType)

	for name, want := range map[string][]string{
		"Mammo-Echo-Seins":                  {"MG 181131000", "MED-1128 181131000"},
		"Radiographie_ChevilleGenou":        {"MED-1126 361291001/7771000", "MED-1126 361292008/7771000"},
		"Scanner_Crane_ThoraxAbdomenPelvis": {"CT 302548004", "CT 302551006 302553009 229765004"},
		"TEP_Thorax":                        {"PT 302551006"},
	} {
		q := read("IMG-DA-IMG_2024.01_" + name).Request
		require.NotNil(t, q, name)
		var got []string
		for _, a := range q.Acts {
			act := a.Modality.Code
			for _, s := range a.Sites {
				act += " " + s.Code.Code
				if !s.Modifier.IsZero() {
					act += "/" + s.Modifier.Code
				}
			}
			got = append(got, act)
			assert.Equal(t, "(texte libre)", a.Comment, name)
		}
		assert.Equal(t, want, got, name)
		assert.Equal(t, cda.Yes, q.RisksExplained, name)
		assert.NotEmpty(t, q.Placer.Extension, name)
		assert.Equal(t, "(texte libre)", q.Question.Justification, name)
		require.NotNil(t, q.FamilyPhysician, name)
		assert.Equal(t, "MEDIONI", q.FamilyPhysician.FamilyName, name)
		require.Len(t, q.ReportRecipients, 1, name)
		assert.Equal(t, "MAGNE", q.ReportRecipients[0].FamilyName, name)
	}
	pet := read("IMG-DA-IMG_2024.01_TEP_Thorax").Request.Acts[0]
	assert.Equal(t, []string{"MED-1153 avec injection de produit de contraste", "MED-1133 FDG Oncologie /Infectieux/inflammatoire"}, codes(pet.Contrast, pet.Function))
	assert.Equal(t, "true (texte libre) yes (texte libre) 2023-01-12 BIDEAULT", strings.Join([]string{map[bool]string{true: "true"}[pet.Urgent],
		pet.UrgencyReason, pet.CallBack.String(), pet.Events, pet.Before.String(), pet.Performer.FamilyName}, " "))
	needs := read("IMG-DA-IMG_2024.01_Mammo-Echo-Seins").Request.CareNeeds
	require.Len(t, needs, 2)
	assert.Equal(t, []string{"U83.71 Bactérie multirésistante [BMR]", "Z74.0 Besoin d'assistance du fait de mobilité restreinte"}, codes(needs[0].Code, needs[1].Code))
	assert.Empty(t, needs[0].Comment)
}
