# SPDX-License-Identifier: Apache-2.0
# Copyright The Latchkey authors
"""The sandbox's side door (src/sandbox/README.md), one method a call."""

from __future__ import annotations

import json
import urllib.error
import urllib.parse
import urllib.request
from typing import Any

_http = urllib.request.build_opener(urllib.request.ProxyHandler({}))

Row = dict[str, Any]


class Sandbox:
    """URL is the sandbox's base URL, without /sandbox."""

    def __init__(self, url: str) -> None:
        self.url = url.rstrip("/") + "/sandbox"

    def call(self, verb: str, where: str, body: Any = None, **query: Any) -> Any:
        wanted = {name: str(value) for name, value in query.items() if value is not None}
        url = f"{self.url}{where}" + (f"?{urllib.parse.urlencode(wanted)}" if wanted else "")
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(url, data=data, method=verb)
        try:
            with _http.open(request, timeout=30) as answer:
                return json.loads(answer.read())
        except urllib.error.HTTPError as error:
            with error:
                text = error.read().decode(errors="replace")
            raise AssertionError(f"sandbox: {verb} {where}: {error.code} {text}") from None

    # -- in general --------------------------------------------------------------------------------

    def now(self) -> Row:
        return self.call("GET", "/now")

    def set_clock(self, **body: Any) -> Row:
        return self.call("PUT", "/clock", body)

    def reset(self) -> None:
        self.call("POST", "/reset")

    def load(self, data: Row) -> Row:
        return self.call("PUT", "/data", data)

    def add(self, data: Row) -> Row:
        """Its rows, beside those there are."""
        return self.call("POST", "/data", data)

    def data(self) -> Row:
        return self.call("GET", "/data")

    def switch(self, **values: str) -> Row:
        return self.call("PUT", "/switches", values)

    def limit(self, **values: int) -> Row:
        return self.call("PUT", "/limits", values)

    def limits(self) -> Row:
        return self.call("GET", "/limits")

    def raise_limits(self) -> None:
        """No rate limits at all; lives of tokens and event sets stay."""
        rates = [name for name in self.limits() if "_per_" in name]
        self.limit(**dict.fromkeys(rates, 0))

    def faults(self, *faults: Row) -> list[Row]:
        return self.call("PUT", "/faults", list(faults))

    def fault_hits(self) -> list[Row]:
        return self.call("GET", "/faults")

    def calls(self, **query: str) -> Row:
        return self.call("GET", "/calls", **query)

    def call_log(self) -> list[Row]:
        return self.call("GET", "/calls/log")

    def clear_calls(self) -> None:
        self.call("DELETE", "/calls")

    def invitations(self) -> dict[str, int]:
        return self.call("GET", "/invitations")

    # -- Nexudus -----------------------------------------------------------------------------------

    def rows(self, entity: str, **fields: Any) -> list[Row]:
        return self.call("GET", f"/nexudus/{entity}", **fields)

    def create(self, entity: str, **fields: Any) -> Row:
        return self.call("POST", f"/nexudus/{entity}", fields)

    def update(self, entity: str, ident: int, bump: bool = True, **fields: Any) -> Row:
        return self.call("PUT", f"/nexudus/{entity}/{ident}", fields,
                         bump=None if bump else "false")

    def delete(self, entity: str, ident: int) -> None:
        self.call("DELETE", f"/nexudus/{entity}/{ident}")

    def _act(self, name: str, **fields: Any) -> Row:
        wanted = {key: value for key, value in fields.items() if value is not None}
        return self.call("POST", f"/nexudus/{name}", wanted)

    def book(self, coworker: int, resource: int, from_: str, until: str,
             tentative: bool | None = None) -> Row:
        return self._act("book", coworker=coworker, resource=resource, until=until,
                         tentative=tentative, **{"from": from_})

    def move_booking(self, booking: int, from_: str, until: str) -> Row:
        return self._act("move-booking", booking=booking, until=until, **{"from": from_})

    def cancel_booking(self, booking: int, reason: int = 1) -> Row:
        return self._act("cancel-booking", booking=booking, reason=reason)

    def give_pass(self, coworker: int, pass_type: int, expires: str | None = None) -> Row:
        return self._act("give-pass", coworker=coworker, pass_type=pass_type, expires=expires)

    def use_pass(self, pass_: int, at: str | None = None) -> Row:
        return self._act("use-pass", at=at, **{"pass": pass_})

    def check_in(self, coworker: int, business: int | None = None, at: str | None = None) -> Row:
        return self._act("check-in", coworker=coworker, business=business, at=at)

    def sell_product(self, coworker: int, product: int, paid: bool = True) -> Row:
        return self._act("sell-product", coworker=coworker, product=product, paid=paid)

    def start_contract(self, coworker: int, tariff: int, starts: str | None = None) -> Row:
        return self._act("start-contract", coworker=coworker, tariff=tariff, starts=starts)

    def renew_contract(self, contract: int) -> Row:
        return self._act("renew-contract", contract=contract)

    def cancel_contract(self, contract: int, at: str | None = None) -> Row:
        return self._act("cancel-contract", contract=contract, at=at)

    def pause_contract(self, contract: int, from_: str, until: str) -> Row:
        return self._act("pause-contract", contract=contract, until=until, **{"from": from_})

    def resume_contract(self, contract: int) -> Row:
        return self._act("resume-contract", contract=contract)

    def archive(self, coworker: int) -> Row:
        return self._act("archive", coworker=coworker)

    def suspend(self, coworker: int) -> Row:
        return self._act("suspend", coworker=coworker)

    def resume(self, coworker: int) -> Row:
        return self._act("resume", coworker=coworker)

    def delete_coworker(self, coworker: int) -> None:
        self._act("delete-coworker", coworker=coworker)

    def expire_tokens(self, refresh: bool = False) -> None:
        self._act("expire-tokens", refresh=refresh)

    # -- KISI --------------------------------------------------------------------------------------

    def rights(self, email: str | None = None, user_id: int | None = None,
               group_id: int | None = None) -> list[Row]:
        return self.call("GET", "/kisi/rights", email=email, user_id=user_id, group_id=group_id)

    def hand_right(self, email: str, group_id: int, valid_from: str | None = None,
                   valid_until: str | None = None) -> Row:
        return self.call("POST", "/kisi/rights", {
            "email": email, "group_id": group_id, "valid_from": valid_from,
            "valid_until": valid_until})

    def take_right(self, ident: int) -> None:
        self.call("DELETE", f"/kisi/rights/{ident}")

    def unlock(self, lock: int, email: str | None = None, user_id: int | None = None,
               credential: str = "Card") -> Row:
        body = {"email": email, "user_id": user_id, "credential": credential}
        return self.call("POST", f"/kisi/door/{lock}/unlock",
                         {key: value for key, value in body.items() if value is not None})

    def event(self, type_: str, **fields: Any) -> Row:
        return self.call("POST", "/kisi/events", {"type": type_, **fields})

    def suspend_user(self, email: str, suspended: bool = True) -> Row:
        return self.call("POST", "/kisi/suspend", {"email": email, "suspended": suspended})

    def kisi_rows(self, table: str, **fields: Any) -> list[Row]:
        return self.call("GET", f"/kisi/{table}", **fields)

    def delete_kisi(self, table: str, ident: int) -> None:
        self.call("DELETE", f"/kisi/{table}/{ident}")
