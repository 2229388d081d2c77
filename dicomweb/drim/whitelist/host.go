package whitelist

import (
	"net/netip"
	"strconv"
	"strings"

	"golang.org/x/net/idna"
)

// maxHost is the longest name of a host (RFC 1035), in ASCII.
const maxHost = 253

const httpsPort = 443

// address is a host of the list, or one that is looked up.
type address struct {
	host string // lower-case ASCII
	port uint16
	said bool // the port was written
}

// parseAddress reads "host" or "host:port". loopback accepts localhost and the addresses of this machine, for fakes.
func parseAddress(s string, loopback bool) (address, bool) {
	a := address{host: s, port: httpsPort}
	if i := strings.LastIndexByte(s, ':'); i >= 0 {
		port, ok := parsePort(s[i+1:])
		if !ok {
			return address{}, false
		}
		a.host, a.port, a.said = s[:i], port, true
	}
	if loopback && isLoopback(a.host) {
		return a, true
	}
	host, ok := normalize(a.host)
	a.host = host
	return a, ok
}

func isLoopback(host string) bool {
	if host == "localhost" {
		return true
	}
	ip, err := netip.ParseAddr(strings.TrimSuffix(strings.TrimPrefix(host, "["), "]"))
	return err == nil && ip.IsLoopback() && ip.Zone() == ""
}

// parsePort reads a port as every reader of URLs does: digits without a leading zero.
func parsePort(s string) (uint16, bool) {
	if s == "" || s[0] < '1' || s[0] > '9' {
		return 0, false
	}
	n, err := strconv.ParseUint(s, 10, 16)
	return uint16(n), err == nil
}

// normalize gives the lower-case ASCII form of a host. What cannot be the full name of a host is refused, and so is what a
// resolver would read as an IPv4 address: the last label begins with a letter.
func normalize(host string) (string, bool) {
	if len(host) > maxHost {
		return "", false
	}
	for i := range len(host) {
		if host[i] >= 0x80 {
			// IDNA 2008 with the mappings of lookup (UTS 46), as net/http does before it connects.
			ascii, err := idna.Lookup.ToASCII(host)
			if err != nil || len(ascii) > maxHost {
				return "", false
			}
			return ascii, wellFormed(ascii)
		}
	}
	host = strings.ToLower(host)
	return host, wellFormed(host)
}

// wellFormed looks at a lower-case ASCII name of two labels or more.
func wellFormed(host string) bool {
	label, dots, last := 0, 0, 0
	for i := range len(host) {
		switch c := host[i]; {
		case c == '.':
			if label == 0 || host[i-1] == '-' {
				return false
			}
			label, last = 0, i+1
			dots++
			continue
		case c == '-':
			if label == 0 {
				return false
			}
		case (c < 'a' || c > 'z') && (c < '0' || c > '9'):
			return false
		}
		if label++; label > 63 {
			return false
		}
	}
	return dots > 0 && label > 0 && host[len(host)-1] != '-' && host[last] >= 'a'
}
