-- The broker's run store: what was acknowledged and must be there after any crash.
-- Times are wall-clock seconds since 1970 (UTC), for display and retention only; no waiting is measured with them.
-- Changed tables need a new RUN_STORE_VERSION and a step in store_upgrade.c.

CREATE TABLE runs (
	seq        INTEGER PRIMARY KEY AUTOINCREMENT,                      -- order of starting, whatever the clock said
	run        TEXT NOT NULL UNIQUE,
	pipeline   TEXT NOT NULL,
	kind       TEXT NOT NULL CHECK (kind IN ('whole', 'stage')),       -- 'stage': one step asked for by hand
	"trigger"  TEXT NOT NULL CHECK ("trigger" IN ('idle', 'max-wait', 'manual')),
	dry_run    INTEGER NOT NULL CHECK (dry_run IN (0, 1)),
	cancelling INTEGER NOT NULL DEFAULT 0 CHECK (cancelling IN (0, 1)),
	state      TEXT NOT NULL CHECK (state IN ('running', 'ok', 'failed', 'cancelled', 'deferred', 'superseded')),
	config     TEXT NOT NULL,                                          -- the pipeline as it was when the run began, JSON
	started_at INTEGER NOT NULL,
	ended_at   INTEGER,
	error_code    TEXT,
	error_message TEXT,
	CHECK ((state = 'running') = (ended_at IS NULL))
) STRICT;
-- One run a pipeline at a time, whatever the code above believes.
CREATE UNIQUE INDEX runs_running ON runs (pipeline) WHERE state = 'running';
CREATE INDEX runs_latest ON runs (pipeline, seq);

CREATE TABLE steps (
	run        TEXT NOT NULL REFERENCES runs (run) ON DELETE CASCADE,
	step       INTEGER NOT NULL CHECK (step >= 0),
	service    TEXT NOT NULL,
	state      TEXT NOT NULL CHECK (state IN ('pending', 'queued', 'working', 'retry-wait',
	                                          'ok', 'failed', 'skipped', 'cancelled', 'deferred', 'superseded')),
	attempt    INTEGER NOT NULL DEFAULT 0, -- the fencing number that was given out last
	failures   INTEGER NOT NULL DEFAULT 0, -- answers "retry" so far
	losses     INTEGER NOT NULL DEFAULT 0, -- workers lost in a row
	result     TEXT,                       -- JSON object, once ok
	error_code    TEXT,
	error_message TEXT,
	under_way  INTEGER NOT NULL DEFAULT 0 CHECK (under_way IN (0, 1)), -- too much has crossed to begin anew
	PRIMARY KEY (run, step)
) STRICT, WITHOUT ROWID;

CREATE TABLE attempts (
	run        TEXT NOT NULL,
	step       INTEGER NOT NULL,
	attempt    INTEGER NOT NULL CHECK (attempt > 0),
	worker     TEXT NOT NULL,
	host       TEXT NOT NULL,
	started_at INTEGER NOT NULL,
	ended_at   INTEGER,
	outcome    TEXT NOT NULL CHECK (outcome IN ('working', 'ok', 'retry', 'fail', 'lost', 'given-up', 'cancelled')),
	error_code    TEXT,
	error_message TEXT,
	PRIMARY KEY (run, step, attempt),
	FOREIGN KEY (run, step) REFERENCES steps (run, step) ON DELETE CASCADE
) STRICT, WITHOUT ROWID;

-- Outlives its run's row: a vault keeps generations for longer than anybody reads about runs.
CREATE TABLE generations (
	pipeline      TEXT NOT NULL,
	generation    TEXT NOT NULL,
	run           TEXT NOT NULL,
	state         TEXT NOT NULL,
	taken_at      INTEGER NOT NULL,
	published_at  INTEGER NOT NULL,
	files         INTEGER NOT NULL,
	bytes         INTEGER NOT NULL,
	literal_bytes INTEGER NOT NULL,
	wire_sent     INTEGER NOT NULL,
	vault         TEXT NOT NULL,
	ctransid      INTEGER NOT NULL,
	snapshot_uuid TEXT NOT NULL,
	source_uuid   TEXT NOT NULL,
	pruned        INTEGER NOT NULL DEFAULT 0 CHECK (pruned IN (0, 1)),
	PRIMARY KEY (pipeline, generation)
) STRICT, WITHOUT ROWID;

-- Local snapshots that were anchors and were given up for room: the snapshotter removes them, and nobody counts on them.
CREATE TABLE anchors_given_up (
	pipeline      TEXT PRIMARY KEY,
	snapshot_uuid TEXT NOT NULL,
	given_up_at   INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE pauses (
	pipeline TEXT PRIMARY KEY,
	since    INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- Since when a source is active or at rest, as the watcher told it last, so that a restarted broker can still say it.
CREATE TABLE watch_clocks (
	pipeline    TEXT PRIMARY KEY,
	state       TEXT NOT NULL CHECK (state IN ('unknown', 'idle', 'active', 'unchanged')),
	reason      TEXT NOT NULL,
	since       INTEGER NOT NULL,
	ctransid    INTEGER NOT NULL,
	reported_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- The last event of each topic that came with a change of state, written in the change's own transaction.
CREATE TABLE last_events (
	seq   INTEGER PRIMARY KEY AUTOINCREMENT, -- order of happening
	topic TEXT NOT NULL UNIQUE,
	body  TEXT NOT NULL
) STRICT;

-- since version 3

-- All clocks at one moment, so that ages go on being counted after a restart (steady.h).
CREATE TABLE steady (
	one      INTEGER PRIMARY KEY CHECK (one = 1),
	boot_id  TEXT NOT NULL,
	boot_s   INTEGER NOT NULL,
	wall_s   INTEGER NOT NULL,
	steady_s INTEGER NOT NULL
) STRICT;

-- In seconds of the steady clock: since when a pipeline is known, of when the state in its vault is, and when the newest snapshot was taken.
CREATE TABLE ages (
	pipeline TEXT PRIMARY KEY,
	known_s  INTEGER NOT NULL,
	good_s   INTEGER,
	run      TEXT NOT NULL DEFAULT '',
	taken_s  INTEGER NOT NULL DEFAULT 0 -- of that run's snapshot
) STRICT, WITHOUT ROWID;

-- What is wrong now and was told.
CREATE TABLE alarms (
	pipeline TEXT NOT NULL,
	kind     TEXT NOT NULL,
	since    INTEGER NOT NULL,
	reason   TEXT NOT NULL,
	PRIMARY KEY (pipeline, kind)
) STRICT, WITHOUT ROWID;

CREATE TABLE totals (
	pipeline      TEXT PRIMARY KEY,
	runs          INTEGER NOT NULL DEFAULT 0,
	failed        INTEGER NOT NULL DEFAULT 0,
	literal_bytes INTEGER NOT NULL DEFAULT 0,
	matched_bytes INTEGER NOT NULL DEFAULT 0,
	wire_sent     INTEGER NOT NULL DEFAULT 0,
	wire_received INTEGER NOT NULL DEFAULT 0
) STRICT, WITHOUT ROWID;

-- Free space: the last measurement of each day.
CREATE TABLE space (
	pipeline    TEXT NOT NULL,
	place       TEXT NOT NULL CHECK (place IN ('vault', 'source')),
	day         INTEGER NOT NULL,
	measured_at INTEGER NOT NULL,
	free_bytes  INTEGER NOT NULL,
	total_bytes INTEGER NOT NULL,
	PRIMARY KEY (pipeline, place, day)
) STRICT, WITHOUT ROWID;

-- How fast the link to a vault was, of the last transfers that say something about it.
CREATE TABLE link_speeds (
	seq         INTEGER PRIMARY KEY AUTOINCREMENT,
	vault       TEXT NOT NULL,
	bytes_per_s INTEGER NOT NULL
) STRICT;

-- The Macs whose backups are in a generation, as its snapshot had them.
CREATE TABLE generation_macs (
	pipeline     TEXT NOT NULL,
	generation   TEXT NOT NULL,
	bundle       TEXT NOT NULL, -- path below the source
	name         TEXT NOT NULL,
	state        TEXT NOT NULL,
	completed_at INTEGER NOT NULL, -- the last completed backup, by the Mac's clock; 0: none, or not known
	verification_failed INTEGER NOT NULL CHECK (verification_failed IN (0, 1)),
	PRIMARY KEY (pipeline, generation, bundle)
) STRICT, WITHOUT ROWID;

-- The watcher's memory of a bundle: the newest completion that stands for no rest any more, as another backup has begun since.
CREATE TABLE watch_macs (
	pipeline TEXT NOT NULL,
	bundle   TEXT NOT NULL,
	used_at  INTEGER NOT NULL,
	PRIMARY KEY (pipeline, bundle)
) STRICT, WITHOUT ROWID;

-- since version 4

-- What a vault's brake holds: everything before this generation, which removed or rewrote most of the one before it. There while the alarm is.
CREATE TABLE brakes (
	pipeline   TEXT PRIMARY KEY,
	generation TEXT NOT NULL
) STRICT, WITHOUT ROWID;

-- since version 5

-- A first generation that was written on a disk, which a person carries to the vault: until it is taken up there, the pipeline's runs wait, and the snapshot that it
-- was made of stays.
CREATE TABLE seeds (
	pipeline      TEXT PRIMARY KEY,
	run           TEXT NOT NULL,
	generation    TEXT NOT NULL,
	snapshot_uuid TEXT NOT NULL, -- '': given up for room
	root          TEXT NOT NULL, -- where it was written
	taken_at      INTEGER NOT NULL,
	written_at    INTEGER NOT NULL,
	files         INTEGER NOT NULL,
	bytes         INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- since version 6

-- The root hash of a generation, as this machine computed it of its snapshot, and the vault came to as well.
CREATE TABLE roots (
	pipeline   TEXT NOT NULL,
	generation TEXT NOT NULL,
	root       TEXT NOT NULL,
	PRIMARY KEY (pipeline, generation)
) STRICT, WITHOUT ROWID;

-- Of a seed, likewise: what the vault took up has to come to it. '': not known.
ALTER TABLE seeds ADD COLUMN root_hash TEXT NOT NULL DEFAULT '';

-- Care (care.h) goes on beside the pipeline's runs: one of each at a time.
ALTER TABLE runs ADD COLUMN care INTEGER NOT NULL DEFAULT 0 CHECK (care IN (0, 1));
DROP INDEX runs_running;
CREATE UNIQUE INDEX runs_running ON runs (pipeline, care) WHERE state = 'running';

-- What was done last of each kind of care, and what came of it.
CREATE TABLE care (
	pipeline TEXT NOT NULL,
	kind     TEXT NOT NULL CHECK (kind IN ('verify')),
	since    INTEGER NOT NULL, -- when it was done last; before that: since when it is known
	result   TEXT NOT NULL,    -- JSON object; '' before
	PRIMARY KEY (pipeline, kind)
) STRICT, WITHOUT ROWID;

-- since version 7

-- A second kind of care.
ALTER TABLE care RENAME TO old_care;
CREATE TABLE care (
	pipeline TEXT NOT NULL,
	kind     TEXT NOT NULL CHECK (kind IN ('verify', 'rehearse')),
	since    INTEGER NOT NULL,
	result   TEXT NOT NULL,
	PRIMARY KEY (pipeline, kind)
) STRICT, WITHOUT ROWID;
INSERT INTO care SELECT * FROM old_care;
DROP TABLE old_care;
