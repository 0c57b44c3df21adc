"""The profiles that Linkbox knows: the matrix as published, and SECMP0046 in the forms that were proposed.

Sources: reference section 0 point 1 and 2.1 (DUIS matrix), 5.10 (GBCS use case tables). The roles of suppliers are
listed as far as the reference gives them; what it does not give is refused, which is the safe side for a client.
SECMP0046 was never put into force; its profiles are hypotheses, and their start is a setting of whoever uses them.
"""

from __future__ import annotations

from datetime import datetime

from linkbox.base.errors import LinkboxError
from linkbox.base.time import parse_utc
from linkbox.dcc.eligibility.rules import ALWAYS, DeviceRule, Profile, SendingRule, UserRole
from linkbox.dcc.smki import Role

_IS, _GS, _ED, _OU = (
    UserRole.IMPORT_SUPPLIER,
    UserRole.GAS_SUPPLIER,
    UserRole.ELECTRICITY_DISTRIBUTOR,
    UserRole.OTHER_USER,
)
_SUPPLIER, _NETWORK, _ACB, _CONTROLLER = (
    Role.SUPPLIER,
    Role.NETWORK_OPERATOR,
    Role.ACCESS_CONTROL_BROKER,
    Role.LOAD_CONTROLLER,
)

ECS47, ECS47A, ECS47E = 0x0055, 0x011E, 0x011F
ECS61A, ECS61C, ECS61D, ECS61E = 0x00BB, 0x005E, 0x011C, 0x011D
ECS62, ECS46A, ECS46C, ECS46D, ECS35F, ECS35G = 0x005F, 0x0053, 0x0054, 0x011A, 0x00BA, 0x00FD
CCS01, CCS02, CS03A1, CS03A2, CS03B, CS03C = 0x0001, 0x0002, 0x000D, 0x00AB, 0x000E, 0x00AF


def _sending(name: str, source: str, variants: str, *roles: UserRole, start: datetime = ALWAYS) -> SendingRule:
    return SendingRule(
        name=name, source=source, variants=frozenset(variants.split()), roles=frozenset(roles), start=start
    )


def _device(name: str, source: str, codes: tuple[int, ...], *roles: Role) -> DeviceRule:
    return DeviceRule(name=name, source=source, message_codes=frozenset(codes), roles=frozenset(roles))


_MP120_IN_FORCE = parse_utc("2020-11-29T00:00:00Z")
_MATRIX = "DUIS 5.4 eligibility matrix"
_TABLES = "GBCS use case tables"

_PUBLISHED_SENDING = (
    _sending("import supplier switches load", _MATRIX, "7.5 7.6 7.8 7.9 7.10 7.13 6.14.1 6.14.2 6.14.3", _IS),
    _sending("import supplier reads load switches", _MATRIX, "7.7 7.14 7.15 6.13", _IS),
    _sending("MP120: distributor reads load switches", "MP120, after SECMP0025", "7.7", _ED, start=_MP120_IN_FORCE),
    _sending("distributor reads auxiliary controllers and logs", _MATRIX, "7.14 7.15 6.13", _ED),
    _sending("boost button details", _MATRIX, "7.11", _IS, _OU),
    _sending("APC limit: nobody, the published list is empty", _MATRIX, "7.16"),
    _sending("inventory", _MATRIX, "8.2 8.4 12.2", _IS, _GS, _ED, _OU),
    _sending("critical join", _MATRIX, "8.7.1", _IS, _GS),
    _sending("non-critical join and device log", _MATRIX, "8.7.2 8.11", _IS, _GS, _OU),
)
_PUBLISHED_DEVICE = (
    _device("load switching: supplier only", _TABLES, (ECS47, ECS47A), _SUPPLIER),
    _device("boost button control: supplier only", _TABLES, (ECS62,), _SUPPLIER),
    _device("labels, schedules, 3.1 log: supplier only", _TABLES, (ECS46A, ECS46C, ECS46D, ECS35F), _SUPPLIER),
    _device("load switch data and boost details: supplier, ACB", _TABLES, (ECS61A, ECS61C), _SUPPLIER, _ACB),
    _device("controller data: known parties", _TABLES, (ECS61D, ECS61E), _SUPPLIER, _NETWORK, _ACB, _CONTROLLER),
    _device("4.x log: supplier, network operator, controller", _TABLES, (ECS35G,), _SUPPLIER, _NETWORK, _CONTROLLER),
    _device("APC limit: load controller only", _TABLES, (ECS47E,), _CONTROLLER),
    _device("device log: ACB only", _TABLES, (CCS01, CCS02), _ACB),
    _device("join: supplier", _TABLES, (CS03A1, CS03A2, CS03C), _SUPPLIER),
    _device("non-critical join: ACB", _TABLES, (CS03A2, CS03B, CS03C), _ACB),
)

_B1 = "SECMP0046 business requirements v0.2, requirement 1"
_B3 = "SECMP0046 business requirements v0.2, requirement 3 (optional)"
_OPTION_1 = "SECMP0046 working group, option 1 (proportional control)"
_INSTALL = "SECMP0046 working group, HCALCS installation process, 'possible process'"

_SWITCH_SENDING = (
    _sending("SECMP0046 requirement 1: distributor deactivates, reads, resets", _B1, "7.6 7.7 7.8", _ED),
)
_SWITCH_DEVICE = (_device("SECMP0046 requirement 1: network operator switches load", _B1, (ECS47,), _NETWORK),)
_BOOST_SENDING = (_sending("SECMP0046 requirement 3: distributor and boost button", _B3, "7.9 7.10 7.11", _ED),)
_BOOST_DEVICE = (
    _device("SECMP0046 requirement 3: network operator and boost button", _B3, (ECS62, ECS61C), _NETWORK, _ACB),
)
_APC_SENDING = (_sending("SECMP0046 option 1: distributor and controllers", _OPTION_1, "7.13 7.14 7.15 7.16", _ED),)
_APC_DEVICE = (_device("SECMP0046 option 1: network operator and controllers", _OPTION_1, (ECS47A, ECS47E), _NETWORK),)
_INSTALL_SENDING = (_sending("distributor installs HCALCS", _INSTALL, "8.11 8.7.1 8.7.2 6.14.1 6.14.2 6.14.3", _ED),)
_INSTALL_DEVICE = (
    _device(
        "network operator joins and labels HCALCS", _INSTALL, (CS03A1, CS03A2, CS03C, ECS46A, ECS46C, ECS46D), _NETWORK
    ),
)


def _profile(
    name: str, text: str, sending: tuple[SendingRule, ...] = (), device: tuple[DeviceRule, ...] = ()
) -> Profile:
    return Profile(name=name, description=text, sending=_PUBLISHED_SENDING + sending, device=_PUBLISHED_DEVICE + device)


PROFILES: dict[str, Profile] = {
    profile.name: profile
    for profile in (
        _profile("duis-5.4", "As published: a distributor may read but may not switch load."),
        _profile("secmp0046", "A distributor may also send 7.6 and 7.8.", _SWITCH_SENDING, _SWITCH_DEVICE),
        _profile(
            "secmp0046-boost",
            "secmp0046, and the boost button requests 7.9 to 7.11.",
            _SWITCH_SENDING + _BOOST_SENDING,
            _SWITCH_DEVICE + _BOOST_DEVICE,
        ),
        _profile(
            "secmp0046-proportional",
            "secmp0046, and the controller requests 7.13 to 7.16.",
            _SWITCH_SENDING + _APC_SENDING,
            _SWITCH_DEVICE + _APC_DEVICE,
        ),
        _profile(
            "secmp0046-installation",
            "secmp0046, and the distributor installs HCALCS itself (8.11, 8.7, 6.14).",
            _SWITCH_SENDING + _INSTALL_SENDING,
            _SWITCH_DEVICE + _INSTALL_DEVICE,
        ),
    )
}


class UnknownProfile(LinkboxError):
    """There is no eligibility profile of this name."""

    def __init__(self, name: str) -> None:
        self.name = name
        super().__init__(f"no eligibility profile {name!r}; known: {', '.join(sorted(PROFILES))}")


def profile_named(name: str) -> Profile:
    """The profile of this name; raise UnknownProfile."""
    if name not in PROFILES:
        raise UnknownProfile(name)
    return PROFILES[name]
