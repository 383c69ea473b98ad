/* record: what the vault knows of a generation: .aob/generations/<name>.json. A generation is published when both its folder and its
 * record are there. docs/vault-format.md lists the keys. */
#ifndef AOB_RECORD_H
#define AOB_RECORD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "receiver/vault.h"
#include "wire/macs_codec.h"

struct record {
	char name[32];
	char run[64];
	char state[16];
	char snapshot_uuid[40];
	char source[4096];
	char host[256];
	char view[64]; /* the transfer's: what of the snapshot is shown; "" */
	uint64_t ctransid;
	int64_t taken_at_s, published_at_s;
	uint64_t files, bytes, new_bytes; /* the first two as the client says */
	int64_t own_files,
	        own_bytes;     /* as counted here: names of regular files, the size of each; less than 0: not known */
	int64_t vault_clock_s; /* when it was published (receiver/vault_clock.h); less than 0: not known */
	char root[65]; /* the root hash (lib/tree_digest.h), which the client's was equal to; "": it was not compared */
	bool pinned;
	bool there; /* its folder is */
	bool gone;  /* its folder is not, as the kernel says; neither: it can't be looked at */
};

/* record_write: macs: those in it; none are not mentioned. */
int record_write(const struct vault *vault, const struct record *record, const struct wire_macs *macs,
                 struct error *err);
/* record_json: the whole record; a new reference; NULL: it can't be read. */
struct json_t *record_json(const struct vault *vault, const char *name);
/* record_read: errors: ERR_NOT_FOUND, ERR_DAMAGED */
int record_read(const struct vault *vault, const char *name, struct record *record, struct error *err);
int record_remove(const struct vault *vault, const char *name, struct error *err);

/* record_names: of all records, oldest first; names one behind the other, each 32 bytes. Owned by the caller, free(3). */
int record_names(const struct vault *vault, char (**names)[32], size_t *n, struct error *err);

#endif
