"""What the alert codes of devices mean, as far as load control meets them. Source: reference dcc.md section 7.7."""

from __future__ import annotations

MEANINGS: dict[int, str] = {
    0x8154: "immediate command received from the home network and actioned",
    0x8155: "immediate command received from the home network and not actioned",
    0x8183: "device joined the home network",
    0x8F12: "device log of the communications hub changed",
    0x8F1E: "integrity check of a command's content or format failed",
    0x8F30: "source does not have authority for the command",
    **dict.fromkeys(range(0x8F35, 0x8F3D), "supply outage restored"),
    0x8F3D: "authentication of a trusted source failed",
    0x8F3E: "unauthorised communication access attempted",
    0x8F48: "joining failed",
    0x8F49: "joining succeeded",
    0x8F4A: "unjoining failed",
    0x8F4B: "unjoining succeeded",
    0x8F53: "authentication or authorisation failed, not covered elsewhere",
    0x8F60: "unusual number of malformed, out-of-order or unexpected commands",
    0x8F66: "future dated command actioned",
    0x8F67: "future dated command not actioned",
    0x8F69: "device commissioned",
    0x8F84: "message of a remote party not delivered to the electricity meter",
    0x8F85: "command not supported by the device",
    0x8F86: "limit of a proportional controller processed",
    0x8F87: "limit of a proportional controller ended or cancelled",
    0x8F88: "operational update of a controller",
}


def describe(alert_code: int) -> str:
    """The meaning of ``alert_code`` in words; for a code that is not listed, just that."""
    return MEANINGS.get(alert_code, f"alert {alert_code:04X}, meaning not listed")
