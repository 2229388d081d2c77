package psc

import (
	"context"
	"encoding/json"
	"net/http"
	"strings"

	"github.com/segur-sdk/segur"
	"github.com/segur-sdk/segur/internal/transport"
)

const opUserInfo = "psc.userinfo"

// UserInfo is what Pro Santé Connect says of a professional, after the directory RPPS. Most fields are often empty. Its
// printed forms are redacted.
type UserInfo struct {
	// Subject is the key of the account, that of the ID token. Its form changes in 2026: never take it apart.
	Subject string
	// NameID is SubjectNameID, the national identifier with its type ("8" and the RPPS number); PreferredUsername is
	// the same as a rule.
	NameID, PreferredUsername string
	// OtherIDs are the identifiers that the account has, or had.
	OtherIDs []OtherID
	// GivenName and FamilyName are those of the account, Civility the codeCivilite ("M", "MME").
	GivenName, FamilyName, Civility string
	// Email is the address of the account, seldom there.
	Email         string
	EmailVerified bool
	// Sector, Organization, OrganizationID and Roles are Secteur_Activite, SubjectOrganization, SubjectOrganizationID
	// and SubjectRole: those of one practice that the provider picked. OrganizationID is a technical rank, often
	// empty, and the system of Roles is a value set: take a [Situation] instead.
	Sector                       segur.Code
	Organization, OrganizationID string
	Roles                        []segur.Code
	// Level is Palier_Authentification.
	Level segur.Code
	// AccessReason is Mode_Acces_Raison.
	AccessReason string
	// MedicalRegulation is Acces_Regulation_Medicale.
	MedicalRegulation bool
	// PSILocale and UITVersion are the claims of these names.
	PSILocale, UITVersion string
	// Exercices are the practices of the professional: a profession each.
	Exercices []Exercice
	// Raw is the JSON as it came (of a signed answer, its payload).
	Raw json.RawMessage
}

// OtherID is one of the identifiers of an account. Its printed forms are redacted.
type OtherID struct {
	// Value is the identifier, Origin who gave it: RPPS, ADELI, EDIT (test identities), PSI.
	Value, Origin string
	// Quality is the claim "qualite".
	Quality int
}

// Exercice is one "exercice professionnel". Codes are those of the RPPS. Its printed forms are redacted.
type Exercice struct {
	// Profession is codeProfession, of TRE_G15 as a rule: "10" is a physician. [Situation.Roles] gives it its system.
	Profession string
	// Category is codeCategorieProfessionnelle: C (civil), M (military), E (student).
	Category string
	// Title is codeCiviliteDexercice, such as "DR"; FamilyName and GivenName are the names in practice.
	Title, FamilyName, GivenName string
	// SpecialtyType is codeTypeSavoirFaire ("S": specialty), Specialty codeSavoirFaire (TRE_R01), such as "SM44".
	SpecialtyType, Specialty string
	// Activities are the places where it is carried out.
	Activities []Activity
}

// Activity is one "activité": a profession carried out in one structure. Its printed forms are redacted.
type Activity struct {
	// Mode is codeModeExercice: L (own practice), S (salaried), B (volunteer).
	Mode string
	// Sector is codeSecteurDactivite (TRE_R02), such as "SA07".
	Sector string
	// PharmacistSection is codeSectionPharmacien (TRE_G05), Role codeRole, Kind codeGenreActivite (TRE_R22).
	PharmacistSection, Role, Kind string
	// StructureID is ancienIdentifiantDeLaStructure: the national identifier with its type digit (IdNat_Struct) that
	// an assertion names. TechnicalID is identifiantTechniqueDeLaStructure, a rank.
	StructureID, TechnicalID string
	// SIRET and SIREN, FINESS (of the site) and LegalFINESS (of the legal entity) are those of the structure.
	SIRET, SIREN, FINESS, LegalFINESS string
	// Name is raisonSocialeSite, Sign enseigneCommercialeSite.
	Name, Sign string
	// Address is the postal address. Its lines hold the parts in the order of the directory.
	Address segur.Address
	// TownCode is codeCommune (COG), Department codeDepartement.
	TownCode, Department string
	// Phones and Email are the contact; as the directory has them.
	Phones []string
	Fax    string
	Email  string
	// Authority is autoriteDenregistrement.
	Authority string
}

// UserInfo asks who the user is. The answer may be JSON, or a JWT that the provider signs; it must be about the subject
// of the ID token.
func (s *Session) UserInfo(ctx context.Context) (*UserInfo, error) {
	token, err := s.Token(ctx)
	if err != nil {
		return nil, named(opUserInfo, err)
	}
	u, err := s.c.userInfo(ctx, token)
	if segur.KindOf(err) == segur.KindAuthentication && statusOf(err) == http.StatusUnauthorized {
		// It may have ended on the way: two minutes are soon over.
		if token, err = s.Renew(ctx); err != nil {
			return nil, named(opUserInfo, err)
		}
		u, err = s.c.userInfo(ctx, token)
	}
	if err != nil {
		return nil, err
	}
	if u.Subject == "" || u.Subject != s.Claims().Subject {
		return nil, &segur.Error{Op: opUserInfo, Kind: segur.KindAuthentication, Details: []segur.Detail{{Field: "userInfo.sub", Message: "must be that of the ID token"}}}
	}
	return u, nil
}

func statusOf(err error) int {
	if e, ok := err.(*segur.Error); ok { //nolint:errorlint // ours, not a cause
		return e.Status
	}
	return 0
}

func (c *Client) userInfo(ctx context.Context, token string) (*UserInfo, error) {
	m, err := c.provider(ctx)
	if err != nil {
		return nil, named(opUserInfo, err)
	}
	if m.UserInfoURL == "" {
		return nil, &segur.Error{Op: opUserInfo, Kind: segur.KindRefused, Message: "the provider announces no endpoint for it"}
	}
	reply, err := c.rest.Do(ctx, transport.Call{Op: opUserInfo, URL: m.UserInfoURL, RepeatSafe: true, ResponseLimit: maxUserInfo, Secret: true,
		Header: http.Header{"Authorization": {"Bearer " + token}, "Accept": {"application/json, application/jwt"}}})
	if err != nil {
		return nil, err
	}
	if err := reply.StatusError(); err != nil {
		return nil, err
	}
	switch mediaType(reply.Header) {
	case "application/json":
		return ParseUserInfo(reply.Body)
	case "application/jwt":
		return c.signedUserInfo(ctx, strings.TrimSpace(string(reply.Body)))
	}
	return nil, &segur.Error{Op: opUserInfo, Kind: segur.KindProtocol, Message: "the answer is neither JSON nor a JWT", Status: reply.Status}
}

// signedUserInfo verifies a signed answer (OpenID Connect Core section 5.3.2): iss and aud are there then. It need not
// have an expiry.
func (c *Client) signedUserInfo(ctx context.Context, raw string) (*UserInfo, error) {
	payload, err := c.verifySignature(ctx, opUserInfo, raw, maxUserInfo)
	if err != nil {
		return nil, err
	}
	var t rawClaims
	if json.Unmarshal(payload, &t) != nil {
		return nil, &segur.Error{Op: opUserInfo, Kind: segur.KindProtocol, Message: "the answer is not the JSON expected"}
	}
	var p segur.Problems
	if t.Issuer != c.cfg.Issuer {
		p.Add("userInfo.iss", "must be the provider")
	}
	if !t.Audience.holds(c.cfg.ClientID) {
		p.Add("userInfo.aud", "must hold the client")
	}
	if t.Expiry != nil && t.Expiry.time().Before(c.cfg.Clock()) {
		p.Add("userInfo.exp", "must not have passed")
	}
	if !p.Empty() {
		return nil, &segur.Error{Op: opUserInfo, Kind: segur.KindAuthentication, Message: "the answer is refused", Details: p.Details()}
	}
	return ParseUserInfo(payload)
}
