package mssante

import (
	"regexp"
	"strings"
)

// mailAddress finds addresses in a text.
var mailAddress = regexp.MustCompile(`[0-9A-Za-z._%+-]{1,64}@[0-9A-Za-z-]+(?:\.[0-9A-Za-z-]+)+`)

// reasons are what bounces of Mon espace santé and of servers say in words,
// accents removed, and the enhanced status code of RFC 3463 that means it.
var reasons = []struct {
	words *regexp.Regexp
	code  string
}{
	{regexp.MustCompile(`(?i)taille (maximale|autorisee|limite)|trop (volumineux|gros|lourd)|depasse la taille|message (size|too (big|large))|size exceeds`), "5.3.4"},
	{regexp.MustCompile(`(?i)messagerie (est )?(fermee|desactivee|cloturee)|(boite|bal|compte) (aux lettres )?(est )?(fermee?|desactivee?|cloturee?)|mailbox (disabled|closed)`), "5.2.1"},
	{regexp.MustCompile(`(?i)(boite|bal|messagerie) (aux lettres )?(est )?(pleine|saturee)|quota|mailbox (is )?full|over quota`), "5.2.2"},
	{regexp.MustCompile(`(?i)adresse (\S+ ){0,3}(invalide|incorrecte|erronee|mal formee)|(invalid|bad) (address|recipient)`), "5.1.3"},
	{regexp.MustCompile(`(?i)(patient|usager|destinataire|adresse|boite|utilisateur) (\S+ ){0,3}(non trouvee?|introuvable|inconnue?|inexistante?|n'existe pas)|` +
		`(user|recipient|mailbox|address) (\S+ ){0,2}(unknown|not found|does not exist)|no such (user|mailbox)`), "5.1.1"},
}

// stillTrying is how servers say that they go on.
var stillTrying = regexp.MustCompile(`(?i)\b(delayed|will (be retried|retry|keep trying)|still being retried|not need to resend|nouvelles? tentatives?|differee?s?|retardee?s?)\b`)

// bounce reads a mail that says in words that another was not delivered.
func (m *Incoming) bounce(r *Report) {
	text := m.Text
	if text == "" {
		text = m.HTML
	}
	one := RecipientReport{State: Failed, Automatic: true, Diagnostic: strings.TrimSpace(cutText(text, 500))}
	one.Status, one.Code = codes(enhancedOrSMTP(text))
	if one.Code == "" {
		plain := toASCII(cutText(text, 8<<10))
		for _, reason := range reasons {
			if reason.words.MatchString(plain) {
				one.Code = reason.code
				break
			}
		}
	}
	// Codes of the 4xx class do not make it a delay: the server gave up.
	if stillTrying.MatchString(toASCII(cutText(m.Subject+"\n"+text, 8<<10))) {
		one.State = Delayed
	}
	named := mailAddress.FindAllString(m.failedRecipients, maxAddresses)
	if len(named) == 0 {
		for _, address := range mailAddress.FindAllString(cutText(text, 8<<10), 20) {
			if !m.isParty(address) {
				named = append(named, address)
			}
		}
	}
	if len(named) == 0 {
		r.warn("recipient", "is not named by the bounce")
		r.add(one)
		return
	}
	seen := map[string]bool{}
	for _, address := range named {
		if key := strings.ToLower(address); !seen[key] {
			seen[key] = true
			one.Final = Address{Address: address}
			r.add(one)
		}
	}
}

// isParty reports whether an address is one of the bounce itself.
func (m *Incoming) isParty(address string) bool {
	if sameAddress(address, m.From.Address) || daemon(address) {
		return true
	}
	for _, to := range m.To {
		if sameAddress(address, to.Address) {
			return true
		}
	}
	return m.MessageID == address || m.InReplyTo == address
}

// smtpLine is a part of a text where a server speaks: codes are looked for
// there only, since three digits may be anything.
var smtpLine = regexp.MustCompile(`(?im)\b[45]\d\d[ -](?:[245]\.\d{1,3}\.\d{1,3}\b|#?[A-Za-z])[^\r\n]*|\b[45]\.\d{1,3}\.\d{1,3}\b[^\r\n]*`)

func enhancedOrSMTP(text string) string { return smtpLine.FindString(cutText(text, 8<<10)) }

// cutText keeps the first bytes of a text, whole characters.
func cutText(s string, n int) string {
	if len(s) <= n {
		return s
	}
	return strings.ToValidUTF8(s[:n], "")
}
