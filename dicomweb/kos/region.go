package kos

import (
	"strings"

	"github.com/segur-sdk/segur"
)

// region is one of the regions of JDV_RegionAnatomique_CISIS
// (1.2.250.1.213.1.1.5.695, revision of 2022-11-14; SNOMED CT) with the values of
// Body Part Examined that lie in it. The second part is an own choice.
type region struct{ code, label, parts string }

var regions = []region{
	{"774007", "tête et cou", "HEAD SKULL BRAIN FACE SINUS ORBIT JAW TEETH NECK HEADNECK EAR EYE THYROID"},
	{"67734004", "segment thoracique du tronc", "CHEST THORAX LUNG RIB STERNUM"},
	{"63337009", "segment abdominopelvien du tronc", "ABDOMEN PELVIS ABDOMENPELVIS LIVER KIDNEY BLADDER PROSTATE UTERUS"},
	{"53120007", "membre supérieur", "SHOULDER ARM ELBOW FOREARM WRIST HAND FINGER CLAVICLE"},
	{"61685007", "membre inférieur", "HIP THIGH KNEE LEG ANKLE FOOT TOE"},
	{"737561001", "colonne vertébrale et/ou moelle épinière", "SPINE CSPINE TSPINE LSPINE SSPINE COCCYX"},
	{"80891009", "cœur", "HEART CORONARYARTERY"},
	{"113257007", "système cardiovasculaire", "AORTA CAROTID ARTERY VEIN"},
	{"76752008", "sein", "BREAST"},
	{"38266002", "corps entier", "WHOLEBODY"},
}

// qualifierRegion is the qualifier of a translation that is a region (LOINC).
const qualifierRegion = "39111-0"

// DefaultRegion gives the region of a series: that of the Body Part Examined
// when the report names it or names none; else the only one that the report
// names for the act; else "". The text is the label of the report where it has one.
func DefaultRegion(r Row, report segur.DocumentHeader) string {
	var named []segur.Code
	for _, s := range report.Services {
		if string(s.StudyUID) != r.Study.UID {
			continue
		}
		for _, t := range s.Translations {
			if t.Qualifier.Code == qualifierRegion && t.Code.Code != "" {
				named = append(named, t.Code)
			}
		}
	}
	part := strings.ToUpper(strings.ReplaceAll(r.BodyPart, " ", ""))
	for _, known := range regions {
		if part == "" || !strings.Contains(" "+known.parts+" ", " "+part+" ") {
			continue
		}
		if len(named) == 0 {
			return known.label
		}
		for _, c := range named {
			if c.Code == known.code {
				return regionLabel(c)
			}
		}
	}
	if len(named) == 1 {
		return regionLabel(named[0])
	}
	return ""
}

func regionLabel(c segur.Code) string {
	if c.Display != "" {
		return c.Display
	}
	for _, known := range regions {
		if known.code == c.Code {
			return known.label
		}
	}
	return c.Code
}
