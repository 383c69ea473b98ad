#include "cli/tame.h"

#include <string.h>
#include <unistd.h>

/* A capability is as good as setuid. */
static bool is_special(const struct tame *tame, const char *name)
{
	return !tame->keep_special && strcmp(name, "security.capability") == 0;
}

static bool may_keep(const struct tame *tame, const char *name)
{
	if (is_special(tame, name))
		return false;
	return !tame->user_only || strncmp(name, "user.", 5) == 0 || strncmp(name, "system.posix_acl", 16) == 0;
}

struct entry tame_entry(const struct tame *tame, const struct entry *entry, struct entry_xattr kept[])
{
	struct entry tamed = *entry;
	size_t n = 0;

	if (!tame->keep_special && entry->type != ENTRY_FOLDER)
		tamed.mode &= 01777;
	if (tame->user_only) {
		tamed.uid = geteuid();
		tamed.gid = getegid();
	}
	for (size_t i = 0; i < entry->n_xattrs && n < TAME_XATTRS_MOST; i++)
		if (may_keep(tame, entry->xattrs[i].name))
			kept[n++] = entry->xattrs[i];
	tamed.xattrs = kept;
	tamed.n_xattrs = n;
	entry_digest(kept, n, tamed.xattr_digest);
	return tamed;
}

bool tame_leaves_out(const struct tame *tame, const struct entry *entry)
{
	return !tame->keep_special && entry->type != ENTRY_FILE && entry->type != ENTRY_FOLDER &&
	       entry->type != ENTRY_SYMLINK;
}

unsigned tame_loses(const struct tame *tame, const struct entry *entry, const struct entry *tamed)
{
	bool owned = (entry->flags & ENTRY_OWNERLESS) == 0;
	unsigned lost = tamed->mode != entry->mode ? ENTRY_LOST_MODE : 0;

	if (owned && (tamed->uid != entry->uid || tamed->gid != entry->gid))
		lost |= ENTRY_LOST_OWNER;
	for (size_t i = 0; i < entry->n_xattrs; i++)
		if (is_special(tame, entry->xattrs[i].name))
			lost |= ENTRY_LOST_MODE;
		else if (!may_keep(tame, entry->xattrs[i].name))
			lost |= ENTRY_LOST_XATTRS;
	return lost;
}
