/* bare: a vault at a far end that has nothing of ours: a plain `sh` there, over the vault's ssh (or beside us, for a vault of this machine), runs wire/bare.sh, which answers
 * line by line. The layout is docs/vault-format.md's; docs/engine-rsync.md has the conversation. What comes from there is hostile: bounded, and checked before it is used.
 *
 * threads: one at a time. */
#ifndef AOB_BARE_H
#define AOB_BARE_H

#include <stdbool.h>
#include <stdint.h>

#include "lib/config.h"
#include "lib/error.h"
#include "wire/bare_welcome.h"
#include "wire/remote.h"

#define BARE_LINE_MAX 131072
#define BARE_RUN_MAX 63

struct bare;

/* waiting: a few times a second while something is waited for; -1: stop. */
struct bare_hooks {
	int (*waiting)(void *context, struct error *err);
	void *context;
};

/* What is to be done there. Who adopts writes, too, whoever the owner is until then. */
enum bare_role { BARE_READS, BARE_WRITES, BARE_ADOPTS };

/* bare_open: in: who writes: the folders are made, if ROOT is there; owner and format are looked at, and written if nobody has, by bare_take.
 * errors: ERR_LINK, ERR_PERMISSION, ERR_CONFIG (a tool is not there; a newer format), ERR_NOT_FOUND, ERR_DAMAGED, ERR_REFUSED (another machine's), ERR_PROTOCOL */
int bare_open(const struct config_vault *vault, const char *pipeline, enum bare_role role,
              const struct bare_hooks *hooks, struct bare **bare, struct error *err);
void bare_close(struct bare **bare);
const struct bare_welcome *bare_greeting(const struct bare *bare);

/* bare_take: becomes the only writer, and has finished what a crash left: the lock is kept until bare_close, or until bare_tell "share". errors: ERR_LOCKED, … */
int bare_take(struct bare *bare, struct error *err);

/* bare_adopt: from now on the pipeline's folder takes backups of this machine alone. out: whose it was. repeat: safe */
int bare_adopt(const struct config_vault *vault, const char *pipeline, struct remote_owner *before, struct error *err);

/* bare_run_valid: may a run have that name at the far end? Pure. */
bool bare_run_valid(const char *run);

/* bare_tell: a line to the far end. */
int bare_tell(struct bare *bare, struct error *err, const char *format, ...) __attribute__((format(printf, 3, 4)));
/* bare_put: the file of that name in the pipeline's folder holds this text, by one rename. */
int bare_put(struct bare *bare, const char *name, const char *text, struct error *err);
/* bare_hear: the next answer, which begins with that word. out: rest: what stands behind, valid until the next call. errors: what it says is wrong there, ERR_LINK, ERR_PROTOCOL */
int bare_hear(struct bare *bare, const char *word, const char **rest, struct error *err);
/* bare_hear_any: likewise, whatever it begins with: out: line. */
int bare_hear_any(struct bare *bare, const char **line, struct error *err);
/* bare_ping: to be called while nothing is asked for long, as often as one likes. errors: ERR_LINK (also: no answer for half an hour), ERR_PROTOCOL */
int bare_ping(struct bare *bare, struct error *err);

#endif
