package dicomweb

import "github.com/segur-sdk/segur"

// helps explains the codes of the errors that the client itself finds.
var helps = map[string]segur.Text{
	CodeFilterIgnored: {
		FR: "Le serveur ne connaît pas un critère et répond sans en tenir compte : rien de ce qu'il rend n'est sûr. Retirer ce critère, ou chercher par un autre.",
		EN: "The server does not know a key and answers without it: nothing that it returns can be relied on. Leave that key out, or search by another."},
	CodeOffsetIgnored: {
		FR: "Le serveur rend la même page deux fois : la liste n'est peut-être pas complète. Restreindre la recherche, par exemple à une période.",
		EN: "The server returns the same page twice: the list may not be complete. Narrow the search, to a period for instance."},
	CodeHeldBack: {
		FR: "Le serveur dit avoir d'autres résultats qu'il ne rend pas. Restreindre la recherche, par exemple à une période ou à une série.",
		EN: "The server says that it has others that it does not return. Narrow the search, to a period or to a series for instance."},
	CodeSinglePart: {
		FR: "Le serveur n'a rendu qu'une image là où plusieurs étaient demandées. Utiliser Download, qui demande ensuite chaque image.",
		EN: "The server returned one image where several were asked. Use Download, which then asks for each image."},
	CodeEndUnmarked: {
		FR: "Rien ne marque la fin de la réponse : elle peut être coupée. Demander de nouveau ; si cela persiste, le serveur ou le proxy est en cause.",
		EN: "Nothing marks the end of the answer: it may be cut. Ask again; if it persists, the server or the proxy is at fault."},
	CodeWrongInstance: {
		FR: "La réponse porte autre chose que ce qui a été demandé : elle n'est pas utilisée. Le signaler au fournisseur du serveur, traces à l'appui.",
		EN: "The answer holds something else than what was asked: it is not used. Report it to the vendor of the server, with the traces."},
	CodeCannotWrite: {
		FR: "Le fichier ne peut pas être écrit : vérifier le dossier, ses droits et la place sur le disque. Ce qui est arrivé entier est conservé.",
		EN: "The file cannot be written: check the folder, its permissions and the space on the disk. What came whole is kept."},
}

var (
	helpFile = segur.Text{
		FR: "Le fichier ne respecte pas la règle citée et n'est pas utilisé. S'il est coupé ou altéré, l'exporter de nouveau de sa source.",
		EN: "The file breaks the rule that is cited and is not used. If it is cut or damaged, export it again from its source."}
	helpUnreadable = segur.Text{
		FR: "Le fichier ou le dossier ne peut pas être lu : vérifier son nom et ses droits.",
		EN: "The file or the folder cannot be read: check its name and its permissions."}
	helpNoService = segur.Text{
		FR: "Cette recherche n'existe pas à cette adresse. Endpoint est l'adresse des services DICOMweb, sans /studies ; tous les serveurs n'offrent pas la recherche de séries ou d'instances hors d'un examen.",
		EN: "This search does not exist at this address. Endpoint is the address of the DICOMweb services, without /studies; not every server has the search of series or instances outside of a study."}
	helpNotSupported = segur.Text{
		FR: "Le serveur n'offre pas ce service : voir sa déclaration de conformité.",
		EN: "The server does not have this service: see its conformance statement."}
	helpFilesOnly = segur.Text{
		FR: "Le serveur ne prend que des fichiers DICOM : lui envoyer par Store le fichier que donne MetadataInstance.File.",
		EN: "The server takes DICOM files only: send it with Store the file that MetadataInstance.File gives."}
)
