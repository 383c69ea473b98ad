/* unpack: what a receiver sends to a restore, written below a folder: each file built beside the tree, checked against its SHA-256, given its metadata, and only then renamed to its
 * place; hard links as links, holes as holes, folders' metadata last. Never through a symlink, never over something that is there, unless that is kept aside.
 *
 * lifetime: unpack_new / unpack_destroy. threads: one. */
#ifndef AOB_UNPACK_H
#define AOB_UNPACK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "cli/restore_aside.h"
#include "cli/restore_lost.h"
#include "cli/restore_work.h"
#include "cli/tame.h"
#include "lib/entry.h"
#include "lib/error.h"

struct unpack;

struct unpack_options {
	struct tame tame;
	bool replaces; /* what lies at the place of something that comes goes: an earlier restore left it, and the machine was restarted since */
	struct restore_aside *aside; /* NULL: what lies there is not the user's. Else it is kept there. Borrowed */
	bool discards;               /* … but of files that are replaced nothing is kept */
	/* May be NULL: called for each file that is not as it should be; what: static. */
	void (*complain)(void *context, const char *path, const char *what);
	/* May be NULL: called for each that stands there otherwise than in the vault, as the target is what it is. */
	void (*tell)(void *context, const char *path, const char *what);
	int (*busy)(void *context, struct error *err); /* called now and then in long work; -1 ends it. May be NULL */
	void *context;
};

struct unpack_totals {
	uint64_t files;
	uint64_t bytes;           /* that came */
	uint64_t damaged;         /* written, but their content is not what was recorded */
	uint64_t missing;         /* the vault's disk would not give them */
	struct restore_lost lost; /* as the target can't hold it */
};

/* unpack_new: work: begun; borrowed, as is its target. */
int unpack_new(struct restore_work *work, const struct unpack_options *options, struct unpack **unpack,
               struct error *err);
void unpack_destroy(struct unpack **unpack);

/* Each may be repeated. What of it the target can't hold is counted, and no error. errors: ERR_REFUSED (something else is there, a symlink on the way), ERR_SPACE, by errno */
int unpack_folder(struct unpack *unpack, const struct entry *entry, struct error *err);
int unpack_special(struct unpack *unpack, const struct entry *entry, struct error *err);
int unpack_link(struct unpack *unpack, const char *path, const char *first, struct error *err);
/* unpack_leave_out: a symlink that the target can't hold; told. unpack_tell_name: of a name that is not as it was. */
void unpack_leave_out(struct unpack *unpack, const struct entry *entry);
void unpack_tell_name(struct unpack *unpack, const char *path, const char *place);
/* unpack_meta: of what is there. A file that lies in the user's own tree has to have the entry's ctime still: else it is left as it is, and complained of. */
int unpack_meta(struct unpack *unpack, const struct entry *entry, struct error *err);

/* unpack_part_bytes: how much of that content an earlier restore has left under way. */
uint64_t unpack_part_bytes(const struct restore_work *work, const struct entry *entry, const uint8_t sha256[32]);

/* A file: begin, its content from byte `at` on, end. The entry is borrowed until the end; sha256: as the plan has it. at: 0, or what unpack_part_bytes said. */
int unpack_file_begin(struct unpack *unpack, const struct entry *entry, const uint8_t sha256[32], uint64_t at,
                      struct error *err);
int unpack_data(struct unpack *unpack, const uint8_t *data, size_t len_bytes, struct error *err);
/* unpack_own: the same for content that did not come, but was here. */
int unpack_own(struct unpack *unpack, const uint8_t *data, size_t len_bytes, struct error *err);
/* unpack_file_end: payload: FETCH_FILE_END's. returns: 0: it is in its place; 1: what an earlier restore had left was of no use: it is wanted from the beginning; -1 */
int unpack_file_end(struct unpack *unpack, const uint8_t *payload, size_t len_bytes, struct error *err);

/* unpack_sync: everything that was written is on the disk. */
int unpack_sync(struct unpack *unpack, struct error *err);

struct unpack_totals unpack_totals(const struct unpack *unpack);

#endif
