"""Valid messages of every kind, damaged in every way, and the two verdicts on them."""

from __future__ import annotations

import copy
import re
from datetime import date
from functools import cache

from hypothesis import strategies as st
from lxml import etree

from linkbox.base.identifiers import RequestId
from linkbox.dcc.duis import (
    RuleViolation,
    SchemaViolation,
    ServiceResponse,
    alerts,
    encode_response,
    response,
)
from linkbox.dcc.duis.answer import response_from
from linkbox.dcc.duis.document import SIGNATURE
from linkbox.dcc.duis.request import request_from
from linkbox.dcc.duis.xmltext import SR, Element, inclusive, local_name, parse, unlayout
from linkbox.dcc.duis.xsd import OfficialSchema
from tests.dcc_duis.samples import ESME, NOW, USER
from tests.dcc_smki.places import vectors

ID = RequestId(USER, ESME, 7)
BODIES: list[response.ResponseBody] = [
    response.Acknowledgement(),
    response.PreCommand(gbcs_version="4.3", payload=b"\x01\x02"),
    response.GbcsPayload(payload=b"\x01\x02\x03"),
    response.LocalCommand(payload=b""),
    response.FutureDatedOutcome(alert_code=0x8F66, payload=b"\x01", instruction_number=1, total_instructions=2),
    response.DspInventory(
        devices=(
            response.InventoryDevice(
                device=ESME,
                device_type="ESME",
                manufacturer="M",
                model="X",
                status="Commissioned",
                commissioned_on=date(2025, 12, 28),
                import_mpxn="1312345678111",
                secondary_import_mpan="1312345678222",
                export_mpan="1312345678333",
                esme_variant="AD",
                uprn=123456789012,
                csp_region="4G North",
                gbcs_version="4.2",
                s1sp="",
                connectivity="Cellular",
            ),
        )
    ),
    response.DeviceAlert(alert_code=0x8F86, payload=b"\xdf", throttled_sequence_id=4294967295, throttled_count=0),
]
ALERTS: list[alerts.DccAlertBody] = [
    alerts.PowerOutage(hub=ESME, start=NOW, mpxn="1"),
    alerts.DeviceStatusChange(
        device=ESME,
        change=alerts.MeterIdentity(numbers=alerts.SupplyNumbers(import_mpxn="1312345678111"), esme_variant="A"),
    ),
    alerts.DeviceStatusChange(
        device=ESME,
        change=alerts.MeterRemoved(
            numbers=alerts.SupplyNumbers(
                import_mpxn="x", secondary_import_mpan="1312345678111", export_mpan="1312345678111"
            ),
            associated=(alerts.AssociatedDevice(device=ESME, device_type="HCALCS"),),
        ),
    ),
    alerts.DeviceStatusChange(device=ESME, change=alerts.Change.SUSPENDED),
    alerts.DeviceStatusChange(
        device=ESME,
        change=alerts.BrokerCredentialsRecovered(
            supplier_certificates=("DigitalSigning",), network_operator_certificates=("KeyAgreement",)
        ),
    ),
    alerts.CommandFailure(request_id=ID, device=ESME, schedule_id=1000000000000),
    alerts.HanDeviceLogResult(request_id=ID),
    alerts.QuarantinedRequest(breach=alerts.Breach.USER_THRESHOLD, request_id=ID, event_reference=99999999999999999999),
    alerts.SwitchConfigurationChange(esme=ESME, esme_variant="ADE", gbcs_version="4.1"),
    alerts.VersionMismatch(
        withheld=alerts.AlertVersionMismatch(alert_code="N61", device=ESME, request_id=ID), user_version="5.1"
    ),
    alerts.VersionMismatch(
        withheld=alerts.ResponseVersionMismatch(request_id=ID, reference="8.2", srv="8.2", request_version="5.1"),
        user_version="5.1",
    ),
]


def responses() -> list[ServiceResponse]:
    """One of every kind that the library can build."""
    made = [
        ServiceResponse(
            request_id=None if isinstance(body, response.DeviceAlert) else ID,
            response_id=RequestId(ESME, USER, 7),
            response_code="I0",
            response_at=NOW,
            srv=None if isinstance(body, response.DeviceAlert) else "8.2",
            body=body,
        )
        for body in BODIES
    ]
    return made + [
        ServiceResponse(
            request_id=None,
            response_id=None,
            response_code="I0",
            response_at=NOW,
            srv=None,
            body=response.DccAlert(code="N42", alert=alert, throttled_count=3),
        )
        for alert in ALERTS
    ]


@cache
def schema() -> OfficialSchema:
    return OfficialSchema(vectors("xsd"), "5.4")


@cache
def seeds() -> tuple[Element, ...]:
    """Valid messages, requests and responses, without signature and layout."""
    published = [f.read_bytes() for f in sorted(vectors("duis-requests").glob("*.XML"))]
    published.append((vectors("duis-responses") / "read-inventory-response-5.4.xml").read_bytes())
    roots = [parse(data) for data in published] + [parse(encode_response(r)) for r in responses()]
    for root in roots:
        for signature in root.findall(SIGNATURE):
            root.remove(signature)
        unlayout(root)
    return tuple(sorted(roots, key=lambda root: len(inclusive(root))))  # small ones first: they are quick to judge


def verdicts(root: Element) -> tuple[bool, bool]:
    """Ours and the official one, of the document as it would come over the wire."""
    received = parse(etree.tostring(root))
    return own_verdict(received), official_verdict(received)


_TIMES = ("DateTime", "SwitchTime", "DateCommissioned")


def libxml2_errs(root: Element) -> bool:
    """Whether the document has one of the two texts that libxml2 judges against the XML Schema recommendation.

    It takes characters outside the alphabet in base64 (we refuse them), and it refuses a date or time with white space
    around it (we take it: the type collapses white space).
    """
    for node in root.iter():
        name, text = local_name(node), node.text or ""
        if name == "GBCSPayload" and re.search(r"[^A-Za-z0-9+/= \t\r\n]", text):
            return True
        if name.endswith(_TIMES) and text != text.strip():
            return True
    return False


def own_verdict(root: Element) -> bool:
    """Whether our structural checks accept the message; rules beyond the schema do not count here."""
    try:
        request_from(root) if etree.QName(root).localname == "Request" else response_from(root)
    except SchemaViolation:
        return False
    except RuleViolation:
        return True
    return True


def official_verdict(root: Element) -> bool:
    return not schema().issues_of(root)


NASTY_TEXTS = [
    *["", " ", "\n", "0", "1", "5", "6", "-1", "+3", " 3 ", "03", "3.0", "1e1", "65535", "65536", "-0", "+0", "00"],
    *["4294967295", "4294967296", "123456789012", "1234567890123", "1000000000001", "9" * 24, "9" * 25, "0" * 30],
    *[
        "-99999999999999999999",
        "100000000000000000000",
        "2013",
        "2014",
        "9999",
        "10000",
        "12",
        "13",
        "31",
        "32",
        "7",
    ],
    *["true", "false", "TRUE", " true", "yes", "100", "101", "3600", "3601", "20", "21"],
    *["00-DB-12-34-56-78-90-A0", "00-db-12-34-56-78-90-a0", " 00-DB-12-34-56-78-90-A0 ", "00-DB-12-34-56-78-90"],
    *["00-DB-12-34-56-78-90-A0:00-DB-12-34-56-78-90-A0:0", "00-DB-12-34-56-78-90-A0:00-DB-12-34-56-78-90-A0:01"],
    "00-DB-12-34-56-78-90-A0:00-DB-12-34-56-78-90-A0:18446744073709551615",
    "00-DB-12-34-56-78-90-A0:00-DB-12-34-56-78-90-A0:18446744073709551616",
    *["2026-01-05T10:00:00Z", "2026-01-05T10:00:00", "2026-01-05T10:00:00+01:00", "2026-01-05T10:00:00.123456789Z"],
    *["2026-02-29T10:00:00Z", "2024-02-29T10:00:00Z", "2026-01-05T24:00:00Z", "2026-01-05T24:00:01Z"],
    *["2026-01-05T10:00:60Z", "2026-13-05T10:00:00Z", "2026-01-05 10:00:00Z", "0000-01-05T10:00:00Z"],
    *["-0001-01-05T10:00:00Z", "12026-01-05T10:00:00Z", "02026-01-05T10:00:00Z", "2026-01-05T10:00:00+14:00"],
    *["2026-01-05T10:00:00+14:01", "2026-01-05T10:00Z", " 2026-01-05T10:00:00Z ", "9999-12-31T23:59:59-01:00"],
    *["2026-01-05Z", "2026-01-05", "2026-01-05+01:00", "2026-1-5", "10:00:00Z", "10:00:00.5Z", "24:00:00Z"],
    *["10:00Z", "10:00:00+01:00", "10:00:00", "2026-01-05T10:00:00z", "2026-01-05T1:00:00Z"],
    *["AAAA", "AAA=", "AA==", "AAB=", "AB==", "A", "AAA", "AAAA AAAA", " AAAA\n", "A A A A", "====", "AAAA=", "*"],
    *["8F66", "8f66", "8F67", "8F68", "8F6", "8F6666", " 8F66 ", "8F 66", "", "0x12"],
    *["5.4", "5.40", "05.4", "5,4", "+5.4", "-5.4", "5", "5.", ".5", ".", "5.4e0", " 5.4 ", "9.9", "1" * 30],
    *[
        "Add",
        "add",
        " Add",
        "Monday",
        "monday",
        "ESME",
        "HCALCS",
        "AD",
        "DA",
        "Pending",
        "Commissioned",
        "I0",
        "I1",
    ],
    *["E20", "N32", "N31", "AD1", "Event", "ALCSEvent", "7.6", "7.7", "8.7.1", "8.7", "7.17", "4G North", "North"],
    *[
        "x" * 22,
        "x" * 23,
        "x" * 30,
        "x" * 31,
        "x" * 8,
        "x" * 9,
        "x" * 20,
        "x" * 21,
        "x" * 13,
        "x" * 14,
        "é",
        "é" * 13,
    ],
    *["\u00a05", "5\u2003", "٣", "😀" * 13, "tab\there", "1312345678111"],
]
NASTY = st.sampled_from(NASTY_TEXTS)
NAMES = st.sampled_from(
    [
        *[
            "Duration",
            "GBCSPayload",
            "DeviceID",
            "ExecutionDateTime",
            "Unheard",
            "RequestID",
            "ResponseID",
            "DeleteDevice",
        ],
        *["NonSpecifiedYear", "SpecifiedYear", "LastDayOfMonth", "HCALCS", "ALCS", "InputFromControlledLoad"],
        *["ReadALCSData", "ReadInventory", "UPRN", "MPxN", "Connectivity", "ESMEVariant", "FirstInSequence"],
    ]
)


@st.composite
def mutated(draw: st.DrawFn) -> Element:
    root = copy.deepcopy(draw(st.sampled_from(seeds())))
    for _ in range(draw(st.integers(0, 2))):
        _mutate(draw, root)
    return root


def _mutate(draw: st.DrawFn, root: Element) -> None:
    node = draw(st.sampled_from(list(root.iter())))
    kind = draw(
        st.sampled_from(["text", "text", "text", "attribute", "drop", "copy", "swap", "rename", "add", "stray"])
    )
    parent = node.getparent()
    if kind == "text":
        node.text = draw(NASTY)
    elif kind == "attribute":
        known = [str(key) for key in node.keys()]  # noqa: SIM118 - an lxml element iterates over children
        name = draw(st.sampled_from([*known, *known, "index", "schemaVersion", "strange"]))
        if name in known and draw(st.booleans()):
            del node.attrib[name]
        else:
            node.set(name, draw(NASTY))
    elif kind == "drop" and parent is not None:
        parent.remove(node)
    elif kind == "copy" and parent is not None:
        for _ in range(draw(st.sampled_from([1, 1, 5, 20, 130]))):
            node.addnext(copy.deepcopy(node))
    elif kind == "swap" and parent is not None and (following := node.getnext()) is not None:
        node.addprevious(following)
    elif kind == "rename":
        node.tag = f"{{{SR}}}{draw(NAMES)}" if draw(st.booleans()) else f"{{urn:x}}{draw(NAMES)}"
    elif kind == "add":
        new = etree.Element(f"{{{SR}}}{draw(NAMES)}")
        new.text = draw(NASTY)
        node.insert(draw(st.integers(0, len(node))), new)
    elif kind == "stray":
        node.tail = draw(NASTY) if parent is not None else node.tail
