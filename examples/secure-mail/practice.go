package main

import (
	"context"

	"github.com/segur-sdk/segur"
	"github.com/segur-sdk/segur/cda"
	"github.com/segur-sdk/segur/mssante"
)

// practice is the software of the prescriber: it watches the mailbox, files what
// comes in the record of the patient, and says so.
type practice struct {
	client   *mssante.Client
	records  []segur.Patient
	filed    map[segur.Identifier]bool // documents that are in a record
	versions map[segur.Identifier]int  // latest version of each set
	arrivals chan arrival
}

// arrival is what became of one mail.
type arrival struct {
	mail      *mssante.Incoming
	documents []filing
	repairs   int
	answer    *mssante.Acknowledgement
	err       error
}

// filing is the verdict on one document.
type filing struct {
	id, path  string
	size      int64
	code      mssante.IntegrationCode // empty: filed
	duplicate bool
	// comparison says which traits agree, without showing any.
	comparison cda.IdentityComparison
}

func openPractice(cfg mssante.Config, trace func(mssante.Action)) (*practice, error) {
	cfg.Trace = trace
	client, err := mssante.New(cfg)
	return &practice{client: client, records: []segur.Patient{knownPatient()}, filed: map[segur.Identifier]bool{},
		versions: map[segur.Identifier]int{}, arrivals: make(chan arrival)}, err
}

// start watches the mailbox in the background, until stop is called.
func (p *practice) start(ctx context.Context) (stop func()) {
	ctx, cancel := context.WithCancel(ctx)
	done := make(chan struct{})
	go func() {
		defer close(done)
		p.watch(ctx)
	}()
	return func() { cancel(); <-done }
}

// watch is the whole life of the receiving side. Watch connects again by itself;
// a mail is marked once it was dealt with, so that a crash in between only means
// that it is given again.
func (p *practice) watch(ctx context.Context) {
	for mail, err := range p.client.Watch(ctx, mssante.Filter{Unprocessed: true, MarkProcessed: true, MarkSeen: true}) {
		a := arrival{mail: mail, err: err}
		if err == nil && mail.Kind() == mssante.DocumentMail {
			a = p.integrate(ctx, mail)
		}
		select {
		case p.arrivals <- a:
		case <-ctx.Done():
			return
		}
	}
}

// integrate opens the archive, files its documents, and answers.
func (p *practice) integrate(ctx context.Context, mail *mssante.Incoming) arrival {
	a := arrival{mail: mail}
	var outcome mssante.Outcome
	archive, err := mail.Archive() // size and hash of every document were checked
	if err != nil {
		// A person has the PDF copies, and the sender is told.
		outcome.Error, outcome.Detail = mssante.OtherError, "L'archive ne peut pas être ouverte."
	} else {
		a.repairs = len(archive.Repairs)
		for _, set := range archive.Sets {
			for i := range set.Documents {
				d := &set.Documents[i]
				f := filing{id: d.Entry.UniqueID, path: d.Path, size: d.Entry.Size}
				if d.Header == nil { // not a CDA document
					f.code = mssante.OtherError
				} else {
					f = p.file(f, *d.Header)
				}
				if f.code != "" {
					outcome.Error = f.code
				}
				a.documents = append(a.documents, f)
			}
		}
	}
	a.answer, a.err = p.client.Answer(ctx, mail, outcome)
	return a
}

// file decides by the rules of the guide: the patient is the one of the document's
// header, by INS and traits, never by the subject nor by the address.
func (p *practice) file(f filing, h segur.DocumentHeader) filing {
	var number bool
	for _, id := range h.PatientIDs {
		number = number || segur.IsINSAuthority(id.Root)
	}
	traits := h.Patient
	switch {
	case !number:
		f.code = mssante.INSMissing
		return f
	case traits.BirthName == "" || traits.FirstGivenName == "" || traits.BirthDate.IsZero() || traits.Sex == "":
		f.code = mssante.INSIncomplete
		return f
	}
	f.code = mssante.PatientUnknown
	for _, record := range p.records {
		c := cda.ComparePatient(h, record)
		if c.INS != segur.AgreementSame {
			continue
		}
		f.comparison, f.code = c, ""
		if !c.Same() {
			f.code = mssante.INSDiffers // a person looks, with c.Details()
		}
		break
	}
	switch known := p.versions[h.SetID]; {
	case f.code != "":
	case p.filed[h.ID]:
		f.duplicate = true // the same document by another way: once in the record
	case h.SetID != (segur.Identifier{}) && h.Version <= known:
		f.code = mssante.WrongVersion
	default:
		p.filed[h.ID], p.versions[h.SetID] = true, h.Version // a product stores d.Open() here
	}
	return f
}
