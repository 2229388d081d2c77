package main

import (
	"github.com/segur-sdk/segur"
	"github.com/segur-sdk/segur/cda"
)

// ask makes the request that the report answers.
func ask(e examination) cda.Request {
	return cda.Request{
		Title: "Demande d'actes d'imagerie - Scanner thoracique", Created: e.requested,
		Patient:            e.patient,
		Authors:            []cda.Author{{Professional: e.prescriber}},
		LegalAuthenticator: cda.Signature{Professional: e.prescriber},
		Placer:             e.placer,
		PracticeSetting:    segur.Code{Code: "AMBULATOIRE"},
		Question:           cda.ClinicalQuestion{Justification: "Toux persistante depuis six semaines.", Purpose: "Opacité apicale droite ?"},
		History: cda.History{
			Medical: []string{"Asthme dans l'enfance"}, Surgical: []string{"Appendicectomie (1999)"}, NoContraIndication: cda.NoneKnown,
		},
		RisksExplained: cda.Yes,
		Acts: []cda.RequestedAct{{
			Modality: segur.Code{Code: cda.RequestCT},
			Sites:    []cda.Site{{Code: segur.Code{Code: "302551006"}}}, // the whole thorax
			Comment:  "Comparer au scanner de 2023.",
			CallBack: cda.No,
		}},
	}
}
