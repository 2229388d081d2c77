package mssante_test

import (
	"encoding/csv"
	"encoding/json"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/segur-sdk/segur"
	"github.com/segur-sdk/segur/internal/testkit"
	"github.com/segur-sdk/segur/mssante"
)

const followed = "0001@imagerie-fictive.mssante.fr"

// follow makes a delivery as the caller would read it back.
func follow(addresses ...string) *mssante.Delivery {
	d := &mssante.Delivery{MessageID: followed}
	for _, a := range addresses {
		d.Recipients = append(d.Recipients, mssante.RecipientDelivery{Ref: mssante.RecipientRef(followed, a), Submission: mssante.Accepted})
	}
	return d
}

func said(at int, one mssante.RecipientReport) *mssante.Report {
	return &mssante.Report{MessageID: followed, At: now.Add(time.Duration(at) * time.Minute), Recipients: []mssante.RecipientReport{one}}
}

func TestDeliveryStates(t *testing.T) {
	t.Parallel()
	to := func(s mssante.State, code string) mssante.RecipientReport {
		return mssante.RecipientReport{Final: mssante.Address{Address: box}, State: s, Code: code}
	}
	read := func(r mssante.Read, code mssante.IntegrationCode) mssante.RecipientReport {
		return mssante.RecipientReport{Final: mssante.Address{Address: box}, Read: r, Error: code}
	}
	for name, c := range map[string]struct {
		reports []mssante.RecipientReport
		state   mssante.State
		read    mssante.Read
		why     mssante.IntegrationCode
	}{
		"nothing":                      {nil, mssante.Accepted, "", ""},
		"delayed":                      {[]mssante.RecipientReport{to(mssante.Delayed, "4.4.1")}, mssante.Delayed, "", ""},
		"delayed, then delivered":      {[]mssante.RecipientReport{to(mssante.Delayed, "4.4.1"), to(mssante.Delivered, "2.0.0")}, mssante.Delivered, "", ""},
		"delivered, the delay is late": {[]mssante.RecipientReport{to(mssante.Delivered, "2.0.0"), to(mssante.Delayed, "4.4.1")}, mssante.Delivered, "", ""},
		"delivered, then bounced":      {[]mssante.RecipientReport{to(mssante.Delivered, "2.0.0"), to(mssante.Failed, "5.2.1")}, mssante.Failed, "", ""},
		"read without any delivery":    {[]mssante.RecipientReport{read(mssante.Displayed, "")}, mssante.Delivered, mssante.Displayed, ""},
		"read although it failed":      {[]mssante.RecipientReport{to(mssante.Failed, "5.0.0"), read(mssante.Processed, "")}, mssante.Delivered, mssante.Processed, ""},
		"displayed after processed":    {[]mssante.RecipientReport{read(mssante.Processed, ""), read(mssante.Displayed, "")}, mssante.Delivered, mssante.Processed, ""},
		"not filed":                    {[]mssante.RecipientReport{read(mssante.ProcessedError, "902")}, mssante.Delivered, mssante.ProcessedError, "902"},
		"filed by hand afterwards":     {[]mssante.RecipientReport{read(mssante.ProcessedError, "902"), read(mssante.Processed, "")}, mssante.Delivered, mssante.Processed, ""},
		"deleted unread":               {[]mssante.RecipientReport{read(mssante.Deleted, "")}, mssante.Delivered, mssante.Deleted, ""},
		"relayed":                      {[]mssante.RecipientReport{to(mssante.Accepted, "2.1.9")}, mssante.Accepted, "", ""},
	} {
		d := follow(box)
		for i, r := range c.reports {
			changed, err := d.Apply(said(i, r))
			require.NoError(t, err)
			again, err := d.Apply(said(i, r))
			require.NoError(t, err)
			assert.False(t, again, "%s: a double changes nothing", name)
			_ = changed
		}
		one := d.Recipients[0]
		assert.Equal(t, []any{c.state, c.read, c.why}, []any{one.State(), one.Read, one.ReadError}, name)
		assert.Equal(t, c.state == mssante.Delivered || c.state == mssante.Failed, d.Settled(), name)
	}
}

func TestDeliveryMatching(t *testing.T) {
	t.Parallel()
	address := func(a string) mssante.Address { return mssante.Address{Address: a} }
	d := follow(box, second)
	// The original address, in another case, wins over the final one.
	changed, err := d.Apply(said(0, mssante.RecipientReport{Original: address(strings.ToUpper(second)), Final: address(box), Read: mssante.Processed}))
	require.NoError(t, err)
	assert.True(t, changed)
	assert.Equal(t, mssante.Accepted, d.Recipients[0].State())
	assert.Equal(t, mssante.Processed, d.Recipients[1].Read)
	// Forwarded to a box that nobody named: among two, nobody knows which.
	_, err = d.Apply(said(0, mssante.RecipientReport{Final: address("app@x.mssante.fr"), Read: mssante.Processed}))
	require.ErrorIs(t, err, segur.ErrNotFound)
	assert.NotContains(t, err.Error(), "app@")
	d = follow(box)
	_, err = d.Apply(said(0, mssante.RecipientReport{Final: address("app@x.mssante.fr"), Read: mssante.Processed}))
	require.NoError(t, err, "the only one")
	// A recipient speaks for itself only; who is none may speak for one.
	d = follow(box, second)
	forged := said(0, mssante.RecipientReport{Final: address(box), Read: mssante.Processed})
	forged.From = address(strings.ToUpper(second))
	changed, err = d.Apply(forged)
	require.ErrorIs(t, err, segur.ErrNotFound)
	assert.False(t, changed)
	assert.Empty(t, d.Recipients[0].Read)
	forged.From = address("app@x.mssante.fr")
	_, err = d.Apply(forged)
	require.NoError(t, err)
	assert.Equal(t, mssante.Processed, d.Recipients[0].Read)
	d = follow(box)
	// Another mail; by the envelope when the report names no mail.
	other := said(0, mssante.RecipientReport{Final: address(box), State: mssante.Failed})
	other.MessageID = "other@x.fr"
	_, err = d.Apply(other)
	require.ErrorIs(t, err, segur.ErrNotFound)
	other.EnvelopeID, d.EnvelopeID = "e1", "e1"
	_, err = d.Apply(other)
	require.ErrorIs(t, err, segur.ErrNotFound, "a Message-ID says more than an envelope")
	other.MessageID = ""
	changed, err = d.Apply(other)
	require.NoError(t, err)
	assert.True(t, changed)
	_, err = d.Apply(nil)
	require.Error(t, err)
	// A date that cannot be written is left out.
	strange := said(0, mssante.RecipientReport{Final: address(box), Read: mssante.Processed})
	strange.At = time.Date(9999, 12, 31, 23, 0, 0, 0, time.FixedZone("", -12*3600))
	_, err = d.Apply(strange)
	require.NoError(t, err)
	_, err = json.Marshal(d)
	require.NoError(t, err)
}

func TestDeliveryFromReceipts(t *testing.T) {
	t.Parallel()
	srv := newServer(t)
	l := compose(t, newClient(t, srv.Config()), toTwo())
	d := mssante.NewDelivery(l)
	assert.Equal(t, []mssante.State{mssante.Queued, mssante.Queued}, states(d))
	receipt := func(accepted, unknown bool, statuses ...mssante.RecipientStatus) *mssante.Receipt {
		return &mssante.Receipt{MessageID: l.MessageID(), EnvelopeID: "e1", Accepted: accepted, Unknown: unknown, Recipients: statuses}
	}
	ok := mssante.RecipientStatus{Accepted: true, Status: 250}
	require.NoError(t, d.Sent(receipt(false, false, mssante.RecipientStatus{Status: 450, Code: "4.7.1"}, mssante.RecipientStatus{})))
	assert.Equal(t, []mssante.State{mssante.Queued, mssante.Queued}, states(d))
	n, _ := d.Recipients[0].SMTPErrorCode()
	assert.Equal(t, 450, n)
	require.NoError(t, d.Sent(receipt(false, true, ok, mssante.RecipientStatus{Status: 550, Code: "5.1.1"})))
	assert.True(t, d.Recipients[0].Unknown)
	assert.Equal(t, []mssante.State{mssante.Queued, mssante.Failed}, states(d))
	n, _ = d.Recipients[1].SMTPErrorCode()
	assert.Equal(t, 550, n)
	require.NoError(t, d.Sent(receipt(true, false, ok, ok)))
	assert.False(t, d.Recipients[0].Unknown)
	assert.Equal(t, []mssante.State{mssante.Accepted, mssante.Accepted}, states(d))
	assert.Empty(t, d.Recipients[1].Code)
	require.NoError(t, d.Sent(receipt(false, false, mssante.RecipientStatus{Status: 550}, ok)), "late")
	assert.Equal(t, []mssante.State{mssante.Accepted, mssante.Accepted}, states(d))
	assert.Equal(t, "e1", d.EnvelopeID)
	require.ErrorIs(t, d.Sent(nil), segur.ErrInvalidInput)
	require.ErrorIs(t, d.Sent(receipt(true, false, ok)), segur.ErrInvalidInput)
}

func states(d *mssante.Delivery) (out []mssante.State) {
	for _, r := range d.Recipients {
		out = append(out, r.State())
	}
	return out
}

// Whatever the order of reports, however many times each comes, and wherever
// the delivery is stored and read back, the outcome is the same.
func TestDeliveryIsOrderless(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(rt *rapid.T) {
		boxes := []string{box, second, "x@y.mssante.fr"}
		reports := rapid.SliceOfN(rapid.Custom(func(rt *rapid.T) *mssante.Report {
			one := mssante.RecipientReport{Final: mssante.Address{Address: rapid.SampledFrom(boxes[:2]).Draw(rt, "to")}}
			if rapid.Bool().Draw(rt, "delivery") {
				one.State = rapid.SampledFrom([]mssante.State{mssante.Accepted, mssante.Delayed, mssante.Delivered, mssante.Failed}).Draw(rt, "state")
				one.Code = rapid.SampledFrom([]string{"", "2.0.0", "4.4.1", "5.1.1"}).Draw(rt, "code")
				one.Status = rapid.SampledFrom([]int{0, 450, 550}).Draw(rt, "status")
			} else {
				one.Read = rapid.SampledFrom([]mssante.Read{mssante.Displayed, mssante.Processed, mssante.ProcessedError, mssante.Deleted}).Draw(rt, "read")
				one.Error = rapid.SampledFrom([]mssante.IntegrationCode{"", "902", "906"}).Draw(rt, "error")
			}
			return said(rapid.IntRange(0, 3).Draw(rt, "at"), one)
		}), 0, 12).Draw(rt, "reports")
		apply := func(list []*mssante.Report) *mssante.Delivery {
			d := follow(boxes...)
			for _, r := range list {
				_, err := d.Apply(r)
				if err != nil {
					rt.Fatal(err)
				}
				stored, err := json.Marshal(d)
				if err != nil {
					rt.Fatal(err)
				}
				d = &mssante.Delivery{}
				if err := json.Unmarshal(stored, d); err != nil {
					rt.Fatal(err)
				}
			}
			return d
		}
		want := apply(reports)
		shuffled := rapid.Permutation(append(append([]*mssante.Report{}, reports...), reports...)).Draw(rt, "shuffled")
		if got := apply(shuffled); !assert.ObjectsAreEqual(want, got) {
			rt.Fatalf("%+v and %+v", want, got)
		}
		for i, r := range want.Recipients {
			if r.Read != "" && r.State() != mssante.Delivered {
				rt.Fatal("read and not delivered")
			}
			if i == 2 && r.State() != mssante.Accepted {
				rt.Fatal("said of nobody")
			}
		}
	})
}

// The table of business codes is that of the guide, and replies map into it.
func TestSMTPErrorCodes(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		status int
		code   string
		want   int
	}{
		{550, "5.1.1", 550}, {553, "5.1.1", 553}, {0, "5.1.1", 550}, {0, "4.1.1", 450}, {552, "5.2.2", 552}, {452, "4.2.2", 422}, {0, "5.2.2", 552},
		{552, "5.3.4", 552}, {0, "5.3.4", 523}, {554, "5.3.4", 523}, {550, "5.7.1", 541}, {530, "5.7.0", 530}, {535, "5.7.8", 530}, {450, "4.7.1", 450},
		{0, "4.7.1", 451}, {421, "4.3.2", 421}, {0, "5.1.2", 512}, {0, "4.4.1", 441}, {0, "4.4.7", 420}, {0, "5.4.4", 512}, {451, "", 451}, {499, "", 451},
		{599, "", 554}, {0, "5.9.9", 554}, {0, "4.9.9", 451}, {0, "", 101}, {534, "", 530}, {550, "5.2.1", 550}, {550, "", 550},
	} {
		got, text := mssante.SMTPErrorCode(c.status, c.code)
		assert.Equal(t, c.want, got, "%d %s", c.status, c.code)
		assert.NotEmpty(t, text.FR)
		assert.NotEmpty(t, text.EN)
	}
	dir := testkit.SharedData(t, "mssante/tables")
	rows, err := csv.NewReader(strings.NewReader(string(readFile(t, dir, "smtperrorcode.csv")))).ReadAll()
	require.NoError(t, err)
	for _, row := range rows[1:] {
		n, err := strconv.Atoi(row[0])
		require.NoError(t, err)
		got, text := mssante.SMTPErrorCode(n, "")
		assert.Equal(t, n, got)
		assert.NotEmpty(t, text.FR, row[0])
	}
	rows, err = csv.NewReader(strings.NewReader(string(readFile(t, dir, "applicationErrorCode-hl70533.csv")))).ReadAll()
	require.NoError(t, err)
	require.Len(t, rows, 8)
	for _, row := range rows[1:] {
		assert.True(t, mssante.IntegrationCode(row[0]).Known())
		assert.NotEmpty(t, mssante.IntegrationCode(row[0]).Text().EN)
	}
	assert.False(t, mssante.IntegrationCode("907").Known())
}
