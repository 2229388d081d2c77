package dicomwebtest

import (
	"fmt"
	"net/http"
	"strings"
)

// services are what the server describes: path, methods.
var services = [][2]string{
	{"studies", "GET POST"}, {"studies/{study}", "GET POST DELETE"}, {"studies/{study}/series", "GET"}, {"studies/{study}/instances", "GET"},
	{"studies/{study}/metadata", "GET"}, {"series", "GET"}, {"instances", "GET"},
	{"workitems", "GET POST"}, {"workitems/{workitem}", "GET POST"}, {"workitems/{workitem}/state", "PUT"}, {"workitems/{workitem}/cancelrequest", "POST"},
	{"workitems/{workitem}/subscribers/{subscriber}", "POST DELETE"}, {"subscribers/{subscriber}", "GET"},
}

// describe answers OPTIONS (PS3.18 8.9) with the main resources.
func (s *Server) describe(w http.ResponseWriter) {
	quirks := s.quirk()
	if quirks.NoDescription {
		http.Error(w, "no such resource", http.StatusNotFound)
		return
	}
	var b strings.Builder
	b.WriteString(`<?xml version="1.0" encoding="UTF-8"?><application xmlns="http://wadl.dev.java.net/2009/02"><resources>`)
	for _, service := range services {
		if quirks.NoUPS && (strings.HasPrefix(service[0], "workitems") || strings.HasPrefix(service[0], "subscribers")) {
			continue
		}
		fmt.Fprintf(&b, `<resource path="%s">`, service[0])
		for _, method := range strings.Fields(service[1]) {
			fmt.Fprintf(&b, `<method name="%s"/>`, method)
		}
		b.WriteString(`</resource>`)
	}
	b.WriteString(`</resources></application>`)
	w.Header().Set("Content-Type", "application/vnd.sun.wadl+xml")
	_, _ = w.Write([]byte(b.String()))
}
