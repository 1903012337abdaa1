"""The tables, as numbered migrations. A released migration is never edited: a change is a new number.

Names follow OGC 18-088 in snake case. JSON columns are VARCHAR with JSON text; TIMESTAMP is UTC without zone.
``observation`` carries no index: a primary key costs DuckDB six times the size and ten times the speed (design §3);
its ids rise in the order of arrival, so that the zone maps of the ``id`` column find a row (docs/decisions/0001).
"""

from __future__ import annotations

import msgspec


class Migration(msgspec.Struct, frozen=True):
    """One step of the schema: its number, one line for people, and its statements."""

    number: int
    title: str
    statements: tuple[str, ...]

    def __str__(self) -> str:
        return f"schema {self.number}: {self.title} ({len(self.statements)} statements)"


ENTITIES = (
    "thing",
    "location",
    "historical_location",
    "sensor",
    "observed_property",
    "datastream",
    "feature_of_interest",
    "dead_letter",
)
"""Tables whose ids come from a sequence ``<table>_id``."""

_FIRST = (
    *(f"CREATE SEQUENCE {entity}_id" for entity in ENTITIES),
    """CREATE TABLE thing (id BIGINT NOT NULL, name VARCHAR NOT NULL, description VARCHAR NOT NULL,
        properties VARCHAR NOT NULL, code VARCHAR, place VARCHAR, kind VARCHAR)""",
    """CREATE TABLE location (id BIGINT NOT NULL, name VARCHAR NOT NULL, description VARCHAR NOT NULL,
        encoding_type VARCHAR NOT NULL, location VARCHAR NOT NULL, properties VARCHAR NOT NULL,
        longitude DOUBLE, latitude DOUBLE)""",
    "CREATE TABLE thing_location (thing_id BIGINT NOT NULL, location_id BIGINT NOT NULL)",
    "CREATE TABLE historical_location (id BIGINT NOT NULL, thing_id BIGINT NOT NULL, time TIMESTAMP NOT NULL)",
    """CREATE TABLE historical_location_location (historical_location_id BIGINT NOT NULL,
        location_id BIGINT NOT NULL)""",
    """CREATE TABLE sensor (id BIGINT NOT NULL, name VARCHAR NOT NULL, description VARCHAR NOT NULL,
        encoding_type VARCHAR NOT NULL, metadata VARCHAR NOT NULL, properties VARCHAR NOT NULL)""",
    """CREATE TABLE observed_property (id BIGINT NOT NULL, name VARCHAR NOT NULL, definition VARCHAR NOT NULL,
        description VARCHAR NOT NULL, properties VARCHAR NOT NULL, key VARCHAR)""",
    """CREATE TABLE datastream (id BIGINT NOT NULL, name VARCHAR NOT NULL, description VARCHAR NOT NULL,
        observation_type VARCHAR NOT NULL, unit_name VARCHAR, unit_symbol VARCHAR, unit_definition VARCHAR,
        observed_area VARCHAR, thing_id BIGINT NOT NULL, sensor_id BIGINT NOT NULL,
        observed_property_id BIGINT NOT NULL, properties VARCHAR NOT NULL, code VARCHAR, origin VARCHAR NOT NULL,
        identity VARCHAR NOT NULL)""",
    """CREATE TABLE feature_of_interest (id BIGINT NOT NULL, name VARCHAR NOT NULL, description VARCHAR NOT NULL,
        encoding_type VARCHAR NOT NULL, feature VARCHAR NOT NULL, properties VARCHAR NOT NULL)""",
    """CREATE TABLE observation (id BIGINT NOT NULL, datastream_id BIGINT NOT NULL, phenomenon_time TIMESTAMP NOT NULL,
        phenomenon_end TIMESTAMP, result DOUBLE, result_json VARCHAR, result_time TIMESTAMP,
        quality UTINYINT NOT NULL, feature_id BIGINT, extra VARCHAR)""",
    """CREATE TABLE observation_change (observation_id BIGINT NOT NULL, datastream_id BIGINT NOT NULL,
        phenomenon_time TIMESTAMP NOT NULL, old_result DOUBLE, old_result_json VARCHAR, new_result DOUBLE,
        new_result_json VARCHAR, changed_at TIMESTAMP NOT NULL)""",
    """CREATE TABLE latest (datastream_id BIGINT NOT NULL, phenomenon_time TIMESTAMP NOT NULL, result_time TIMESTAMP,
        result DOUBLE, result_json VARCHAR, quality UTINYINT NOT NULL, id BIGINT NOT NULL)""",
    """CREATE TABLE dead_letter (id BIGINT NOT NULL, network VARCHAR NOT NULL, channel VARCHAR NOT NULL,
        payload BLOB NOT NULL, received_time TIMESTAMP NOT NULL, what VARCHAR NOT NULL, where_ VARCHAR NOT NULL,
        remedy VARCHAR NOT NULL, replayed_at TIMESTAMP, size BIGINT NOT NULL)""",
    """CREATE TABLE compaction (begins TIMESTAMP NOT NULL, ends TIMESTAMP NOT NULL, rows BIGINT NOT NULL,
        done_at TIMESTAMP NOT NULL)""",
    "CREATE TABLE meta (key VARCHAR NOT NULL, value VARCHAR NOT NULL)",
    "INSERT INTO meta VALUES ('application', 'placette'), ('observation_next', '1'), ('latest_upto', '0')",
)

_PLACES = (
    # A view would need the feature's own id: clients may rename or delete it like any other feature.
    "CREATE TABLE location_feature (location_id BIGINT NOT NULL, feature_id BIGINT NOT NULL)",
)

_LINEAGE = (
    "CREATE SEQUENCE arrival_id",
    """CREATE TABLE arrival (id BIGINT NOT NULL, network VARCHAR NOT NULL, channel VARCHAR NOT NULL,
        received_time TIMESTAMP NOT NULL)""",
    # Apart from its arrival, because it goes after some days while the record of the arrival stays.
    "CREATE TABLE raw_frame (arrival_id BIGINT NOT NULL, payload BLOB NOT NULL)",
    """CREATE TABLE lineage (id BIGINT NOT NULL, codec VARCHAR NOT NULL, codec_version VARCHAR NOT NULL,
        mapping VARCHAR NOT NULL, mapping_version VARCHAR NOT NULL, first_used TIMESTAMP NOT NULL)""",
    """CREATE TABLE uplink (arrival_id BIGINT NOT NULL, thing_code VARCHAR, device VARCHAR NOT NULL,
        event VARCHAR NOT NULL, time TIMESTAMP NOT NULL, lineage_id BIGINT, port INTEGER, counter BIGINT,
        session VARCHAR, deduplication VARCHAR, fingerprint BIGINT, clock VARCHAR NOT NULL, drift_s DOUBLE,
        gateway VARCHAR, gateways UTINYINT, rssi_dbm FLOAT, snr_db FLOAT, spreading_factor UTINYINT,
        bandwidth_hz INTEGER, frequency_hz BIGINT, payload_bytes INTEGER, battery_percent FLOAT)""",
    "ALTER TABLE observation ADD COLUMN arrival_id BIGINT",
)

_MENDING = (
    # What came stays as it came; the mended form stands beside it.
    "ALTER TABLE dead_letter ADD COLUMN mended_channel VARCHAR",
    "ALTER TABLE dead_letter ADD COLUMN mended_payload BLOB",
    "ALTER TABLE dead_letter ADD COLUMN dismissed_at TIMESTAMP",
)

_LIVES = (
    """CREATE TABLE attachment (thing_code VARCHAR NOT NULL, network_id VARCHAR NOT NULL, network VARCHAR NOT NULL,
        model VARCHAR NOT NULL, since TIMESTAMP NOT NULL, until TIMESTAMP, declared VARCHAR NOT NULL,
        note VARCHAR NOT NULL)""",
    """CREATE TABLE life (thing_code VARCHAR NOT NULL, state VARCHAR NOT NULL, time TIMESTAMP NOT NULL,
        note VARCHAR NOT NULL)""",
    # What the field declared, and what the city folder said then: a folder that was changed since counts more.
    """CREATE TABLE field_device (thing_code VARCHAR NOT NULL, device VARCHAR NOT NULL, folder VARCHAR NOT NULL)""",
)

_ORDERS = (
    # What the field ordered, by the key that the phone made for it: sent twice, it is done once.
    """CREATE TABLE field_order (key VARCHAR NOT NULL, body VARCHAR NOT NULL, made_at TIMESTAMP NOT NULL,
        answer VARCHAR NOT NULL)""",
)

MIGRATIONS: tuple[Migration, ...] = (
    Migration(1, "catalogue, observations, inbox", _FIRST),
    Migration(2, "the feature of interest that a Location is", _PLACES),
    Migration(3, "what each observation came from", _LINEAGE),
    Migration(4, "dead letters mended or dismissed", _MENDING),
    Migration(5, "the life of devices", _LIVES),
    Migration(6, "orders of the field, each once", _ORDERS),
)
NEWEST = MIGRATIONS[-1].number
