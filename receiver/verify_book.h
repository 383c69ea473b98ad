/* verify_book: what is remembered of reading a vault again, .aob/verify.json: how far the round has come, and what is damaged. It outlives kills, and generations that come and go.
 * docs/vault-format.md lists the keys.
 *
 * lifetime: verify_book_open / verify_book_close; who has it open is the only one. threads: one. */
#ifndef AOB_VERIFY_BOOK_H
#define AOB_VERIFY_BOOK_H

#include <stdbool.h>
#include <stdint.h>

#include "receiver/vault.h"
#include "wire/verify_codec.h"

#define VERIFY_BOOK_DAMAGE_MAX 1000 /* files that are named; of more it is known how many */

struct verify_book {
	const struct vault *vault;
	int lock_fd;
	/* The round under way; began_at_s 0: none is. */
	int64_t began_at_s;
	uint64_t bytes, files, unhashed;
	/* How far it has come: everything before this path of this generation, older ones included. */
	char generation[32];          /* "": nothing yet */
	bool generation_done;         /* all of that one */
	uint64_t generation_files;    /* names of files in it that were come by */
	char path[WIRE_PATH_MAX + 1]; /* "": its root */
	/* The last whole round; ended_at_s 0: there was none. */
	int64_t last_began_s, last_ended_s;
	uint64_t last_bytes, last_files;
	uint64_t mended; /* files, ever */
	size_t n_damage;
	struct wire_damage *damage;
	uint64_t more_damage; /* found in this round, beyond those */
};

/* verify_book_open: reads it, or begins one. A file that can't be read counts as none. errors: ERR_LOCKED (another one is at it), by errno */
int verify_book_open(const struct vault *vault, struct verify_book **book, struct error *err);
void verify_book_close(struct verify_book **book);

/* verify_book_save: durable: on return 0, but on a full disk, which is no error: then what was done since is done again. errors: by errno */
int verify_book_save(const struct verify_book *book, struct error *err);

/* verify_book_begin: a round begins. verify_book_end: it has come to its end. */
void verify_book_begin(struct verify_book *book, int64_t now_s);
void verify_book_end(struct verify_book *book, int64_t now_s);

/* verify_book_add: a finding at that place, unless it is known already, which keeps its time. found: all else of it; of place and generations it says nothing. errors: ERR_SYSTEM */
int verify_book_add(struct verify_book *book, const struct wire_damage *found, const char *generation, const char *path,
                    struct error *err);
/* verify_book_find: the index of what is known of that place; n_damage: nothing. */
size_t verify_book_find(const struct verify_book *book, const char *generation, const char *path);
void verify_book_drop(struct verify_book *book, size_t index);
/* verify_book_forget: it is damaged no more. Its number stays, without generations, so that those of the others stay too; it is not saved. verify_book_count: those that are damaged. */
void verify_book_forget(struct verify_book *book, size_t index);
size_t verify_book_count(const struct verify_book *book);

/* verify_book_touch: damage `index` touches that generation too; sorted, each once. errors: ERR_SYSTEM */
int verify_book_touch(struct verify_book *book, size_t index, const char *generation, struct error *err);

#endif
