package nos

// DoseQuantity holds the quantities of an exposure to radiation.
var DoseQuantity = newTable("1.2.250.1.213.1.1.5.620", "JDV_QuantiteExpositionRayonnements_CISIS", "2021-04-19", []Entry{
	{"111636", DCM, "Dose dans l'air à l'entrée du patient (Kerma dans l'air)"},
	{"111637", DCM, "DGM total : Dose Glandulaire Moyenne Total"},
	{"113722", DCM, "PDS Total : Produit Dose Surface Total"},
	{"113726", DCM, "PDS de Scopie Total : Produit Dose Surface de Scopie Total"},
	{"113727", DCM, "PDS de Graphie Total : Produit Dose Surface de Graphie Total"},
	{"113730", DCM, "Temps total de scopie"},
	{"113731", DCM, "Nombre total d’images radiographiques"},
	{"113507", DCM, "Activité administrée"},
	{"113813", DCM, "PDL Total : Produit Dose Longueur Total"},
	{"113830", DCM, "IDSV Moyen : Indice de Dose Scanographique Volumique"},
	{"113839", DCM, "E : Dose efficace"},
})

// PregnancyStatus holds the statuses that an exposure to radiation states.
var PregnancyStatus = newTable("1.2.250.1.213.1.1.5.671", "JDV_StatutGrossesse_CISIS", "2022-11-14", []Entry{
	{"60001007", SNOMEDCT, "absence de grossesse"},
	{"77386006", SNOMEDCT, "enceinte"},
	{"261665006", SNOMEDCT, "inconnu"},
})

// ContraIndication holds the contra-indications to imaging and to its contrast
// products.
var ContraIndication = newTable("1.2.250.1.213.1.1.5.659", "JDV_Contre_indications_CISIS", "2023-04-28", []Entry{
	{"77386006", SNOMEDCT, "enceinte"},
	{"1260078007", SNOMEDCT, "Allaitement"},
	{"MED-1105", TAASIP, "Hypersensibilité au PDC iodé"},
	{"N18.9", CIM10, "Maladie rénale chronique, sans précision"},
	{"MED-1106", TAASIP, "Hyperthyroidie non traitée"},
	{"MED-1107", TAASIP, "Antécédents chirurgicaux digestifs récents contre-indiquant l’usage de produit baryté et nécessitant l’usage d’un produit hydrosoluble"},
	{"MED-1108", TAASIP, "Hypersensibilité au PDC ultrasonore"},
	{"I50.9", CIM10, "Insuffisance cardiaque, sans précision"},
	{"MED-1109", TAASIP, "Patient claustrophobe"},
	{"MED-1110", TAASIP, "Patient porteur de corps étranger ferromagnétique (œil ou autre)"},
	{"MED-1111", TAASIP, "Patient porteur de clips métalliques ou coils intracrâniens"},
	{"MED-1112", TAASIP, "Patient porteur d’un implant cochléaire"},
	{"MED-1113", TAASIP, "Patient porteur d’un neurostimulateur"},
	{"MED-1114", TAASIP, "Patient porteur d’une sonde de dérivation du LCS"},
	{"MED-1115", TAASIP, "Patient porteur d’un capteur implanté"},
	{"MED-1116", TAASIP, "Patient porteur d’une pompe implantée"},
	{"MED-1117", TAASIP, "Patient porteur de Pacemaker"},
	{"MED-1118", TAASIP, "Patient porteur d’une valve cardiaque mécanique"},
	{"MED-1119", TAASIP, "Patient porteur d’un matériel d'orthodontie"},
	{"MED-1120", TAASIP, "Patient porteur d’un stent ou un filtre cave"},
	{"MED-1122", TAASIP, "Hypersensibilité au produit de contraste gadoliné"},
	{"GEN-092.01.20", TAASIP, "Autre contre-indication connue"},
})
