/* asked: what a request wants to have copied: which folder of which snapshot, without what. Of every engine.
 *
 * lifetime: asked_init / asked_done; strings are the request's. threads: one. */
#ifndef AOB_ASKED_H
#define AOB_ASKED_H

#include "lib/stage_msg.h"
#include "transfer/anchor.h"
#include "wire/macs_codec.h"

struct asked {
	const char *path;            /* the folder that is read … */
	const char *root;            /* … and the snapshot that it lies in */
	const char **excludes;       /* NULL-terminated: those of the request, and what no generation has */
	char view[ANCHOR_VIEW_SIZE]; /* a digest of both */
	int root_fd;                 /* of the snapshot */
	int folder_fd;
};

void asked_init(struct asked *asked);

/* asked_read: errors: ERR_CONFIG (no snapshot step before), ERR_INPUT, by errno */
int asked_read(const struct stage_request *request, struct asked *asked, struct error *err);
void asked_done(struct asked *asked);

/* asked_uuid: of the snapshot, borrowed from the request; "": it has none. */
const char *asked_uuid(const struct stage_request *request);

/* asked_macs: whose backups are in the snapshot, for those who look at the vault alone: at most MACS_CODEC_MAX, names escaped. */
void asked_macs(const struct stage_request *request, struct wire_macs *macs);

#endif
