"""The Python dicomweb-client at work, best of three, in seconds. Prints JSON.

usage: measure.py URL FOLDER STUDY ROWS METADATA    (files of DICOM JSON to decode)
"""
import json
import os
import sys
import time

import pydicom
from dicomweb_client.api import DICOMwebClient

url, folder, study, rows, metadata = sys.argv[1:6]
client = DICOMwebClient(url)


def best(function):
    times = []
    for _ in range(3):
        start = time.perf_counter()
        function()
        times.append(time.perf_counter() - start)
    return min(times)


def store():
    client.store_instances([pydicom.dcmread(os.path.join(folder, name)) for name in sorted(os.listdir(folder))])


def decode(path):
    with open(path, 'rb') as f:
        text = f.read()
    return lambda: [pydicom.Dataset.from_json(row) for row in json.loads(text)]


print(json.dumps({'store': best(store), 'retrieve': best(lambda: client.retrieve_study(study)), 'retrieve, streamed': best(lambda: sum(1 for _ in client.iter_study(study))),
                  'rows': best(decode(rows)), 'metadata': best(decode(metadata))}))
