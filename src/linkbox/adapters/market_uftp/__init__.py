"""The flexibility market's wire: USEF Flex Trading Protocol as sealed XML over HTTP, in either role."""

from linkbox.adapters.market_uftp.gateway import CONTENT_TYPE, PATH, Peer, UftpMarketGateway
from linkbox.adapters.market_uftp.keys import SigningKey, key_from_text, public_text, signing_key
from linkbox.adapters.market_uftp.wire import MAX_SIGNED_BYTES, Correspondent, UftpWire

__all__ = [
    "CONTENT_TYPE",
    "MAX_SIGNED_BYTES",
    "PATH",
    "Correspondent",
    "Peer",
    "SigningKey",
    "UftpMarketGateway",
    "UftpWire",
    "key_from_text",
    "public_text",
    "signing_key",
]
