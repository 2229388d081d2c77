package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"path/filepath"
	"strings"
	"sync/atomic"
	"time"

	"github.com/segur-sdk/segur"
	"github.com/segur-sdk/segur/dicomweb"
	"github.com/segur-sdk/segur/dicomweb/dicomwebtest"
	"github.com/segur-sdk/segur/dicomweb/drim"
	"github.com/segur-sdk/segur/dicomweb/drim/drimtest"
	"github.com/segur-sdk/segur/dicomweb/drim/whitelist/whitelisttest"
)

// refusedByConsumer shows what site B does not ask for, does not take, and never
// says to be complete.
func (t *tour) refusedByConsumer(ctx context.Context) error {
	t.title("what site B refuses, and reports")
	for _, scene := range []func(context.Context) error{t.opposed, t.unsignedList, t.expiredToken, t.fewerImages, t.otherSite} {
		if err := scene(ctx); err != nil {
			return err
		}
	}
	return nil
}

// opposed is a call for a patient who is opposed to the consultation: the record
// is not asked.
func (t *tour) opposed(ctx context.Context) error {
	c := whoCalls()
	c.Information = "false"
	call, err := t.b.call(ctx, c)
	if err != nil {
		return err
	}
	_, err = call.ExamQuery()
	return t.expect("opposition", err, drim.CodeOpposed)
}

// unsignedList is a white list that nobody signed: the one before stays.
func (t *tour) unsignedList(ctx context.Context) error {
	t.list.PublishRaw(whitelisttest.Document(time.Now(), whitelisttest.Box{Host: "box.inconnue.example"}))
	_, err := t.b.list.Refresh(ctx)
	if err == nil || t.b.list.List().Boxes() != 1 {
		return refusedNothing("an unsigned list")
	}
	t.line("unsigned list", "%s; the list before stays in use", reason(err))
	t.register(t.a.host)
	return nil
}

// share has site A publish another exam, which site B opens.
func (t *tour) share(ctx context.Context, accession string) (*exam, *drim.OpenedExam, error) {
	e, err := t.newExam(accession)
	if err != nil {
		return nil, nil, err
	}
	if err := t.store(e); err != nil {
		return nil, nil, err
	}
	o, err := t.shareFrom(ctx, e, t.a.source)
	return e, o, err
}

func (t *tour) shareFrom(ctx context.Context, e *exam, source *drim.Source) (*drim.OpenedExam, error) {
	s, err := t.receive(ctx, e, source)
	if err != nil {
		return nil, err
	}
	if s.State != drim.StatePublished {
		return nil, &segur.Error{Op: "share-images", Kind: segur.KindRefused, Message: state(s)}
	}
	exams, err := t.b.consumer.Exams(ctx, drim.ExamQuery{Patient: patient().INS, StudyUID: e.study})
	if err != nil {
		return nil, err
	}
	if len(exams) != 1 {
		return nil, &segur.Error{Op: "share-images", Kind: segur.KindNotFound, Message: "the exam is not in the record"}
	}
	return t.b.consumer.Open(ctx, exams[0])
}

// fixedToken is the token of a program that does not renew it.
type fixedToken string

// Token implements dicomweb.TokenSource.
func (f fixedToken) Token(context.Context) (string, error) { return string(f), nil }

// expiredToken has the token end: the session renews it and goes on; a program
// that cannot is refused.
func (t *tour) expiredToken(ctx context.Context) error {
	_, o, err := t.share(ctx, "ACC-0048")
	if err != nil {
		return err
	}
	before, err := t.b.session.Token(ctx)
	if err != nil {
		return err
	}
	t.provider.RevokeAccess()
	cfg := t.b.config()
	cfg.Tokens = fixedToken(before)
	consumer, err := drim.NewConsumer(cfg)
	if err != nil {
		return err
	}
	defer consumer.Close()
	t.a.answers()
	report, err := consumer.Retrieve(ctx, drim.RetrieveRequest{Exams: []*drim.OpenedExam{o}, Sink: nowhere})
	if err == nil {
		return refusedNothing("an expired token")
	}
	t.line("expired token", "%s", reason(err))
	if err := t.keep("refused/token.txt", completeness(report)); err != nil {
		return err
	}
	t.line("box of site A", "%s", t.a.answers())
	report, err = t.retrieve(ctx, o)
	if err != nil {
		return err
	}
	t.line("token renewed", "%s", summary(report))
	return nil
}

// fewerImages has PACS A lose an image that the manifest lists, of which nobody
// was told.
func (t *tour) fewerImages(ctx context.Context) error {
	_, o, err := t.share(ctx, "ACC-0049")
	if err != nil {
		return err
	}
	for ref := range o.Manifest.All() {
		if err := t.a.pacs.Delete(ctx, ref); err != nil {
			return err
		}
		break
	}
	return t.incomplete(ctx, "fewer images", "fewer", o)
}

// incomplete retrieves an exam of which an image must not be taken for received.
func (t *tour) incomplete(ctx context.Context, what, file string, o *drim.OpenedExam) error {
	report, err := t.retrieve(ctx, o)
	if err == nil || report.Complete() {
		return refusedNothing("an incomplete exam")
	}
	t.line(what, "%s", summary(report))
	for _, e := range report.Exams {
		for _, s := range e.Series {
			for _, i := range s.Images {
				if i.Err != nil {
					t.line("", "image %d of series %d %s: %s", i.Number, s.Number, i.State, short(i.Err))
				}
			}
		}
	}
	return t.keep("refused/"+file+".txt", completeness(report))
}

// counted counts how often a token is asked for.
type counted struct {
	dicomweb.TokenSource
	n atomic.Int32
}

// Token implements dicomweb.TokenSource.
func (c *counted) Token(ctx context.Context) (string, error) {
	c.n.Add(1)
	return c.TokenSource.Token(ctx)
}

// otherSite is a third box, which goes wrong: it sends the image of somebody else
// in the place of one; then it is struck off the white list.
func (t *tour) otherSite(ctx context.Context) error {
	token, err := t.b.session.Token(ctx)
	if err != nil {
		return err
	}
	box := drimtest.NewServer(drimtest.WithPKI(t.pki), drimtest.WithTokens(token))
	defer box.Close()
	base := strings.Replace(box.URL, "127.0.0.1", "localhost", 1) // another host than that of site A
	if err := t.enlist(ctx, t.a.host, strings.Replace(box.Host(), "127.0.0.1", "localhost", 1)); err != nil {
		return err
	}
	e, o, err := t.shareAt(ctx, base)
	if err != nil {
		return err
	}
	var files [][]byte
	for _, c := range e.images {
		b, err := readAll(c)
		if err != nil {
			return err
		}
		files = append(files, b)
	}
	if err := box.Share(o.Manifest.UID, files...); err != nil {
		return err
	}
	h, err := dicomweb.Inspect(e.images[0])
	if err != nil {
		return err
	}
	other, err := io.ReadAll(dicomweb.Edit(bytes.NewReader(files[0]),
		dicomweb.Put(dicomweb.Text(dicomweb.TagPatientName, "FICTIF-AUTRE^PAUL")),
		dicomweb.Put(dicomweb.Text(dicomweb.TagPatientID, "X-1")),
		dicomweb.Put(dicomweb.Text(dicomweb.TagPatientBirthDate, "19520707"))))
	if err != nil {
		return err
	}
	box.Substitute(h.SOPInstanceUID, other)
	if err := t.incomplete(ctx, "other patient", "patient", o); err != nil {
		return err
	}

	if err := t.enlist(ctx, t.a.host); err != nil {
		return err
	}
	asked := len(box.Requests())
	cfg := t.b.config()
	tokens := &counted{TokenSource: t.b.session}
	cfg.Tokens = tokens
	consumer, err := drim.NewConsumer(cfg)
	if err != nil {
		return err
	}
	defer consumer.Close()
	report, err := consumer.Retrieve(ctx, drim.RetrieveRequest{Exams: []*drim.OpenedExam{o}, Sink: nowhere})
	if err == nil {
		return refusedNothing("a host outside of the white list")
	}
	t.line("white list", "%s; %d requests, %d tokens asked for", reason(err), len(box.Requests())-asked, tokens.n.Load())
	return t.keep("refused/white-list.txt", completeness(report))
}

// enlist publishes a white list, and has both sites take it.
func (t *tour) enlist(ctx context.Context, hosts ...string) error {
	t.register(hosts...)
	if _, err := t.a.list.Refresh(ctx); err != nil {
		return err
	}
	_, err := t.b.list.Refresh(ctx)
	return err
}

// shareAt publishes an exam of which the images are at another box.
func (t *tour) shareAt(ctx context.Context, base string) (*exam, *drim.OpenedExam, error) {
	e, err := t.newExam("ACC-0050", func(o *dicomwebtest.SampleOptions) { o.Series = 1 })
	if err != nil {
		return nil, nil, err
	}
	if err := t.store(e); err != nil {
		return nil, nil, err
	}
	archive, err := drim.OpenArchive(filepath.Join(t.folder, "site-c"))
	if err != nil {
		return nil, nil, err
	}
	defer archive.Close()
	cfg := t.a.config()
	cfg.Archive, cfg.RetrieveBase = archive, base
	source, err := drim.NewSource(cfg)
	if err != nil {
		return nil, nil, err
	}
	o, err := t.shareFrom(ctx, e, source)
	return e, o, err
}

// nowhere takes images and forgets them.
var nowhere = drim.SinkFunc(func(context.Context, *drim.ReceivedImage) error { return nil })

// expect prints an error, which must be of a code.
func (t *tour) expect(what string, err error, code string) error {
	var e *segur.Error
	if !errors.As(err, &e) || e.Code != code {
		return refusedNothing(what)
	}
	t.line(what, "%s", short(err))
	return nil
}

// refusedNothing is the error of a scene in which something wrong got through.
func refusedNothing(what string) error {
	return &segur.Error{Op: "share-images", Kind: segur.KindUnknown, Message: fmt.Sprintf("%s was not refused", what)}
}
