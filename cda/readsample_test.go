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
