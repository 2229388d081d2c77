package cda

import (
	"fmt"
	"io"
	"log/slog"
)

// What is said of a patient, or of a relative, is printed and logged by its type
// alone, whole or in parts: a %v in a log must not become a disclosure. The
// people who act in a document are no secret, and are printed.

func redact(w io.Writer, name string) { _, _ = io.WriteString(w, "cda."+name+"(redacted)") }

func redacted(name string) slog.Value { return slog.StringValue("cda." + name + "(redacted)") }

// Format writes a redacted form whatever the verb.
func (Product) Format(f fmt.State, _ rune) { redact(f, "Product") }

// LogValue makes slog write the redacted form.
func (Product) LogValue() slog.Value { return redacted("Product") }

// Format writes a redacted form whatever the verb.
func (Radiopharmaceutical) Format(f fmt.State, _ rune) { redact(f, "Radiopharmaceutical") }

// LogValue makes slog write the redacted form.
func (Radiopharmaceutical) LogValue() slog.Value { return redacted("Radiopharmaceutical") }

// Format writes a redacted form whatever the verb.
func (Site) Format(f fmt.State, _ rune) { redact(f, "Site") }

// LogValue makes slog write the redacted form.
func (Site) LogValue() slog.Value { return redacted("Site") }

// Format writes a redacted form whatever the verb.
func (Dose) Format(f fmt.State, _ rune) { redact(f, "Dose") }

// LogValue makes slog write the redacted form.
func (Dose) LogValue() slog.Value { return redacted("Dose") }

// Format writes a redacted form whatever the verb.
func (Exposure) Format(f fmt.State, _ rune) { redact(f, "Exposure") }

// LogValue makes slog write the redacted form.
func (Exposure) LogValue() slog.Value { return redacted("Exposure") }

// Format writes a redacted form whatever the verb.
func (ActSection) Format(f fmt.State, _ rune) { redact(f, "ActSection") }

// LogValue makes slog write the redacted form.
func (ActSection) LogValue() slog.Value { return redacted("ActSection") }

// Format writes a redacted form whatever the verb.
func (Catalog) Format(f fmt.State, _ rune) { redact(f, "Catalog") }

// LogValue makes slog write the redacted form.
func (Catalog) LogValue() slog.Value { return redacted("Catalog") }

// Format writes a redacted form whatever the verb.
func (ContraIndication) Format(f fmt.State, _ rune) { redact(f, "ContraIndication") }

// LogValue makes slog write the redacted form.
func (ContraIndication) LogValue() slog.Value { return redacted("ContraIndication") }

// Format writes a redacted form whatever the verb.
func (History) Format(f fmt.State, _ rune) { redact(f, "History") }

// LogValue makes slog write the redacted form.
func (History) LogValue() slog.Value { return redacted("History") }

// Format writes a redacted form whatever the verb.
func (ClinicalQuestion) Format(f fmt.State, _ rune) { redact(f, "ClinicalQuestion") }

// LogValue makes slog write the redacted form.
func (ClinicalQuestion) LogValue() slog.Value { return redacted("ClinicalQuestion") }

// Format writes a redacted form whatever the verb.
func (Addendum) Format(f fmt.State, _ rune) { redact(f, "Addendum") }

// LogValue makes slog write the redacted form.
func (Addendum) LogValue() slog.Value { return redacted("Addendum") }

// Format writes a redacted form whatever the verb.
func (Device) Format(f fmt.State, _ rune) { redact(f, "Device") }

// LogValue makes slog write the redacted form.
func (Device) LogValue() slog.Value { return redacted("Device") }

// Format writes a redacted form whatever the verb.
func (Attachment) Format(f fmt.State, _ rune) { redact(f, "Attachment") }

// LogValue makes slog write the redacted form.
func (Attachment) LogValue() slog.Value { return redacted("Attachment") }

// Format writes a redacted form whatever the verb.
func (CareNeed) Format(f fmt.State, _ rune) { redact(f, "CareNeed") }

// LogValue makes slog write the redacted form.
func (CareNeed) LogValue() slog.Value { return redacted("CareNeed") }

// Format writes a redacted form whatever the verb.
func (RequestedAct) Format(f fmt.State, _ rune) { redact(f, "RequestedAct") }

// LogValue makes slog write the redacted form.
func (RequestedAct) LogValue() slog.Value { return redacted("RequestedAct") }

// Format writes a redacted form whatever the verb.
func (Informant) Format(f fmt.State, _ rune) { redact(f, "Informant") }

// LogValue makes slog write the redacted form.
func (Informant) LogValue() slog.Value { return redacted("Informant") }

// Format writes a redacted form whatever the verb.
func (Procedure) Format(f fmt.State, _ rune) { redact(f, "Procedure") }

// LogValue makes slog write the redacted form.
func (Procedure) LogValue() slog.Value { return redacted("Procedure") }

// Format writes a redacted form whatever the verb.
func (Act) Format(f fmt.State, _ rune) { redact(f, "Act") }

// LogValue makes slog write the redacted form.
func (Act) LogValue() slog.Value { return redacted("Act") }

// Format writes a redacted form whatever the verb.
func (Order) Format(f fmt.State, _ rune) { redact(f, "Order") }

// LogValue makes slog write the redacted form.
func (Order) LogValue() slog.Value { return redacted("Order") }

// Format writes a redacted form whatever the verb.
func (Encounter) Format(f fmt.State, _ rune) { redact(f, "Encounter") }

// LogValue makes slog write the redacted form.
func (Encounter) LogValue() slog.Value { return redacted("Encounter") }

// Format writes a redacted form whatever the verb.
func (ReportBody) Format(f fmt.State, _ rune) { redact(f, "ReportBody") }

// LogValue makes slog write the redacted form.
func (ReportBody) LogValue() slog.Value { return redacted("ReportBody") }

// Format writes a redacted form whatever the verb.
func (Parsed) Format(f fmt.State, _ rune) { redact(f, "Parsed") }

// LogValue makes slog write the redacted form.
func (Parsed) LogValue() slog.Value { return redacted("Parsed") }
