package drim

import (
	"errors"
	"net"
	"net/http"
	"net/netip"
	"slices"
	"strconv"
	"strings"

	"github.com/segur-sdk/segur"
	"github.com/segur-sdk/segur/dicomweb"
	"github.com/segur-sdk/segur/dicomweb/kos"
)

// exchange is one request on its way.
type exchange struct {
	h      *Handler
	w      http.ResponseWriter
	r      *http.Request
	access Access
	abort  bool // the connection is to be cut

	accept    Accept
	published *CurrentManifest
	manifest  *kos.Manifest
	listed    []dicomweb.Ref
}

// refuse ends the request. The text is fixed: it never repeats what was asked,
// and is the same whatever the reason of a 404 is.
func (x *exchange) refuse(status int, code string, err error, say string) {
	x.access.Status, x.access.Code, x.access.Err = status, code, err
	header := x.w.Header()
	header.Set("Content-Type", "text/plain; charset=utf-8")
	if status == http.StatusServiceUnavailable || status == http.StatusTooManyRequests {
		header.Set("Retry-After", "5")
	}
	x.w.WriteHeader(status)
	if x.r.Method != http.MethodHead {
		_, _ = x.w.Write([]byte(say + "\n"))
	}
}

func (x *exchange) notFound(err error) {
	x.refuse(http.StatusNotFound, ServeNotFound, err, "not found")
}

// serve controls the request and answers it.
func (x *exchange) serve() {
	x.commonHeaders()
	rest, ok := strings.CutPrefix(x.r.URL.EscapedPath(), x.h.cfg.Base)
	if !ok || rest != "" && rest[0] != '/' || len(rest) > maxPathBytes {
		x.notFound(nil)
		return
	}
	switch x.r.Method {
	case http.MethodGet, http.MethodHead:
	case http.MethodOptions:
		x.options()
		return
	default:
		x.w.Header().Set("Allow", "GET, HEAD, OPTIONS")
		x.refuse(http.StatusMethodNotAllowed, ServeMethod, nil, "only GET, HEAD and OPTIONS")
		return
	}
	health := rest == "" || rest == "/"
	if check := x.h.cfg.CheckPeer; check != nil && !health {
		if err := check(x.r); err != nil {
			x.refuse(http.StatusForbidden, ServePeer, err, "this peer may not call")
			return
		}
	}
	leave, status := x.h.load.enter(x.clientKey())
	if leave == nil {
		x.refuse(status, ServeBusy, nil, "too many requests under way")
		return
	}
	defer leave()
	if health {
		x.health()
		return
	}
	if x.authenticate() && x.resource(rest) && x.headers() && x.current() {
		x.images()
	}
}

// clientKey names the other side for the limit of requests: its address, or the
// network of 64 bits that an IPv6 address is in.
func (x *exchange) clientKey() string {
	if f := x.h.cfg.Client; f != nil {
		return f(x.r)
	}
	host, _, err := net.SplitHostPort(x.r.RemoteAddr)
	if err != nil {
		return x.r.RemoteAddr
	}
	if a, err := netip.ParseAddr(host); err == nil && a.Is6() && !a.Is4In6() {
		if network, err := a.WithZone("").Prefix(64); err == nil {
			return network.String()
		}
	}
	return host
}

func (x *exchange) commonHeaders() {
	header, cfg := x.w.Header(), &x.h.cfg
	header.Set("Cache-Control", "no-store")
	header.Set("X-Content-Type-Options", "nosniff")
	if cfg.HSTS != "-" {
		header.Set("Strict-Transport-Security", cfg.HSTS)
	}
	if len(cfg.Origins) == 0 {
		return
	}
	header.Add("Vary", "Origin")
	origin := x.r.Header.Get("Origin")
	switch {
	case slices.Contains(cfg.Origins, "*"):
		header.Set("Access-Control-Allow-Origin", "*")
	case origin != "" && slices.Contains(cfg.Origins, origin):
		header.Set("Access-Control-Allow-Origin", origin)
	default:
		return
	}
	header.Set("Access-Control-Expose-Headers", "content-type, warning")
}

// options answers what may be done, and the question that browsers ask first.
func (x *exchange) options() {
	header := x.w.Header()
	header.Set("Allow", "GET, HEAD, OPTIONS")
	if header.Get("Access-Control-Allow-Origin") != "" {
		header.Set("Access-Control-Allow-Methods", "GET, HEAD, OPTIONS")
		header.Set("Access-Control-Allow-Headers", "origin, content-type, accept, authorization, "+strings.ToLower(HeaderManifest))
		header.Set("Access-Control-Max-Age", "600")
	}
	x.access.Status, x.access.Complete = http.StatusNoContent, true
	x.w.WriteHeader(http.StatusNoContent)
}

// health answers the health check.
func (x *exchange) health() {
	x.access.Health = true
	status, body := http.StatusOK, `{"status":"UP"}`
	if ready := x.h.cfg.Ready; ready != nil {
		if err := ready(x.r.Context()); err != nil {
			status, body = http.StatusServiceUnavailable, `{"status":"DOWN"}`
			x.access.Err = err
		}
	}
	x.access.Status, x.access.Complete = status, true
	x.w.Header().Set("Content-Type", "application/json")
	x.w.Header().Set("Content-Length", strconv.Itoa(len(body)))
	x.w.WriteHeader(status)
	if x.r.Method != http.MethodHead {
		_, _ = x.w.Write([]byte(body))
	}
}

// authenticate checks the bearer token (RFC 6750).
func (x *exchange) authenticate() bool {
	values := x.r.Header.Values("Authorization")
	token, ok := "", false
	if len(values) == 1 {
		token, ok = bearerToken(values[0])
	}
	x.r.Header.Del("Authorization") // nothing behind needs it
	if !ok {
		challenge := `Bearer realm="drim"`
		if len(values) > 0 {
			challenge += `, error="invalid_token"`
		}
		x.w.Header().Set("WWW-Authenticate", challenge)
		x.refuse(http.StatusUnauthorized, ServeNoToken, nil, "a bearer token is required")
		return false
	}
	state, err := x.h.cfg.Tokens.Check(x.r.Context(), token)
	if err != nil {
		x.refuse(http.StatusServiceUnavailable, ServeTokenUnknown, err, "the token cannot be checked now")
		return false
	}
	if !state.Active {
		x.w.Header().Set("WWW-Authenticate", `Bearer realm="drim", error="invalid_token"`)
		x.refuse(http.StatusUnauthorized, ServeTokenRefused, nil, "the token is not valid")
		return false
	}
	x.access.User, x.access.Client = state.User, state.Client
	return true
}

// bearerToken reads the credentials of an Authorization header.
func bearerToken(header string) (string, bool) {
	scheme, token, ok := strings.Cut(header, " ")
	token = strings.Trim(token, " ")
	if !ok || !strings.EqualFold(scheme, "Bearer") || token == "" || len(token) > maxTokenBytes {
		return "", false
	}
	body := strings.TrimRight(token, "=")
	if body == "" || strings.ContainsFunc(body, func(c rune) bool {
		return (c < 'a' || c > 'z') && (c < 'A' || c > 'Z') && (c < '0' || c > '9') && !strings.ContainsRune("-._~+/", c)
	}) {
		return "", false
	}
	return token, true
}

func (x *exchange) malformed(err error, say string) bool {
	x.refuse(http.StatusBadRequest, ServeMalformed, err, say)
	return false
}

// resource reads the path below the base. The escaped form is read, so that no
// encoded character means anything.
func (x *exchange) resource(path string) bool {
	ref, frames, ok := parseResource(path)
	if !ok {
		x.notFound(nil)
		return false
	}
	x.access.Ref, x.access.Frames = ref, frames
	if x.r.URL.RawQuery != "" || x.r.URL.ForceQuery {
		return x.malformed(nil, "query parameters are not supported")
	}
	if x.r.ContentLength != 0 {
		return x.malformed(nil, "a request has no body")
	}
	return true
}

// parseResource reads /studies/{uid}[/series/{uid}[/instances/{uid}[/frames/{list}]]].
func parseResource(path string) (ref dicomweb.Ref, frames []int, ok bool) {
	parts := strings.Split(strings.TrimPrefix(path, "/"), "/")
	names := []string{"studies", "series", "instances", "frames"}
	fields := []*string{&ref.Study, &ref.Series, &ref.Instance}
	if len(parts)%2 != 0 || len(parts) > 2*len(names) {
		return dicomweb.Ref{}, nil, false
	}
	for i := 0; i < len(parts); i += 2 {
		value := parts[i+1]
		if parts[i] != names[i/2] {
			return dicomweb.Ref{}, nil, false
		}
		if i/2 == len(fields) {
			if frames, ok = parseFrames(value); !ok {
				return dicomweb.Ref{}, nil, false
			}
			break
		}
		if !dicomweb.ValidUID(value) {
			return dicomweb.Ref{}, nil, false
		}
		*fields[i/2] = value
	}
	return ref, frames, true
}

// parseFrames reads a list of frame numbers, ascending.
func parseFrames(s string) ([]int, bool) {
	var out []int
	for item := range strings.SplitSeq(s, ",") {
		n, err := strconv.Atoi(item)
		if err != nil || n < 1 || item[0] == '+' || item[0] == '0' || len(item) > 9 || len(out) == maxFrames || len(out) > 0 && out[len(out)-1] >= n {
			return nil, false
		}
		out = append(out, n)
	}
	return out, true
}

// headers reads Accept and the manifest that the consumer holds.
func (x *exchange) headers() bool {
	accept, err := ParseAccept(x.r.Header.Values("Accept"))
	if err != nil {
		say := "Accept is not that of a DRIMbox"
		var e *segur.Error
		if errors.As(err, &e) && len(e.Details) > 0 {
			say = "Accept: " + e.Details[0].Message // fixed texts
		}
		return x.malformed(err, say)
	}
	x.accept = accept
	values := x.r.Header.Values(HeaderManifest)
	if len(values) != 1 || !dicomweb.ValidUID(strings.TrimSpace(values[0])) {
		return x.malformed(nil, HeaderManifest+" must be given once, and be a UID")
	}
	x.access.ManifestUID = strings.TrimSpace(values[0])
	return true
}

// current finds the manifest, which must be the one that is published, and what
// it lists of what was asked.
func (x *exchange) current() bool {
	ref := x.access.Ref
	published, err := x.h.cfg.Manifests.Manifest(x.r.Context(), ref.Study, x.access.ManifestUID)
	if errors.Is(err, segur.ErrNotFound) {
		x.notFound(err)
		return false
	}
	if err == nil && (published == nil || published.StudyUID != ref.Study || published.UID != x.access.ManifestUID) {
		x.notFound(nil) // another one: replaced
		return false
	}
	var m *kos.Manifest
	if err == nil {
		m, err = x.h.manifests.read(published)
	}
	if err != nil {
		status := http.StatusInternalServerError
		if later(err) {
			status = http.StatusServiceUnavailable
		}
		x.refuse(status, ServeArchive, err, "the archive does not answer")
		return false
	}
	for place, inst := range m.All() {
		if (ref.Series == "" || place.Series == ref.Series) && (ref.Instance == "" || place.Instance == ref.Instance) {
			x.listed = append(x.listed, place)
			if n := len(x.access.Frames); n > 0 && x.access.Frames[n-1] > max(inst.Frames, 1) && (inst.Frames > 0 || x.access.Frames[n-1] > maxFrameNumber) {
				x.notFound(nil)
				return false
			}
		}
	}
	x.access.Listed = len(x.listed)
	if len(x.listed) == 0 {
		x.notFound(nil)
		return false
	}
	x.published, x.manifest = published, m
	return true
}

// maxFrameNumber bounds a frame number where the manifest does not tell how many
// there are.
const maxFrameNumber = 1 << 24

// later reports whether asking again may succeed.
func later(err error) bool {
	switch segur.KindOf(err) {
	case segur.KindUnavailable, segur.KindTimeout, segur.KindRateLimited:
		return true
	}
	return false
}
