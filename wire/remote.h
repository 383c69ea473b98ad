/* remote: a receiver at the other end of ssh, or as a local child for a vault with a path; started, greeted, ended.
 * Used by aob-transfer, aob-pruner and aob.
 *
 * threads: one at a time. */
#ifndef AOB_REMOTE_H
#define AOB_REMOTE_H

#include "lib/config.h"
#include "lib/error.h"
#include "lib/machine.h"
#include "wire/wire.h"

struct remote;

struct remote_welcome {
	uint16_t version;
	char vault_id[64];
	char software[64];
	char strategy[16]; /* hardlink, reflink, snapshot */
	int64_t clock_s;
	uint64_t free_bytes, total_bytes; /* of the vault's disk; 0: not told */
	bool brakes;                      /* it knows the brake */
	bool macs;                        /* it takes MACS */
	bool owner;    /* it wants to know which machine this is, and takes its backups from no other */
	bool contact;  /* it takes CONTACT */
	bool looks;    /* it answers LOOK, FIND and DIFF */
	bool gives;    /* it answers TREE, GIVE and SUMS */
	bool proves;   /* it answers ROOT, BRANCH and PROOF, and tells roots */
	bool verifies; /* it answers VERIFY and MEND */
	bool doctors;  /* it knows the role "doctor" */
};

/* remote_open: run ssh (BatchMode, ServerAliveInterval 15, ServerAliveCountMax 4; identity, port and ssh_options of the vault) or the
 * local aob-receiver (beside this executable, else on PATH) with "serve --root ROOT", say HELLO, take WELCOME, turn on compression.
 * in:      role "transfer", "prune", "restore", "release", "list", "adopt", "verify", "doctor"; hooks as wire_new. Who writes ("transfer", "prune") says which machine it is,
 *          and whom a relative is to call, if the vault has a contact
 * patience: who says nothing for five minutes where an answer is due (an hour, where a generation is built), or for as long as $AOB_SILENCE says, is taken for lost
 * errors:  ERR_LINK (with ssh's own last words from stderr), ERR_PROTOCOL (banner text, other version: says what came), ERR_PERMISSION, ERR_CONFIG (also of a vault that is reached by the engine rsync: wire/bare.h) */
int remote_open(const struct config_vault *vault, const char *pipeline, const char *role,
                const struct wire_hooks *hooks, struct remote **remote, struct error *err);
/* remote_close: BYE, waits at most 10 s for the child, then ends it. Safe after errors. */
void remote_close(struct remote **remote);

struct wire *remote_wire(struct remote *remote);
const struct remote_welcome *remote_welcome(const struct remote *remote);

/* remote_break: an exchange failed half-way: remote_close says no BYE. */
void remote_break(struct remote *remote);

/* remote_explain: after a failed call on the wire: put the child's last words and exit status into err, if they say more. */
void remote_explain(struct remote *remote, struct error *err);

/* remote_ask_part: asks, by FETCH or TREE, for a generation, or what lies at path in it ("": all); the answer (docs/wire.md) is the caller's to receive.
 * errors: those of wire_send, ERR_SYSTEM */
int remote_ask_part(struct remote *remote, unsigned type, const char *generation, const char *path, struct error *err);
/* remote_prune: 0 removed or not there; ERR_REFUSED with the receiver's reason if its floor or a safety rule keeps it. */
int remote_prune(struct remote *remote, const char *generation, struct error *err);

struct remote_owner {
	bool was_ours;
	char host[MACHINE_HOST_SIZE]; /* "": nobody's; escaped */
	int64_t since_s;              /* by the far end's clock */
};

/* remote_adopt: from now on the pipeline's folder of the vault takes backups of this machine alone. out: whose it was. repeat: safe
 * errors: ERR_CONFIG (a receiver that knows no owners), ERR_LOCKED, ERR_LINK, ERR_PROTOCOL */
int remote_adopt(struct remote *remote, struct remote_owner *before, struct error *err);

/* What the vault's brake holds, as the far end tells it: texts are escaped. */
struct remote_brake {
	enum wire_brake state;
	int64_t since_s;     /* by the far end's clock; 0: not known */
	uint32_t runs;       /* that tripped */
	uint32_t held;       /* generations that are, or were until now, held */
	char run[64];        /* the newest that tripped … */
	char generation[32]; /* … and what it published; "": the far end can't tell */
	char reason[512];    /* why it tripped; or why it is not released */
};

/* remote_brake_ahead: asks already, behind a COMMIT, so that the answer is not waited for twice. remote_brake_ask: what is held? remote_brake_release: what `seen` shows is to be held no more; out: as it is now.
 * errors: ERR_CONFIG (a receiver that knows no brake), ERR_LINK, ERR_PROTOCOL; a refusal is none */
int remote_brake_ahead(struct remote *remote, struct error *err);
int remote_brake_ask(struct remote *remote, struct remote_brake *brake, struct error *err);
int remote_brake_release(struct remote *remote, const struct remote_brake *seen, struct remote_brake *brake,
                         struct error *err);

#endif
