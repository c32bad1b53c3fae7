"""An S3 server with every operation of uploads in parts, in memory; it checks no signatures. Ends when its input ends."""

import logging
import sys
import urllib.request

from moto.server import ThreadedMotoServer

BUCKET = sys.argv[1]
# What it logs is what the tests do to it on purpose.
logging.disable(logging.CRITICAL)

server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
server.start()
host, port = server.get_host_and_port()
url = f"http://{host}:{port}"
urllib.request.urlopen(urllib.request.Request(f"{url}/{BUCKET}", method="PUT")).close()
print(url, flush=True)
sys.stdin.read()
server.stop()
