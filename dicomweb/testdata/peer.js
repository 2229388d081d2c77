// Everything that the JavaScript dicomweb-client offers, asked of a server. Its last line is JSON: what each call gave.
//
// usage: node peer.js MODULES URL FOLDER    (MODULES holds dicomweb-client and xhr2; FOLDER a study of two series, two frames each)
const fs = require('fs');
const path = require('path');

const [modules, url, folder] = process.argv.slice(2);
global.XMLHttpRequest = require(path.join(modules, 'xhr2'));
const { api } = require(path.join(modules, 'dicomweb-client'));

const names = fs.readdirSync(folder).sort();
const files = names.map((name) => fs.readFileSync(path.join(folder, name)));
const plain = (b) => b.buffer.slice(b.byteOffset, b.byteOffset + b.length);
const { study, series, instance } = JSON.parse(fs.readFileSync(path.join(folder, '..', 'ids.json')));
const frames = [files[0].subarray(files[0].length - 1024, files[0].length - 512), files[0].subarray(files[0].length - 512)];
const results = {};

async function call(name, f) {
  try {
    results[name] = await f();
  } catch (e) {
    results[name] = `failed: ${e.status || e.message}`;
  }
}
const same = (list) => [].concat(list).filter((b) => files.some((f) => f.equals(Buffer.from(b)))).length;
const are = (list, want) => list.length === want.length && want.every((w, i) => w.equals(Buffer.from(list[i])));
const first = (b) => Buffer.from([].concat(b)[0]); // one part comes as a list of one
const kind = (b) => first(b).subarray(0, 4).toString('hex').replace(/^ffd8.*/, 'jpeg').replace(/^89504e47$/, 'png').replace(/^47494638$/, 'gif');

(async () => {
  const client = new api.DICOMwebClient({ url, verbose: false });
  const single = new api.DICOMwebClient({ url, verbose: false, singlepart: true });
  const at = { studyInstanceUID: study, seriesInstanceUID: series, sopInstanceUID: instance };
  const query = (queryParams, more) => ({ queryParams, ...more });

  await call('storeInstances', async () => JSON.parse(await client.storeInstances({ datasets: files.map(plain) }))['00081199'].Value.length);
  await call('storeInstances, of another study', () => client.storeInstances({ datasets: [plain(files[0])], studyInstanceUID: '1.2.3' }));
  await call('searchForStudies', async () => (await client.searchForStudies(query({ PatientID: 'IPP-0001' })))[0]['0020000D'].Value[0] === study);
  await call('searchForStudies, fields', async () => (await client.searchForStudies(query({ PatientName: 'FICTIVE*', includefield: 'StudyDescription', limit: 5, offset: 0 })))[0]['00081030'].Value[0]);
  await call('searchForStudies, none', () => client.searchForStudies(query({ PatientID: 'NOBODY' })));
  await call('searchForSeries', async () => (await client.searchForSeries({ studyInstanceUID: study })).length);
  await call('searchForSeries, everywhere', async () => (await client.searchForSeries(query({ Modality: 'CT' }))).length);
  await call('searchForInstances', async () => (await client.searchForInstances({ studyInstanceUID: study, seriesInstanceUID: series })).length);
  await call('searchForInstances, everywhere', async () => (await client.searchForInstances(query({ SOPInstanceUID: instance }))).length);

  await call('retrieveStudyMetadata', async () => (await client.retrieveStudyMetadata(at)).length);
  await call('retrieveSeriesMetadata', async () => (await client.retrieveSeriesMetadata(at)).length);
  await call('retrieveInstanceMetadata', async () => (await client.retrieveInstanceMetadata(at))[0]['00080018'].Value[0] === instance);

  await call('retrieveStudy', async () => same(await client.retrieveStudy(at)));
  await call('retrieveSeries', async () => same(await client.retrieveSeries(at)));
  await call('retrieveInstance', async () => same(await client.retrieveInstance(at)));
  await call('retrieveInstance, absent', () => client.retrieveInstance({ ...at, sopInstanceUID: '1.2.3' }));

  await call('retrieveInstanceFrames', async () => are(await client.retrieveInstanceFrames({ ...at, frameNumbers: [1, 2] }), frames));
  await call('retrieveInstanceFrames, octets', async () => are(await client.retrieveInstanceFrames({ ...at, frameNumbers: [2],
    mediaTypes: [{ mediaType: 'application/octet-stream', transferSyntaxUID: '*' }] }), frames.slice(1)));
  await call('retrieveInstanceFrames, any', async () => are(await client.retrieveInstanceFrames({ ...at, frameNumbers: [2, 1],
    mediaTypes: [{ mediaType: 'application/octet-stream', transferSyntaxUID: '1.2.840.10008.1.2.1' }, { mediaType: 'image/jpeg', transferSyntaxUID: '1.2.840.10008.1.2.4.50' }] }), [...frames].reverse()));
  await call('retrieveInstanceFrames, absent', () => client.retrieveInstanceFrames({ ...at, frameNumbers: [3] }));

  const uri = new URL(((await client.retrieveInstanceMetadata(at))[0]['7FE00010'] || {}).BulkDataURI || '', `${url}/`).toString();
  await call('retrieveBulkData', async () => are(await client.retrieveBulkData({ BulkDataURI: uri }), [Buffer.concat(frames)]));
  await call('retrieveBulkData, one part', async () => Buffer.concat(frames).equals(first(await single.retrieveBulkData({ BulkDataURI: uri, headers: { Accept: 'application/octet-stream' } }))));
  await call('retrieveBulkData, range', async () => are(await client.retrieveBulkData({ BulkDataURI: uri, byteRange: [512, 1023],
    mediaTypes: [{ mediaType: 'application/octet-stream', transferSyntaxUID: '*' }] }), frames.slice(1)));

  await call('retrieveInstanceRendered', async () => kind(await client.retrieveInstanceRendered(at)));
  for (const type of ['jpeg', 'png', 'gif']) {
    const mediaTypes = [{ mediaType: `image/${type}` }];
    await call(`retrieveInstanceRendered, ${type}`, async () => kind(await client.retrieveInstanceRendered({ ...at, mediaTypes })));
  }
  await call('retrieveInstanceRendered, quality', async () => kind(await client.retrieveInstanceRendered({ ...at, mediaTypes: [{ mediaType: 'image/jpeg' }], queryParams: { quality: 50, viewport: '16,16' } })));
  await call('retrieveInstanceThumbnail', async () => kind(await client.retrieveInstanceThumbnail(at)));
  await call('retrieveInstanceFramesRendered', async () => kind(await client.retrieveInstanceFramesRendered({ ...at, frameNumbers: [2], mediaTypes: [{ mediaType: 'image/png' }] })));
  await call('retrieveInstanceFramesThumbnail', async () => kind(await client.retrieveInstanceFramesThumbnail({ ...at, frameNumbers: [2] })));

  await call('buildInstanceWadoURIUrl', async () => {
    const older = new api.DICOMwebClient({ url, wadoURLPrefix: 'wado', verbose: false });
    const answer = await fetch(older.buildInstanceWadoURIUrl({ ...at, contentType: 'application/dicom' }));
    return same(await answer.arrayBuffer());
  });
  process.stdout.write(`\n${JSON.stringify(results)}\n`);
})();
