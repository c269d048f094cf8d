"""What schemathesis must know that the document does not tell: how bytes of an upload are sent."""

import json

import schemathesis


@schemathesis.serializer("application/offset+octet-stream", "application/partial-upload", "*/*")
def send_bytes(context, value):
    return value if isinstance(value, bytes) else json.dumps(value, default=repr).encode()
