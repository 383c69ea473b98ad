/* vault: ROOT/<pipeline>/ held open by descriptors, so that nothing that happens to names above it leads elsewhere.
 * docs/vault-format.md shows what lies there.
 *
 * lifetime: vault_open / vault_close. threads: one. */
#ifndef AOB_VAULT_H
#define AOB_VAULT_H

#include <stdbool.h>
#include <stdint.h>

#include "lib/error.h"
#include "lib/machine.h"
#include "receiver/contact.h"
#include "receiver/strategy.h"

#define VAULT_FORMAT 1
#define VAULT_PIPELINE_MAX 64

struct vault_options {
	const char *root;
	enum strategy strategy; /* STRATEGY_AUTO: the recorded one, or the best */
	bool append_only;
	unsigned keep_at_least; /* generations; 0: no floor */
	int64_t keep_for_s;     /* 0: no floor */
	unsigned brake_percent; /* the loosest that is taken; BRAKE_PERCENT_OFF: the client's own */
	bool release_here_only; /* no client takes the brake off */
};

struct vault {
	const struct vault_options *options;
	char pipeline[VAULT_PIPELINE_MAX + 1];
	char id[40];
	enum strategy strategy; /* how generations are begun; never STRATEGY_AUTO */
	bool fake_super;        /* this process may not set owners and the like, and keeps them in user.rsync.* */
	int folder_fd;          /* ROOT/<pipeline> */
	int aob_fd;             /* .aob */
	int generations_fd;     /* generations */
	int records_fd;         /* .aob/generations */
	int incoming_fd;        /* .aob/incoming */
	int trash_fd;           /* .aob/trash */
	int lock_fd;            /* -1: not locked */
	struct machine client;  /* who wants to write; id "": it has not told */
	struct contact contact; /* of who wants to write, if told */
	bool contact_told;
};

/* vault_open: ROOT must exist (an empty mount point must not be filled); the pipeline's folder is made if `create`.
 * errors: ERR_INPUT (name), ERR_NOT_FOUND, ERR_CONFIG (a newer format, no hard links there), ERR_DAMAGED, by errno */
int vault_open(const struct vault_options *options, const char *pipeline, bool create, struct vault **vault,
               struct error *err);
void vault_close(struct vault **vault);

/* vault_know_kind: what the file system of that root is bad at is avoided from now on (entry_leave_symlinks, entry_doubt_links, seal_believe_none). Once, before there are threads, and while this process may still read
 * /proc. */
void vault_know_kind(const char *root);

/* vault_read_as_written: this process is about to read generations of this vault: if somebody else's receiver wrote it, as on a disk that root reads on a new machine, what that one could not set
 * itself stands in attributes. If root's did, they are what the source has, whoever reads it; writes_none: so all that this process reads is taken as it is, which is not for who writes to a vault of his own
 * (and has to say of each walk what it is). It is for the whole process, and so not for those that only look at another pipeline's records. */
void vault_read_as_written(const struct vault *vault, bool writes_none);

/* vault_lock: become the only writer; held until vault_close. Waits a few seconds, as the receiver of a broken connection needs to notice.
 * errors: ERR_LOCKED, naming who holds it */
int vault_lock(struct vault *vault, struct error *err);

/* vault_unlock: others may write again. */
void vault_unlock(struct vault *vault);

/* vault_written: does somebody else write there now? Nobody is kept waiting by the question. */
bool vault_written(const struct vault *vault);

bool vault_pipeline_valid(const char *name);

/* vault_has: is that generation's folder there? 1; 0: the kernel says that it is not, or what lies there is no folder; -1: it can't be looked at, so nobody knows, and nothing may be removed,
 * or forgotten, as if it were not there. errors: by errno, never ERR_NOT_FOUND */
int vault_has(const struct vault *vault, const char *generation, struct error *err);

/* vault_current: the name of the current generation, "" if there is none (or `current` leads nowhere). One whose folder can't be looked at is current all the same. errors: by errno */
int vault_current(const struct vault *vault, char name[32], struct error *err);

#endif
