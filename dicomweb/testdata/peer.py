"""Everything that the Python dicomweb-client offers, asked of a server. Prints one line of JSON: what each call gave.

usage: peer.py URL FOLDER    (the folder holds the files of one study of two series, two frames each)
"""
import io
import json
import os
import sys

import pydicom
import requests
from dicomweb_client.api import DICOMwebClient
from PIL import Image

url, folder = sys.argv[1:3]
client = DICOMwebClient(url)
client.set_http_retry_params(retry=False)
results = {}


def call(name, function):
    try:
        results[name] = function()
    except Exception as e:  # each call for itself
        status = getattr(getattr(e, 'response', None), 'status_code', None)
        results[name] = 'failed: %s %s' % (type(e).__name__, status or e)


sets = [pydicom.dcmread(os.path.join(folder, name)) for name in sorted(os.listdir(folder))]
one = sets[0]
ids = one.StudyInstanceUID, one.SeriesInstanceUID, one.SOPInstanceUID
frames = [bytes(one.PixelData[i * 512:(i + 1) * 512]) for i in range(2)]


def same(datasets):
    """How many of the data sets are the ones that were sent, value for value."""
    sent = {ds.SOPInstanceUID: ds for ds in sets}
    return sum(sent.get(ds.SOPInstanceUID) == ds for ds in datasets)


def values(rows, keyword):
    return sorted(str(pydicom.Dataset.from_json(row)[keyword].value) for row in rows)


def size(image):
    return list(Image.open(io.BytesIO(image)).size)


call('store_instances', lambda: len(client.store_instances(sets).ReferencedSOPSequence))
call('store_instances, of a study', lambda: len(client.store_instances(sets[:1], study_instance_uid=ids[0]).ReferencedSOPSequence))
call('store_instances, of another study', lambda: client.store_instances(sets[:1], study_instance_uid='1.2.3'))

call('search_for_studies', lambda: values(client.search_for_studies(search_filters={'PatientID': 'IPP-0001'}), 'StudyInstanceUID') == [ids[0]])
call('search_for_studies, fields', lambda: values(client.search_for_studies(
    fuzzymatching=True, limit=5, offset=0, fields=['StudyDescription', '00100010'], search_filters={'PatientName': 'FICTIVE*'}), 'StudyDescription'))
call('search_for_studies, none', lambda: client.search_for_studies(search_filters={'PatientID': 'NOBODY'}))
call('search_for_studies, remaining', lambda: len(client.search_for_studies(limit=1, get_remaining=True)))
call('search_for_series', lambda: len(client.search_for_series(ids[0])))
call('search_for_series, everywhere', lambda: len(client.search_for_series(search_filters={'Modality': 'CT'})))
call('search_for_instances', lambda: len(client.search_for_instances(ids[0], ids[1])))
call('search_for_instances, remaining', lambda: len(client.search_for_instances(ids[0], limit=2, get_remaining=True)))
call('search_for_instances, everywhere', lambda: len(client.search_for_instances(search_filters={'SOPInstanceUID': ids[2]})))

call('retrieve_study', lambda: same(client.retrieve_study(ids[0])))
call('retrieve_study, syntax', lambda: same(client.retrieve_study(ids[0], media_types=(('application/dicom', '1.2.840.10008.1.2.1'),))))
call('iter_study', lambda: same(client.iter_study(ids[0])))
call('retrieve_series', lambda: same(client.retrieve_series(*ids[:2])))
call('iter_series', lambda: same(client.iter_series(*ids[:2])))
call('retrieve_instance', lambda: same([client.retrieve_instance(*ids)]))
call('retrieve_instance, any', lambda: same([client.retrieve_instance(*ids, media_types=(('application/dicom', '*'),))]))
call('retrieve_instance, absent', lambda: client.retrieve_instance(ids[0], ids[1], '1.2.3'))


def metadata(rows):
    """How many rows are the data sets that were sent, but for pixels and groups of the file."""
    sent, n = {ds.SOPInstanceUID: ds for ds in sets}, 0
    for row in rows:
        got = pydicom.Dataset.from_json(row, bulk_data_uri_handler=lambda *_: None)
        want = pydicom.Dataset({e.tag: e for e in sent[got.SOPInstanceUID] if e.tag != 0x7FE00010})
        n += all(got[e.tag].value == e.value for e in want if e.keyword != 'SpecificCharacterSet')
    return n


call('retrieve_study_metadata', lambda: metadata(client.retrieve_study_metadata(ids[0])))
call('retrieve_series_metadata', lambda: metadata(client.retrieve_series_metadata(*ids[:2])))
call('retrieve_instance_metadata', lambda: metadata([client.retrieve_instance_metadata(*ids)]))

octets = (('application/octet-stream', '*'),)
call('retrieve_instance_frames', lambda: client.retrieve_instance_frames(*ids, frame_numbers=[1, 2]) == frames)
call('retrieve_instance_frames, octets', lambda: client.retrieve_instance_frames(*ids, frame_numbers=[2], media_types=('application/octet-stream',)) == frames[1:])
call('retrieve_instance_frames, any', lambda: client.retrieve_instance_frames(*ids, frame_numbers=[2, 1], media_types=octets) == frames[::-1])
call('iter_instance_frames', lambda: list(client.iter_instance_frames(*ids, frame_numbers=[1, 2])) == frames)
call('retrieve_instance_frames, absent', lambda: client.retrieve_instance_frames(*ids, frame_numbers=[3]))

bulk = client.retrieve_instance_metadata(*ids).get('7FE00010', {}).get('BulkDataURI', '')
bulk = requests.compat.urljoin(url + '/', bulk)
call('retrieve_bulkdata', lambda: client.retrieve_bulkdata(bulk) == [b''.join(frames)])
call('retrieve_bulkdata, octets', lambda: client.retrieve_bulkdata(bulk, media_types=('application/octet-stream',)) == [b''.join(frames)])
call('retrieve_bulkdata, range', lambda: client.retrieve_bulkdata(bulk, byte_range=(512, 1023)) == frames[1:])
call('iter_bulkdata', lambda: b''.join(client.iter_bulkdata(bulk)) == b''.join(frames))

call('retrieve_series_rendered', lambda: size(client.retrieve_series_rendered(*ids[:2])))
call('retrieve_instance_rendered', lambda: size(client.retrieve_instance_rendered(*ids)))
for kind in 'jpeg', 'png', 'gif':
    call('retrieve_instance_rendered, ' + kind, lambda: size(client.retrieve_instance_rendered(*ids, media_types=('image/' + kind,))))
call('retrieve_instance_rendered, quality', lambda: size(client.retrieve_instance_rendered(*ids, media_types=('image/jpeg',), params={'quality': 50, 'viewport': '16,16'})))
call('retrieve_instance_frames_rendered', lambda: size(client.retrieve_instance_frames_rendered(*ids, frame_numbers=[2])))
call('retrieve_instance_frames_rendered, png', lambda: size(client.retrieve_instance_frames_rendered(*ids, frame_numbers=[1], media_types=('image/png',))))

call('delete_instance', lambda: [client.delete_instance(*ids), len(client.search_for_instances(ids[0]))][1])
call('delete_series', lambda: [client.delete_series(*ids[:2]), len(client.search_for_series(ids[0]))][1])
call('delete_study', lambda: [client.delete_study(ids[0]), client.search_for_studies(search_filters={'StudyInstanceUID': ids[0]})][1])
print(json.dumps(results))
