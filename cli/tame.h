/* tame: what of an entry's metadata a restore puts onto this machine: not what this user may not set, and not what makes a file dangerous unless it was asked for. Pure. */
#ifndef AOB_TAME_H
#define AOB_TAME_H

#include <stdbool.h>

#include "lib/entry.h"

struct tame {
	bool keep_special; /* devices and pipes, setuid and setgid bits, capabilities */
	bool user_only;    /* this process may not set owners and privileged attributes */
};

#define TAME_XATTRS_MOST 4096 /* as on the wire */

/* tame_entry: out: the tamed entry, with its attributes' digest; its attributes lie in kept, which has room for TAME_XATTRS_MOST. */
struct entry tame_entry(const struct tame *tame, const struct entry *entry, struct entry_xattr kept[]);

/* tame_leaves_out: a device or pipe that was not asked for. */
bool tame_leaves_out(const struct tame *tame, const struct entry *entry);

/* tame_loses: what of it is not put onto this machine: ENTRY_LOST_OWNER and ENTRY_LOST_XATTRS, as this user may not set them; ENTRY_LOST_MODE, as setuid and setgid bits and
 * capabilities were not asked for. in: tamed: as tame_entry made it */
unsigned tame_loses(const struct tame *tame, const struct entry *entry, const struct entry *tamed);

#endif
