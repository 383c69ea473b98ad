/* mac: one Mac's bundle: what is remembered of it, and the decision: is a backup being written, is it finished, has it come to rest? Pure; docs/idleness.md
 * "Time Machine" is the rule. Times in ms are those of a clock that only goes forward.
 *
 * A completion date stands for the rest that follows it. As soon as something is written after that rest, or long after the date itself, or Results.plist
 * says that a backup runs where it said that none did, another backup has begun, and only a newer date says that it is finished, too. */
#ifndef AOB_MAC_H
#define AOB_MAC_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct mac {
	int64_t found_ms;       /* when the watch began, or the bundle was found in it */
	int64_t wrote_ms;       /* the last write; at first: when the watch began */
	int64_t stirred_ms;     /* the last sign that somebody may be about to write: the open handles changed */
	int64_t completed_at_s; /* as the bundle says; 0: no completion, or not known */
	int64_t completed_ms;   /* when that date was seen to come; -1: it was there when the watch began */
	int64_t used_at_s;      /* the newest completion that says nothing any more, as a backup has begun since */
	int64_t horizon_s;      /* dates behind it are those of a clock that was wrong: any other counts as newer */
	bool wrote_seen;        /* wrote_ms is that of a write, and not of the watch's beginning */
	bool readable;          /* the completion date can be relied upon */
	int running;    /* Results.plist: 1, 0, -1: not known. May stick, so only that it changes tells something */
	bool dirty;     /* written to since it was last known to be finished */
	bool rested;    /* finished, and came to rest: the next write begins another backup */
	bool unseen;    /* it was finished before the watch began: more quiet is wanted */
	bool attached;  /* its disk image is open at a Mac */
	size_t handles; /* open for writing */
};

/* How long nothing may have been written; docs/configuration.md. What is written up to attached_ms after a completion belongs to its end. */
struct mac_quiet {
	uint64_t finished_ms, attached_ms, unfinished_ms;
};

/* What its property lists say. */
struct mac_marks {
	bool readable;
	int running;
	int64_t completed_at_s;
	int64_t horizon_s; /* as in struct mac */
};

enum mac_state {
	MAC_RUNNING,     /* it is written to, or was a short while ago, and no completion stands for it */
	MAC_FINISHED,    /* Time Machine has reported completion, and no other backup has begun */
	MAC_INTERRUPTED, /* neither finished nor written to for long */
};

struct mac_verdict {
	enum mac_state state;
	bool finished;
	bool at_rest;
	int64_t quiet_ms; /* nothing was written for so long */
	int64_t still_ms; /* nor was there another sign of life; as quiet_ms, or less */
	int64_t left_ms;  /* how much longer it must be quiet; 0: at rest */
	uint64_t need_ms; /* of how long in all */
};

void mac_begin(struct mac *mac, const struct mac_marks *marks, int64_t now_ms);
/* mac_wrote: something was written into the bundle. */
void mac_wrote(struct mac *mac, const struct mac_quiet *quiet, int64_t now_ms);
/* mac_stirred: no write, but a sign of life. */
void mac_stirred(struct mac *mac, int64_t now_ms);
/* mac_read: what its property lists say now. */
void mac_read(struct mac *mac, const struct mac_marks *marks, int64_t now_ms);
/* mac_handles: what is open in it. A set that is another one than before is a sign of life. */
void mac_handles(struct mac *mac, size_t handles, bool attached, bool others, int64_t now_ms);

/* mac_catch_up: what is known of the time before the watch began.
 * changed:   written to since the last clean generation, which found the completion clean_at_s (0: there is none)
 * used_at_s: as remembered from an earlier watch; 0: nothing
 * newest_s, history_s: the bundle's newest change and that of its SnapshotHistory.plist, by the file system; 0: not known
 * window_ms: how far the completion, the history and the last write may lie apart to be of one backup */
struct mac_past {
	bool changed;
	int64_t clean_at_s, used_at_s, newest_s, history_s;
	uint64_t window_ms;
};
void mac_catch_up(struct mac *mac, const struct mac_past *past);

/* mac_decide: and remembers that it has come to rest. */
struct mac_verdict mac_decide(struct mac *mac, const struct mac_quiet *quiet, int64_t now_ms);

/* The words of docs/protocol.md; static. */
const char *mac_state_name(enum mac_state state);

#endif
