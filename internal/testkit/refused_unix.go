//go:build unix

package testkit

import (
	"errors"
	"net/netip"
	"net/url"
	"strings"
	"syscall"
	"time"
)

// Refused keeps the port of a server of 127.0.0.1 that was closed, given as host:port or as a URL, so that calls to it
// are refused until the test ends: left alone, the system gives the port to the next listener, often another test's.
func Refused(tb TB, server string) {
	tb.Helper()
	if strings.Contains(server, "://") {
		u, err := url.Parse(server)
		if err != nil {
			tb.Fatalf("%v", err)
			return
		}
		server = u.Host
	}
	at, err := netip.ParseAddrPort(server)
	if err != nil {
		tb.Fatalf("%v", err)
		return
	}
	// A program that is being started holds a copy of the old listener until it runs.
	tick := time.NewTicker(time.Millisecond)
	defer tick.Stop()
	for begin := time.Now(); ; <-tick.C {
		_, err := reserve(tb, at)
		if err == nil {
			return
		}
		if !errors.Is(err, syscall.EADDRINUSE) || time.Since(begin) > 30*time.Second {
			tb.Fatalf("%s cannot be kept: %v", server, err)
			return
		}
	}
}

// RefusedAddress is a host:port of 127.0.0.1 where connections are refused until the test ends.
func RefusedAddress(tb TB) string {
	tb.Helper()
	at, err := reserve(tb, netip.AddrPortFrom(netip.AddrFrom4([4]byte{127, 0, 0, 1}), 0))
	if err != nil {
		tb.Fatalf("%v", err)
	}
	return at.String()
}

// reserve binds a port of 127.0.0.1 and never listens on it. Port 0: the system chooses.
func reserve(tb TB, at netip.AddrPort) (netip.AddrPort, error) {
	fd, err := syscall.Socket(syscall.AF_INET, syscall.SOCK_STREAM, 0)
	if err != nil {
		return at, err
	}
	syscall.CloseOnExec(fd)
	_ = syscall.SetsockoptInt(fd, syscall.SOL_SOCKET, syscall.SO_REUSEADDR, 1) // its old connections may still fade
	err = syscall.Bind(fd, &syscall.SockaddrInet4{Port: int(at.Port()), Addr: at.Addr().As4()})
	if err != nil {
		_ = syscall.Close(fd)
		return at, err
	}
	tb.Cleanup(func() { _ = syscall.Close(fd) })
	bound, err := syscall.Getsockname(fd)
	if in4, ok := bound.(*syscall.SockaddrInet4); err == nil && ok {
		at = netip.AddrPortFrom(netip.AddrFrom4(in4.Addr), uint16(in4.Port)) //nolint:gosec // a port
	}
	return at, err
}
