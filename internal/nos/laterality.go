package nos

// TechniqueLaterality holds what the rules of IMG-CR-IMG 2024.01 accept as
// topographic modifier of an imaging technique: neither left nor right.
var TechniqueLaterality = newTable("1.2.250.1.213.1.1.5.617", "JDV_LateraliteTechniqueImagerie_CISIS", "2022-11-14", []Entry{
	{"66459002", SNOMEDCT, "unilatéral"},
	{"51440002", SNOMEDCT, "bilatéral"},
})

// TopographicModifier holds the modifiers of an anatomical site, left and
// right among them.
var TopographicModifier = newTable("1.2.250.1.213.1.1.5.688", "JDV_ModificateurTopographique_CISIS", "2022-11-14", []Entry{
	{"24028007", SNOMEDCT, "droit"},
	{"7771000", SNOMEDCT, "gauche"},
	{"51440002", SNOMEDCT, "bilatéral"},
	{"66459002", SNOMEDCT, "unilatéral(e)"},
	{"49370004", SNOMEDCT, "latéral(e)"},
	{"260528009", SNOMEDCT, "médian(e)"},
	{"255549009", SNOMEDCT, "antérieur(e)"},
	{"255551008", SNOMEDCT, "postérieur(e)"},
	{"66787007", SNOMEDCT, "céphalique"},
	{"3583002", SNOMEDCT, "caudal(e)"},
	{"255561001", SNOMEDCT, "médial(e)"},
	{"26216008", SNOMEDCT, "central(e)"},
	{"14414005", SNOMEDCT, "périphérique"},
	{"261074009", SNOMEDCT, "externe"},
	{"260521003", SNOMEDCT, "interne"},
	{"11896004", SNOMEDCT, "intermédiaire"},
	{"261089000", SNOMEDCT, "inférieur(e)"},
	{"264217000", SNOMEDCT, "supérieur(e)"},
	{"62824007", SNOMEDCT, "transverse"},
	{"40415009", SNOMEDCT, "proximal(e)"},
	{"46053002", SNOMEDCT, "distal(e)"},
	{"60583000", SNOMEDCT, "postaxial"},
	{"32400000", SNOMEDCT, "préaxial"},
	{"43674008", SNOMEDCT, "apical(e)"},
	{"57195005", SNOMEDCT, "basal(e)"},
	{"49530007", SNOMEDCT, "afférent(e)"},
	{"33843005", SNOMEDCT, "efférent(e)"},
	{"81654009", SNOMEDCT, "coronal(e)"},
	{"26283006", SNOMEDCT, "superficiel(le)"},
	{"795002", SNOMEDCT, "profond(e)"},
	{"24020000", SNOMEDCT, "horizontal(e)"},
	{"38717003", SNOMEDCT, "longitudinal(e)"},
	{"33096000", SNOMEDCT, "vertical(e)"},
	{"30730003", SNOMEDCT, "sagital(le)"},
	{"24422004", SNOMEDCT, "axial(e)"},
	{"87687004", SNOMEDCT, "extra-articulaire"},
	{"410679008", SNOMEDCT, "surface"},
	{"68493006", SNOMEDCT, "gouttière"},
	{"32381004", SNOMEDCT, "hilaire"},
	{"11070000", SNOMEDCT, "capsulaire"},
	{"61397002", SNOMEDCT, "sous-capsulaire"},
	{"57183005", SNOMEDCT, "le long d'un bord"},
	{"37197008", SNOMEDCT, "antérolatéral(e)"},
	{"90069004", SNOMEDCT, "postérolatéral(e)"},
	{"131183008", SNOMEDCT, "intra-articulaire"},
	{"112233002", SNOMEDCT, "marginal"},
})
