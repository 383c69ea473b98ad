/* remote_list: the generations of a vault, as its receiver tells them. threads: as remote. */
#ifndef AOB_REMOTE_LIST_H
#define AOB_REMOTE_LIST_H

#include "wire/macs_codec.h"
#include "wire/remote.h"

/* A generation as the vault records it. */
struct generation_info {
	char name[32]; /* 2026-11-23T05-36-00Z */
	char run[64];
	char state[16]; /* clean, quiet, incomplete, in-flight */
	char snapshot_uuid[40];
	uint64_t ctransid;
	int64_t taken_at_s, published_at_s;
	uint64_t files, bytes; /* in the tree */
	uint64_t new_bytes;    /* literal content that came over the wire */
	bool current, pinned;
	bool held;     /* by the brake */
	char root[65]; /* the root hash; "": it was not compared, or is not told */
};

/* remote_list: oldest first. out: *list owned by the caller, free(3). At most 100,000. */
int remote_list(struct remote *remote, struct generation_info **list, size_t *n, struct error *err);
/* remote_list_macs: likewise; each is called, behind that of the generation, with the Macs in it, if the vault knows any. Names are escaped. */
typedef void remote_list_each_macs(void *cookie, const struct generation_info *generation,
                                   const struct wire_macs *macs);
int remote_list_macs(struct remote *remote, struct generation_info **list, size_t *n, remote_list_each_macs *each,
                     void *cookie, struct error *err);

#endif
