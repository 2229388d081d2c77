package main

import (
	"bytes"
	"context"
	"errors"
	"flag"
	"fmt"
	"net"
	"net/url"
	"os"
	"strings"
	"time"

	"github.com/segur-sdk/segur"
	"github.com/segur-sdk/segur/credential"
	"github.com/segur-sdk/segur/dicomweb"
	"github.com/segur-sdk/segur/dicomweb/dicomwebtest"
)

// passwordVariable holds the password of -user: other users of the machine see
// the arguments of a program.
const passwordVariable = "SEGUR_PACS_PASSWORD"

// server is where the images are.
type server struct {
	url, dicom, token, user, cert, key, ca string
	plain                                  bool
	idle                                   time.Duration
}

func (o *server) flags(f *flag.FlagSet) {
	f.StringVar(&o.url, "url", "", "base `URL` of the DICOMweb services, /studies not included (default: a fake)")
	f.StringVar(&o.dicom, "dicom", "", "`folder` that stands in for a server: held in memory, never written to")
	f.StringVar(&o.token, "token", "", "`file` that holds the bearer token; read anew for each request")
	f.StringVar(&o.user, "user", "", "user `name`; the password is in the variable "+passwordVariable)
	f.StringVar(&o.cert, "cert", "", "PEM `file` of the client certificate, its chain included")
	f.StringVar(&o.key, "key", "", "PEM `file` of its key (default: it is in the file of -cert)")
	f.StringVar(&o.ca, "ca", "", "comma-separated `files` of the authorities of the server (default: those of the system)")
	f.BoolVar(&o.plain, "plain", false, "accept http beyond this machine: images and identities travel in clear")
	f.DurationVar(&o.idle, "idle", 0, "give up when nothing comes for this long (default 30s)")
}

func (o *server) given() bool { return *o != server{} }

// connect makes the client of the session.
func (o *server) connect(s *session) (closing func(), err error) {
	closing = func() {}
	var cfg dicomweb.Config
	if o.url == "" {
		if *o != (server{idle: o.idle, dicom: o.dicom}) {
			return nil, usage("flags of a server without -url")
		}
		fake, err := o.fake(s)
		if err != nil {
			return nil, err
		}
		closing = fake.Close
		cfg = fake.Config()
	} else if o.dicom != "" {
		return nil, usage("-dicom is instead of -url")
	} else if cfg, err = o.config(); err != nil {
		return nil, err
	}
	cfg.IdleTimeout = o.idle
	if s.client, err = dicomweb.New(cfg); err != nil {
		closing()
		return nil, err
	}
	return closing, nil
}

// config is what a product writes.
func (o *server) config() (cfg dicomweb.Config, err error) {
	cfg = dicomweb.Config{ClientConfig: segur.ClientConfig{Environment: segur.Production, UserAgent: "segur-pacs"}, Endpoint: o.url}
	if address, err := url.Parse(o.url); err == nil && address.Scheme == "http" {
		ip := net.ParseIP(address.Hostname())
		if !o.plain && address.Hostname() != "localhost" && !ip.IsLoopback() {
			return cfg, usage("http beyond this machine: images and identities would travel in clear; -plain accepts it")
		}
		cfg.PlainHTTP = true
	}
	if o.token != "" {
		if _, err := read("-token", o.token); err != nil {
			return cfg, err
		}
		cfg.Tokens = tokenFile(o.token)
	}
	if o.user != "" {
		password, set := os.LookupEnv(passwordVariable)
		if !set {
			return cfg, usage("-user needs the password in the variable %s", passwordVariable)
		}
		cfg.Basic = &dicomweb.BasicAuth{Username: o.user, Password: password}
	}
	if o.cert != "" {
		texts, err := read("-cert", o.cert)
		if err != nil {
			return cfg, err
		}
		if o.key != "" {
			key, err := read("-key", o.key)
			if err != nil {
				return cfg, err
			}
			texts = append(texts, key...)
		}
		own, err := credential.FromPEM(texts...)
		if err != nil {
			return cfg, err
		}
		cfg.Credentials = segur.StaticCredential(own)
	}
	if o.ca != "" {
		texts, err := read("-ca", strings.Split(o.ca, ",")...)
		if err != nil {
			return cfg, err
		}
		if cfg.RootCAs, err = credential.Pool(texts...); err != nil {
			return cfg, err
		}
	}
	return cfg, nil
}

func read(what string, names ...string) (texts [][]byte, err error) {
	for _, n := range names {
		b, err := os.ReadFile(n)
		if err != nil {
			return nil, usage("%s: %w", what, err)
		}
		texts = append(texts, b)
	}
	return texts, nil
}

// tokenFile is a token that another program keeps up to date.
type tokenFile string

func (f tokenFile) Token(context.Context) (string, error) {
	b, err := os.ReadFile(string(f))
	if err != nil {
		return "", errors.New("the file of -token cannot be read")
	}
	return string(bytes.TrimSpace(b)), nil
}

// fake stands in for a server: with the files of a folder, or with samples.
func (o *server) fake(s *session) (*dicomwebtest.Server, error) {
	if o.dicom == "" {
		fmt.Fprintln(s.stderr, "no -url: a fake server that holds two fictional studies, until the command ends")
		return newFake()
	}
	fake := dicomwebtest.NewServer()
	skipped, err := fake.AddDir(o.dicom)
	if err != nil {
		fake.Close()
		return nil, usageError{fmt.Errorf("-dicom: %w", err)}
	}
	fmt.Fprintf(s.stderr, "%d instances of the folder, in memory until the command ends; %d files are none\n", fake.Len(), len(skipped))
	return fake, nil
}

// newFake is a server with two fictional studies.
func newFake() (*dicomwebtest.Server, error) {
	fake := dicomwebtest.NewServer()
	for _, o := range samples() {
		s, err := dicomwebtest.SampleStudy(o)
		if err == nil {
			for _, i := range s.Instances {
				err = errors.Join(err, fake.Add(i.File))
			}
		}
		if err != nil {
			fake.Close()
			return nil, err
		}
	}
	return fake, nil
}

// samples are a recent scan, and an older one of another patient.
func samples() []dicomwebtest.SampleOptions {
	return []dicomwebtest.SampleOptions{
		{Rows: 256, Instances: 12},
		{Rows: 64, Series: 1, Root: "1.2.250.1.999.2", AccessionNumber: "ACC-0002", Description: "Scanner crânien sans injection",
			When: time.Date(2025, 11, 3, 9, 30, 0, 0, time.UTC), Patient: segur.Patient{
				Traits:   segur.Traits{BirthName: "FICTIF-MARTIN", FirstGivenName: "ÉLIE", Sex: segur.Male, BirthDate: segur.NewDate(1961, time.May, 2)},
				LocalIDs: []segur.Identifier{{Root: "1.2.250.1.999.1", Extension: "IPP-0002"}}}},
	}
}
