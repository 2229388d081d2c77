"""pydicom reads a file and the DICOM JSON of the same data set. Prints a line with the
attributes in which the two differ, and what it makes of the file as DICOM JSON.

usage: judge.py FILE JSON
"""
import json
import struct
import sys

import pydicom

ds = pydicom.dcmread(sys.argv[1])
with open(sys.argv[2], encoding='utf-8') as f:
    other = pydicom.Dataset.from_json(f.read())


def text(value, vr):
    """A form that tells NaN apart from nothing, numbers by what their VR holds of them, texts without padding."""
    if isinstance(value, (list, pydicom.multival.MultiValue)):
        return [text(v, vr) for v in value]
    if vr == 'FL':
        value = struct.unpack('<f', struct.pack('<f', value))[0]
    if vr != 'UI' and isinstance(value, (int, float)):
        return str(float(value) + 0.0)  # -0 is 0
    return '' if value is None else str(value).rstrip()


def differ(a, b, path):
    for tag in sorted(set(a.keys()) | set(b.keys())):
        if tag not in a or tag not in b or a[tag].VR != b[tag].VR:
            yield path + str(tag)
        elif a[tag].VR == 'SQ':
            if len(a[tag].value) != len(b[tag].value):
                yield path + str(tag)
            for i, items in enumerate(zip(a[tag].value, b[tag].value)):
                yield from differ(*items, '%s%s[%d].' % (path, tag, i))
        elif text(a[tag].value, a[tag].VR) != text(b[tag].value, b[tag].VR):
            yield path + str(tag) + ' ' + a[tag].VR


print('differ:', *differ(ds, other, ''))
print(json.dumps(ds.to_json_dict()))
