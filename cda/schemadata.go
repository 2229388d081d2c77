package cda

// schemaData holds the data types of HL7 version 3 and the narrative block of CDA R2, as the schemas of the
// test kit of the ANS of February 2025 have them. See [compileSchema] for the notation.
const schemaData = `
AD~ <ANY | (delimiter:ADXP|country:ADXP|state:ADXP|county:ADXP|city:ADXP|postalCode:ADXP|streetAddressLine:ADXP|houseNumber:ADXP|
	houseNumberNumeric:ADXP|direction:ADXP|streetName:ADXP|streetNameBase:ADXP|streetNameType:ADXP|additionalLocator:ADXP|unitID:ADXP|
	unitType:ADXP|careOf:ADXP|censusTract:ADXP|deliveryAddressLine:ADXP|deliveryInstallationType:ADXP|deliveryInstallationArea:ADXP|
	deliveryInstallationQualifier:ADXP|deliveryMode:ADXP|deliveryModeIdentifier:ADXP|buildingNumberSuffix:ADXP|postBox:ADXP|precinct:ADXP)*
	useablePeriod:SXCM_TS* | use:set_PostalAddressUse isNotOrdered:bl
ADXP~ <ST | | partType:AddressPartType
ANY^ |
BIN~^ <ANY | | representation:BinaryDataEncoding
BL <ANY | | value:bl
BN <ANY | | value:bn -nullFlavor
CD <ANY | originalText:ED? qualifier:CR* translation:CD* | code:cs codeSystem:uid codeSystemName:st codeSystemVersion:st displayName:st
	sdtc:valueSet:any sdtc:valueSetVersion:any
CE <<CD | originalText:ED? translation:CD* | code:cs codeSystem:uid codeSystemName:st codeSystemVersion:st displayName:st
CO <CV |
CR <ANY | name:CV? value:CD? | inverted:bn
CS <<CV | | code:cs -codeSystem -codeSystemName -codeSystemVersion -displayName
CV <<CE | originalText:ED? | code:cs codeSystem:uid codeSystemName:st codeSystemVersion:st displayName:st
ED~ <BIN | reference:TEL? thumbnail:thumbnail? any* | mediaType:cs language:cs compression:CompressionAlgorithm integrityCheck:bin
	integrityCheckAlgorithm:IntegrityCheckAlgorithm
EIVL.event <<CE | | code:TimingEvent codeSystem=2.16.840.1.113883.5.139 codeSystemName=TimingEvent
EIVL_TS <SXCM_TS | event:EIVL.event? offset:IVL_PQ?
EN~ <ANY | (delimiter:ENXP|family:ENXP|given:ENXP|prefix:ENXP|suffix:ENXP)* validTime:IVL_TS? | use:set_EntityNameUse
ENXP~ <ST | | partType:EntityNamePartType qualifier:set_EntityNamePartQualifier
II <ANY | | root:uid extension:st assigningAuthorityName:st displayable:bl
INT <QTY | | value:int
IVL_INT <SXCM_INT | ([low:IVXB_INT (width:INT?|high:IVXB_INT?)?]|high:IVXB_INT|[width:INT high:IVXB_INT?]|[center:INT width:INT?])?
IVL_MO <SXCM_MO | ([low:IVXB_MO (width:MO?|high:IVXB_MO?)?]|high:IVXB_MO|[width:MO high:IVXB_MO?]|[center:MO width:MO?])?
IVL_PQ <SXCM_PQ | ([low:IVXB_PQ (width:PQ?|high:IVXB_PQ?)?]|high:IVXB_PQ|[width:PQ high:IVXB_PQ?]|[center:PQ width:PQ?])?
IVL_REAL <SXCM_REAL | ([low:IVXB_REAL (width:REAL?|high:IVXB_REAL?)?]|high:IVXB_REAL|[width:REAL high:IVXB_REAL?]|[center:REAL
	width:REAL?])?
IVL_TS <SXCM_TS | ([low:IVXB_TS (width:PQ?|high:IVXB_TS?)?]|high:IVXB_TS|[width:PQ high:IVXB_TS?]|[center:TS width:PQ?])?
IVXB_INT <INT | | inclusive:bl
IVXB_MO <MO | | inclusive:bl
IVXB_PQ <PQ | | inclusive:bl
IVXB_REAL <REAL | | inclusive:bl
IVXB_TS <TS | | inclusive:bl
MO <QTY | | value:real currency:cs
ON~ <<EN | (delimiter:ENXP|prefix:ENXP|suffix:ENXP)* validTime:IVL_TS? | use:set_EntityNameUse
PIVL_TS <SXCM_TS | phase:IVL_TS? period:PQ? | alignment:CalendarCycle institutionSpecified:bl
PN~ <EN |
PQ <QTY | translation:PQR* | value:real unit:cs
PQR <CV | | value:real
QTY^ <ANY |
REAL <QTY | | value:real
RTO <RTO_QTY_QTY |
RTO_MO_PQ <QTY | numerator:MO denominator:PQ
RTO_PQ_PQ <QTY | numerator:PQ denominator:PQ
RTO_QTY_QTY <QTY | numerator:QTY denominator:QTY
SC~ <ST | | code:cs codeSystem:uid codeSystemName:st codeSystemVersion:st displayName:st
ST~ <<ED | | representation=TXT mediaType=text/plain -compression -integrityCheck -integrityCheckAlgorithm
SXCM_CD <CD | | operator:SetOperator
SXCM_INT <INT | | operator:SetOperator
SXCM_MO <MO | | operator:SetOperator
SXCM_PQ <PQ | | operator:SetOperator
SXCM_REAL <REAL | | operator:SetOperator
SXCM_TS <TS | | operator:SetOperator
SXPR_TS <SXCM_TS | comp:SXCM_TS comp:SXCM_TS+
TEL <URL | useablePeriod:SXCM_TS* | use:set_TelecommunicationAddressUse
TS <QTY | | value:ts
URL^ <ANY | | value:url
thumbnail~ <<ED | reference:TEL?
@INLINE content:StrucDoc.Content|linkHtml:StrucDoc.LinkHtml|sub:StrucDoc.Sub|sup:StrucDoc.Sup|br:StrucDoc.Br|footnote:StrucDoc.Footnote|
	footnoteRef:StrucDoc.FootnoteRef|renderMultiMedia:StrucDoc.RenderMultiMedia
@NARRATIVE ID:ID language:NMTOKEN styleCode:NMTOKENS
@ALIGN align:{left center right justify char} char:string charoff:string valign:{top middle bottom baseline}
StrucDoc.Br |
StrucDoc.Caption~ | (linkHtml:StrucDoc.LinkHtml|sub:StrucDoc.Sub|sup:StrucDoc.Sup|footnote:StrucDoc.Footnote|
	footnoteRef:StrucDoc.FootnoteRef)* | @NARRATIVE
StrucDoc.Col | | @NARRATIVE span:string width:string @ALIGN
StrucDoc.Colgroup | col:StrucDoc.Col* | @NARRATIVE span:string width:string @ALIGN
StrucDoc.Content~ | (@INLINE)* | @NARRATIVE revised:{insert delete}
StrucDoc.Footnote~ | (content:StrucDoc.Content|linkHtml:StrucDoc.LinkHtml|sub:StrucDoc.Sub|sup:StrucDoc.Sup|br:StrucDoc.Br|
	renderMultiMedia:StrucDoc.RenderMultiMedia|paragraph:StrucDoc.Paragraph|list:StrucDoc.List|table:StrucDoc.Table)* | @NARRATIVE
StrucDoc.FootnoteRef | | @NARRATIVE IDREF!:IDREF
StrucDoc.Item~ | caption:StrucDoc.Caption? (@INLINE|paragraph:StrucDoc.Paragraph|list:StrucDoc.List|table:StrucDoc.Table)* | @NARRATIVE
StrucDoc.LinkHtml~ | (footnote:StrucDoc.Footnote|footnoteRef:StrucDoc.FootnoteRef)* | name:string href:string rel:string rev:string
	title:string @NARRATIVE
StrucDoc.List | caption:StrucDoc.Caption? item:StrucDoc.Item+ | @NARRATIVE listType:{ordered unordered}
StrucDoc.Paragraph~ | caption:StrucDoc.Caption? (@INLINE)* | @NARRATIVE
StrucDoc.RenderMultiMedia | caption:StrucDoc.Caption? | referencedObject!:IDREFS @NARRATIVE
StrucDoc.Sub~ |
StrucDoc.Sup~ |
StrucDoc.Table | caption:StrucDoc.Caption? (col:StrucDoc.Col*|colgroup:StrucDoc.Colgroup*) thead:StrucDoc.Thead? tfoot:StrucDoc.Tfoot?
	tbody:StrucDoc.Tbody+ | @NARRATIVE summary:string width:string border:string frame:{void above below hsides lhs rhs vsides box border}
	rules:{none groups rows cols all} cellspacing:string cellpadding:string
StrucDoc.Tbody | tr:StrucDoc.Tr+ | @NARRATIVE @ALIGN
StrucDoc.Td~ | (@INLINE|paragraph:StrucDoc.Paragraph|list:StrucDoc.List)* | @NARRATIVE abbr:string axis:string headers:IDREFS scope:{row col
	rowgroup colgroup} rowspan:string colspan:string @ALIGN
StrucDoc.Text~ | (@INLINE|paragraph:StrucDoc.Paragraph|list:StrucDoc.List|table:StrucDoc.Table)* | @NARRATIVE
	mediaType=text/x-hl7-text+xml
StrucDoc.Tfoot | tr:StrucDoc.Tr+ | @NARRATIVE @ALIGN
StrucDoc.Th~ | (@INLINE)* | @NARRATIVE abbr:string axis:string headers:IDREFS scope:{row col rowgroup colgroup} rowspan:string
	colspan:string @ALIGN
StrucDoc.Thead | tr:StrucDoc.Tr+ | @NARRATIVE @ALIGN
StrucDoc.Tr | (th:StrucDoc.Th|td:StrucDoc.Td)+ | @NARRATIVE @ALIGN
`
