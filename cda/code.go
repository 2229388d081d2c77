package cda

import (
	"strings"

	"github.com/segur-sdk/segur"
	"github.com/segur-sdk/segur/internal/nos"
)

// code completes a code from its table and records what is wrong with it.
func (c *checker) code(path string, code segur.Code, table *nos.Table) segur.Code {
	table = c.tables.of(table)
	row, known := table.Lookup(code.Code)
	switch {
	case code.Code == "":
		c.Addf(c.at(path, ".code"), "is required, from %s", table.Name)
		return code
	case known && code.System != "" && string(code.System) != row.System:
		c.Addf(c.at(path, ".system"), "must be %s for this code of %s", row.System, table.Name)
	case known:
		code.System = segur.OID(row.System)
		if code.Display == "" {
			code.Display = row.Display
		}
	case !c.cfg.AllowUnlistedCodes:
		c.Addf(c.at(path, ".code"), "is not in %s (revision %s)", table.Name, table.Revised)
	case code.System == "" || code.Display == "":
		c.Addf(path, "is not in %s: code, system and display are all required", table.Name)
	}
	return c.labelled(path, code)
}

// optional is code for a code that may be absent.
func (c *checker) optional(path string, code segur.Code, table *nos.Table) segur.Code {
	if code.IsZero() {
		return code
	}
	return c.code(path, code, table)
}

// act completes a code of a system that the SDK has no table of.
func (c *checker) act(path string, code segur.Code, system segur.OID, shape func(string) bool, rule string) segur.Code {
	if code.System == "" {
		code.System = system
	}
	if code.System != system {
		c.Addf(c.at(path, ".system"), "must be %s", system)
	}
	if !shape(code.Code) {
		c.Add(c.at(path, ".code"), rule)
	}
	if strings.TrimSpace(code.Display) == "" {
		c.Add(c.at(path, ".display"), "is required: the label of the act")
	}
	return c.labelled(path, code)
}

// labelled checks what every code obeys and names its system.
func (c *checker) labelled(path string, code segur.Code) segur.Code {
	if code.System != "" && !code.System.Valid() {
		c.Add(c.at(path, ".system"), "must be an OID")
	}
	if hasBreak(code.Display) {
		c.Add(c.at(path, ".display"), "must hold no tabulation and no line break")
	}
	code.Display = clean(code.Display)
	if code.SystemName == "" {
		code.SystemName = nos.SystemName(string(code.System))
	}
	return code
}

// isLOINC checks the shape and the check digit (mod 10) of a LOINC code.
func isLOINC(s string) bool {
	number, check, ok := strings.Cut(s, "-")
	if !ok || len(check) != 1 || len(number) < 3 || len(number) > 7 || number[0] == '0' {
		return false
	}
	return luhn(number + check)
}

// isCCAM checks the shape of a CCAM code: four letters and three digits.
func isCCAM(s string) bool {
	if len(s) != 7 {
		return false
	}
	for i := range len(s) {
		if i < 4 && (s[i] < 'A' || s[i] > 'Z') || i >= 4 && (s[i] < '0' || s[i] > '9') {
			return false
		}
	}
	return true
}

// luhn reports whether s is digits of which the last is the Luhn key.
func luhn(s string) bool {
	sum := 0
	for i := range len(s) {
		d := int(s[len(s)-1-i]) - '0'
		if d < 0 || d > 9 {
			return false
		}
		if i%2 == 1 {
			if d *= 2; d > 9 {
				d -= 9
			}
		}
		sum += d
	}
	return sum%10 == 0
}
