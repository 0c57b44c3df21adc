"""How the distributor wants to act, as data. Times are seconds."""

from __future__ import annotations

from dataclasses import dataclass

from linkbox.control.authorisation import AUTOMATIC, AuthorisationPolicy


@dataclass(frozen=True, slots=True, kw_only=True)
class ControlPolicy:
    """What binds every intervention.

    ``hold_s`` is the duration of one command and ``min_hold_s`` the shortest that is worth a restart of the
    charger (lv-network reference 6.3). ``lead_s`` is how long before the end of a hold its return is planned for;
    ``settle_s`` how long the effect of a command may take to show on the feeder: the device's polling interval
    and one more reading. Releases are ``release_gap_s`` apart on each phase, so that the feeder is measured
    between them. ``quiet_s`` without need closes an intervention; one order of ``max_commands_per_step``
    commands bounds what a wrong assessment could do at once. Who is held hands over in mid-hold to somebody whose
    burden (``charger.burden_weight``) is less by ``turn_gain`` or more.

    ``authorisation`` says who must approve a plan. ``take_boost_button``: while a charger is held its boost button is
    taken off it (SRV 7.10), where the rules allow that, and put back afterwards (7.9); off by default.
    """

    hold_s: int = 1800
    min_hold_s: int = 900
    lead_s: int = 240
    settle_s: int = 120
    release_gap_s: int = 120
    quiet_s: int = 300
    request_timeout_s: int = 90
    last_resort_lead_s: int = 600
    need_margin_a: float = 4.0
    headroom_margin_a: float = 8.0
    max_commands_per_step: int = 40
    authorisation: AuthorisationPolicy = AUTOMATIC
    turn_gain: float = 100.0
    take_boost_button: bool = False
