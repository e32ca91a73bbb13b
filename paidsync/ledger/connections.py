"""Connections and their policies' versions."""

import secrets
from collections.abc import Iterable, Mapping
from typing import Any

from sqlalchemy import Connection as Db
from sqlalchemy import Engine, select, update

from paidsync.ledger.audit import Audit
from paidsync.ledger.sql import utc_now
from paidsync.ledger.tables import Connection, Installation, Policy

_connection = Connection.__table__  # type: ignore[attr-defined]
_policy = Policy.__table__  # type: ignore[attr-defined]
_installation = Installation.__table__  # type: ignore[attr-defined]


class CompanyChanged(Exception):
    """A connection of this name stands for other companies (money-rules 1.8)."""


class Connections:
    """What was connected, with which policy."""

    def __init__(self, engine: Engine, audit: Audit) -> None:
        self._engine = engine
        self._audit = audit

    def ensure_installation(self) -> None:
        """Give this ledger its installation id, once."""
        with self._engine.begin() as db:
            if db.execute(select(_installation)).first() is None:
                db.execute(
                    _installation.insert().values(
                        installation_id=secrets.token_hex(8), created_at=utc_now()
                    )
                )

    def installation_id(self) -> str:
        """Which PaidSync wrote a row: travels in ``origin_data``."""
        with self._engine.begin() as db:
            return self.installation_id_in(db)

    def take_over_installation(self, db: Db, installation_id: str, run_id: str) -> None:
        """Go on as the installation that wrote what stands in Procore: its ledger was lost."""
        before = self.installation_id_in(db)
        db.execute(update(_installation).values(installation_id=installation_id))
        self._audit.append(
            db,
            "installation_taken_over",
            {"before": before, "installation": installation_id},
            run_id=run_id,
        )

    @staticmethod
    def installation_id_in(db: Db) -> str:
        """Which PaidSync this is, within the caller's transaction."""
        return str(db.execute(select(_installation.c.installation_id)).scalar_one())

    def get(self, name: str) -> Connection | None:
        """A connection by its name."""
        with self._engine.begin() as db:
            row = db.execute(select(_connection).where(_connection.c.name == name)).mappings()
            found = row.first()
        return Connection.model_validate(dict(found)) if found else None

    def all(self) -> list[Connection]:
        """Every connection, by name."""
        with self._engine.begin() as db:
            rows = db.execute(select(_connection).order_by(_connection.c.name)).mappings().all()
        return [Connection.model_validate(dict(row)) for row in rows]

    def policy(self, name: str, version: int) -> dict[str, Any]:
        """One version of a connection's policy."""
        with self._engine.begin() as db:
            query = select(_policy.c.document).where(
                _policy.c.connection == name, _policy.c.version == version
            )
            return dict(db.execute(query).scalar_one())

    def policies(self, name: str) -> dict[int, dict[str, Any]]:
        """Every version of a connection's policy."""
        with self._engine.begin() as db:
            query = select(_policy.c.version, _policy.c.document).where(
                _policy.c.connection == name
            )
            return {int(row.version): dict(row.document) for row in db.execute(query)}

    def policy_author(self, name: str) -> str:
        """Who stored the policy that is in force."""
        with self._engine.begin() as db:
            query = (
                select(_policy.c.by_whom)
                .where(_policy.c.connection == name)
                .order_by(_policy.c.version.desc())
                .limit(1)
            )
            return str(db.execute(query).scalar_one())

    def restore_policies(
        self, db: Db, name: str, versions: Iterable[int], run_id: str
    ) -> list[int]:
        """Versions under which entries stand and which a lost ledger alone knew: the present
        policy is kept under their numbers too, so that no later policy ever bears one of them.
        Answers those that were added."""
        query = select(_connection.c.policy_version).where(_connection.c.name == name)
        present = int(db.execute(query).scalar_one())
        document = self._document(db, name, present)
        added = sorted({version for version in versions if version > present})
        for version in added:
            values = {"document": document, "by_whom": f"rebuild {run_id}", "at": utc_now()}
            db.execute(_policy.insert().values(connection=name, version=version, **values))
            self._audit.append(
                db, "policy", {"version": version, "as": present}, of=name, run_id=run_id
            )
        if added:
            db.execute(
                update(_connection)
                .where(_connection.c.name == name)
                .values(policy_version=added[-1])
            )
        return added

    def save(
        self,
        *,
        name: str,
        erp: str,
        erp_company: str,
        procore_company: str,
        config: Mapping[str, Any],
        policy: Mapping[str, Any],
        by_whom: str,
    ) -> int:
        """Store a connection and, where its policy differs from the last, a new version of it.

        Answers the policy version now in force. Raises CompanyChanged where the name already
        stands for other companies.
        """
        with self._engine.begin() as db:
            query = select(_connection).where(_connection.c.name == name)
            old = db.execute(query).mappings().first()
            identity = {"erp": erp, "erp_company": erp_company, "procore_company": procore_company}
            if old is not None:
                changed = [key for key, value in identity.items() if old[key] != value]
                if changed:
                    raise CompanyChanged(
                        f"Connection {name!r} stands for {old['erp']} company "
                        f"{old['erp_company']} and Procore company {old['procore_company']}. "
                        "Another company needs a connection of another name."
                    )
            version = int(old["policy_version"]) if old is not None else 0
            last = self._document(db, name, version)
            if last != dict(policy):
                version += 1
                db.execute(
                    _policy.insert().values(
                        connection=name,
                        version=version,
                        document=dict(policy),
                        by_whom=by_whom,
                        at=utc_now(),
                    )
                )
                self._audit.append(
                    db, "policy", {"version": version, "by": by_whom, **policy}, of=name
                )
            values = {"config": dict(config), "policy_version": version}
            if old is None:
                db.execute(
                    _connection.insert().values(
                        name=name,
                        **identity,
                        **values,
                        generation=0,
                        connected_at=utc_now(),
                        connected_by=by_whom,
                    )
                )
                self._audit.append(db, "connected", {"by": by_whom, **identity}, of=name)
            else:
                db.execute(update(_connection).where(_connection.c.name == name).values(values))
        return version

    @staticmethod
    def _document(db: Any, name: str, version: int) -> dict[str, Any] | None:
        found = db.execute(
            select(_policy.c.document).where(
                _policy.c.connection == name, _policy.c.version == version
            )
        ).scalar_one_or_none()
        return dict(found) if found is not None else None
