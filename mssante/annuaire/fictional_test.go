package annuaire_test

import (
	"fmt"
	"testing"

	"github.com/segur-sdk/segur"
	"github.com/segur-sdk/segur/mssante/annuaire"
	"github.com/segur-sdk/segur/mssante/annuaire/annuairetest"
)

func physician(id, family, given, specialty string) segur.Professional {
	p := segur.Professional{ID: id, FamilyName: family, GivenName: given, Title: "DR", Profession: segur.Code{Code: "10"}}
	if specialty != "" {
		p.Specialty = segur.Code{Code: "G15_10/" + specialty}
	}
	return p
}

// town is a fictional directory: a hospital, an imaging centre, a closed
// practice; two physicians of one name; an equipment and an activity.
func town(t *testing.T, opts ...annuairetest.Option) (*annuairetest.Server, *annuaire.Client) {
	t.Helper()
	srv := annuairetest.NewServer(opts...)
	t.Cleanup(srv.Close)
	hospital := srv.AddOrganization(segur.Organization{ID: "1990000027", Name: "HÔPITAL FICTIF", Sector: segur.Code{Code: "SA01"},
		Address: segur.Address{Lines: []string{"1 RUE DU TEST"}, PostalCode: "20000", City: "AJACCIO"}},
		annuaire.Mailbox{Address: "secretariat@hopital.mssante.test", Kind: "ORG", Service: "Radiologie", Responsible: "Cadre", Rank: 1},
		annuaire.Mailbox{Address: "integration@hopital.mssante.test", Kind: "APP"},
		annuaire.Mailbox{Address: "cache@hopital.mssante.test", Kind: "ORG", RedList: true})
	centre := srv.AddOrganization(segur.Organization{ID: "1990000019", Name: "CENTRE D'IMAGERIE FICTIF", Sector: segur.Code{Code: "SA07"},
		Address: segur.Address{Lines: []string{"2 RUE DU TEST"}, PostalCode: "75014", City: "PARIS"}},
		annuaire.Mailbox{Address: "accueil@imagerie.mssante.test", Kind: "ORG", PaperWanted: true})
	closed := srv.AddOrganization(segur.Organization{ID: "399000001900015", Name: "CABINET FERMÉ"},
		annuaire.Mailbox{Address: "ancien@cabinet.mssante.test", Kind: "ORG"})
	srv.Add(physician("899900000031", "PRESCRIPTEUR", "Dominique", ""),
		annuaire.Mailbox{Address: "dominique@medecin.mssante.test", Kind: "PER"},
		annuaire.Mailbox{Address: "dominique@hopital.mssante.test", Kind: "PER", Organization: hospital},
		annuaire.Mailbox{Organization: closed})
	srv.Add(physician("899900000049", "PRESCRIPTEUR", "Dominique", "SM28"),
		annuaire.Mailbox{Address: "radio@imagerie.mssante.test", Kind: "CAB", Organization: centre, Rank: 2})
	srv.Add(physician("899900000056", "PRESCRIPTEUR-TEST", "Élise", "SM44"))
	srv.Withdraw(closed)
	srv.Put(fmt.Sprintf(`{"resourceType":"Device","id":"D1","status":"active","identifier":[{"system":"https://arhgos.ars.sante.fr","value":"99-99-00001"}],
		"manufacturer":"FABRICANT","modelNumber":"M1","type":{"coding":[{"system":%q,"code":"05602"}]},"owner":{"reference":%q}}`, annuaire.SystemEquipment, centre),
		fmt.Sprintf(`{"resourceType":"HealthcareService","id":"H1","active":true,"identifier":[{"system":"https://arhgos.ars.sante.fr","value":"99-99-00002"}],
		"category":[{"coding":[{"system":"https://mos.esante.gouv.fr/NOS/JDV_J132-X/FHIR/JDV-J132-X","code":"16"}]}],
		"type":[{"coding":[{"code":"T9"}]}],"characteristic":[{"coding":[{"code":"C3"}]}],"providedBy":{"reference":%q}}`, hospital),
		fmt.Sprintf(`{"resourceType":"Organization","id":"EJ1","active":true,"name":"ENTITÉ JURIDIQUE","type":[{"coding":[{"code":"LEGAL-ENTITY"}]}],"partOf":{"reference":%q}}`, hospital))
	return srv, client(t, still(srv))
}
