package xds

import "bytes"

// declareRootPrefix declares the prefix of the root element when it is the
// only thing that keeps a METADATA.XML from being XML with namespaces: DRIM-M
// exports start with <ns3:SubmitObjectsRequest> and declare nothing. Whatever
// else is wrong is left to the reader.
func declareRootPrefix(b []byte) (out []byte, repaired bool) {
	i := bytes.IndexByte(b, '<')
	for i >= 0 && i+1 < len(b) && (b[i+1] == '?' || b[i+1] == '!') {
		next := bytes.IndexByte(b[i+1:], '<')
		if next < 0 {
			return b, false
		}
		i += 1 + next
	}
	if i < 0 {
		return b, false
	}
	end := bytes.IndexByte(b[i:], '>')
	if end < 0 {
		return b, false
	}
	tag := b[i : i+end]
	name := tag[1:]
	if k := bytes.IndexAny(name, " \t\r\n/"); k >= 0 {
		name = name[:k]
	}
	prefix, local, ok := bytes.Cut(name, []byte(":"))
	if !ok || len(prefix) == 0 || string(local) != "SubmitObjectsRequest" || bytes.Contains(tag, append([]byte("xmlns:"), prefix...)) {
		return b, false
	}
	at := i + 1 + len(name)
	out = make([]byte, 0, len(b)+80)
	out = append(out, b[:at]...)
	out = append(append(append(out, " xmlns:"...), prefix...), `="urn:oasis:names:tc:ebxml-regrep:xsd:lcm:3.0"`...)
	return append(out, b[at:]...), true
}
