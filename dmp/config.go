package dmp

import (
	"context"
	"time"

	"github.com/segur-sdk/segur"
)

// Mode is the authentication mode of the assertion (VIHF).
type Mode string

// The modes. What each may do is decided by the record's rights matrix:
// Indirecte feeds and looks up by reference; IndirecteRenforcee (AIR)
// consults and does not feed; Directe, with a professional's card, does both.
const (
	// Directe authenticates a professional by card.
	Directe Mode = "DIRECTE"
	// Indirecte authenticates the structure; the software vouches for its user.
	Indirecte Mode = "INDIRECTE"
	// IndirecteRenforcee (AIR) is Indirecte with the proof that the user was
	// strongly authenticated.
	IndirecteRenforcee Mode = "INDIRECTE_RENFORCEE"
)

// LocalAuthentication is how the user logged in to the local software; it
// gives the AuthnContextClassRef of the assertion.
type LocalAuthentication string

// The means of authentication known to the record.
const (
	// ByPassword: name and password.
	ByPassword LocalAuthentication = "Password"
	// ByCard: a professional card.
	ByCard LocalAuthentication = "SmartcardPKI"
	// ByProSanteConnect: Pro Santé Connect.
	ByProSanteConnect LocalAuthentication = "MobileTwoFactorUnregistered"
	// ByTLSClient: a client certificate.
	ByTLSClient LocalAuthentication = "TLSClient"
	// Unattended: no user, an automated process.
	Unattended LocalAuthentication = "unspecified"
)

// Config configures a [Client].
type Config struct {
	segur.ClientConfig

	// Endpoint is the base URL of the services, without the service suffix:
	// "https://lps2.dmp.gouv.fr/si-dmp-server/v2/services" in production. The
	// platform's name comes from the CNDA for tests. Required.
	Endpoint string
	// Mode is the authentication mode. Required.
	Mode Mode
	// Signing signs the assertion and the submission set: the structure's
	// signature certificate (ORG SIGN, "cachet"), or the card's signature key
	// in Directe. Its subject OU must be Structure.ID. Required.
	Signing segur.CredentialSource
	// Structure is the structure on whose behalf the software acts: its ID
	// must be the OU of the certificates; a bare FINESS of 9 characters is
	// given its type digit. Its Sector is required.
	Structure segur.Organization
	// AllowLegalEntityCertificate accepts a Structure whose ID differs from the
	// OU of the certificate: certificate of the legal entity (FINESS EJ), call
	// for a site of it (FINESS EG).
	AllowLegalEntityCertificate bool
	// User is who acts: identifier (IdNat_PS), names, profession and what
	// qualifies it. Required. A specialty is required for a physician (a code
	// of JDV_J01 such as "G15_10/SM44", or of TRE_R01 such as "SM44"), the
	// section of the Ordre for a pharmacist ("G15_21/G", or "G" of TRE_G05),
	// the role for an actor characterised by it (profession 99 of TRE_R291,
	// Specialty of TRE_R85). For an automatic process: the person responsible
	// for it.
	User segur.Professional
	// OtherRoles are further roles of the assertion, two at most: the kind of
	// activity (TRE_R22) of an actor characterised by a role, for instance.
	OtherRoles []segur.Code
	// Identity says whose roles the assertion bears. Empty: those of User when
	// its profession, and its specialty where one is required, are known, or
	// when somebody logged in; else those of an automaton.
	Identity Identity
	// Profile is what User is to the rights matrix. Empty: told from the
	// profession. Set [OccupationalPhysician] for who acts as médecin du
	// travail, or [NonProfessional] for the holder of a CPE whose profession
	// does not tell.
	Profile Profile
	// LocalAuthentication is how User logged in. Required.
	LocalAuthentication LocalAuthentication
	// AuthenticatedAt gives the instant at which User logged in. nil: the
	// instant of the call.
	AuthenticatedAt func() time.Time
	// Software names the calling software. Required.
	Software Software
	// OIDRoot is the root below which submission sets and signatures get
	// their identifiers. Required in production; elsewhere 2.25 when empty.
	OIDRoot segur.OID
	// SourceID is the OID of the emitting system (XDSSubmissionSet.sourceId).
	// Empty: OIDRoot.
	SourceID segur.OID

	// Trace is told of each assertion before it is sent: who acted for which
	// structure, which the structure must be able to say (EX_AIR-070). It is
	// called before the call goes on, possibly from another goroutine, and once
	// for each attempt of a call that is repeated. nil: nobody.
	Trace func(AssertionUse)

	// WebHost is the host, with its port where it has one, of the web site of
	// the record for professionals, given with the platform. Required by
	// [Client.WebURL] only.
	WebHost string

	// BearerToken gives the access token of the architecture "API PSC" (DMPi
	// 2.10): it is asked for at each message, and sent as the Authorization
	// header, which is kept out of logs and of evidence. The exchange of a
	// token of Pro Santé Connect for one of the record is the caller's. nil: no
	// such header.
	BearerToken func(ctx context.Context) (string, error)

	// Settings holds what the public specifications leave open. Its zero
	// value is the best-known default.
	Settings Settings
}

// Identity says who the assertion of a process names.
type Identity string

// The identities.
const (
	// Message is the professional whom the message names: Config.User, with
	// profession and specialty.
	Message Identity = "message"
	// Automaton is an automatic process: role AUTOMATE, the software as the
	// name, Config.User as the person responsible. In INDIRECTE, Unattended.
	Automaton Identity = "automaton"
)

// AssertionUse is one assertion and what it was made for. It names a patient:
// not for technical logs.
type AssertionUse struct {
	// ID is the identifier of the assertion, At when it was issued.
	ID string
	At time.Time
	// Op is the operation, MessageID that of the call.
	Op, MessageID string
	// UserID and StructureID are who acts, Patient for whom.
	UserID, StructureID string
	Patient             segur.INS
	// Purpose is why, Reason that of an access "en bris de glace".
	Purpose Purpose
	Reason  string
	// Secret says that the connection is.
	Secret bool
	// Reused says that the assertion was made for an earlier call (see
	// Settings.AssertionLifetime).
	Reused bool
}

// Software names the software that calls, as the approval office knows it.
type Software struct {
	// Name and Version are LPS_Nom and LPS_Version. Required.
	Name, Version string
	// InstallationID is LPS_ID, the serial number of the installation. Optional.
	InstallationID string
	// ApprovalNumber is LPS_ID_HOMOLOGATION_DMP. Required.
	ApprovalNumber string
}

// Settings are facts that the public specifications leave open; see
// docs/open-points.md.
type Settings struct {
	// VIHFVersion is the attribute VIHF_Version. Empty: "3.0".
	VIHFVersion string
	// AuthnContextDecl is the AuthnContextDecl of IndirecteRenforcee. Empty:
	// "CONF_EXI_PGSSIS". Never sent in other modes.
	AuthnContextDecl string
	// AssertionSHA1 signs the assertion with SHA-1, as samples before 2021 do.
	AssertionSHA1 bool
	// AssertionLifetime gives the same assertion to the calls of the same user,
	// patient and purpose during that time, 5 minutes at most: for cards that
	// sign slowly. Never in IndirecteRenforcee. It needs AuthenticatedAt, but
	// for an automatic process. Each use is told to Trace. 0: one assertion
	// for each message, since how long the record accepts one is not public.
	AssertionLifetime time.Duration
	// EmergencyReasonAttribute names the attribute of the reason of an access
	// "en bris de glace". Empty: "Mode_Acces_Raison".
	EmergencyReasonAttribute string
	// EmergencyReasonInAIR sends that reason in IndirecteRenforcee as well; it
	// is only known of Directe.
	EmergencyReasonInAIR bool
	// LetServiceDecide sends what the published rights matrix refuses: the
	// record alone decides.
	LetServiceDecide bool
	// LotSignatureSHA256 signs the submission set with SHA-256. The service is
	// only known to accept SHA-1, the default.
	LotSignatureSHA256 bool
	// AllowMaskedAndInvisible lets a document be both masked from
	// professionals and invisible to the patient.
	AllowMaskedAndInvisible bool
	// AllowUnknownCodes lets through codes that the embedded value sets do not
	// hold: the sets are revised several times a year.
	AllowUnknownCodes bool
	// ProcessingCode is the processingCode of the HL7 v3 messages (TD0.2, TD0.5,
	// TD1.3a). Empty: "P" in production, "D" elsewhere.
	ProcessingCode string
	// RepositoryUniqueID is asked for where an entry does not name its
	// repository. Empty: "1.2.250.1.213.4.1.1.1.2".
	RepositoryUniqueID segur.OID
	// MaxDocumentBytes and MaxSubmissionBytes bound a document and a lot that
	// are published. The limits of the service are not public. 0: 50 MiB, and
	// 200 MiB.
	MaxDocumentBytes, MaxSubmissionBytes int64
	// MajorityAge is the age at which nobody is hidden anything as a legal
	// representative. 0: 18.
	MajorityAge int
	// AllowMetadataChange lets [Client.ChangeMetadata] change other attributes
	// than visibility and status, which the record is not known to accept.
	AllowMetadataChange bool
	// Search is what is open of searches: paging, batches, references.
	Search SearchSettings
}
