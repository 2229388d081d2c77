<xsl:output method="html" encoding="UTF-8" doctype-system="about:legacy-compat"/>
<xsl:key name="id" match="*[@ID]" use="@ID"/>
<xsl:template match="/"><xsl:apply-templates select="/xsl:stylesheet/data:Contenu/c:ClinicalDocument"/></xsl:template>

<xsl:template match="c:ClinicalDocument">
<html lang="fr">
<head>
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; base-uri 'none'; form-action 'none'; img-src data:; object-src data:; frame-src data:; style-src 'unsafe-inline'"/>
<title><xsl:value-of select="c:title"/></title>
<style>
body{margin:0 auto;padding:1rem;max-width:56rem;background:#fff;color:#1a1a1a;font:1rem/1.5 sans-serif}
h1{font-size:1.6rem} h2{font-size:1.25rem;border-bottom:2px solid #1f4e79;color:#1f4e79} h3{font-size:1.1rem;color:#1f4e79}
table{border-collapse:collapse;margin:.6em 0} th,td{border:1px solid #767676;padding:.25rem .5rem;text-align:left;vertical-align:top}
caption{font-weight:bold;text-align:left} .b{font-weight:bold} .i{font-style:italic} .u{text-decoration:underline}
object{width:100%;height:80vh} img{max-width:100%}
</style>
</head>
<body>
<header>
<h1><xsl:value-of select="c:title"/></h1>
<h2>Patient</h2>
<xsl:apply-templates select="c:recordTarget[1]/c:patientRole"/>
<h2>Examen</h2>
<table><tbody>
<xsl:for-each select="c:documentationOf/c:serviceEvent">
<xsl:call-template name="row"><xsl:with-param name="label" select="'Acte'"/><xsl:with-param name="value">
<xsl:apply-templates select="c:code" mode="label"/>
<xsl:for-each select="c:code/c:translation"><xsl:text> ; </xsl:text><xsl:apply-templates select="." mode="label"/></xsl:for-each>
</xsl:with-param></xsl:call-template>
<xsl:call-template name="row"><xsl:with-param name="label" select="'Début de l’acte'"/><xsl:with-param name="value"><xsl:apply-templates select="c:effectiveTime/c:low" mode="time"/></xsl:with-param></xsl:call-template>
<xsl:call-template name="row"><xsl:with-param name="label" select="'Fin de l’acte'"/><xsl:with-param name="value"><xsl:apply-templates select="c:effectiveTime/c:high" mode="time"/></xsl:with-param></xsl:call-template>
</xsl:for-each>
<xsl:for-each select="c:inFulfillmentOf/c:order">
<xsl:call-template name="row"><xsl:with-param name="label" select="'Numéro de la demande'"/><xsl:with-param name="value" select="c:id/@extension"/></xsl:call-template>
<xsl:call-template name="row"><xsl:with-param name="label" select="'Numéro d’examen (accession number)'"/><xsl:with-param name="value" select="*[local-name()='accessionNumber']/@extension"/></xsl:call-template>
</xsl:for-each>
<xsl:for-each select="c:author">
<xsl:call-template name="row"><xsl:with-param name="label" select="'Auteur'"/><xsl:with-param name="value"><xsl:apply-templates select="c:assignedAuthor" mode="person"/></xsl:with-param></xsl:call-template>
</xsl:for-each>
<xsl:for-each select="c:legalAuthenticator">
<xsl:call-template name="row"><xsl:with-param name="label" select="'Responsable du document'"/><xsl:with-param name="value"><xsl:apply-templates select="c:assignedEntity" mode="person"/></xsl:with-param></xsl:call-template>
</xsl:for-each>
<xsl:for-each select="c:participant[@typeCode='REF']">
<xsl:call-template name="row"><xsl:with-param name="label" select="'Prescripteur'"/><xsl:with-param name="value"><xsl:apply-templates select="c:associatedEntity" mode="person"/></xsl:with-param></xsl:call-template>
</xsl:for-each>
</tbody></table>
</header>
<main>
<xsl:apply-templates select="c:component/c:structuredBody/c:component/c:section"/>
<xsl:for-each select="c:component/c:nonXMLBody/c:text">
<h2>Contenu du document</h2>
<xsl:call-template name="content"><xsl:with-param name="title" select="'(document)'"/></xsl:call-template>
</xsl:for-each>
</main>
<footer>
<h2>Références du document</h2>
<table><tbody>
<xsl:call-template name="row"><xsl:with-param name="label" select="'Identifiant'"/><xsl:with-param name="value"><xsl:value-of select="c:id/@root"/><xsl:text> </xsl:text><xsl:value-of select="c:id/@extension"/></xsl:with-param></xsl:call-template>
<xsl:call-template name="row"><xsl:with-param name="label" select="'Version'"/><xsl:with-param name="value" select="c:versionNumber/@value"/></xsl:call-template>
<xsl:call-template name="row"><xsl:with-param name="label" select="'Remplace'"/><xsl:with-param name="value" select="c:relatedDocument/c:parentDocument/c:id/@root"/></xsl:call-template>
<xsl:call-template name="row"><xsl:with-param name="label" select="'Créé le'"/><xsl:with-param name="value"><xsl:apply-templates select="c:effectiveTime" mode="time"/></xsl:with-param></xsl:call-template>
<xsl:call-template name="row"><xsl:with-param name="label" select="'Conservé par'"/><xsl:with-param name="value" select="c:custodian/c:assignedCustodian/c:representedCustodianOrganization/c:name"/></xsl:call-template>
</tbody></table>
</footer>
</body>
</html>
</xsl:template>

<xsl:template match="c:patientRole">
<table><tbody>
<xsl:for-each select="c:patient/c:name/c:family|c:patient/c:name/c:given">
<tr><th scope="row"><xsl:choose>
<xsl:when test="self::c:family and @qualifier='BR'">Nom de naissance</xsl:when>
<xsl:when test="self::c:family">Nom utilisé</xsl:when>
<xsl:when test="@qualifier='BR'">Premier prénom de naissance</xsl:when>
<xsl:when test="@qualifier='CL'">Prénom utilisé</xsl:when>
<xsl:otherwise>Prénoms de naissance</xsl:otherwise>
</xsl:choose></th><td><xsl:if test="@qualifier='BR'"><xsl:attribute name="class">b</xsl:attribute></xsl:if><xsl:value-of select="."/></td></tr>
</xsl:for-each>
<xsl:call-template name="row"><xsl:with-param name="label" select="'Sexe'"/><xsl:with-param name="value"><xsl:apply-templates select="c:patient/c:administrativeGenderCode" mode="label"/></xsl:with-param></xsl:call-template>
<xsl:call-template name="row"><xsl:with-param name="label" select="'Date de naissance'"/><xsl:with-param name="value"><xsl:apply-templates select="c:patient/c:birthTime" mode="time"/></xsl:with-param></xsl:call-template>
<xsl:for-each select="c:patient/c:birthplace/c:place/c:addr">
<xsl:call-template name="row"><xsl:with-param name="label" select="'Lieu de naissance'"/><xsl:with-param name="value"><xsl:value-of select="c:city"/><xsl:text> </xsl:text><xsl:value-of select="c:county"/></xsl:with-param></xsl:call-template>
</xsl:for-each>
<xsl:for-each select="c:id">
<xsl:variable name="ins" select="@root='1.2.250.1.213.1.4.8' or @root='1.2.250.1.213.1.4.9' or @root='1.2.250.1.213.1.4.10' or @root='1.2.250.1.213.1.4.11'"/>
<tr><th scope="row"><xsl:choose><xsl:when test="$ins">Matricule INS</xsl:when><xsl:otherwise>Identifiant local</xsl:otherwise></xsl:choose></th><td><xsl:value-of select="@extension"/> (<xsl:value-of select="@root"/>)</td></tr>
</xsl:for-each>
</tbody></table>
</xsl:template>

<xsl:template name="row">
<xsl:param name="label"/><xsl:param name="value"/>
<xsl:if test="normalize-space($value)!=''"><tr><th scope="row"><xsl:value-of select="$label"/></th><td><xsl:value-of select="$value"/></td></tr></xsl:if>
</xsl:template>

<xsl:template match="*" mode="label"><xsl:choose><xsl:when test="@displayName!=''"><xsl:value-of select="@displayName"/></xsl:when><xsl:otherwise><xsl:value-of select="@code"/></xsl:otherwise></xsl:choose></xsl:template>

<xsl:template match="*" mode="person">
<xsl:for-each select="(c:assignedPerson|c:associatedPerson)/c:name/*"><xsl:value-of select="."/><xsl:text> </xsl:text></xsl:for-each>
<xsl:value-of select="c:assignedAuthoringDevice/c:softwareName"/>
<xsl:if test="c:code/@displayName"><xsl:text>- </xsl:text><xsl:value-of select="c:code/@displayName"/></xsl:if>
<xsl:if test="(c:representedOrganization|c:scopingOrganization)/c:name"><xsl:text> - </xsl:text><xsl:value-of select="(c:representedOrganization|c:scopingOrganization)/c:name"/></xsl:if>
</xsl:template>

<xsl:template match="*" mode="time">
<xsl:variable name="t" select="@value"/>
<xsl:variable name="after" select="substring($t,9)"/>
<xsl:choose>
<xsl:when test="string-length($t)&lt;8"><xsl:value-of select="$t"/></xsl:when>
<xsl:otherwise><xsl:value-of select="concat(substring($t,7,2),'/',substring($t,5,2),'/',substring($t,1,4))"/>
<xsl:if test="string-length($after)&gt;3"><xsl:value-of select="concat(' à ',substring($after,1,2),':',substring($after,3,2))"/>
<xsl:if test="contains($after,'+')"><xsl:value-of select="concat(' (UTC+',substring-after($after,'+'),')')"/></xsl:if>
<xsl:if test="contains($after,'-')"><xsl:value-of select="concat(' (UTC-',substring-after($after,'-'),')')"/></xsl:if>
</xsl:if></xsl:otherwise>
</xsl:choose>
</xsl:template>

<xsl:template match="c:section">
<section>
<xsl:choose>
<xsl:when test="parent::c:component/parent::c:structuredBody"><h2><xsl:value-of select="c:title"/></h2></xsl:when>
<xsl:otherwise><h3><xsl:value-of select="c:title"/></h3></xsl:otherwise>
</xsl:choose>
<xsl:for-each select="c:author"><p>Auteur : <xsl:apply-templates select="c:assignedAuthor" mode="person"/>, <xsl:apply-templates select="c:time" mode="time"/></p></xsl:for-each>
<xsl:apply-templates select="c:text"/>
<xsl:apply-templates select="c:component/c:section"/>
</section>
</xsl:template>

<xsl:template match="c:section/c:text"><div><xsl:apply-templates/></div></xsl:template>
<xsl:template match="c:paragraph"><div><xsl:apply-templates/></div></xsl:template>
<xsl:template match="c:br"><br/></xsl:template>
<xsl:template match="c:sub"><sub><xsl:apply-templates/></sub></xsl:template>
<xsl:template match="c:sup"><sup><xsl:apply-templates/></sup></xsl:template>
<xsl:template match="c:content"><span><xsl:choose>
<xsl:when test="contains(@styleCode,'Bold')"><xsl:attribute name="class">b</xsl:attribute></xsl:when>
<xsl:when test="contains(@styleCode,'Italics')"><xsl:attribute name="class">i</xsl:attribute></xsl:when>
<xsl:when test="contains(@styleCode,'Underline')"><xsl:attribute name="class">u</xsl:attribute></xsl:when>
</xsl:choose><xsl:choose>
<xsl:when test="@revised='delete'"><del><xsl:apply-templates/></del></xsl:when>
<xsl:when test="@revised='insert'"><ins><xsl:apply-templates/></ins></xsl:when>
<xsl:otherwise><xsl:apply-templates/></xsl:otherwise>
</xsl:choose></span></xsl:template>
<xsl:template match="c:linkHtml"><xsl:apply-templates/><xsl:if test="@href and not(starts-with(@href,'#'))"> (<xsl:value-of select="@href"/>)</xsl:if></xsl:template>
<xsl:template match="c:footnote"> [<xsl:apply-templates/>] </xsl:template>
<xsl:template match="c:footnoteRef"> [<xsl:value-of select="key('id',@IDREF)"/>] </xsl:template>
<xsl:template match="c:list[@listType='ordered']"><xsl:apply-templates select="c:caption"/><ol><xsl:apply-templates select="c:item"/></ol></xsl:template>
<xsl:template match="c:list"><xsl:apply-templates select="c:caption"/><ul><xsl:apply-templates select="c:item"/></ul></xsl:template>
<xsl:template match="c:item"><li><xsl:apply-templates/></li></xsl:template>
<xsl:template match="c:caption"><div class="b"><xsl:apply-templates/></div></xsl:template>
<xsl:template match="c:table"><table><xsl:apply-templates select="c:caption"/><xsl:apply-templates select="c:thead"/><xsl:apply-templates select="c:tbody"/><xsl:apply-templates select="c:tfoot"/></table></xsl:template>
<xsl:template match="c:table/c:caption"><caption><xsl:apply-templates/></caption></xsl:template>
<xsl:template match="c:thead"><thead><xsl:apply-templates select="c:tr"/></thead></xsl:template>
<xsl:template match="c:tbody"><tbody><xsl:apply-templates select="c:tr"/></tbody></xsl:template>
<xsl:template match="c:tfoot"><tfoot><xsl:apply-templates select="c:tr"/></tfoot></xsl:template>
<xsl:template match="c:tr"><tr><xsl:apply-templates select="c:th|c:td"/></tr></xsl:template>
<xsl:template match="c:th"><th><xsl:copy-of select="@colspan|@rowspan"/><xsl:apply-templates/></th></xsl:template>
<xsl:template match="c:td"><td><xsl:copy-of select="@colspan|@rowspan"/><xsl:apply-templates/></td></xsl:template>

<xsl:template match="c:renderMultiMedia">
<xsl:variable name="title" select="normalize-space(../c:content)"/>
<xsl:call-template name="media"><xsl:with-param name="ids" select="normalize-space(@referencedObject)"/><xsl:with-param name="title" select="$title"/></xsl:call-template>
<xsl:apply-templates select="c:caption"/>
</xsl:template>

<xsl:template name="media">
<xsl:param name="ids"/><xsl:param name="title"/>
<xsl:if test="$ids!=''">
<xsl:for-each select="key('id',substring-before(concat($ids,' '),' '))[self::c:observationMedia]/c:value">
<xsl:call-template name="content"><xsl:with-param name="title" select="$title"/></xsl:call-template>
</xsl:for-each>
<xsl:call-template name="media"><xsl:with-param name="ids" select="substring-after($ids,' ')"/><xsl:with-param name="title" select="$title"/></xsl:call-template>
</xsl:if>
</xsl:template>

<xsl:template name="content">
<xsl:param name="title"/>
<xsl:choose>
<xsl:when test="@representation='B64' and @mediaType='image/jpeg'"><img alt="{$title}" src="data:image/jpeg;base64,{.}"/></xsl:when>
<xsl:when test="@representation='B64' and @mediaType='application/pdf'">
<p><a download="document.pdf" href="data:application/pdf;base64,{.}">Enregistrer le PDF <xsl:value-of select="$title"/></a></p>
<object type="application/pdf" aria-label="PDF" data="data:application/pdf;base64,{.}"/>
</xsl:when>
<xsl:when test="@representation='B64'"><p>Contenu non montré (<xsl:value-of select="@mediaType"/>)</p></xsl:when>
<xsl:otherwise><p><xsl:value-of select="."/></p></xsl:otherwise>
</xsl:choose>
</xsl:template>
