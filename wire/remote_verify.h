/* remote_verify: a vault is read again, and mended, by its receiver at the other end: the client's half of VERIFY and MEND.
 *
 * threads: one at a time. */
#ifndef AOB_REMOTE_VERIFY_H
#define AOB_REMOTE_VERIFY_H

#include "wire/remote.h"
#include "wire/verify_codec.h"

struct remote_verify_want {
	enum wire_verify how;
	uint64_t every_s;       /* of a share: how long a round may take */
	const char *generation; /* of one; "": the current one */
};

struct remote_verify_hooks {
	/* May be NULL. How far it is, as the far end tells it, escaped: bytes, total 0: not known; note: what it does. */
	void (*progress)(void *context, uint64_t done, uint64_t total, const char *note);
	/* Each damaged file, *damage taken over by who sets it to zeros. -1 (err set) stops. */
	int (*damage)(void *context, struct wire_damage *damage, struct error *err);
	void *context;
};

/* remote_verify: reads there what is wanted. errors: ERR_CONFIG (an older receiver), ERR_LOCKED (it is being verified already), ERR_LINK, ERR_PROTOCOL, the hooks' */
int remote_verify(struct remote *remote, const struct remote_verify_want *want, const struct remote_verify_hooks *hooks,
                  struct wire_verified *verified, struct error *err);

struct remote_mended {
	enum wire_mended result;
	char reason[VERIFY_CODEC_REASON_SIZE]; /* why not; escaped */
};

/* remote_verify_mend: a damaged file that remote_verify told of gets its content back: that of the open file content_fd, of size_bytes, whose hash is right; or, content_fd -1, that of other files of the vault.
 * A file that ends sooner is told, and nothing comes of it. errors: those of the link, by errno (reading) */
int remote_verify_mend(struct remote *remote, const struct wire_damage *damage, int content_fd,
                       const struct remote_verify_hooks *hooks, struct remote_mended *mended, struct error *err);

#endif
