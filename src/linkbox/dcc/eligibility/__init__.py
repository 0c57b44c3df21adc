"""Who may send what, at the DSP and at the device, as data with effective dates."""

from linkbox.dcc.eligibility.decide import Allowed, EligibilityRefused, Refused, may_execute, may_send, require_allowed
from linkbox.dcc.eligibility.profiles import PROFILES, profile_named
from linkbox.dcc.eligibility.rules import DeviceRule, Profile, SendingRule, UserRole

__all__ = [
    "PROFILES",
    "Allowed",
    "DeviceRule",
    "EligibilityRefused",
    "Profile",
    "Refused",
    "SendingRule",
    "UserRole",
    "may_execute",
    "may_send",
    "profile_named",
    "require_allowed",
]
