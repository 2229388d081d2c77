package mssante

import "strings"

// delivery reads a delivery notification (RFC 3464): fields about the mail,
// then a group of fields for each recipient.
func (m *Incoming) delivery(r *Report) {
	all := groups(m.part(deliveryTypes...).content)
	for i, g := range all {
		if i == 0 {
			r.EnvelopeID = g.Get("Original-Envelope-Id")
			if g.Get("Final-Recipient") == "" && g.Get("Original-Recipient") == "" {
				continue
			}
			r.warn("Reporting-MTA", "is in the same group as a recipient")
		}
		one := RecipientReport{
			Original: Address{Address: addressOf(g.Get("Original-Recipient"))},
			Final:    Address{Address: addressOf(g.Get("Final-Recipient"))},
			Code:     enhancedCode.FindString(g.Get("Status")), Automatic: true,
		}
		if _, text, typed := strings.Cut(g.Get("Diagnostic-Code"), ";"); typed {
			one.Diagnostic = strings.TrimSpace(text)
		} else {
			one.Diagnostic = g.Get("Diagnostic-Code")
		}
		var code string
		if one.Status, code = codes(one.Diagnostic); one.Code == "" || strings.HasSuffix(one.Code, ".0.0") && code != "" && code[0] == one.Code[0] {
			one.Code = code // "5.0.0" says nothing
		}
		action, _, _ := strings.Cut(g.Get("Action"), "(")
		switch strings.ToLower(strings.TrimSpace(action)) {
		case "failed":
			one.State = Failed
		case "delayed":
			one.State = Delayed
		case "delivered":
			one.State = Delivered
		case "relayed", "expanded":
			one.State = Accepted // the next server sends no more news
		default:
			r.warn("Action", "is missing or unknown")
			switch {
			case strings.HasPrefix(one.Code, "5"):
				one.State = Failed
			case strings.HasPrefix(one.Code, "4"):
				one.State = Delayed
			case strings.HasPrefix(one.Code, "2"):
				one.State = Delivered
			default:
				continue
			}
		}
		r.add(one)
	}
}
