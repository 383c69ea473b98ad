/* bare_list: the generations of a vault whose far end has nothing of ours.
 *
 * threads: one at a time. */
#ifndef AOB_BARE_LIST_H
#define AOB_BARE_LIST_H

#include "wire/bare.h"
#include "wire/remote_list.h"

/* What only the engine rsync writes into a record, and looks for. */
struct bare_list_extra {
	char view[64];
	char top[64]; /* a digest of the top folder's own metadata; "" */
	uint64_t linked_names,
	        linked_groups; /* names that share an inode with others in it, and how many such inodes */
	uint64_t entries;      /* names in it, the top folder among them; 0: not told */
	bool frozen;           /* its source was: no others are linked than those */
};

/* bare_list_read: oldest first. out: *list, and if extra is not NULL *extra beside it, the caller's, free(3). A record that can't be read is logged and left out.
 * errors: those of bare_hear, ERR_SYSTEM, ERR_PROTOCOL (more than 100,000) */
int bare_list_read(struct bare *bare, struct generation_info **list, struct bare_list_extra **extra, size_t *n,
                   struct error *err);

/* bare_list_read_macs: likewise; each is called, with that of the generation, with the Macs in it, if there are any. */
int bare_list_read_macs(struct bare *bare, struct generation_info **list, size_t *n, remote_list_each_macs *each,
                        void *cookie, struct error *err);

/* bare_list_remove: the vault has been taken (bare_take). A generation that is not there is no error. errors: ERR_REFUSED (it is the newest, or being read), those of bare_hear */
int bare_list_remove(struct bare *bare, const char *name, struct error *err);

/* bare_list_record: a record's text. false: it makes no sense, or is that of another generation. Pure. */
bool bare_list_record(const char *name, const char *text, struct generation_info *generation,
                      struct bare_list_extra *extra);

#endif
