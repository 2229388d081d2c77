package whitelist

import (
	"net/url"
	"time"

	"github.com/segur-sdk/segur"
)

// Codes of the errors of a [Guard].
const (
	// CodeNotListed: the host is no box of the list, of kind [segur.ErrAuthorization].
	CodeNotListed = "not-listed"
	// CodeNoList: there is no list, or it is too old, of kind [segur.ErrUnavailable].
	CodeNoList = "no-list"
)

// Guard refuses every host that is not a box (db) of the list in use: "host" or "host:port", as in [url.URL.Host]. Ask it
// before a token is asked for. Its error is an *[segur.Error] of code [CodeNotListed] or [CodeNoList].
type Guard func(host string) error

// URL is the Guard for a whole address, which must be https, without user: the address of the images in a manifest comes
// from another site.
func (g Guard) URL(u *url.URL) error {
	switch {
	case u == nil || u.Scheme != "https" || u.Opaque != "" || u.Host == "":
		return notListed("the address is not an https address of a host")
	case u.User != nil:
		return notListed("the address names a user before its host")
	case g == nil:
		return noList("no white list is configured")
	}
	return g(u.Host)
}

// Guard decides on the list in use at each call.
func (c *Client) Guard() Guard {
	return func(host string) error {
		l := c.List()
		switch {
		case l == nil:
			return noList("there is no white list yet")
		case c.cfg.RefuseAfter > 0 && c.cfg.Clock().Sub(l.generated) > c.cfg.RefuseAfter:
			return noList("the white list in use is more than " + c.cfg.RefuseAfter.Round(time.Minute).String() + " old")
		}
		return l.Guard()(host)
	}
}

// Guard decides on this edition.
func (l *List) Guard() Guard {
	return func(host string) error {
		switch {
		case l == nil:
			return noList("there is no white list yet")
		case len(l.Box(host)) > 0:
			return nil
		}
		a, ok := parseAddress(host, l.loopback)
		switch {
		case !ok:
			return notListed("what the address names is not the name of a host") // not repeated: it may hold anything
		case len(l.boxes[a.host]) > 0:
			return notListed("the host " + a.host + " is in the white list, its port " + a.portText() + " is not")
		}
		return notListed("the host " + a.host + " is no box of the white list")
	}
}

func notListed(message string) error {
	return &segur.Error{
		Op: "whitelist.guard", Kind: segur.KindAuthorization, Code: CodeNotListed, Message: message,
		Help: segur.Text{
			FR: "L'hôte n'est pas une DRIMbox de la liste blanche DRIM-M : rien ne lui a été envoyé, ni jeton ni demande. Vérifier l'adresse portée par le manifeste et la fraîcheur de la liste.",
			EN: "The host is no DRIMbox of the DRIM-M white list: nothing was sent to it, neither token nor request. Check the address that the manifest bears and how old the list is.",
		},
	}
}

func noList(message string) error {
	return &segur.Error{
		Op: "whitelist.guard", Kind: segur.KindUnavailable, Code: CodeNoList, Message: message,
		Help: segur.Text{
			FR: "Aucune liste blanche DRIM-M vérifiée et assez récente n'est en service : aucun jeton ne part. Renouveler la liste (Refresh) et lire les avertissements du client.",
			EN: "No DRIM-M white list that was verified and is recent enough is in use: no token leaves. Refresh the list and read the client's warnings.",
		},
	}
}
