//go:build unix

package testkit

import (
	"net"
	"net/netip"
	"net/url"
	"strings"
	"syscall"
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
	fd, err := syscall.Socket(syscall.AF_INET, syscall.SOCK_STREAM, 0)
	if err != nil {
		tb.Fatalf("socket: %v", err)
		return
	}
	tb.Cleanup(func() { _ = syscall.Close(fd) })
	syscall.CloseOnExec(fd)
	_ = syscall.SetsockoptInt(fd, syscall.SOL_SOCKET, syscall.SO_REUSEADDR, 1) // its old connections may still fade
	// Bound, and never listening.
	if err := syscall.Bind(fd, &syscall.SockaddrInet4{Port: int(at.Port()), Addr: at.Addr().As4()}); err != nil {
		tb.Fatalf("%s is not free: %v", server, err)
	}
}

// RefusedAddress is a host:port of 127.0.0.1 where connections are refused until the test ends.
func RefusedAddress(tb TB) string {
	tb.Helper()
	l, err := (&net.ListenConfig{}).Listen(tb.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		tb.Fatalf("%v", err)
		return ""
	}
	address := l.Addr().String()
	_ = l.Close()
	Refused(tb, address)
	return address
}
