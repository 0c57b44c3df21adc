"""HTTP/1.1 in its leanest form, for the two places where messages are many: out to a peer, and into the emulated DCC.

``client`` posts over kept connections, ``server`` answers posts; the parser is httptools. What needs more than that
(routes, models, streams) uses FastAPI and aiohttp. Why: decision 0018.
"""

from linkbox.transport.client import HttpClient
from linkbox.transport.messages import Answer, NoAnswer, Question, TransportError
from linkbox.transport.server import Handler, serving

__all__ = ["Answer", "Handler", "HttpClient", "NoAnswer", "Question", "TransportError", "serving"]
