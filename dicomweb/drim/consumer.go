package drim

import (
	"context"
	"fmt"
	"io"
	"iter"
	"math"
	"strings"
	"time"

	"github.com/segur-sdk/segur"
	"github.com/segur-sdk/segur/dicomweb"
	"github.com/segur-sdk/segur/dmp/xds"
)

const (
	opConsumer = "drim.consumer"
	opExams    = "drim.exams"
	opOpen     = "drim.open"
	opImages   = "drim.retrieve"
	opExport   = "drim.export"
)

// ConsumerRecord is the national record (DMP) as a consumer of images reads it:
// one user of one structure. What (*dmp.Client).Manifests gives satisfies it.
type ConsumerRecord interface {
	// Find gives the active entries of a patient that the query selects.
	Find(ctx context.Context, patient segur.INS, q xds.ManifestQuery) iter.Seq2[*xds.DocumentEntry, error]
	// Open gives the bytes of a document. Reading ends with an error other than
	// io.EOF when they are not those that the entry describes.
	Open(ctx context.Context, patient segur.INS, entry *xds.DocumentEntry) (io.ReadCloser, error)
}

// ConsumerConfig configures a [Consumer]. Of ClientConfig, RootCAs verifies the
// boxes of the others, and Credentials is what is presented to them.
type ConsumerConfig struct {
	segur.ClientConfig
	// Record is the record as the user sees it. Required.
	Record ConsumerRecord
	// Boxes refuses a host, "host" or "host:port", that is no source of the white
	// list: a [whitelist.Guard]. It is asked before a token is. Required.
	Boxes func(host string) error
	// Tokens gives the access token of the user (Pro Santé Connect): asked for
	// each request, and once more when a source refuses the one before. Required.
	Tokens dicomweb.TokenSource

	// Profile says what the images are for. Accept replaces it: the transfer
	// syntaxes that are asked for, with their weights, all above 0.
	Profile Profile
	Accept  Accept
	// Locations gives the base address of a source by its OID, for manifests that
	// give no other address. Optional.
	Locations func(oid string) (base string, ok bool)
	// RequireINS refuses images to which the source did not add the INS, as the
	// specification has it do. By default they are judged by what they bear.
	RequireINS bool
	// Parallel is the number of requests to one source at a time. 0: 4.
	Parallel int
	// SourceTimeout bounds the time that one request may take, from the call to
	// the last image. 0: as long as bytes come within IdleTimeout.
	SourceTimeout time.Duration
	// SpoolDir is where images that are larger than 1 MiB, and those on their way
	// to the PACS, wait until they are whole, in files that only the user of the
	// process can read. It exists. Empty: the directory of the system for
	// temporary files. What a process that was killed left there is removed by the
	// next consumer, a day later.
	SpoolDir string
	// MaxManifestBytes bounds a manifest. 0: 64 MiB.
	MaxManifestBytes int64
}

const (
	defaultSourceParallel   = 4
	maxSourceParallel       = 64
	defaultMaxManifestBytes = 64 << 20
)

// Consumer finds the exams of a patient in the record and retrieves their images
// from the boxes of those who made them, in the name of one user. It is immutable
// and safe for concurrent use.
type Consumer struct {
	cfg    ConsumerConfig
	web    *dicomweb.Client
	accept string
}

// NewConsumer checks cfg completely and returns a consumer; nothing is asked yet.
// Close it when the session of the user ends.
func NewConsumer(cfg ConsumerConfig) (*Consumer, error) {
	var p segur.Problems
	cfg.ClientConfig.Check(&p)
	if cfg.Record == nil {
		p.Add("record", "is required")
	}
	if cfg.Boxes == nil {
		p.Add("boxes", "is required: a token goes to hosts of the white list only")
	}
	if cfg.Tokens == nil {
		p.Add("tokens", "is required")
	}
	if cfg.Profile > Lossy {
		p.Add("profile", "is not known")
	}
	if cfg.Parallel < 0 || cfg.Parallel > maxSourceParallel {
		p.Add("parallel", "must be between 1 and 64")
	}
	if cfg.SourceTimeout < 0 {
		p.Add("sourceTimeout", "must not be negative")
	}
	if cfg.MaxManifestBytes < 0 {
		p.Add("maxManifestBytes", "must not be negative")
	}
	accept := acceptOf(&p, cfg.Profile, cfg.Accept)
	if err := p.Err(opConsumer); err != nil {
		return nil, err
	}
	if cfg.Parallel == 0 {
		cfg.Parallel = defaultSourceParallel
	}
	if cfg.MaxManifestBytes == 0 {
		cfg.MaxManifestBytes = defaultMaxManifestBytes
	}
	// Every request has an address of its own, that of the manifest; a name that
	// nobody can have (RFC 2606) stands for the endpoint that there is not.
	web, err := dicomweb.New(dicomweb.Config{ClientConfig: cfg.ClientConfig, Endpoint: "https://drimbox.invalid", Tokens: cfg.Tokens})
	if err != nil {
		return nil, err
	}
	cfg.ClientConfig = cfg.ClientConfig.WithDefaults()
	sweepSpool(cfg.SpoolDir)
	return &Consumer{cfg: cfg, web: web, accept: accept}, nil
}

// Close closes the connections that no call uses.
func (c *Consumer) Close() { c.web.CloseIdleConnections() }

// acceptOf writes the Accept header.
func acceptOf(p *segur.Problems, profile Profile, own Accept) string {
	if len(own) == 0 {
		return FormatAccept(profile)
	}
	var list []string
	for i, a := range own {
		field := fmt.Sprintf("accept[%d]", i)
		if !dicomweb.ValidUID(a.Syntax) {
			p.Add(field+".syntax", "must be a transfer syntax")
		}
		if a.Weight <= 0 || a.Weight > 1000 {
			p.Add(field+".weight", "must be between 1 and 1000 thousandths")
		}
		tenths := max(int(math.Round(float64(a.Weight)/100)), 1) // boxes read one decimal
		list = append(list, acceptElement(a.Syntax, tenths))
	}
	return strings.Join(list, ",")
}

// Codes of the consumer: Code of a [segur.Error], of one image or of a call.
// [CodeWrongPatient] is one too, as are those of package whitelist.
const (
	// CodeOpposed: the contextual call says that the patient was not informed, or
	// is opposed.
	CodeOpposed = "drim-opposed"
	// CodeNotAManifest: the document is no manifest that can be read.
	CodeNotAManifest = "drim-not-a-manifest"
	// CodeWrongManifest: the document is not the one that its entry describes.
	CodeWrongManifest = "drim-wrong-manifest"
	// CodeWrongStudy: a manifest, an address or an image is of another study or
	// series than the one it stands for.
	CodeWrongStudy = "drim-wrong-study"
	// CodeBadAddress: a series has no address, or one that may not be called.
	CodeBadAddress = "drim-bad-address"
	// CodeExamWithdrawn: the record no longer has a manifest of the exam.
	CodeExamWithdrawn = "drim-exam-withdrawn"
	// CodeManifestReplaced: the manifest was replaced more often than a retrieval
	// follows.
	CodeManifestReplaced = "drim-manifest-replaced"
	// CodeImageGone: the source no longer has the image.
	CodeImageGone = "drim-image-gone"
	// CodeImageNotListed: the manifest does not list the image that came.
	CodeImageNotListed = "drim-image-not-listed"
	// CodeImageDamaged: the file came whole and is not.
	CodeImageDamaged = "drim-image-damaged"
	// CodeImageWithoutPixels: an image came whole, without the pixels that it
	// announces, or with fewer.
	CodeImageWithoutPixels = "drim-image-without-pixels"
	// CodeNotAnswered: the source answered without the image.
	CodeNotAnswered = "drim-not-answered"
	// CodeSourceDown: the source was given up after several requests failed.
	CodeSourceDown = "drim-source-down"
	// CodeCannotSpool: an image could not be kept while it came.
	CodeCannotSpool = "drim-cannot-spool"
	// CodeNotStored: the local archive ended the export.
	CodeNotStored = "drim-not-stored"
	// CodeIncompleteExam: not every image is there.
	CodeIncompleteExam = "drim-incomplete-exam"
)

var consumerHelps = map[string]segur.Text{
	CodeOpposed: {
		FR: "L'appel contextuel indique que le patient n'a pas été informé, ou s'oppose à la consultation : le DMP n'est pas interrogé.",
		EN: "The contextual call says that the patient was not informed, or is opposed: the record is not asked."},
	CodeNotAManifest: {
		FR: "Le document du DMP n'est pas un manifeste d'images lisible. Le signaler à son auteur.",
		EN: "The document of the record is no manifest of images that can be read. Tell its author."},
	CodeWrongManifest: {
		FR: "Le document reçu n'est pas celui que décrit le DMP (identifiant, taille ou empreinte). Il n'est pas utilisé.",
		EN: "The document is not the one that the record describes (identifier, size or hash). It is not used."},
	CodeWrongStudy: {
		FR: "Un élément reçu est celui d'un autre examen. Il n'est pas utilisé ; le signaler au site source.",
		EN: "Something that came is of another exam. It is not used; tell the site that sent it."},
	CodeWrongPatient: {
		FR: "Un élément reçu est celui d'un autre patient. Il n'est ni affiché ni transmis ; le signaler au site source.",
		EN: "Something that came is of another patient. It is neither shown nor passed on; tell the site that sent it."},
	CodeBadAddress: {
		FR: "Le manifeste ne donne pas d'adresse utilisable (https, étude et série de l'entrée) pour cette série.",
		EN: "The manifest has no address that may be called (https, study and series of the item) for the series."},
	CodeExamWithdrawn: {
		FR: "Le DMP n'a plus de manifeste pour cet examen : le partage a été annulé. Ne plus présenter ses images comme partagées.",
		EN: "The record no longer has a manifest of the exam: it is no longer shared. Its images are not to be shown as if it were."},
	CodeManifestReplaced: {
		FR: "L'examen change pendant la récupération : recommencer.",
		EN: "The exam changes during its retrieval: start again."},
	CodeImageGone: {
		FR: "La source n'a plus cette image, que le manifeste liste encore.",
		EN: "The source no longer has the image, which the manifest still lists."},
	CodeImageNotListed: {
		FR: "La source a envoyé une image que le manifeste ne liste pas. Elle n'est pas utilisée.",
		EN: "The source sent an image that the manifest does not list. It is not used."},
	CodeImageDamaged: {
		FR: "Le fichier reçu n'est pas un fichier DICOM entier. Il n'est pas utilisé.",
		EN: "The file that came is no whole DICOM file. It is not used."},
	CodeImageWithoutPixels: {
		FR: "Le fichier reçu n'a pas les pixels qu'il annonce. Il n'est pas utilisé : l'image est à corriger à la source.",
		EN: "The file that came does not have the pixels that it announces. It is not used: the source has to correct the image."},
	CodeNotAnswered: {
		FR: "La source a répondu sans envoyer cette image.",
		EN: "The source answered without sending the image."},
	CodeSourceDown: {
		FR: "La source ne répond pas. Réessayer plus tard.",
		EN: "The source does not answer. Try again later."},
	CodeCannotSpool: {
		FR: "Une image n'a pas pu être conservée le temps de sa réception : vérifier le répertoire et l'espace disponible.",
		EN: "An image could not be kept while it came: check the directory and the space left."},
	CodeNotStored: {
		FR: "Le PACS local n'accepte plus d'images : voir son erreur, puis recommencer.",
		EN: "The local archive takes no more images: see its error, then start again."},
	CodeIncompleteExam: {
		FR: "Toutes les images de l'examen ne sont pas arrivées : le signaler à l'utilisateur et réessayer.",
		EN: "Not every image of the exam is there: tell the user and try again."},
}

// consumerError is an error of the consumer itself.
func consumerError(op string, kind segur.Kind, code, message string) *segur.Error {
	return &segur.Error{Op: op, Kind: kind, Code: code, Message: message, Help: consumerHelps[code]}
}
