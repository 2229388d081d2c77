package dmptest_test

import (
	"context"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/segur-sdk/segur"
	"github.com/segur-sdk/segur/credential/credentialtest"
	"github.com/segur-sdk/segur/dmp"
	"github.com/segur-sdk/segur/dmp/dmptest"
	"github.com/segur-sdk/segur/dmp/xds"
)

func withCard(srv *dmptest.Server) func(*dmp.Config) {
	return func(c *dmp.Config) {
		c.Mode, c.LocalAuthentication = dmp.Directe, dmp.ByCard
		c.Credentials = segur.StaticCredential(srv.PKI().Professional())
		c.Signing = segur.StaticCredential(srv.PKI().Professional(credentialtest.ForSignature()))
	}
}

// Whatever is wrong with a change of metadata is refused, for its own reason,
// and changes nothing. The mode is that of the structure's certificate, so that
// requests can be meddled with: the assertion is not what is tested.
func TestChangeRefused(t *testing.T) {
	t.Parallel()
	ctx := context.Background()
	srv := dmptest.NewServer()
	defer srv.Close()
	var change func(http.Header, []byte) []byte
	meddled := client(t, srv, func(c *dmp.Config) { c.Mode = dmp.IndirecteRenforcee },
		meddling(t, srv, func(h http.Header, b []byte) []byte { return change(h, b) }))
	change = func(_ http.Header, b []byte) []byte { return b }
	require.NoError(t, publish(t, client(t, srv)))
	stored := srv.Documents()[0].Entry
	mask := func() error {
		e := stored
		_, err := meddled.SetVisibility(ctx, dmp.VisibilityChange{Act: dmp.Mask, EntryChange: dmp.EntryChange{Patient: dmptest.Patient(), Entry: &e}})
		return err
	}
	archive := func() error {
		e := stored
		_, err := meddled.Archive(ctx, dmp.EntryChange{Patient: dmptest.Patient(), Entry: &e})
		return err
	}
	patient := dmptest.Patient().INS.Matricule()
	other := "1700799352017" + segur.MatriculeKey("1700799352017")
	for name, c := range map[string]struct {
		call         func() error
		change       func(http.Header, []byte) []byte
		code, reason string
	}{
		"patient of the set":   {mask, swap(`registryObject="SubmissionSet01" value="`+patient, `registryObject="SubmissionSet01" value="`+other), "XDSPatientIdDoesNotMatch", "lot"},
		"patient of the entry": {mask, swap(`registryObject="Document01" value="`+patient, `registryObject="Document01" value="`+other), "XDSPatientIdDoesNotMatch", "fiche"},
		"no set id":            {mask, swap(`<rim:RegistryPackage id="SubmissionSet01"`, `<rim:RegistryPackage id="urn:uuid:1"`), "XDSRegistryMetadataError", ""},
		"no previous version":  {mask, cut(`<rim:Slot name="PreviousVersion">.*?</rim:Slot>`), "XDSMetadataUpdateError", "PreviousVersion"},
		"previous version":     {mask, swap(`<rim:Slot name="PreviousVersion"><rim:ValueList><rim:Value>1<`, `<rim:Slot name="PreviousVersion"><rim:ValueList><rim:Value>9<`), "XDSMetadataVersionError", "version"},
		"not original":         {mask, swap(">Original<", ">Reference<"), "XDSMetadataUpdateError", "SubmissionSetStatus"},
		"logical id":           {mask, swap(` lid="`+stored.LogicalID, ` lid="urn:uuid:0f8fad5b-d9cb-469f-a165-70867728950e`), "UnresolvedReferenceException", "logique"},
		"hash":                 {mask, swap(stored.Hash, hash("x")), "XDSMetadataUpdateError", "confidentialité"},
		"a slot less":          {mask, cut(`<rim:Slot name="size">.*?</rim:Slot>`), "XDSMetadataUpdateError", "confidentialité"},
		"level":                {mask, swap(`nodeRepresentation="N"`, `nodeRepresentation="R"`), "XDSMetadataUpdateError", "niveau"},
		"made invisible":       {mask, swap(`nodeRepresentation="MASQUE_PS"`, `nodeRepresentation="INVISIBLE_PATIENT"`), "XDSMetadataUpdateError", "invisible"},
		"target":               {archive, swap(`targetObject="`+stored.ID, `targetObject="urn:uuid:0f8fad5b-d9cb-469f-a165-70867728950e`), "UnresolvedReferenceException", "fiche"},
		"original status":      {archive, swap("StatusType:Approved", "StatusType:Deprecated"), "XDSMetadataUpdateOperationError", "statut"},
		"new status":           {archive, swap("StatusType:Archived", "StatusType:Destroyed"), "XDSMetadataUpdateOperationError", "statut"},
		"no association":       {archive, cut(`<rim:Association.*?</rim:Association>`), "XDSMetadataUpdateOperationError", "One association"},
		"source":               {archive, swap(`sourceObject="SubmissionSet01"`, `sourceObject="x"`), "XDSMetadataUpdateOperationError", "start from the set"},
		"kind of association":  {archive, swap("UpdateAvailabilityStatus", "SubmitAssociation"), "XDSMetadataUpdateOperationError", ""},
		"body": {archive, func(h http.Header, b []byte) []byte {
			return swap("lcm:SubmitObjectsRequest", "lcm:RemoveObjectsRequest")(h, []byte(strings.Replace(string(b), "</lcm:SubmitObjectsRequest>", "</lcm:RemoveObjectsRequest>", 1)))
		}, "", "SubmitObjectsRequest"},
	} {
		change = c.change
		err := c.call()
		require.Error(t, err, name)
		calls := srv.Calls()
		last := calls[len(calls)-1]
		for i := len(calls) - 1; i >= 0 && last.Op != "dmp.update"; i-- { // a stale entry is read again
			last = calls[i]
		}
		assert.Equal(t, c.code, last.Code, "%s: %v", name, err)
		assert.Contains(t, last.Reason, c.reason, name)
		assert.Equal(t, stored, srv.Documents()[0].Entry, name)
		assert.Len(t, srv.Submissions(), 1, name)
	}
	change = func(_ http.Header, b []byte) []byte { return b }
	require.NoError(t, mask())
	assert.Equal(t, "2", srv.Documents()[0].Entry.Version)
}

// States of a record and rights hold for changes too.
func TestChangeRights(t *testing.T) {
	t.Parallel()
	ctx := context.Background()
	srv := dmptest.NewServer()
	defer srv.Close()
	require.NoError(t, publish(t, client(t, srv)))
	e := srv.Documents()[0].Entry
	entry := dmp.EntryChange{Patient: dmptest.Patient(), Entry: &e}
	decided := func(c *dmp.Config) { c.Settings.LetServiceDecide = true }
	_, err := client(t, srv, decided).Archive(ctx, entry)
	require.ErrorIs(t, err, segur.ErrAuthorization, "INDIRECTE deletes, and does nothing else")
	assert.Equal(t, "DMPAccessDeniedByRightsService", srv.Calls()[1].Code)
	stranger := client(t, srv, withCard(srv), decided, func(c *dmp.Config) {
		c.Credentials = segur.StaticCredential(srv.PKI().Professional(credentialtest.CommonName("899900000023")))
	})
	_, err = stranger.Archive(ctx, entry)
	require.Error(t, err, "the card of the connection is of somebody else")
	ins := dmptest.Patient().INS
	srv.SetPatient(ins, dmptest.Record{Closed: true})
	_, err = client(t, srv, withCard(srv)).Archive(ctx, entry)
	require.Error(t, err)
	assert.Equal(t, xds.Approved, srv.Documents()[0].Entry.Status)
}

// The handler serves on a listener of one's own.
func TestHandlerStandsAlone(t *testing.T) {
	t.Parallel()
	h := dmptest.NewHandler()
	own := httptest.NewUnstartedServer(http.StripPrefix("/prefix", h))
	own.TLS = h.PKI().MutualTLS()
	own.StartTLS()
	defer own.Close()
	srv := dmptest.NewServer(dmptest.WithPKI(h.PKI()))
	defer srv.Close()
	cfg := srv.Config()
	cfg.Endpoint = own.URL + "/services"
	own.Config.Handler = h
	c, err := dmp.New(cfg)
	require.NoError(t, err)
	defer c.CloseIdleConnections()
	require.NoError(t, publish(t, c))
	assert.Len(t, h.Documents(), 1)
	assert.Empty(t, srv.Documents())
}

// A scripted refusal answers in the form of its transaction, as often as asked.
func TestRefuse(t *testing.T) {
	t.Parallel()
	srv := dmptest.NewServer()
	defer srv.Close()
	c := client(t, srv)
	srv.Refuse(dmptest.Refusal{Op: "dmp.submit", Code: "XDSRepositoryBusy", Context: "surcharge", Times: 2},
		dmptest.Refusal{Code: "DMPAccessDeniedByRightsService", Context: "non", Fault: true})
	for range 2 {
		err := publish(t, c)
		require.ErrorIs(t, err, segur.ErrUnavailable)
	}
	require.ErrorIs(t, publish(t, c), segur.ErrAuthorization)
	require.NoError(t, publish(t, c))
	srv.Refuse(dmptest.Refusal{Op: "dmp.find", Code: "XDSUnknownPatientId", Context: "inconnu"})
	_, err := c.Lookup(context.Background(), dmptest.Patient().INS, "1.2.3")
	require.ErrorIs(t, err, segur.ErrNotFound)
	var codes []string
	for _, call := range srv.Calls() {
		codes = append(codes, call.Code)
	}
	assert.Equal(t, []string{"XDSRepositoryBusy", "XDSRepositoryBusy", "DMPAccessDeniedByRightsService", "", "XDSUnknownPatientId"}, codes)
}
